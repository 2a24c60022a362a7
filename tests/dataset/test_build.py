"""The stage on small and broken folders: what is kept, what is counted, and nothing half-written."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from relclip.core.errors import InputError
from relclip.core.params.dataset import Dataset, Split
from relclip.core.parquet import IMAGES, OBJECTS, RELATIONS, read_table
from relclip.core.vocabulary import load_vocabulary
from relclip.dataset.account import Account
from relclip.dataset.build import make_dataset
from relclip.dataset.objects import BEYOND, clipped_box, placed_box
from relclip.dataset.split import split_of

SCHEMAS = {"images": IMAGES, "objects": OBJECTS, "relations": RELATIONS}


def build(params, raw, **changes):
    output = raw.parent / "dataset"
    make_dataset(params.model_copy(update=changes), raw, output)
    tables = {
        name: read_table(output / f"{name}.parquet", schema).to_pylist() for name, schema in SCHEMAS.items()
    }
    return tables, json.loads((output / "account.json").read_text()), output


def test_every_reason_is_counted(write_raw, thing, relation, params):
    objects = [
        thing(10**12, "Man", -5, -5, 20, 20),
        thing(10**12 + 1, "horses", 5, 5, 1e9, 1e9, merged_object_ids=["77", True, None]),
        thing(10**12 + 1, "horse"),
        thing(3, "unicorn"),
        thing(4, "cat", 500, 1, 5, 5),
        thing(5, "cat", 1, 1, 0, 5),
        thing(6, "cat", float("nan"), 1, 5, 5),
        thing(7, "cat", "1", 1, 5, 5),
        thing(8, "cat", 10**400, 1, 5, 5),
        thing("9th", "cat"),
        {"object_id": 11, "x": 1, "y": 1, "w": 1, "h": 1},
        "no object",
    ]
    ends = (10**12, 10**12 + 1)
    relations = [
        relation(ends[0], "rides", ends[1]),
        relation(ends[0], "riding", 77),
        relation(ends[0], "wears", ends[1]),
        relation(ends[1], "riding", 77),
        relation(ends[0], "watching", 3),
        relation(ends[0], "watching", 12345),
        {"predicate": "carrying", "subject": {"object_id": ends[0]}, "object": thing(20, "bag", 2, 2)},
        {"predicate": 5, "subject": None},
    ]
    tables, account, output = build(params, write_raw({1: (40, 30)}, {1: objects}, {1: relations}))
    vocabulary = load_vocabulary(output / "vocabulary.json")
    classes = [vocabulary.objects[row["class_id"] - 1] for row in tables["objects"]]
    boxes = [[row[side] for side in ("x1", "y1", "x2", "y2")] for row in tables["objects"]]
    assert classes == ["man", "horse", "bag"] and [row["object_id"] for row in tables["objects"]] == [0, 1, 2]
    assert boxes == [[0, 0, 15, 15], [5, 5, 40, 30], [2, 2, 12, 12]]
    triplets = [
        (row["subject_id"], vocabulary.predicates[row["predicate_id"] - 1], row["object_id"])
        for row in tables["relations"]
    ]
    assert triplets == [(0, "carrying", 2), (0, "riding", 1)]
    assert account["dropped"]["objects"] == {
        "object_id again in its image": 1,
        "name outside the vocabulary": 1,
        "box outside the picture": 1,
        "box without area": 1,
        "box not finite": 2,
        "box not of four numbers": 1,
        "without a whole object_id": 1,
        "without a name": 1,
    }
    assert account["dropped"]["relations"] == {
        "duplicate": 1,
        "predicate outside the vocabulary": 1,
        "subject is its object": 1,
        "subject or object dropped": 1,
        "subject or object missing": 1,
        "without a predicate": 1,
    }
    for section in ("images", "objects", "relations"):
        dropped = sum(account["dropped"].get(section, {}).values())
        assert account["read"][section] == account["kept"][section] + dropped
        assert sum(account["splits"][section].values()) == account["kept"][section] == len(tables[section])
    assert account["predicates_as_written"]["relations"]["riding"] == {"riding": 2, "rides": 1}
    assert account["outside_vocabulary"] == {
        kind: {"distinct": 1, "most_common": {word: 1}}
        for kind, word in (("names", "unicorn"), ("predicates", "wears"))
    }
    assert account["noted"] == {
        BEYOND: 3,
        "elements of objects.json that are no JSON objects": 1,
        "objects that only relationships.json holds": 1,
    }
    per_predicate = account["splits"]["relations per predicate"]
    assert {name: sum(counts.values()) for name, counts in per_predicate.items() if any(counts.values())} == {
        "carrying": 1,
        "riding": 1,
    }


def test_images_are_checked_by_their_files(write_raw, thing, params, monkeypatch):
    monkeypatch.setattr("relclip.core.images.MAX_PIXELS", 2000)
    images = dict.fromkeys(range(1, 7), (40, 30)) | {7: (60, 40)}
    raw = write_raw(images, {number: [thing(1, "cat")] for number in images if number != 6}, {})
    pictures = raw / "images"
    pictures.joinpath("2.jpg").write_bytes(pictures.joinpath("2.jpg").read_bytes()[:-200])
    pictures.joinpath("3.jpg").unlink()
    pictures.joinpath("4.jpg").rename(raw.parent / "outside.jpg")
    pictures.joinpath("4.jpg").symlink_to(raw.parent / "outside.jpg")
    listed = json.loads((raw / "image_data.json").read_text())
    listed[4] |= {"width": 4000, "height": None}
    listed += [{"image_id": 1}, {"image_id": "../../x"}, {"url": "x"}]
    (raw / "image_data.json").write_text(json.dumps(listed))
    tables, account, _ = build(params, raw)
    assert [(row["image_id"], row["width"], row["height"]) for row in tables["images"]] == [
        (1, 40, 30),
        (5, 40, 30),
    ]
    assert account["dropped"]["images"] == {
        "the image file cannot be decoded": 1,
        "the image file has more than 64,000,000 pixels": 1,
        "no image file": 1,
        "the image file is a link out of its folder": 1,
        "image_id listed again": 1,
        "entry without a whole image_id": 2,
        "no object of the vocabulary": 1,
    }
    assert account["first_dropped"]["no image file"] == ["3"]
    assert any("the file wins" in note for note in account["noted"])


def test_pictures_may_be_links_into_dvcs_cache_of_their_repository(write_raw, thing, params, tmp_path):
    """As `cache.type symlink` makes them; the cache may lie on another disk, other links stay refused."""
    raw = write_raw(
        dict.fromkeys((1, 2, 3), (40, 30)), {number: [thing(1, "cat")] for number in (1, 2, 3)}, {}
    )
    repository = raw.parent
    caches = [repository / ".dvc/cache", tmp_path / "elsewhere", tmp_path / "not the cache"]
    for number, cache in enumerate(caches, 1):
        cache.mkdir(parents=True)
        picture = raw / f"images/{number}.jpg"
        picture.rename(cache / "ab12")
        picture.symlink_to(cache / "ab12")
    (repository / ".dvc/config").write_text("[core]\n    analytics = false\n")
    assert [row["image_id"] for row in build(params, raw)[0]["images"]] == [1]
    (repository / ".dvc/config.local").write_text(f"[cache]\n    dir = {caches[1]}\n")
    assert [row["image_id"] for row in build(params, raw)[0]["images"]] == [2]


@pytest.mark.parametrize(("number", "more"), [(1, ""), (10, ""), (11, ", ...")])
def test_the_first_ten_names_of_a_reason_are_shown(number, more):
    account = Account(())
    for place in range(number):
        account.read["images"] += 1
        account.drop("images", "broken", f"{place}.jpg")
    account.tally(IMAGES.empty_table(), OBJECTS.empty_table(), {})
    names = ", ".join(f"{place}.jpg" for place in range(min(number, 10)))
    assert f"{number} dropped: broken ({names}{more})" in account.table()


def test_duplicates_are_kept_when_asked(write_raw, thing, relation, params):
    twice = [relation(1, "riding", 2), relation(1, "rides", 2)]
    raw = write_raw({1: (40, 30)}, {1: [thing(1, "man"), thing(2, "horse")]}, {1: twice})
    assert len(build(params, raw)[0]["relations"]) == 1
    assert len(build(params, raw, duplicates="keep")[0]["relations"]) == 2


def test_truth_has_the_same_objects_and_all_relations(write_raw, thing, relation, params):
    objects = {1: [thing(1, "man"), thing(2, "horse")]}
    all_true = [relation(1, "riding", 2), relation(1, "watching", 2), relation(1, "watching", 3)]
    all_true.append(
        relation(1, "watching", 4) | {"object": thing(4, "horse")}
    )  # whole, but the truth's alone
    raw = write_raw({1: (40, 30)}, objects, {1: all_true[:1]}, {1: all_true})
    _, account, output = build(params, raw, truth=True)
    assert read_table(output / "truth/relations.parquet", RELATIONS).num_rows == 2
    for name in ("images.parquet", "objects.parquet", "vocabulary.json"):
        assert (output / "truth" / name).read_bytes() == (output / name).read_bytes()
    assert account["dropped"]["truth"] == {"subject or object missing": 2}
    (raw / "truth/relationships.json").unlink()
    with pytest.raises(InputError, match=r"dataset\.truth"):
        build(params, raw, truth=True)
    with pytest.raises(InputError, match="run the stage `raw`"):
        build(params, raw / "nowhere", truth=True)


def test_same_input_same_bytes_whatever_the_order_of_lines(write_raw, thing, relation, params):
    images = dict.fromkeys(range(1, 9), (40, 30))
    objects = {number: [thing(1, "man"), thing(2, "horse")] for number in images}
    relations = {number: [relation(1, "riding", 2), relation(2, "watching", 1)] for number in images}
    raw = write_raw(images, objects, relations)
    output = build(params, raw)[2]
    first = {name: (output / f"{name}.parquet").read_bytes() for name in SCHEMAS}
    for name in ("image_data", "objects", "relationships"):
        content = json.loads((raw / f"{name}.json").read_text())
        (raw / f"{name}.json").write_text(json.dumps(content[::-1]))
    output = build(params, raw)[2]
    assert first == {name: (output / f"{name}.parquet").read_bytes() for name in SCHEMAS}


@pytest.mark.parametrize("name", ["image_data.json", "objects.json", "relationships.json", "images"])
@pytest.mark.parametrize("content", [None, "[{", '{"a": 1}', "[1]", ""])
def test_broken_files_leave_the_old_folder_alone(write_raw, thing, params, name, content):
    raw = write_raw({1: (40, 30)}, {1: [thing(1, "man")]}, {1: []})
    _, _, output = build(params, raw)
    before = sorted(path.name for path in output.parent.iterdir()), (output / "account.json").read_bytes()
    (raw / name).rename(raw.parent / "moved")
    if content is not None:
        (raw / name).write_text(content)
    with pytest.raises(InputError, match=name):
        make_dataset(params, raw, output)
    (raw.parent / "moved").rename(raw.parent / "raw" / f"{name}.away")
    assert before == (
        sorted(path.name for path in output.parent.iterdir()),
        (output / "account.json").read_bytes(),
    )


def test_wrong_shapes_inside_are_counted_not_raised(write_raw, thing, params):
    raw = write_raw({1: (40, 30), 2: (40, 30)}, {1: [thing(1, "man")], 2: [thing(1, "man")]}, {})
    odd = [
        {"image_id": 1, "relationships": {"a": 1}},
        {"image_id": 1},
        {"image_id": 9},
        {"relationships": None},
    ]
    odd.append(
        {"image_id": 2, "relationships": [None, {}, {"predicate": "\ud800", "subject": [], "object": {}}]}
    )
    (raw / "relationships.json").write_text(json.dumps(odd))
    tables, account, _ = build(params, raw)
    assert tables["relations"] == [] and account["dropped"]["relations"]["without a predicate"] == 1
    assert account["noted"]["entries of relationships.json whose image is not kept"] == 2


def test_nothing_left_is_an_error_that_says_why(write_raw, thing, params):
    raw = write_raw({1: (40, 30)}, {1: [thing(1, "unicorn")]}, {})
    (raw / "relationships.json").write_text("[]")
    with pytest.raises(InputError, match="no object of the vocabulary"):
        build(params, raw)


def test_a_vocabulary_that_no_relation_is_of_is_refused_where_stages_follow(
    write_raw, thing, relation, params
):
    objects = {number: [thing(1, "man"), thing(2, "horse")] for number in range(1, 21)}
    told = {number: [relation(1, "riding", 2), relation(1, "on", 2)] for number in objects}
    raw = write_raw(dict.fromkeys(objects, (40, 30)), objects, told)
    misspelt = params.model_copy(update={"predicates": ["ridingg", "onn"]})
    with pytest.raises(InputError, match=r"no relation is left: 40 x predicate outside.*: on 20, riding 20$"):
        make_dataset(misspelt, raw, raw.parent / "made", every_split=True)
    assert not (raw.parent / "made").exists()


def test_split_is_stable_and_near_its_fractions():
    split = Split(validation=0.1, test=0.4, seed=3)
    drawn = [split_of(number, split) for number in range(20_000)]
    shares = [drawn.count(name) / len(drawn) for name in ("train", "val", "test")]
    np.testing.assert_allclose(shares, [0.5, 0.1, 0.4], atol=0.015)
    # The digest is the contract: a new release must not move an image.
    place = int(hashlib.sha256(b"3/17").hexdigest()[:16], 16) / 2**64
    assert split_of(17, split) == ("test" if place < 0.4 else "val" if place < 0.5 else "train")
    moved = [split_of(number, split.model_copy(update={"validation": 0.2})) for number in range(1000)]
    assert all(new == old or (old, new) == ("train", "val") for old, new in zip(drawn, moved, strict=False))


def box_in(thing, width, height):
    placed = placed_box(thing)
    return placed if isinstance(placed, str) else clipped_box(placed, width, height)


@pytest.mark.parametrize(
    ("box", "said"),
    [
        *[((1, 1, *sides), "box without area") for sides in ((0, 5), (5, 0), (-1, 5), (5, -1))],
        *[
            ((*corner, 10, 10), "box outside the picture")
            for corner in ((40, 1), (-10, 1), (1, 30), (1, -10))
        ],
        *[((1, 1, 5, value), "box not of four numbers") for value in (True, "5", None, [5])],
        *[((1, value, 5, 5), "box not finite") for value in (float("inf"), float("nan"), 10**400)],
        ((39, -9, 10, 10), (39, 0, 40, 1)),
        ((-9, 29, 10, 10), (0, 29, 1, 30)),
    ],
)
def test_a_box_is_clipped_to_the_picture_or_told_why_not(box, said):
    assert box_in(dict(zip("xywh", box, strict=True)), 40, 30) == said


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((0.5, 0.5, 0.5, 0.25), "all 11 boxes of .* lie within the first pixel"),
        ((20, 15, 35, 28), "11 of 11 boxes of .* reach beyond their picture"),  # its corners
    ],
)
def test_boxes_in_another_layout_are_refused(write_raw, thing, box, said, tmp_path):
    """Shares of a picture's sides trained as one pixel, corners as boxes clipped to the picture, without a word."""
    things = [thing(number, "man", *box) for number in range(11)]
    relations, params = {1: []}, Dataset(split=Split(validation=0.1, test=0.4))
    with pytest.raises(InputError, match=said):
        make_dataset(params, write_raw({1: (40, 30)}, {1: things}, relations), tmp_path / "data")
    right = [*things[:-1], thing(11, "man", 1, 1, 39.5, 29.5)] if box[0] < 1 else things[:10]
    raw = write_raw({1: (40, 30)}, {1: right}, relations)
    noted = make_dataset(params, raw, tmp_path / "data").noted
    assert noted[BEYOND] == (0 if box[0] < 1 else 10)


