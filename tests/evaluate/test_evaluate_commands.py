"""The commands that anybody may use: their defaults and their files."""

import json
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from evaluate_reference import random_case, write_case, write_triplets

from relclip.core.params.evaluate import Evaluate
from relclip.evaluate import __main__ as public
from relclip.evaluate import evaluate


def call(monkeypatch, module, *words):
    monkeypatch.setattr(sys, "argv", ["relclip", *map(str, words)])
    module.main()


@pytest.fixture
def case(tmp_path):
    return write_case(tmp_path, random_case(np.random.default_rng(8)))


def test_public_command_without_switches_takes_the_defaults(tmp_path, monkeypatch, case):
    where = [
        "--groundtruth",
        case[0],
        "--predictions",
        case[1],
        "--task",
        "sgdet",
        "--output",
        tmp_path / "m.json",
    ]
    call(monkeypatch, public, *where)
    found = json.loads((tmp_path / "m.json").read_text())
    assert found == json.loads(json.dumps(evaluate(*case, "sgdet").content))
    assert found["switches"] == {**Evaluate().model_dump(), "split": None, "task": "sgdet"}
    assert set(found) == {"metrics", "intervals", "per_predicate", "switches", "counts"}


def test_public_command_passes_every_switch(tmp_path, monkeypatch, case):
    write_triplets(tmp_path / "seen.parquet", [(1, 1, 1)])
    switches = [
        "--dedup",
        "false",
        "--empty-predictions",
        "skip",
        "--pixel-inclusive",
        "false",
        "--recall",
        "pooled",
    ]
    switches += ["--require-overlap", "true", "--split", "test", "--bootstrap", 10, "--seed", 3]
    files = ["--train-triplets", tmp_path / "seen.parquet", "--hits", tmp_path / "hits.parquet"]
    where = [
        "--groundtruth",
        case[0],
        "--predictions",
        case[1],
        "--task",
        "sgcls",
        "--output",
        tmp_path / "m.json",
    ]
    call(monkeypatch, public, *where, *switches, *files)
    found = json.loads((tmp_path / "m.json").read_text())
    expected = Evaluate(
        dedup=False, empty_predictions="skip", pixel_inclusive=False, recall="pooled", require_overlap=True,
        split="test", bootstrap=10, seed=3,
    )  # fmt: skip
    assert found["switches"] == {**expected.model_dump(), "task": "sgcls"}
    assert found["metrics"]["zero_shot_recall_at_100"] is not None
    hits = pq.read_table(tmp_path / "hits.parquet")
    assert hits.num_rows <= found["counts"]["groundtruth"]


def test_public_command_says_what_it_found(tmp_path, monkeypatch, capsys, case):
    where = ["--groundtruth", case[0], "--predictions", case[1], "--output", tmp_path / "m.json"]
    call(monkeypatch, public, *where, "--task", "sgdet", "--bootstrap", 20)
    content, said = json.loads((tmp_path / "m.json").read_text()), capsys.readouterr().out
    low, high = content["intervals"]["ng_mean_recall_at_50"]
    value = content["metrics"]["ng_mean_recall_at_50"]
    assert f"{100 * value:.2f} [{100 * low:.2f}, {100 * high:.2f}]" in said
    assert "ng-mR" in said and "zR" not in said
    path = case[1] / "relations.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    call(monkeypatch, public, *where, "--task", "sgdet", "--bootstrap", 20)
    assert "No prediction is of these images" in capsys.readouterr().out
