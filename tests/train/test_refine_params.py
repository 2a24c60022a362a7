"""Entries of `refined` that cannot work are refused when params.yaml is read, in one sentence."""

import sys
from pathlib import Path

import pytest
import yaml

from relclip.core.errors import ParamsError
from relclip.core.params.train import Refined
from relclip.core.params.whole import check_params
from relclip.train.__main__ import main as train
from relclip.train.refine.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def content():
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def test_takes_from_the_start_what_it_does_not_name(content):
    content["refined"]["more"] = {
        "start": "motif_kb",
        "method": "visualds",
        "iterations": 7,
        "em": {"keep": 0.5},
    }
    entry = check_params(content).run("more")
    assert isinstance(entry, Refined)
    assert (entry.model, entry.supervision, entry.loss, entry.iterations) == ("motif", "kb", "bce", 7)
    assert (entry.em.keep, entry.em.model_weight, entry.em.rate) == (0.5, 0.9, 0.01)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"start": "motif_full", "method": "visualds"}, "'motif_full' has full; name another run"),
        ({"start": "motif_kb", "method": "visualds_semi"}, "supervision full, but 'motif_kb' has kb"),
        ({"start": "motif_full", "method": "visualds_semi"}, "set its supervision to kb or kb+ext"),
        ({"start": "relclip_kb", "method": "ba_sgg"}, "'relclip_kb' has relclip"),
        ({"start": "motif_kb", "method": "visualds", "dimension": 64}, "refined.more.dimension differs"),
        ({"start": "motif_k", "method": "visualds"}, "did you mean 'motif_kb'"),
        ({"start": "motif_kb", "method": "visualds", "em": {"kepp": 0.5}}, "did you mean 'keep'"),
    ],
)
def test_what_cannot_work_is_refused(content, entry, words):
    content["refined"]["more"] = entry
    with pytest.raises(ParamsError) as error:
        check_params(content)
    assert words in str(error.value)


def test_command_refuses_a_run_that_is_not_refined(monkeypatch):
    preset = ROOT / "params.yaml"
    given = ["--params", str(preset), "--run", "motif_kb", "--start", "x", "--output", "y"]
    monkeypatch.setattr(sys, "argv", ["relclip.train.refine", *given])
    with pytest.raises(ParamsError, match="'motif_kb' is an entry of runs, not of refined; train it"):
        main()


def test_training_refuses_a_run_that_is_refined(monkeypatch):
    preset = ROOT / "params.yaml"
    monkeypatch.setattr(
        sys, "argv", ["relclip.train", "--params", str(preset), "--run", "visualds_kb", "--output", "y"]
    )
    with pytest.raises(ParamsError, match="'visualds_kb' is an entry of refined, not of runs; refine it"):
        train()
