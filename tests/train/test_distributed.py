"""Several processes, started by torchrun, train what one process trains; a failing one ends all with one sentence."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_clip
import torch
from distributed_run import train_all
from refine_runs import with_sentences
from safetensors.torch import load_file

from relclip.compute import world
from relclip.core import command, process
from relclip.core.errors import ParamsError
from relclip.core.params.train import Train
from relclip.tracking import curves
from relclip.train.inputs import Inputs
from relclip.train.trainer import Trainer

HERE = Path(__file__).resolve().parent
SMALL = {
    "images_per_batch": 5,
    "dimension": 16,
    "roi_size": 1,
    "dropout": 0.0,
    "warmup": 2,
    "validate_every": 4,
    "validate_images": 4,
    "checkpoint_every": 3,
}
#: Plain SGD: AdamW would blow up rounding where a gradient is 0 by nature, as of the bias of attention's keys.
LONG = {
    **SMALL,
    "iterations": 9,
    "heads": 2,
    "background_per_foreground": 0.5,
    "optimizer": "sgd",
    "learning_rate": 0.05,
}
RUNS = {
    "dual": {**LONG, "supervision": "kb", "rcl": {"learn_temperature": True}},
    "stopped": {**LONG, "supervision": "kb", "rcl": {"learn_temperature": True}, "interrupted": 5},
    "plateau": {
        **{**LONG, "iterations": 40, "schedule": "plateau", "patience": 0},
        **{"validate_every": 1, "early_stopping": 3, "interrupted": 4},
    },
    "memory": {**LONG, "rcl": {"memory": 40}, "attention_over": "all"},
    "motif": {
        **LONG,
        "model": "motif",
        "rcl": {"level": "none"},
        "supervision": "kb",
        "loss": "bce",
    },
    "refined": {
        **{**LONG, "iterations": 4, "model": "motif", "rcl": {"level": "none"}, "supervision": "kb"},
        **{"loss": "bce", "start": "motif", "method": "visualds", "em": {"rate": 1.0}},
    },
}

#: CLIP's pre-training, whose batches of 23 are shared as 11 and 12; patch dropout is drawn by process.
CLIP = {"batch": 23, "steps": 8, "warmup": 2, "patch_dropout": 0.0, "checkpoint_every": 3}


@pytest.fixture(scope="module")
def inputs(tiny, tmp_path_factory):
    found = with_sentences(tiny, tmp_path_factory.mktemp("kb"))
    tiny_clip.make_raw(Path(found.kb).parent / "raw", count=8)
    return list(map(str, vars(found).values()))


def written(folder, runs):
    """The list of what is to be trained, as a file in a new folder."""
    folder.mkdir(exist_ok=True)
    (folder / "runs.json").write_text(json.dumps(runs))
    return folder / "runs.json"


def start(folder, runs, inputs):
    """Train `runs` in two processes; returns how torchrun ended. Arguments go behind `--`, as core/process.py says."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, "-m", "--", "distributed_run", str(written(folder, runs)), *inputs]
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, env=environment)


@pytest.fixture(scope="module")
def both(inputs, tmp_path_factory):
    curves.STEPS_PER_POINT, usual = 1, curves.STEPS_PER_POINT
    folder = tmp_path_factory.mktemp("both")
    for name, processes in (("one", 1), ("two", 2)):
        runs = {**RUNS, **{loss: {"clip": {**CLIP, "loss": loss}} for loss in ("multi_positive", "clip")}}
        if processes == 1:
            train_all(written(folder / name, runs), Inputs(*map(Path, inputs)))
            continue
        done = start(folder / name, runs, inputs)
        assert done.returncode == 0, done.stderr
    curves.STEPS_PER_POINT = usual
    return folder


