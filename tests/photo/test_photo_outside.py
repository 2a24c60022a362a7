"""What users bring: photos of every kind and none, names of every kind, boxes of their own."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from relclip.core.errors import InputError
from relclip.core.images import read_image, read_shown
from relclip.core.vocabulary import Vocabulary
from relclip.photo.photos import find_photos, folder_names, passed_over
from relclip.photo.run import Job, Photo, _read
from relclip.photo.user_boxes import MOST_BOXES, MOST_ROWS, SIDES, Box, checked_boxes, read_boxes

NAMES = Vocabulary(("board", "man", "tree"), ("riding",))


@pytest.fixture(scope="module")
def corner():
    """Grey, with a red corner at the top left: 40 wide, 20 high."""
    pixels = np.full((20, 40, 3), 120, np.uint8)
    pixels[:8, :8] = 250, 10, 10
    return Image.fromarray(pixels)


def is_red(pixel):
    return int(pixel[0]) - int(pixel[2]) > 80


@pytest.mark.parametrize(
    ("orientation", "shape", "place"),
    [(1, (20, 40), (2, 2)), (3, (20, 40), (17, 37)), (6, (40, 20), (2, 17)), (8, (40, 20), (37, 2))],
)
def test_a_camera_that_was_turned_is_turned_back(corner, tmp_path, orientation, shape, place):
    exif = Image.Exif()
    exif[0x0112] = orientation
    corner.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    pixels = read_shown(tmp_path / "turned.jpg")[0]
    assert pixels.shape == (*shape, 3)
    assert is_red(pixels[place])
    assert read_image(tmp_path / "turned.jpg").shape == (20, 40, 3)  # the data set's way: as stored


def test_unusual_pictures_are_read_as_a_viewer_shows_them(corner, tmp_path):
    corner.save(tmp_path / "broken_exif.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=95)
    corner.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    corner.save(tmp_path / "one.gif", save_all=True, append_images=[Image.new("RGB", (40, 20))])
    glass = corner.convert("RGBA")
    glass.putalpha(Image.fromarray(np.where(np.arange(40) < 20, 255, 0).astype(np.uint8)[None].repeat(20, 0)))
    glass.save(tmp_path / "glass.png")
    for name in ("broken_exif.jpg", "cmyk.jpg", "one.gif", "glass.png"):
        pixels = read_shown(tmp_path / name)[0]
        assert pixels.shape == (20, 40, 3), name
        assert is_red(pixels[2, 2]), name
    assert read_shown(tmp_path / "glass.png")[0][10, 30].tolist() == [255, 255, 255]
    Image.fromarray(np.full((5, 6), 40_000, np.uint16)).save(tmp_path / "deep.png")
    assert read_shown(tmp_path / "deep.png")[0][2, 2].tolist() == [156, 156, 156]


def test_no_picture_ends_in_a_sentence(corner, tmp_path):
    corner.save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:-30])
    (tmp_path / "text.jpg").write_text("<svg/>")
    Image.new("1", (9000, 9000)).save(tmp_path / "bomb.png")
    for name, words in {"cut": "whole copy", "text": "no picture", "bomb": "9000 x 9000"}.items():
        path = next(tmp_path.glob(f"{name}.*"))
        with pytest.raises(InputError, match=words):
            read_shown(path)


def test_folders_are_searched_and_every_photo_gets_a_name_of_its_own(tmp_path):
    names = [
        "a/beach.jpg",
        "b/Beach.JPG",
        "b/beach.png",
        "b/.hidden/x.jpg",
        "b/notes.txt",
        "b/out/1/picture.png",
    ]
    names += [
        'b/<img src="x" onerror=alert(1)>.jpg',
        "b/über den Wolken.jpg",
        "b/...jpg",
        f"b/{'n' * 200}.jpg",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = find_photos(
        [tmp_path / "a" / "beach.jpg", tmp_path / "b", tmp_path / "a"], tmp_path / "b" / "out"
    )
    stems = [str(path.relative_to(tmp_path)) for path in found]
    assert stems[0] == "a/beach.jpg"
    assert sorted(stems) == sorted(
        set(names) - {"b/.hidden/x.jpg", "b/notes.txt", "b/out/1/picture.png", "b/...jpg"}
    )
    given = folder_names(found, [])
    assert len({name.casefold() for name in given}) == len(given) == 6
    assert given[0] == "beach"
    assert "über den Wolken" in given
    for name in given:
        assert not set(name) & set('<>:"/\\|?*')
        assert len(name) <= 84
    odd = [Path(name) for name in ("..jpg", "a\n.jpg", "b/..jpg", "Index.html.jpg")]
    assert folder_names(odd, ["index.html"]) == ["photo", "a_", "photo-2", "Index.html-2"]
    for path, words in (
        (tmp_path / "none", "does not exist"),
        (tmp_path / "b" / ".hidden2", "no picture"),
        (Path("https://x.org/a.jpg"), "is an address; fetch the photo"),
    ):
        if "no picture" in words:
            path.mkdir()
        with pytest.raises(InputError, match=words):
            find_photos([path], tmp_path / "out")


def test_photos_in_their_own_output_are_said_so(tmp_path):
    (tmp_path / "x.jpg").touch()
    with pytest.raises(InputError, match="lies in the output"):
        find_photos([tmp_path], tmp_path)


def test_boxes_without_bound_are_refused(tmp_path):
    box = Box(x1=1, y1=1, x2=9, y2=9)
    assert len(checked_boxes([box] * MOST_BOXES, (10, 10), NAMES, "p.jpg").boxes) == MOST_BOXES
    with pytest.raises(InputError, match="301 boxes are given; at most 300"):
        checked_boxes([box] * (MOST_BOXES + 1), (10, 10), NAMES, "p.jpg")
    many = pa.table(
        {
            "photo": pa.repeat("p.jpg", MOST_ROWS + 1),
            **{side: pa.repeat(1.0, MOST_ROWS + 1) for side in SIDES},
        }
    )
    pq.write_table(many, tmp_path / "many.parquet")
    os.mkfifo(tmp_path / "pipe.parquet")
    for name, said in (("many", "1,048,577 rows; at most"), ("pipe", "is no file")):
        with pytest.raises(InputError, match=said):
            read_boxes(tmp_path / f"{name}.parquet", [Path("p.jpg")])


def test_nothing_in_a_folder_is_lost_without_a_word(tmp_path):
    photos, disk = tmp_path / "photos", tmp_path / "disk"
    photos.mkdir()
    disk.mkdir()
    (photos / "broken.jpg").symlink_to("nowhere")
    (photos / "circle.jpg").symlink_to("circle.jpg")
    (photos / "album").symlink_to(disk)
    os.mkfifo(photos / "pipe.jpg")
    found = find_photos([photos], tmp_path / "out")
    assert [path.name for path in found] == ["broken.jpg", "circle.jpg", "pipe.jpg"]
    for path in found:
        with pytest.raises(InputError, match=r"does not exist|is no file but a pipe"):
            read_image(path)
    assert passed_over([photos], tmp_path / "out").endswith(
        ": 1 x folder that is a link or may not be entered"
    )


def test_what_is_no_file_is_told_before_its_bytes_are_asked_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    (tmp_path / "broken.jpg").symlink_to("nowhere")
    monkeypatch.setattr("relclip.photo.run.file_digest", lambda path: pytest.fail(f"{path} was opened"))
    for path in tmp_path.iterdir():
        said = _read(
            cast(Job, SimpleNamespace(boxes={})), {}, Photo(path, tmp_path / "out", path.name)
        ).failure
        assert ("does not exist" if path.stem == "broken" else "is no file but a pipe") in said


def test_boxes_of_the_user_from_json_and_parquet(tmp_path):
    rows = [
        {"x1": 1, "y1": 2, "x2": 30.5, "y2": 40, "label": "man"},
        {"x1": -5, "y1": 0, "x2": 9, "y2": 500, "label": "board"},
    ]
    (tmp_path / "b.json").write_text(json.dumps({"p.jpg": rows, "other.jpg": []}))
    pq.write_table(pa.Table.from_pylist([{"photo": "p.jpg", **row} for row in rows]), tmp_path / "b.parquet")
    photos = [Path("in/p.jpg"), Path("in/q.jpg")]
    for path in (tmp_path / "b.json", tmp_path / "b.parquet"):
        boxes = read_boxes(path, photos)
        assert list(boxes) == photos[:1]
        given = checked_boxes(boxes[photos[0]], (50, 60), NAMES, "p.jpg")
        assert given.boxes.tolist() == [[1, 2, 30.5, 40], [0, 0, 9, 60]]
        assert given.classes.tolist() == [2, 1]
    (tmp_path / "mac.json").write_text(json.dumps({"\u00fc.jpg": rows}))
    assert list(read_boxes(tmp_path / "mac.json", [Path("in/u\u0308.jpg")])) == [Path("in/u\u0308.jpg")]
    (tmp_path / "whole.json").write_text(json.dumps({str(photos[0].absolute()): rows}))
    assert list(read_boxes(tmp_path / "whole.json", photos)) == photos[:1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"p.jpg": [{"x1": 1, "y1": 2, "x2": 3}]}, "p.jpg: 0: y2: Field required"),
        ({"p.jpg": [{"x1": 1, "y1": 2, "x2": 3, "y2": float("nan")}]}, "finite"),
        ({"p.jpg": [{"x1": 1, "y1": 2, "x2": 3, "y2": 4, "lable": "man"}]}, "lable"),
        ([1], "dictionary"),
        ({"x.jpg": []}, "names none of the photos; its first is 'x.jpg'"),
        ({"p.jpg": []}, "fits a/p.jpg and b/p.jpg; put the folder before the name"),
    ],
)
def test_a_bad_file_of_boxes_ends_in_a_sentence(tmp_path, content, words):
    (tmp_path / "b.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=words):
        read_boxes(tmp_path / "b.json", [Path("a/p.jpg"), Path("b/p.jpg")])


def test_bad_boxes_end_in_a_sentence(tmp_path):
    pq.write_table(pa.table({"photo": ["p.jpg"], "x1": [1.0]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="lacks the column 'y1'"):
        read_boxes(tmp_path / "b.parquet", [Path("p.jpg")])
    good = {"x1": 1, "y1": 2, "x2": 30, "y2": 40}
    for rows, words in (
        (
            [{**good, "x1": 60, "x2": 70}],
            r"\[60.0, 2.0, 70.0, 40.0\] covers nothing of the picture's 50 x 60",
        ),
        (
            [{"x1": 0, "y1": 0.2, "x2": 1, "y2": 0.9}] * 2,
            "all its boxes lie within the first of 50 x 60 pixels",
        ),
        ([{**good, "label": "man"}, good], "some boxes have a label and some none"),
        ([{**good, "label": "Mann"}], "did you mean 'man'"),
    ):
        (tmp_path / "b.json").write_text(json.dumps({"p.jpg": rows}))
        boxes = read_boxes(tmp_path / "b.json", [Path("p.jpg")])[Path("p.jpg")]
        with pytest.raises(InputError, match=words):
            checked_boxes(boxes, (50, 60), NAMES, "p.jpg")
    assert checked_boxes([Box(**good, label=" Man")], (50, 60), NAMES, "p.jpg").classes is not None
