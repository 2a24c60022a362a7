"""What Visual Genome needs of the stage: its listed split, its counts beside the known ones, its real annotations."""

import csv
import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from relclip.core.errors import InputError, ParamsError
from relclip.core.params.dataset import LISTED, Dataset, Split
from relclip.core.parquet import IMAGES, read_table
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.dataset import expected
from relclip.dataset.build import make_dataset
from relclip.dataset.split import carve_validation, listed_split

FLAGS = ["train", "test", "train", "val", "train", "train"]
RELATED = [False, True, True, True, False, True]


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        ("flag", ["train", "test", "train", "val", "train", "train"]),
        ("first_1_of_train", ["val", "test", "train", "val", "train", "train"]),
        ("first_3_of_train", ["val", "test", "val", "val", "val", "train"]),
        ("first_1_with_relations", ["train", "test", "val", "val", "train", "train"]),
    ],
)
def test_the_listed_split_is_taken_in_the_files_order(validation, said):
    split = Split(validation=validation)
    listed = [listed_split(number, flag, split) for number, flag in enumerate(FLAGS)]
    assert listed == FLAGS and carve_validation(listed, RELATED, split) == said


def test_the_peers_validation_is_their_loaders():
    """Against the usual loaders: of the rows with a box and a relation, the first so many of the train rows."""
    chance = np.random.default_rng(0)
    flags, related = chance.choice(["train", "test"], 60).tolist(), (chance.random(60) < 0.7).tolist()
    rows = [row for row in range(60) if flags[row] == "train" and related[row]]
    met = carve_validation(flags, related, Split(validation="first_9_with_relations"))
    assert [row for row in range(60) if met[row] == "val"] == rows[:9]
    assert [row for row in rows if met[row] == "train"] == rows[9:]


@pytest.mark.parametrize(("validation", "taken"), [("first_1_of_train", 1), ("first_1_with_relations", 3)])
def test_validation_is_carved_out_of_what_the_files_list(  # noqa: PLR0917
    write_raw, thing, relation, tmp_path, validation, taken
):
    """Of image 1 nothing is listed, of 2 an empty list, of 3 a relation that the vocabulary lacks."""
    things, sizes = [thing(1, "man"), thing(2, "horse")], dict.fromkeys(range(1, 6), (40, 30))
    spoken = {2: [], 3: [relation(1, "behind", 2)], 4: [relation(1, "riding", 2)]}
    raw = write_raw(sizes, dict.fromkeys(sizes, things), spoken)
    listed = json.loads((raw / "image_data.json").read_text())
    flagged = [entry | {"split": "test" if entry["image_id"] == 5 else "train"} for entry in listed]
    (raw / "image_data.json").write_text(json.dumps(flagged))
    make_dataset(Dataset(split=Split(validation=validation)), raw, tmp_path / "made")
    images = read_table(tmp_path / "made/images.parquet", IMAGES).to_pylist()
    assert [row["image_id"] for row in images if row["split"] == "val"] == [taken]


def test_a_list_that_says_nothing_and_validation_that_takes_all_are_refused():
    for validation, count in (("first_4_of_train", 4), ("first_2_with_relations", 2)):
        with pytest.raises(InputError, match=f"there are {count} train images"):
            carve_validation(FLAGS, RELATED, Split(validation=validation))
    for listed in (None, 2, "dev", ["train"]):
        with pytest.raises(InputError, match=r"image 7 .* allowed: train, val, test"):
            listed_split(7, listed, Split(validation="flag"))


@pytest.mark.parametrize(
    "given",
    [
        {"validation": "flags"},
        {"validation": "flag", "test": 0.3},
        {"validation": 0.1},
        {"validation": -0.1, "test": 0.2},
    ],
)
def test_a_split_is_two_fractions_or_one_word(given):
    with pytest.raises((ValueError, ParamsError), match=r"dataset\.split: validation"):
        Split(**given)
    assert LISTED.fullmatch("first_0_of_train") is None


