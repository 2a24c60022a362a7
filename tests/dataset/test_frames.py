"""Pictures that are not the annotated size: scaled, turned by EXIF, or refused where nothing explains it."""

import json

import numpy as np
import pytest
from PIL import Image, ImageOps

from relclip.core.errors import InputError
from relclip.core.parquet import OBJECTS, read_table
from relclip.dataset.build import make_dataset
from relclip.dataset.frames import frame_of

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
    assert frame_of((800, 533), (300, 200), 1).kind == "scaled"  # a side is rounded to whole pixels


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
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
    frame = frame_of((60, 80), (80, 60), orientation)
    assert frame.kind == "turned" and frame.place(box) == (33, 12, 71, 27)
    halved = frame_of((120, 160), (80, 60), orientation)
    assert halved.place(tuple(2 * side for side in box)) == (33, 12, 71, 27)


def test_a_phone_photograph_annotated_upright_is_turned(write_raw, thing, params):
    boxes, account = made(write_raw, params, thing, (120, 90), (90, 120), orientation=6)
    assert boxes == [(10, 30, 70, 70)]  # upright (20, 10, 60, 70): x = v, y = 90 - u
    assert any("turned back" in note for note in account.noted)
    assert made(write_raw, params, thing, (120, 90), (120, 90), orientation=6)[0] == [(20, 10, 60, 70)]


def test_sizes_that_nothing_explains_are_noted_and_many_are_refused(write_raw, thing, params):
    boxes, account = made(write_raw, params, thing, (120, 90), (90, 120), pictures=2)
    assert (
        boxes == [(20, 10, 60, 70)] * 2
        and account.noted[next(n for n in account.noted if "file wins" in n)] == 2
    )
    with pytest.raises(InputError, match=r"3 of 3 pictures have neither the size .* nor its proportions"):
        made(write_raw, params, thing, (120, 90), (90, 120), pictures=3)