def test_boxes_keep_area_after_rounding_to_float32():
    sliver = {"x": 16_777_216, "y": 0, "w": 0.5, "h": 5}
    assert box_in(sliver, 20_000_000, 10) == "box outside the picture"
    assert box_in({"x": 0, "y": 0, "w": 0.5, "h": 1e308}, 10, 10) == (0, 0, 0.5, 10)
    for far in (1e300, -1e300):
        assert box_in({"x": 0, "y": far, "w": 5, "h": 5}, 10, 10) == "box outside the picture"


def test_the_command_prints_the_account_or_one_sentence(write_raw, thing, relation, tmp_path):
    raw = write_raw({1: (40, 30)}, {1: [thing(1, "man"), thing(2, "horse")]}, {1: [relation(1, "rode", 2)]})
    command = [sys.executable, "-m", "relclip.dataset", "--params", "params.yaml", "--raw", str(raw)]
    command += ["--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "dataset.truth" in done.stderr and "Traceback" not in done.stderr
    (raw / "truth").mkdir()
    (raw / "truth/relationships.json").write_text("[]")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (
        done.returncode == 2 and "no image for val and test (1 images: train 1, val 0, test 0)" in done.stderr
    )
    assert not (tmp_path / "out").exists()
    ids = range(1, 41)
    raw = write_raw(
        dict.fromkeys(ids, (40, 30)),
        {i: [thing(1, "man"), thing(2, "horse")] for i in ids},
        {i: [relation(1, "rode", 2)] for i in ids},
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "riding" in done.stdout
    assert pq.read_table(tmp_path / "out/relations.parquet").num_rows == 40
