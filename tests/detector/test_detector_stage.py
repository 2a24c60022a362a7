"""The stage as a whole: it learns, keeps its contract, repeats itself after a kill, takes given weights."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from relclip.core.errors import ContractError, InputError, OutOfMemory
from relclip.core.parquet import IMAGES, PREDICTED_OBJECTS, read_table
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.detector import proposals, stage, training
from relclip.detector.stage import run

FILES = ["config.json", "curves.csv", "model.safetensors", "proposals.parquet", "statistics.json"]


def _run(trained, tmp_path, **changed):
    settings = trained.settings.model_copy(update=changed)
    given = {"raw": trained.raw, "dataset": trained.dataset, "checkpoints": tmp_path / "checkpoints"}
    return run(settings, **given, output=tmp_path / "output", threads=1)


def test_a_tiny_detector_learns(trained):
    assert trained.statistics["test"]["mAP50"] > 0.5 and trained.statistics["val"]["recall"] > 0.6
    curve = np.loadtxt(trained.output / "curves.csv", delimiter=",", skiprows=1)
    assert curve[:, 0].tolist() == [10, 20, 30, 40] and curve[-1, 1] < curve[0, 1] / 2


def test_proposals_keep_the_contract(trained):
    assert sorted(path.name for path in trained.output.iterdir()) == FILES
    proposals = read_table(trained.output / "proposals.parquet", PREDICTED_OBJECTS)
    images = read_table(trained.dataset / "images.parquet", IMAGES)
    tested = [row["image_id"] for row in images.to_pylist() if row["split"] != "train"]
    image, number, label, score, x1, y1, x2, y2 = (
        proposals[name].to_numpy() for name in PREDICTED_OBJECTS.names
    )
    assert set(image) <= set(tested) and len(set(image)) > len(tested) / 2
    assert (label >= 1).all() and (label <= 3).all() and (score > 0.01).all()
    assert (x1 >= 0).all() and (y1 >= 0).all() and (x2 <= 48).all() and (y2 <= 48).all()
    assert (x2 > x1).all() and (y2 > y1).all()
    for one in np.unique(image):
        rows = image == one
        assert number[rows].tolist() == list(range(rows.sum())) and rows.sum() <= 6
        assert (np.diff(score[rows]) <= 0).all()


def test_a_killed_training_ends_with_the_same_bytes(trained, tmp_path, monkeypatch):
    steps = []

    def die(*arguments):
        steps.append(1)
        if len(steps) == 25:
            raise KeyboardInterrupt
        return update(*arguments)

    update = training.update
    monkeypatch.setattr(training, "update", die)
    with pytest.raises(KeyboardInterrupt):
        _run(trained, tmp_path)
    assert not (tmp_path / "output").exists()
    _run(trained, tmp_path)
    assert len(steps) == 25 + 20, "it went on from step 20"
    for name in FILES:
        assert (tmp_path / "output" / name).read_bytes() == (trained.output / name).read_bytes()
    assert not (tmp_path / "checkpoints" / "detector").exists()


def test_a_training_begins_with_the_weights_of_its_start(trained, tmp_path, monkeypatch):
    begun = []

    def pretrained(model, start):
        model.start = start
        return model

    def fit(model, *_, **__):
        begun.append(getattr(model, "start", "none"))
        raise InputError("enough")

    monkeypatch.setattr(stage, "pretrained", pretrained)
    monkeypatch.setattr(stage, "fit", fit)
    for start in ("none", "imagenet", "coco"):
        with pytest.raises(InputError, match="enough"):
            _run(trained, tmp_path, backbone="resnet50", start=start)
    assert begun == ["none", "imagenet", "coco"]


@pytest.mark.parametrize("form", ["folder", "safetensors", "torch", "torchvision"])
def test_given_weights_are_used_untrained(trained, tmp_path, form):
    path = tmp_path / {"folder": "given", "safetensors": "w.safetensors"}.get(form, "w.pt")
    if form == "folder":
        shutil.copytree(trained.output, path)
    elif form == "safetensors":
        shutil.copy(trained.output / "model.safetensors", path)
    else:
        weights = load_file(trained.output / "model.safetensors")
        torch.save({"model": weights, "epoch": 3} if form == "torchvision" else weights, path)
    _run(trained, tmp_path, weights=str(path))
    for name in ("proposals.parquet", "model.safetensors", "statistics.json"):
        assert (tmp_path / "output" / name).read_bytes() == (trained.output / name).read_bytes()
    assert len((tmp_path / "output" / "curves.csv").read_text().splitlines()) == 1, "nothing was trained"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.pt", None, "does not exist"),
        ("broken.pt", b"no weights", "cannot be read"),
        ("broken.safetensors", b"\xff" * 40, "cannot be read"),
        ("other.pt", {"layer": torch.zeros(3)}, "no weights of the small detector with 3 classes"),
        ("list.pt", [1, 2], "no table of weights"),
        ("code.pt", Vocabulary(("a",), ("b",)), "cannot be read"),
    ],
)
def test_broken_weights_are_one_sentence(trained, tmp_path, name, content, said):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(InputError, match=said) as met:
        _run(trained, tmp_path, weights=str(path))
    assert "\n" not in str(met.value) and not (tmp_path / "output").exists()


def test_a_detector_of_other_classes_is_refused(trained, tmp_path):
    given = shutil.copytree(trained.output, tmp_path / "given")
    known = load_vocabulary(trained.dataset / "vocabulary.json")
    config = json.loads((given / "config.json").read_text())
    (given / "config.json").write_text(json.dumps({**config, "objects": [*known.objects[::-1]]}))
    with pytest.raises(ContractError, match="knows other object classes"):
        _run(trained, tmp_path, weights=str(given))
    (given / "config.json").write_text("{}")
    with pytest.raises(InputError, match="does not describe a detector"):
        _run(trained, tmp_path, weights=str(given))


def test_a_broken_checkpoint_is_not_used(trained, tmp_path, capsys):
    folder = tmp_path / "checkpoints" / "detector"
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_bytes(b"half a checkpoint")
    _run(trained, tmp_path, iterations=2)
    assert "is broken" in capsys.readouterr().err and (tmp_path / "output" / "model.safetensors").is_file()


def test_where_memory_does_not_suffice_pictures_are_halved_or_a_sentence_is_said(
    trained, tmp_path, monkeypatch, capsys
):
    usual = proposals.detect_batch

    def small(model, batch, device):
        if len(batch) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return usual(model, batch, device)

    monkeypatch.setattr(proposals, "detect_batch", small)
    statistics = _run(trained, tmp_path, weights=str(trained.output))
    assert statistics["test"] == pytest.approx(trained.statistics["test"], rel=1e-3)
    assert "boxes of pictures: out of memory with" in capsys.readouterr().err
    monkeypatch.setattr(training, "compute_losses", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(OutOfMemory, match=r"lower detector\.batch"):
        _run(trained, tmp_path / "training")
