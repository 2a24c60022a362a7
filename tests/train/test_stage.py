"""The whole stage on the tiny data set: it learns, repeats itself, resumes exactly and says what is wrong."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from tiny_dataset import inputs_in, write_tiny

import relclip.train.__main__ as train_command
from relclip.compute.checkpoint import write_state
from relclip.compute.schedule import batch_numbers
from relclip.core.digest import file_digest
from relclip.core.errors import ContractError, InputError, ParamsError
from relclip.core.params.train import Rcl, Train
from relclip.core.parquet import TRIPLETS, write_table
from relclip.model import load_contrast, load_model
from relclip.model.contrast import LEVELS
from relclip.tracking.recorder import Silent
from relclip.train import arguments
from relclip.train.stage import Inputs, train_run
from relclip.train.steps import learning_rate

QUICK = {
    "iterations": 12,
    "images_per_batch": 4,
    "dimension": 16,
    "heads": 2,
    "roi_size": 2,
    "validate_images": 4,
}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tiny, tmp_path):
    inputs = inputs_in(tiny)

    def start(name="a", recorder=None, inputs=inputs, **changes):
        params = Train(**{**QUICK, **changes})
        train_run(
            "one", params, inputs, tmp_path / "checkpoints", tmp_path / name, recorder=recorder, threads=1
        )
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    start.inputs, start.folder = inputs, tmp_path
    return start


def validation(files):
    return json.loads(files["statistics.json"])["val_recall_at_50"]


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"foreground_per_image": 3},
        {"model": "motif", "dimension": 32, "iterations": 100, "dropout": 0.0},
        {"model": "motif", "dimension": 32, "iterations": 100, "loss": "bce", "rank_by": "sigmoid"},
    ],
)
def test_learns(run, kind):
    """Predicates are directions here; chance is 1 in 4 and half of the pairs are not annotated."""
    long = {
        "iterations": 60,
        "learning_rate": 5e-3,
        "warmup": 10,
        "background_per_foreground": 0.5,
        "roi_size": 1,
    }
    files = run(**{**long, **kind}, rcl=Rcl(level="none"), images_per_batch=8)
    assert validation(files) > 0.4
    points = list(csv.DictReader(files["curves.csv"].decode().splitlines()))
    assert float(points[-1]["loss_object"]) < 0.5 * float(points[0]["loss_object"])
    assert load_model(run.folder / "a", torch.device("cpu")).config.predicates == 4


@pytest.mark.parametrize("supervision", ["full", "kb", "kb+ext"])
@pytest.mark.parametrize("level", ["dual", "triple", "unary"])
def test_contrast_falls_under_every_supervision(run, supervision, level):
    files = run(
        supervision=supervision, rcl=Rcl(level=level, learn_temperature=True), iterations=40, warmup=1
    )
    losses = [float(row["loss_rcl"]) for row in csv.DictReader(files["curves.csv"].decode().splitlines())]
    assert losses[-1] < losses[0]


def test_level_none_equals_weight_zero(run):
    """Without RCL the network is trained by the two cross-entropies alone, whatever hangs beside it."""
    run("none", rcl=Rcl(level="none"), gradient_clip=0.0)
    run("zero", rcl=Rcl(level="dual", weight=0.0), gradient_clip=0.0)
    run("dual", gradient_clip=0.0)
    plain, beside, trained = (network(run.folder / name) for name in ("none", "zero", "dual"))
    assert plain == beside
    assert plain != trained


def network(folder):
    """The bytes of the network's own tensors."""
    return {name: value.numpy().tobytes() for name, value in load_model(folder).state_dict().items()}


@pytest.mark.parametrize("level", ["dual", "unary"])
def test_what_the_contrast_learned_lies_beside_the_network(run, level):
    run("a", rcl=Rcl(level=level, learn_temperature=True, memory=8))
    learned = load_contrast(run.folder / "a")
    assert set(learned.levels) == set(LEVELS[level])
    for layer in (*learned.visual.values(), *learned.text.values()):
        assert not torch.equal(layer.weight, torch.eye(16))  # it began as the identity
    assert float(learned.temperature) != pytest.approx(0.07, abs=1e-6)
    run("b", rcl=Rcl(level="none"))
    assert load_contrast(run.folder / "b") is None
    assert load_contrast(run.folder / "a").state_dict().keys() == learned.state_dict().keys()


