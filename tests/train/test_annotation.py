"""Fewer train images, less annotation, wrong annotation: exactly as many as said, the smaller choice in the larger."""

import numpy as np
import pyarrow as pa

from relclip.core.params.train import Annotation, Train
from relclip.core.parquet import RELATIONS, read_table
from relclip.model import ImageSet, pair_classes
from relclip.train.labels import Labels, full_labels, of_pairs, with_mistakes
from relclip.train.withheld import as_annotated, pairs_trained_on


def relations(count):
    rows = [
        {"image_id": n // 7, "subject_id": n, "object_id": n + 1, "predicate_id": n % 4 + 1}
        for n in range(count)
    ]
    columns = {name: [row.get(name, 0) for row in rows] for name in RELATIONS.names}
    return pa.table(columns, schema=RELATIONS)


def test_a_share_of_the_annotation_is_kept_and_a_larger_one_holds_it():
    table = relations(200)
    assert as_annotated(table, Annotation(), 0).equals(table)
    small, large = (
        set(as_annotated(table, Annotation(share=s), 3)["subject_id"].to_pylist()) for s in (0.1, 0.4)
    )
    assert (len(small), len(large)) == (20, 80)
    assert small < large
    other = set(as_annotated(table, Annotation(share=0.1), 4)["subject_id"].to_pylist())
    assert other != small


def test_a_part_of_the_images_trains_with_the_labels_it_had(tiny):
    images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
    whole, _ = full_labels(images, read_table(tiny / "dataset" / "relations.parquet", RELATIONS))
    kept = pairs_trained_on(images, Train(images=len(images) // 2))
    of_image = [kept[images.pairs_of(number)] for number in range(len(images))]
    assert all(part.all() or not part.any() for part in of_image)
    labels = of_pairs(whole, kept)
    assert 0 < len(labels.start) - 1 < len(whole.start) - 1
    for pair in range(len(images.pairs)):
        row, before = labels.row[pair], whole.row[pair]
        if not kept[pair] or before < 0:
            assert row == -1
            continue
        now, then = (slice(part.start[r], part.start[r + 1]) for part, r in ((labels, row), (whole, before)))
        assert labels.predicates[now].tolist() == whole.predicates[then].tolist()
        assert labels.weights[now].tolist() == whole.weights[then].tolist()


def test_a_mistake_is_another_predicate_that_people_say_of_the_same_two_classes(tiny):
    images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
    count = len(images.pairs)
    right = np.where(pair_classes(images)[0] % 2, np.random.default_rng(0).integers(1, 5, count), 1)
    labels = Labels(np.arange(count, dtype=np.int32), np.arange(count + 1), right, np.ones(count, np.float32))
    assert with_mistakes(images, labels, 0.0, 0) is labels
    classes = list(zip(*(of.tolist() for of in pair_classes(images)), strict=True))
    said = {both: {p for b, p in zip(classes, right.tolist(), strict=True) if b == both} for both in classes}
    can = np.array([len(said[both]) > 1 for both in classes])
    mistaken = [with_mistakes(images, labels, share, 0) for share in (0.5, 1.0)]
    assert all((found.row == labels.row).all() for found in mistaken)
    half, all_of_them = (found.predicates for found in mistaken)
    assert 0 < can.sum() < count
    assert ((all_of_them != right) == can).all()
    assert 0 < (half != right).sum() < can.sum()
    assert (half[half != right] == all_of_them[half != right]).all()
    assert all(p in said[both] for p, both in zip(all_of_them.tolist(), classes, strict=True))


def test_one_of_two_predicates_mistaken_for_the_other_leaves_one(tiny):
    images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
    count = len(images.pairs)
    both, start = np.tile([1, 3], count), 2 * np.arange(count + 1)
    labels = Labels(np.arange(count, dtype=np.int32), start, both, np.full(2 * count, 0.5, np.float32))
    found = with_mistakes(images, labels, 0.5, 0)
    assert found.row.tolist() == list(range(count))
    parts = [slice(*found.start[row : row + 2]) for row in found.row]
    said = [dict(zip(found.predicates[p].tolist(), found.weights[p].tolist(), strict=True)) for p in parts]
    one, other = {1: 1.0}, {3: 1.0}
    assert all(each in said for each in (one, other, {1: 0.5, 3: 0.5}))
    assert {len(found.predicates[p]) == len(each) for p, each in zip(parts, said, strict=True)} == {True}