def test_the_unseen_triplets_and_train_counts_by_hand(write_raw, thing, relation, tmp_path):
    things = [thing(1, "man"), thing(2, "horse"), thing(3, "dog")]
    spoken = {
        1: [relation(1, "riding", 2), relation(3, "riding", 2)],
        2: [relation(1, "riding", 2)],
        3: [relation(1, "riding", 2), relation(3, "watching", 2), relation(2, "watching", 3)],
        4: [relation(3, "watching", 2), relation(3, "riding", 2)],
    }
    raw = write_raw(dict.fromkeys(spoken, (40, 30)), dict.fromkeys(spoken, things), spoken)
    flags = {1: "train", 2: "val", 3: "test", 4: "test"}
    listed = [
        entry | {"split": flags[entry["image_id"]]}
        for entry in json.loads((raw / "image_data.json").read_text())
    ]
    (raw / "image_data.json").write_text(json.dumps(listed))
    params = Dataset(split=Split(validation="flag"))
    assert "expected" not in make_dataset(params, raw, tmp_path / "a").summary()
    (raw / "source.json").write_text('{"source": "vg"}')
    account = make_dataset(params, raw, tmp_path / "b")
    found = {what: row["found"] for what, row in account.summary()["expected"].items()}
    assert found["riding"] == 3 and found["watching"] == 0  # train and validation
    assert found["test triplets unseen in train"] == 2  # dog watching horse, horse watching dog
    assert (found["images listed"], found["images listed as train"]) == (4, 2)
    assert json.loads((tmp_path / "b/account.json").read_text())["expected"]["riding"] == {
        "found": 3,
        "expected": 3819,
    }
    assert "WARNING: 23 of 23 counts" in account.table() or "WARNING: 22 of 23 counts" in account.table()


def test_a_correct_h5_file_is_not_warned_of(tmp_path):
    """Its counts of relations are others than those of the JSON files; of its images the loaders read 105,414."""
    vocabulary = Vocabulary(load_names("vg150"), load_names("vg20"))
    (tmp_path / "source.json").write_text('{"source": "vg", "route": "h5"}')
    assert expected.visual_genome_route(tmp_path, vocabulary) == "h5"
    assert expected.visual_genome_route(tmp_path, Vocabulary(("man",), ("riding",))) is None
    listed = ["train"] * 70_000 + ["val"] * 5_651 + ["test"] * 32_422
    kept = SimpleNamespace(image_id=np.arange(105_414))
    rows = expected.compare("h5", listed, kept)
    assert len(rows) == 3 and expected.expected_table(rows)[0].startswith("all counts are those")


def test_the_known_counts_are_those_of_the_published_lists(shared_data):
    rows = list(csv.reader((shared_data / "vg/vg20_zeroshot_triplets.csv").open()))
    assert len([row for row in rows if not row[0].startswith("#")]) == expected.UNSEEN
    assert list(expected.RELATIONS) != [] and set(expected.RELATIONS) == set(load_names("vg20"))
    assert sum(expected.RELATIONS.values()) == 20_045


def test_visual_genomes_first_fifty_images_parse(shared_data, tmp_path):
    """The real relationships (objects.json is only there for 15): every one is kept or dropped for a named reason.

    The sample is cut in its last entry, which lacks its image_id: 44 relations that nobody can place.
    """
    source = shared_data / "vg"
    relations = json.loads((source / "first50_relationships.json").read_text())
    raw = tmp_path / "raw"
    (raw / "images").mkdir(parents=True)
    for number in range(1, 51):
        Image.new("L", (1300, 1300)).save(raw / "images" / f"{number}.jpg")
    (raw / "image_data.json").write_text(json.dumps([{"image_id": number} for number in range(1, 51)]))
    (raw / "objects.json").write_bytes((source / "first50_objects.json").read_bytes())
    (raw / "relationships.json").write_bytes((source / "first50_relationships.json").read_bytes())
    params = Dataset(
        object_match="exact",
        predicate_match="exact",
        object_aliases=str(source / "object_alias.txt"),
        split=Split(validation=0.1, test=0.3),
    )
    summary = make_dataset(params, raw, tmp_path / "out").summary()
    placed = [entry for entry in relations if "image_id" in entry]
    spoken = [relation for entry in placed for relation in entry["relationships"]]
    assert summary["noted"]["entries of relationships.json whose image is not kept"] == len(relations) - len(
        placed
    )
    wanted = Counter(relation["predicate"].lower() for relation in spoken)
    assert summary["read"]["relations"] == len(spoken) == 1650 - 44
    dropped = summary["dropped"]["relations"]
    assert summary["kept"]["relations"] + sum(dropped.values()) == len(spoken)
    seen = sum(number for predicate, number in wanted.items() if predicate in load_names("vg20"))
    assert dropped["predicate outside the vocabulary"] == len(spoken) - seen
    assert 0 < summary["kept"]["relations"] <= seen
