"""Visual Genome rebuilt: counts beside those one should see (docs/method.md, 1). Other data sets are not compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from relclip.core.annotations import Annotations
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
#: Those tested, and those trained on: validation is carved out of train.
_SPLITS = (("test",), ("train", "val"))


def visual_genome_route(raw: Path, vocabulary: Vocabulary) -> str | None:
    """The route by which data/raw was made from Visual Genome, where it is read with its 150 and 20 classes."""
    origin = read_origin(raw)
    same = vocabulary == Vocabulary(load_names("vg150"), load_names("vg20"))
    return (origin.route or "json") if same and origin.source == "vg" else None


def compare(route: str, listed: Sequence[str], data: Annotations) -> dict[str, dict[str, int]]:
    """What -> {found, expected}, of what is known of a `route`; listed: the split of each image that can be read."""
    rows = {
        "images listed": (len(listed), IMAGES),
        "images listed as train": (sum(split != "test" for split in listed), TRAIN_IMAGES),
    }
    if route == "h5":
        rows["images with an object"] = (len(data.image_id), WITH_OBJECTS)
    else:
        rows |= _relations(data)
    return {what: {"found": found, "expected": expected} for what, (found, expected) in rows.items()}


def _relations(data: Annotations) -> dict[str, tuple[int, int]]:
    """Relations of train and validation by predicate, and unseen test triplets: (found, expected)."""
    tested, trained = (
        [tuple(one) for split in of for one in data.triplets(split).tolist()] for of in _SPLITS
    )
    unseen = set(tested) - set(trained)
    times = Counter(predicate for _, predicate, _ in trained)
    rows = {
        name: (times[number], RELATIONS[name]) for number, name in enumerate(data.vocabulary.predicates, 1)
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