@pytest.mark.parametrize("run", RUNS)
def test_two_processes_train_what_one_trains(both, run):
    """Five images are shared as two and three."""
    one, two = (load_file(both / name / run / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(
            two[name], tensor, rtol=1e-4, atol=2e-5, msg=lambda text, at=name: f"{at}: {text}"
        )
    points = [list(csv.DictReader((both / name / run / "curves.csv").open())) for name in ("one", "two")]
    assert [point["step"] for point in points[0]] == [point["step"] for point in points[1]]
    stops = "early_stopping" in RUNS[run]
    assert (len(points[0]) < RUNS[run]["iterations"]) if stops else len(points[0]) == RUNS[run]["iterations"]
    for before, after in zip(*points, strict=True):
        for column in (name for name, value in before.items() if value and name.startswith("loss")):
            assert float(after[column]) == pytest.approx(float(before[column]), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("loss", ["multi_positive", "clip"])
def test_two_processes_pretrain_what_one_pretrains(both, loss):
    """AdamW blows up rounding, so a few steps are compared, and the losses of each."""
    curves = [
        np.loadtxt(both / name / loss / "curve.csv", delimiter=",", skiprows=1) for name in ("one", "two")
    ]
    assert len(curves[0]) == CLIP["steps"]
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-3, atol=1e-4)
    one, two = (load_file(both / name / loss / "open_clip_model.safetensors") for name in ("one", "two"))
    distance = sum(float((two[name] - one[name]).square().sum()) for name in one)
    assert distance < 1e-4 * sum(float(tensor.square().sum()) for tensor in one.values())


def test_the_first_process_alone_writes(both):
    left = {path.name for path in (both / "two").iterdir()}
    assert left == {"runs.json", "checkpoints", "multi_positive", "clip", *RUNS}
    assert not list((both / "two" / "checkpoints").iterdir())


def test_a_training_that_was_stopped_goes_on_and_ends_in_the_same_bytes(both):
    """Stopped in its fifth step, the checkpoint is of the third."""
    files = [both / "two" / run / "model.safetensors" for run in ("dual", "stopped")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_process_that_fails_ends_all_with_one_sentence(inputs, tmp_path):
    done = start(tmp_path, {"dual": {**RUNS["dual"], "fails": 1}}, inputs)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("relclip: ")]
    assert said == ["relclip: process 1 alone has no pictures"], done.stderr
    assert not (tmp_path / "dual").exists()


@pytest.mark.parametrize(("number", "waits"), [("0", 0), ("1", 1)])
def test_where_all_fail_alike_the_first_speaks(monkeypatch, capsys, number, waits):
    """The others wait before they speak, and torchrun ends them meanwhile."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one")
    monkeypatch.setenv("RANK", number)
    slept = []
    monkeypatch.setattr(process.time, "sleep", slept.append)
    monkeypatch.setattr(
        command.signal, "signal", lambda *_: pytest.fail("torchrun's SIGTERM needs no sentence")
    )

    def main():
        raise ParamsError("all fail")

    with pytest.raises(SystemExit):
        command.run(main)
    assert len(slept) == waits
    assert capsys.readouterr().err == "relclip: all fail\n"


def test_more_processes_than_images_are_refused():
    with pytest.raises(ParamsError, match="4 processes share the 3 images of a batch"):
        Trainer(Train(images_per_batch=3), *[None] * 6, world=world.World(0, 4))


def test_torchrun_leaves_our_options_alone_behind_two_dashes():
    """Without them `--run` is an abbreviation of two of its own."""
    from torch.distributed.run import get_args_parser

    asked = ["--params", "p", "--run", "r", "--start", "s"]
    given = get_args_parser().parse_args(["--nproc-per-node", "2", "-m", "--", "relclip.train", *asked])
    assert (given.module, given.training_script, given.training_script_args) == (True, "relclip.train", asked)
    rules = (HERE.parents[1] / "workflow" / "rules" / "common.smk").read_text()
    assert "torchrun --standalone --nproc-per-node {count} -m --" in rules
