"""Only rows that can reach the top are written, and the evaluator cannot tell the difference."""

from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
from free_case import PREDICATES, write_free_case

from relclip.core.errors import ContractError
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import PREDICTED_OBJECTS, PREDICTED_RELATIONS
from relclip.core.recall import reachable
from relclip.evaluate import evaluate
from relclip.predict.writing import Prediction, task_writer


def slow_reachable(scores, subject, object_, keep):
    """Count for each row how many are strictly ahead of it, in both lists."""
    rows = [(i, p) for i, p in np.ndindex(scores.shape) if not np.isnan(scores[i, p])]
    value = {
        (i, p): np.float64(scores[i, p]) * np.float64(subject[i]) * np.float64(object_[i]) for i, p in rows
    }
    best = {}
    for (i, _), number in value.items():
        best[i] = max(best.get(i, -np.inf), number)
    kept = np.zeros(scores.shape, bool)
    for i, p in rows:
        ahead = sum(other > value[i, p] for other in value.values())
        ahead_of_best = sum(other > value[i, p] for other in best.values())
        kept[i, p] = ahead < keep or (value[i, p] == best[i] and ahead_of_best < keep)
    return kept


@pytest.mark.parametrize("kind", ["distinct", "ties", "negative", "empty", "nothing predicted"])
def test_reachable_equals_counting(kind):
    random = np.random.default_rng(len(kind))
    for _ in range(40):
        pairs = 0 if kind == "empty" else int(random.integers(1, 12))
        scores = random.normal(size=(pairs, 4)).astype(np.float32)
        if kind != "negative":
            scores = np.abs(scores)
        if kind == "ties":
            scores = scores.round(0)
        scores[random.random(scores.shape) < (1.0 if kind == "nothing predicted" else 0.2)] = np.nan
        subject, object_ = (random.choice(np.float32([0, 0.3, 0.5, 1]), pairs) for _ in range(2))
        for keep in (1, 3, 10, 100):
            found = reachable(scores, subject, object_, keep)
            assert (found == slow_reachable(scores, subject, object_, keep)).all()


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("task", ["predcls", "sgcls"])
def test_bounded_and_unbounded_files_get_the_same_metrics(tmp_path, task, coarse):
    """~40 pairs x 5 predicates an image against K = 20: with keep = 20, recall at 20 must not move, ties or not."""
    case = write_free_case(tmp_path, seed=5, images=9, largest=12)
    levels = np.float32([1.0] if task == "predcls" else [0.5, 0.75, 1.0])
    for keep, name in ((20, "bounded"), (10**6, "all")):
        random = np.random.default_rng(1)
        with task_writer(tmp_path / name, keep) as write:
            for image in case["split"]:
                write(_image(case, image, random, coarse, levels))
    rows = {
        name: pq.read_table(tmp_path / name / "relations.parquet").num_rows for name in ("bounded", "all")
    }
    assert rows["bounded"] < rows["all"]
    for seed in range(3):
        found = [
            evaluate(
                tmp_path / "dataset", tmp_path / name, task, switches=Evaluate(bootstrap=0, seed=seed)
            ).content
            for name in ("bounded", "all")
        ]
        # A@K ranks within the annotated pairs, whose later predictions a bounded file lacks
        top = [
            {
                key: value
                for key, value in one["metrics"].items()
                if key.endswith("_20") and "accuracy" not in key
            }
            for one in found
        ]
        assert top[0] == top[1]
        assert 0 < top[0]["ng_recall_at_20"] < 1


def _image(case, image, random, coarse, levels=(0.5, 0.75)):
    ids = [number for key, number in case["boxes"] if key == image]
    pairs = np.array([(i, j) for i in range(len(ids)) for j in range(len(ids)) if i != j], int).reshape(-1, 2)
    scores = random.random((len(pairs), PREDICATES)).astype(np.float32)
    return Prediction(
        image_id=image,
        object_id=np.array(ids, int),
        class_id=np.array([case["label"][image, number] for number in ids], int),
        object_score=random.choice(np.float32(levels), len(ids)),
        boxes=np.array([case["boxes"][image, number] for number in ids], np.float32).reshape(-1, 4),
        pairs=pairs,
        scores=scores.round(1) if coarse else scores,
    )


def test_writer_keeps_order_and_types_over_many_flushes(tmp_path, monkeypatch):
    case = write_free_case(tmp_path, seed=2)
    tables = []
    for rows in (1, 1 << 17):
        monkeypatch.setattr("relclip.core.parquet.ROWS_AT_ONCE", rows)
        random = np.random.default_rng(0)
        with task_writer(tmp_path / str(rows), 100) as write:
            for image in case["split"]:
                write(_image(case, image, random, coarse=False))
        tables.append(
            [pq.read_table(tmp_path / str(rows) / f"{name}.parquet") for name in ("objects", "relations")]
        )
    assert [table.schema for table in tables[0]] == [PREDICTED_OBJECTS, PREDICTED_RELATIONS]
    for one, other in zip(*tables, strict=True):
        assert one.equals(other)
        keys = [(name, "ascending") for name in one.schema.names]
        assert one.sort_by(keys).equals(one)


@pytest.mark.parametrize("whose", ["scores", "object_score"])
def test_a_score_that_is_no_number_leaves_no_file(tmp_path, whose):
    case = write_free_case(tmp_path, seed=2)
    image, _ = Counter(image for image, _ in case["boxes"]).most_common()[0]  # one with pairs
    prediction = _image(case, image, np.random.default_rng(0), coarse=False)
    getattr(prediction, whose).flat[0] = np.inf
    with pytest.raises(ContractError, match=f"image {image}"), task_writer(tmp_path / "out", 100) as write:
        write(prediction)
    assert not list((tmp_path / "out").iterdir())


def test_the_top_of_the_overlapping_pairs_is_written_too(tmp_path):
    boxes = np.float32([[0, 0, 10, 10], [5, 5, 15, 15], [90, 90, 99, 99]])
    pairs = np.array([(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)])
    # the pairs with object 2 lie apart and are all surer than the two overlapping ones
    scores = np.float32([[0.2, 0.1], [0.9, 0.8], [0.3, 0.1], [0.7, 0.6], [0.5, 0.4], [0.9, 0.9]])
    image = Prediction(7, np.arange(3), np.ones(3, int), np.ones(3, np.float32), boxes, pairs, scores)
    with task_writer(tmp_path / "predcls", keep=2) as write:
        write(image)
    rows = pq.read_table(tmp_path / "predcls" / "relations.parquet").to_pylist()
    written = {(row["subject_id"], row["object_id"], row["predicate_id"]) for row in rows}
    assert {(0, 1, 1), (1, 0, 1)} <= written
    assert (1, 2, 1) not in written