@pytest.mark.parametrize("supervision", ["full", "kb", "kb+ext"])
def test_held_out_predicates_leave_no_trace_in_a_training(run, tiny, tmp_path, supervision):
    """It is the training on files that never had them."""
    held_out = run("a", supervision=supervision, held_out=["above"])
    copy = tmp_path / "without"
    shutil.copytree(tiny, copy)
    for name in ("dataset/relations", "kb/triplets"):
        table = pq.read_table(copy / f"{name}.parquet")
        pq.write_table(table.filter(pc.not_equal(table["predicate_id"], 3)), copy / f"{name}.parquet")
    inputs = inputs_in(copy)
    never = run("b", supervision=supervision, inputs=inputs)
    assert network(run.folder / "a") == network(run.folder / "b")
    assert validation(held_out) == validation(never)
    assert json.loads(held_out["statistics.json"])["label_weight"]["above"] == 0
    assert network(run.folder / "a") != network((run("c", supervision=supervision), run.folder / "c")[1])


def test_a_held_out_predicate_that_is_none_is_said(run):
    with pytest.raises(ParamsError, match="did you mean 'above'"):
        run(held_out=["abowe"])


def test_same_seed_same_bytes(run):
    first = run("a", supervision="kb+ext", use_labels="text", object_features=True)
    assert run("b", supervision="kb+ext", use_labels="text", object_features=True) == first
    assert run("c", seed=1)["model.safetensors"] != first["model.safetensors"]


def test_motif_has_no_contrast_and_reads_no_words(run, tmp_path):
    """Whatever `rcl` says; under the KB its frequency bias is the KB's."""
    bare = Inputs(**{**vars(run.inputs), "words": tmp_path / "absent"})
    files = run(inputs=bare, model="motif", supervision="kb", iterations=1, dimension=8)
    assert run("b", inputs=bare, model="motif", supervision="kb", iterations=1, dimension=8) == files
    assert next(csv.DictReader(files["curves.csv"].decode().splitlines()))["loss_rcl"] == "0"
    bias = load_model(run.folder / "a", torch.device("cpu")).frequency_bias.detach().exp()
    shares = bias[1:, 1:, 1:].flatten(0, 1).round(decimals=1)
    assert {0.0, 0.5, 1.0} == {round(share, 1) for share in shares.flatten().tolist()}


@pytest.mark.parametrize(
    ("optimizer", "changes"),
    [
        ("adamw", {"attention_over": "all", "foreground_per_image": 3}),
        ("adamw", {"attention_over": "sampled", "foreground_per_image": 3}),
        ("sgd", {"attention_over": "sampled"}),
        ("adamw", {"early_stopping": 1, "schedule": "constant", "iterations": 90}),
        ("adamw", {"model": "motif", "supervision": "kb+ext", "loss": "bce"}),
    ],
)
def test_resumes_exactly(run, optimizer, changes, capsys):
    class Stop(Silent):
        def metrics(self, values, step=0):
            if step == 10:
                raise KeyboardInterrupt

    settings = {
        "optimizer": optimizer,
        **changes,
        "checkpoint_every": 3,
        "validate_every": 5,
    }
    undisturbed = run("a", **settings)
    with pytest.raises(KeyboardInterrupt):
        run("b", Stop(), **settings)
    assert not (run.folder / "b").exists()
    assert run("b", **settings) == undisturbed
    assert "anew" not in capsys.readouterr().err
    assert not (run.folder / "checkpoints" / "one").exists()


