"""What the processes of tests/train/test_distributed.py do: the trainings of a list, one after another, together."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from unittest import mock

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from relclip.compute.world import ALONE, joined
from relclip.core import command
from relclip.core.errors import InputError
from relclip.core.params.train import Refined, Train
from relclip.tracking import curves
from relclip.train.inputs import Inputs
from relclip.train.refine.stage import refine_run
from relclip.train.stage import train_run


def main() -> None:
    """Train what the JSON file says into the folder beside it: name -> parameters."""
    curves.STEPS_PER_POINT = 1
    with joined("cpu") as (world, _):
        train_all(Path(sys.argv[1]), Inputs(*map(Path, sys.argv[2:])), world)


def train_all(listed, inputs, world=ALONE):
    """Train each. One that is `interrupted` stops in that step and is begun again; `fails` names a process."""
    for name, params in json.loads(listed.read_text()).items():
        world.agree(0, torch.device("cpu"), "nothing: here all wait for the first, which writes")
        output = listed.parent / name
        if params.pop("fails", -1) == world.number:
            raise InputError(f"process {world.number} alone has no pictures")
        if "clip" in params:
            pretrain(params["clip"], inputs.kb.parent / "raw", output, world)
            continue
        stop = params.pop("interrupted", 0)
        places = {"inputs": inputs, "checkpoints": listed.parent / "checkpoints", "output": output}
        options = {**places, "device": "cpu", "threads": 1, "world": world}
        if stop:
            with mock.patch.object(curves.Curves, "step", stopping(stop)), suppress(StopAsyncIteration):
                train_run(name, Train(**params), **options)
            assert not output.exists()
        if "start" in params:
            refine_run(name, Refined(**params), listed.parent / params["start"], **options)
        else:
            train_run(name, Train(**params), **options)


def pretrain(params, raw, output, world):
    """Pre-train a CLIP on the raw folder of tests/tiny_clip.py."""
    import tiny_clip  # the other trainings do without open_clip

    from relclip.clip.stage import run

    given = tiny_clip.tiny_params()
    pretraining = given.clip.pretrain.model_copy(update=params)
    given = given.model_copy(update={"clip": given.clip.model_copy(update={"pretrain": pretraining})})
    run(given, raw, output, 1, device="cpu", world=world)


def stopping(at):
    """curves.Curves.step that stops the training in step `at`."""
    usual = curves.Curves.step

    def step(self, number, *rest, **named):
        usual(self, number, *rest, **named)
        if number == at:
            raise StopAsyncIteration

    return step


if __name__ == "__main__":
    command.run(main)
