"""Fast paths of the evaluator against plain ones: order in an image, the best of a pair, objects by their ids."""

import numpy as np
import pytest

from relclip.evaluate.inputs import Objects, Relations
from relclip.evaluate.ranking import NO_PLACE, places


def plain_places(relations, score, tie):
    """Row by row: sort each image by score and tie; of a pair the best predicate score, then tie."""
    rank, ng_rank = np.full(len(score), NO_PLACE), np.zeros(len(score), int)
    for image in set(relations.image.tolist()):
        rows = sorted(np.flatnonzero(relations.image == image), key=lambda row: (-score[row], tie[row]))
        best = {}
        for row in sorted(rows, key=lambda row: (-relations.score[row], tie[row])):
            best.setdefault((relations.subject[row], relations.object[row]), row)
        ng_rank[rows] = np.arange(len(rows))
        chosen = [row for row in rows if row in best.values()]
        rank[chosen] = np.arange(len(chosen))
    return rank, ng_rank


@pytest.mark.parametrize("seed", range(60))
def test_places_in_any_order_of_rows(seed):
    random = np.random.default_rng(seed)
    rows = random.integers(1, 60)
    image = random.integers(0, random.integers(1, 6), rows)
    # any, sorted, one large image
    image = [image, np.sort(image), np.where(np.sort(image) > 0, 0, image)][seed % 3]
    ends = [image * 4 + random.integers(0, 4, rows) for _ in range(2)]
    score = random.random(rows) if seed % 2 else random.integers(0, 3, rows) / 2
    relations = Relations(image, ends[0], random.integers(1, 4, rows), ends[1], score)
    order = np.lexsort((ends[1], ends[0])) if seed % 4 else np.arange(rows)  # rows of a pair together, or not
    relations, tie = relations.where(order), random.integers(0, 1 << 64, rows, np.uint64)
    rank, ng_rank, tied = places(relations, relations.score, tie)
    plain, ng_plain = plain_places(relations, relations.score, tie)
    assert rank.tolist() == plain.tolist() and ng_rank.tolist() == ng_plain.tolist()
    alike = [
        (relations.image == i) & (relations.score == s)
        for i, s in zip(relations.image, relations.score, strict=True)
    ]
    assert tied == sum(same.sum() > 1 for same in alike)


@pytest.mark.parametrize("seed", range(20))
def test_objects_by_image_and_id(seed):
    random = np.random.default_rng(seed)
    known = {(int(i), int(o)) for i, o in random.integers(0, 7, (random.integers(1, 20), 2)) if i != 3}
    image, object_id = np.array(sorted(known)).T if known else np.zeros((2, 0), int)
    nothing = np.zeros(len(image))
    objects = Objects(image, object_id, nothing.astype(int), np.zeros((len(image), 4)), nothing)
    asked = random.integers(0, 9, (200, 2))
    rows = objects.rows(*asked.T)
    expected = [sorted(known).index(tuple(one)) if tuple(one) in known else -1 for one in asked.tolist()]
    assert rows.tolist() == expected


def test_a_score_that_overflows_keeps_its_row():
    image, score = np.array([0, 0, 0, 1]), np.array([1.0, -np.inf, 2.0, 1.0])
    relations = Relations(image, np.arange(4), np.ones(4, int), np.arange(4) + 1, score)
    assert places(relations, score, np.arange(4, dtype=np.uint64))[1].tolist() == [1, 2, 0, 0]
    nothing = places(relations.where(image > 1), score[:0], np.arange(0, dtype=np.uint64))
    assert [len(nothing[0]), len(nothing[1]), nothing[2]] == [0, 0, 0]
