"""Readers of other data sets' formats meet spoilt files: each is read as far as it goes, or is one sentence."""

import io
import json
import shutil
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutated import SMALL, as_json, contents, documents, ends_well, tried
from other_formats import WRITERS
from PIL import Image
from test_formats import make

from relclip.raw.folder import take_folder
from relclip.raw.packed import unpack

NAMED = ("categories", "rel_categories")


def file_size(path):
    return path.stat().st_size


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return {form: make(tmp_path_factory.mktemp(form) / "source", form) for form in WRITERS}


@pytest.mark.parametrize("form", WRITERS)
@SMALL
@given(data=st.data())
def test_a_spoilt_file_is_read_or_named(form, sources, data):
    path = max(
        (one for one in sources[form].rglob("*") if one.suffix != ".jpg" and one.is_file()), key=file_size
    )
    whole = path.read_bytes()
    spoilt = contents(whole)
    if path.suffix == ".json":
        spoilt |= documents(json.loads(whole)).map(lambda one: as_json(one).encode())
    raw = sources[form].parent / "raw"
    try:
        path.write_bytes(data.draw(spoilt))
        ends_well(lambda: take_folder(sources[form], [], raw, form), raw)
    finally:
        path.write_bytes(whole)
        shutil.rmtree(raw, ignore_errors=True)


def shard_row():
    things = [{"id": number, "bbox": [0, 0, 4, 4], "category_id": number} for number in (3, 5)]
    links = [{"subject_id": 3, "object_id": 5, "predicate_id": 0}]
    image = {"bytes": "<picture>", "path": "1.jpg"}
    return {"image": image, "width": 8, "height": 8, "objects": things, "relations": links}


def as_parquet(row):
    """Its bytes; None where Arrow has no type for it."""
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "JPEG")
    if isinstance(row["image"], dict) and row["image"].get("bytes") == "<picture>":
        row["image"]["bytes"] = picture.getvalue()
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row]), file)
    return file.getvalue()


@SMALL
@given(data=st.data())
def test_a_spoilt_shard_of_the_hub_is_read_or_named(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("packed")
    whole = as_parquet(shard_row())
    of_values = documents(shard_row()).map(lambda row: tried(lambda: as_parquet(row))).filter(bool)
    (folder / "train.parquet").write_bytes(data.draw(contents(whole) | of_values))
    names = {key: [{"id": 3, "name": "man"}, {"id": 5, "name": "horse"}] for key in NAMED}
    (folder / "names.json").write_text(data.draw(st.just(json.dumps(names)) | documents(names).map(as_json)))
    if ends_well(lambda: unpack(folder, Counter()), folder / "shards") is None:
        ends_well(lambda: take_folder(folder, [], folder / "raw", "coco"), folder / "raw")
    shutil.rmtree(folder)
