"""Pictures that are not the annotated size: scaled, turned by EXIF, or refused where nothing explains it."""

import json

import numpy as np
import pytest
from PIL import Image, ImageOps

from relclip.core.errors import InputError
from relclip.core.parquet import OBJECTS, read_table
from relclip.dataset.build import make_dataset
from relclip.dataset.frames import frame_of, shown_upright

SIDES = ("x1", "y1", "x2", "y2")


def made(write_raw, params, thing, size, annotated, *, orientation=1, pictures=1):
    raw = write_raw(
        dict.fromkeys(range(1, pictures + 1), size),
        {number: [thing(1, "man", 20, 10, 40, 60)] for number in range(1, pictures + 1)},
        {},
    )
    for number in range(1, pictures + 1):
        path = raw / "images" / f"{number}.jpg"
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.open(path).save(path, exif=exif)
    listed = [
        {"image_id": number + 1, "width": annotated[0], "height": annotated[1]} for number in range(pictures)
    ]
    (raw / "image_data.json").write_text(json.dumps(listed))
    account = make_dataset(params, raw, raw.parent / "made")
    rows = read_table(raw.parent / "made" / "objects.parquet", OBJECTS).to_pylist()
    return [tuple(row[side] for side in SIDES) for row in rows], account


def test_a_shrunk_copy_has_its_boxes_scaled(write_raw, thing, params):
    boxes, account = made(write_raw, params, thing, (100, 75), (200, 150))
    assert boxes == [(10, 5, 30, 35)]
    assert any("scaled" in note for note in account.noted)
    # as tools write that know no others
    boxes, account = made(write_raw, params, thing, (100, 75), (200.0, 150.0))
    assert boxes == [(10, 5, 30, 35)]
    for unsaid in (float("nan"), "200", -200, None):
        boxes, account = made(write_raw, params, thing, (100, 75), (unsaid, 150))
        assert boxes == [(20, 10, 60, 70)] and any("does not say" in note for note in account.noted)
    assert frame_of((800, 533), (300, 200), 1).kind == "scaled"  # a side is rounded to whole pixels


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_box_annotated_upright_is_turned_as_pillow_turns_pixels(orientation):
    stored = np.zeros((60, 80), np.uint8)
    stored[12:27, 33:71] = 255
    picture = Image.fromarray(stored)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.info["exif"] = exif.tobytes()
    upright = np.asarray(ImageOps.exif_transpose(picture))
    rows, columns = np.nonzero(upright)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    size = upright.shape[::-1]
    frame = frame_of(size, (80, 60), orientation, upright=True)
    assert frame.kind == "turned" and frame.place(box) == (33, 12, 71, 27)
    halved = frame_of((2 * size[0], 2 * size[1]), (80, 60), orientation, upright=True)
    assert halved.place(tuple(2 * side for side in box)) == (33, 12, 71, 27)


def test_a_phone_photograph_annotated_upright_is_turned(write_raw, thing, params):
    boxes, account = made(write_raw, params, thing, (120, 90), (90, 120), orientation=6)
    assert boxes == [(10, 30, 70, 70)]  # upright (20, 10, 60, 70): x = v, y = 90 - u
    assert any("turned back" in note for note in account.noted)
    boxes, account = made(write_raw, params, thing, (120, 90), (120, 90), orientation=6)
    assert boxes == [(20, 10, 60, 70)] and any("as drawn on the stored" in note for note in account.noted)


def test_pictures_that_the_sides_do_not_tell_of_follow_those_that_they_do():
    """A phone held upside down, and a square picture, beside upright ones of the same tool."""
    upright = [((60, 80), (80, 60), 6)]
    assert shown_upright(upright) and not shown_upright([*upright, ((80, 60), (80, 60), 6)])
    assert not shown_upright([((80, 60), (80, 60), 3), ((60, 60), (60, 60), 6), (None, (80, 60), 6)])
    assert frame_of((80, 60), (80, 60), 3, upright=True).place((10, 20, 30, 50)) == (50, 10, 70, 40)
    assert frame_of((60, 60), (60, 60), 6, upright=True).place((10, 20, 30, 50)) == (20, 30, 50, 50)
    assert frame_of(None, (80, 60), 6, upright=True).place((10, 20, 30, 50)) == (20, 30, 50, 50)
    for side, orientation in (((80, 60), 3), ((80, 60), 1), ((60, 60), 6)):
        assert frame_of(side, side, orientation).kind == "same"
    assert frame_of(None, (80, 60), 6).kind == "unsaid"
    other = frame_of((70, 30), (80, 60), 1)
    assert other.kind == "other" and other.place((10, 20, 30, 50)) == (10, 20, 30, 50)


def test_sizes_that_nothing_explains_are_noted_and_many_are_refused(write_raw, thing, params):
    boxes, account = made(write_raw, params, thing, (120, 90), (90, 120), pictures=2)
    assert (
        boxes == [(20, 10, 60, 70)] * 2
        and account.noted[next(n for n in account.noted if "file wins" in n)] == 2
    )
    with pytest.raises(InputError, match=r"3 of 3 pictures have neither the size .* nor its proportions"):
        made(write_raw, params, thing, (120, 90), (90, 120), pictures=3)
