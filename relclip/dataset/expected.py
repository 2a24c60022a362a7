"""Visual Genome rebuilt: counts beside those one should see (docs/method.md, 1). Other data sets are not compared."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.lookup import row_keys
from relclip.core.origin import read_origin
from relclip.core.vocabulary import Vocabulary, load_names

#: Images that are listed, and of these as train; both annotation routes list the same.
IMAGES, TRAIN_IMAGES = 108_073, 75_651
#: Of the h5 file: images with an object. Its relations by predicate are published only as one loader filters them.
WITH_OBJECTS = 105_414
#: Of the official JSON files: test triplets of classes that no train relation has, and the relations of train
#: (validation is carved out of it) by predicate, matched exactly in lower case.
UNSEEN = 659
RELATIONS = {
    "sitting on": 4211, "riding": 3819, "standing on": 2031, "carrying": 1855, "walking on": 1727, "watching": 863,
    "parked on": 744, "eating": 713, "using": 577, "covered in": 565, "covering": 549, "hanging from": 537,
    "growing on": 438, "mounted on": 422, "lying on": 319, "walking in": 285, "painted on": 229, "says": 81,
    "playing": 73, "flying in": 7,
}  # fmt: skip

Ids = NDArray[np.int64]


def visual_genome_route(raw: Path, vocabulary: Vocabulary) -> str | None:
    """The route by which data/raw was made from Visual Genome, where it is read with its 150 and 20 classes."""
    origin = read_origin(raw)
    same = vocabulary == Vocabulary(load_names("vg150"), load_names("vg20"))
    return (origin.route or "json") if same and origin.source == "vg" else None


def compare(
    route: str, listed: Sequence[str], tables: Mapping[str, pa.Table], vocabulary: Vocabulary
) -> dict[str, dict[str, int]]:
    """What -> {found, expected}, of what is known of a `route`.

    listed: the split of each image that can be read; tables: images, objects and relations.
    """
    rows = {
        "images listed": (len(listed), IMAGES),
        "images listed as train": (sum(split != "test" for split in listed), TRAIN_IMAGES),
    }
    if route == "h5":
        rows["images with an object"] = (tables["images"].num_rows, WITH_OBJECTS)
    else:
        rows |= _relations(tables, vocabulary)
    return {what: {"found": found, "expected": expected} for what, (found, expected) in rows.items()}


def _relations(tables: Mapping[str, pa.Table], vocabulary: Vocabulary) -> dict[str, tuple[int, int]]:
    """Relations of train and validation by predicate, and unseen test triplets: (found, expected)."""
    images, relations = tables["images"], tables["relations"]
    tested = images.filter(pc.equal(images["split"], "test"))["image_id"].to_numpy()
    is_test = np.isin(relations["image_id"].to_numpy(), tested)
    triplets = _triplets(tables["objects"], relations)
    trained = np.bincount(triplets[~is_test, 1], minlength=len(vocabulary.predicates) + 1)
    unseen = set(map(tuple, triplets[is_test].tolist())) - set(map(tuple, triplets[~is_test].tolist()))
    rows = {
        name: (int(trained[number]), RELATIONS[name]) for number, name in enumerate(vocabulary.predicates, 1)
    }
    return rows | {"test triplets unseen in train": (len(unseen), UNSEEN)}


def expected_table(rows: Mapping[str, Mapping[str, int]]) -> Sequence[str]:
    """The comparison as lines of text, led by a warning where counts differ."""
    if not rows:
        return []
    differ = sum(row["found"] != row["expected"] for row in rows.values())
    head = (
        f"WARNING: {differ} of {len(rows)} counts are not those of the whole Visual Genome (train: with validation)"
        if differ
        else "all counts are those of the whole Visual Genome (train: with validation)"
    )
    lines = [head, f"{'':32}{'found':>9}{'expected':>9}"]
    return lines + [f"{what:32}{row['found']:>9}{row['expected']:>9}" for what, row in rows.items()]


def _triplets(objects: pa.Table, relations: pa.Table) -> Ids:
    """(R, 3) class of the subject, predicate, class of the object of each relation."""
    keys = row_keys(objects["image_id"], objects["object_id"])
    order = np.argsort(keys)
    classes = objects["class_id"].to_numpy().astype(np.int64)[order]
    ends = [
        classes[np.searchsorted(keys[order], row_keys(relations["image_id"], relations[name]))]
        for name in ("subject_id", "object_id")
    ]
    return np.column_stack([ends[0], relations["predicate_id"].to_numpy().astype(np.int64), ends[1]])