def test_checkpoints_that_do_not_fit_are_said_and_left(run, capsys):
    undisturbed, checkpoint = run("a"), run.folder / "checkpoints" / "one" / "checkpoint.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"PK\x03\x04 this is no checkpoint")
    assert run("b") == undisturbed
    assert "is broken" in capsys.readouterr().err
    checkpoint.parent.mkdir(parents=True)
    write_state(checkpoint, {"digest": "of another run", "step": 11})
    assert run("c") == undisturbed
    assert "belongs to other parameters or inputs" in capsys.readouterr().err


TRAIN = """
import json, sys
from pathlib import Path
from relclip.core.params.train import Train
from relclip.train.stage import Inputs, train_run
settings, folders = json.loads(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]]
train_run("one", Train(**settings), Inputs(*folders[:-2]), *folders[-2:], threads=1)
"""


def test_killed_goes_on(run, tmp_path):
    """kill -9 after the first checkpoint, then the same again: the bytes of an undisturbed run."""
    settings = {
        **QUICK,
        "supervision": "kb",
        "iterations": 60,
        "checkpoint_every": 10,
        "validate_every": 60,
    }
    folders = [*vars(run.inputs).values(), tmp_path / "checkpoints", tmp_path / "killed"]
    command = [sys.executable, "-c", TRAIN, json.dumps(settings), *map(str, folders)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while (
            not (tmp_path / "checkpoints" / "one" / "checkpoint.pt").exists() and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    assert run("killed", **settings) == run("whole", **settings)


def test_several_in_one_process_are_those_of_processes_of_their_own(run, tmp_path, monkeypatch):
    """Two networks and a second seed; the last one has the bytes of a process that trained nothing before."""
    runs = {
        "first": {"seeds": [0, 1]},
        "other": {"model": "motif", "dimension": 32, "rcl": {"level": "none"}},
    }
    (tmp_path / "params.yaml").write_text(json.dumps({"train": QUICK, "runs": runs, "refined": {}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(arguments, "track", lambda *_: nullcontext(Silent()))
    names = ["other", "first", "first_seed1"]
    folders = [f"--{name}={folder}" for name, folder in vars(run.inputs).items()]
    monkeypatch.setattr(sys, "argv", ["relclip.train", "--threads=1", *folders, "--run", *names])
    train_command.main()
    digests = {file_digest(tmp_path / "data" / "train" / name / "model.safetensors") for name in names}
    assert len(digests) == 3
    settings = json.dumps({**QUICK, "seed": 1})
    places = [*vars(run.inputs).values(), tmp_path / "checkpoints", tmp_path / "alone"]
    command = [sys.executable, "-c", TRAIN, settings, *map(str, places)]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)
    for name in ("model.safetensors", "curves.csv", "statistics.json"):
        together, alone = tmp_path / "data" / "train" / "first_seed1" / name, tmp_path / "alone" / name
        assert together.read_bytes() == alone.read_bytes()


def test_several_runs_are_not_written_into_one_folder(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["relclip.train", "--run", "a", "b", "--output", "out"])
    with pytest.raises(InputError, match="out is one folder for 2 runs; leave out --output"):
        train_command.main()


def test_command_ends_in_one_sentence(tmp_path):
    command = [sys.executable, "-m", "relclip.train", "--params", str(ROOT / "params.yaml")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--run", "relclip_ful", "--output", "out"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "did you mean 'relclip_full'" in done.stderr


def test_tells_the_recorder_its_digest_and_its_curves(run):
    class Listener(Silent):
        def __init__(self):
            self.heard, self.points = {}, []

        def tags(self, values):
            self.heard |= values

        def metrics(self, values, step=0):
            self.points.append((step, set(values)))

    listener = Listener()
    run(recorder=listener)
    assert len(listener.heard["model_sha256"]) == 64
    assert (12, {"val_recall_at_50", "val_mean_recall_at_50"}) in listener.points


def test_says_what_is_wrong(run, tmp_path):
    with pytest.raises(ParamsError, match="so set train"):
        run(dimension=32)
    assert run("free", dimension=32, rcl=Rcl(level="none"))
    with pytest.raises(ParamsError, match="no multiple"):
        run(heads=3)
    write_table(
        tmp_path / "kb" / "triplets.parquet", pa.table({name: [] for name in TRIPLETS.names}), TRIPLETS
    )
    bare = Inputs(**{**vars(run.inputs), "kb": tmp_path / "kb"})
    with pytest.raises(InputError, match="no overlapping pair"):
        run(supervision="kb", inputs=bare)


@pytest.mark.parametrize(("file", "column"), [("objects", "class_id"), ("relations", "predicate_id")])
def test_ids_outside_the_vocabulary(run, tmp_path, file, column):
    folder = shutil.copytree(run.inputs.dataset, tmp_path / "dataset")
    table = pq.read_table(folder / f"{file}.parquet")
    table = table.set_column(
        table.column_names.index(column), column, pa.array([99] * len(table), pa.int16())
    )
    pq.write_table(table, folder / f"{file}.parquet")
    with pytest.raises(ContractError, match=f"{column} 99 to 99 is outside"):
        run(inputs=Inputs(**{**vars(run.inputs), "dataset": folder}))


def test_damaged_maps_are_refused(run, tmp_path):
    folder = shutil.copytree(run.inputs.features, tmp_path / "features")
    content = bytearray((folder / "maps.npy").read_bytes())
    content[len(content) // 2] ^= 16
    (folder / "maps.npy").write_bytes(content)
    with pytest.raises(ContractError, match=rf"{folder / 'maps.npy'} is not what maps.sha256 .* --force"):
        run(inputs=Inputs(**{**vars(run.inputs), "features": folder}))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("supervision", ["full", "kb", "kb+ext"])
def test_no_image_to_train_on(run, tmp_path, supervision):
    write_tiny(tmp_path / "empty", train=0, val=3)
    empty = inputs_in(tmp_path / "empty")
    with pytest.raises(InputError, match="no overlapping pair"):
        run(supervision=supervision, inputs=empty)


def test_no_image_to_validate_on(run, tmp_path):
    write_tiny(tmp_path / "blind", val=0)
    blind = inputs_in(tmp_path / "blind")
    assert "val_recall_at_50" not in json.loads(run(inputs=blind)["statistics.json"])


def test_a_diverging_run_says_so_and_leaves_nothing(run):
    with pytest.raises(ParamsError, match="lower train"):
        run(optimizer="sgd", learning_rate=1e30, gradient_clip=0.0, warmup=0, schedule="constant")
    assert not (run.folder / "a").exists()


def test_every_image_is_seen_once_an_epoch():
    seen = [number for step in range(6) for number in batch_numbers(0, step, 9, 3)]
    assert sorted(seen[:9]) == sorted(seen[9:]) == list(range(9))
    assert seen[:9] != seen[9:]
    assert len(batch_numbers(0, 5, 2, 12)) == 12


def test_learning_rate():
    params = Train(iterations=110, warmup=10, learning_rate=1.0)
    assert [learning_rate(params, step) for step in (0, 9, 10, 60)] == pytest.approx([0.1, 1.0, 1.0, 0.5])
    assert learning_rate(params, 109) < 0.001
    assert learning_rate(Train(schedule="constant", warmup=0, learning_rate=1.0), 599) == 1.0


@pytest.mark.parametrize("patience", [0, 1, 3])
def test_plateau_falls_where_torch_does(patience):
    """VisualDS's schedule, against torch's own on recalls that rise, tie and fall."""
    recalls = np.random.default_rng(patience).integers(0, 12, 60) / 12
    params = Train(schedule="plateau", patience=patience, warmup=0, learning_rate=1.0)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, "max", factor=0.1, patience=patience, threshold=0.0, threshold_mode="abs", eps=0.0
    )
    for step, recall in enumerate(recalls, 1):
        theirs.step(recall)
        assert learning_rate(params, step, recalls[:step]) == pytest.approx(optimizer.param_groups[0]["lr"])
    assert optimizer.param_groups[0]["lr"] < 0.01
