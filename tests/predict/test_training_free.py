"""EXT, KB, KB+EXT and KB counts against plain loops; what is missing is named."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from free_case import expected, write_free_case

from relclip.core.errors import ContractError
from relclip.core.parquet import EXT_SCORES, TRIPLETS
from relclip.core.vocabulary import Vocabulary
from relclip.predict import knowledge, training_free
from relclip.predict.knowledge import load_counts, shares, softmax, uniform
from relclip.predict.training_free import predict_training_free

METHODS = ("ext", "kb", "kb_ext", "kb_counts")


def predict(root, method, keep=10**6):
    predict_training_free(
        method,
        dataset=root / "dataset",
        kb=root / "kb",
        ext=root / "ext",
        output=root / "out" / method,
        keep=keep,
    )
    return root / "out" / method


def read(folder):
    objects, relations = (
        pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("objects", "relations")
    )
    labels = {(row["image_id"], row["object_id"]): (row["class_id"], row["score"]) for row in objects}
    names = ("image_id", "subject_id", "object_id", "predicate_id")
    return labels, {tuple(row[name] for name in names): row["score"] for row in relations}


@pytest.mark.parametrize("method", METHODS)
def test_method_equals_plain_loops(tmp_path, monkeypatch, method):
    monkeypatch.setattr(knowledge, "IMAGES_AT_ONCE", 2)
    case = write_free_case(tmp_path, seed=len(method))
    output = predict(tmp_path, method)
    for task in ("predcls", "sgcls"):
        labels, rows = read(output / task)
        wanted_labels, wanted = expected(case, method, task)
        assert labels == {key: (label, pytest.approx(score)) for key, (label, score) in wanted_labels.items()}
        assert rows == pytest.approx(wanted, rel=1e-5, abs=1e-7)
        assert len(rows) > 20
    assert json.loads((output / "provenance.json").read_text()) == {"run": method, "model_sha256": "none"}


def test_scores_of_a_pair():
    counts = np.float32([[0, 3, 1], [0, 0, 0]])
    assert uniform(counts)[0].tolist() == [0, 0.5, 0.5]
    assert shares(counts)[0].tolist() == [0, 0.75, 0.25]
    assert np.isnan(uniform(counts)[1]).all()
    logits = np.float32([[1000, 1000, 0], [0, 0, 0]])
    assert softmax(logits, counts > 0)[0].tolist() == [0, 1, 0]
    assert np.isnan(softmax(logits, counts > 0)[1]).all()


def test_a_triplet_said_too_seldom_is_not_known(tmp_path):
    folder = tmp_path / "kb"
    folder.mkdir()
    rows = {"subject_class": [1, 1], "predicate_id": [1, 2], "object_class": [2, 2], "count": [2, 3]}
    pq.write_table(pa.table(rows, schema=TRIPLETS), folder / "triplets.parquet")
    vocabulary = Vocabulary(("man", "horse"), ("riding", "watching"))
    assert load_counts(folder, vocabulary)[1, 2].tolist() == [2, 3]
    assert load_counts(folder, vocabulary, min_count=3)[1, 2].tolist() == [0, 3]


def test_command_and_same_bytes(tmp_path, monkeypatch):
    write_free_case(tmp_path)
    (tmp_path / "params.yaml").write_text((Path(__file__).parents[2] / "params.yaml").read_text())
    where = [f"--{name}={tmp_path / name}" for name in ("dataset", "kb", "ext")]
    written = []
    for _ in range(2):
        words = [
            "--method=kb_ext",
            f"--params={tmp_path / 'params.yaml'}",
            *where,
            f"--output={tmp_path / 'out'}",
        ]
        monkeypatch.setattr(sys, "argv", ["x", *words])
        training_free.main()
        written.append(
            [path.read_bytes() for path in sorted((tmp_path / "out").rglob("*")) if path.is_file()]
        )
    assert len(written[0]) == 7  # two tables a task with their digests, and provenance.json
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("name", "rows", "sentence"),
    [
        ("ext/objects.parquet", slice(0, -4), "has no score for object"),
        ("ext/objects.parquet", slice(0, 0), "has no score for object"),
        ("ext/scores.parquet", slice(1, None), "has no number for predicate 1 of the pair"),
        ("ext/sgcls_scores.parquet", slice(0, 0), "has no number for predicate 1 of the pair"),
    ],
)
def test_missing_scores_are_named_and_nothing_is_left(tmp_path, name, rows, sentence):
    write_free_case(tmp_path)
    table = pq.read_table(tmp_path / name)
    pq.write_table(table.slice(rows.start, len(range(*rows.indices(table.num_rows)))), tmp_path / name)
    with pytest.raises(ContractError, match=sentence):
        predict(tmp_path, "ext")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize("wrong", [0, 3])
def test_scores_of_a_predicate_that_is_none_are_refused(wrong):
    table = pa.table([[7, 7], [1, 1], [2, 2], [1, wrong], [0.5, 0.5]], names=EXT_SCORES.names)
    with pytest.raises(ContractError, match=f"the id {wrong}; ids are 1 to 2"):
        knowledge.Logits(Path("scores.parquet"), table, 2)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_no_finite_numbers_are_refused(wrong):
    table = pa.table([[7, 7], [1, 1], [2, 2], [1, 2], [0.5, wrong]], names=EXT_SCORES.names)
    logits = knowledge.Logits(Path("scores.parquet"), table, 2)
    with pytest.raises(ContractError, match=r"no number for predicate 2 of the pair \(1, 2\) of image 7"):
        logits.of(7, np.array([1]), np.array([2]))


def test_a_knowledge_base_of_other_classes_is_refused(tmp_path):
    write_free_case(tmp_path)
    path = tmp_path / "kb" / "triplets.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "subject_class", pc.add(table["subject_class"], 4)), path)
    with pytest.raises(ContractError, match=r"must lie in 1\.\.4, met 5\.\.8"):
        predict(tmp_path, "kb")


def test_logits_of_detected_boxes_fit_into_memory(tmp_path, monkeypatch):
    """64 boxes an image that all overlap, 50 predicates: their job asks for 8 GB; 2,048 images at once took 16."""
    images, seen = np.arange(3000), []
    table = pa.table([images, *[np.ones(len(images))] * 4], names=EXT_SCORES.names).cast(EXT_SCORES)
    pq.write_table(table, tmp_path / "scores.parquet")
    monkeypatch.setattr(knowledge, "Logits", lambda path, table, predicates: seen.append(table))
    assert len(list(knowledge.read_logits(tmp_path / "scores.parquet", images, 1))) == len(images)
    row = seen[0].nbytes / len(seen[0]) + 16  # `Logits` adds two numbers of 8 bytes
    assert max(map(len, seen)) * 64 * 63 * 50 * row < 4e9
