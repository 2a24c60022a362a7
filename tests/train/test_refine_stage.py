"""Refining runs on the tiny data set: what each method changes, that it learns, resumes, and says what is wrong."""

import csv
import json
import shutil
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
import torch
from refine_runs import SETTINGS, refiner, train_starts
from safetensors.numpy import load_file

from relclip.core.errors import ContractError, InputError, ParamsError
from relclip.core.params.train import Train
from relclip.core.parquet import RELATIONS, TRIPLETS, read_table, write_table
from relclip.model import ImageSet, Regions, load_model
from relclip.tracking.recorder import Silent
from relclip.train.labels import full_labels, kb_labels
from relclip.train.phases import Phases
from relclip.train.refine import ba_sgg
from relclip.train.refine.ba_sgg import adjustment, confusion
from relclip.train.stage import Inputs, train_run
from relclip.train.validate import labelled_logits

HEAD = {"predicate_classifier.weight", "predicate_classifier.bias", "frequency_bias"}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def starts(inputs, tmp_path_factory):
    return train_starts(inputs, tmp_path_factory.mktemp("starts"))


@pytest.fixture
def refine(inputs, starts, tmp_path):
    return refiner(inputs, starts, tmp_path)


def weights(folder):
    return load_file(folder / "model.safetensors")


def curve(files, column):
    rows = csv.DictReader(files["curves.csv"].decode().splitlines())
    return [float(row[column]) for row in rows if row[column]]


def test_m2_goes_on_from_m1_at_a_share_of_its_rate(refine, starts):
    """One step of plain SGD moves the weights by rate times gradient: a tenth of the rate, a tenth of the way."""
    one = {"iterations": 1, "optimizer": "sgd", "momentum": 0.0, "warmup": 0, "gradient_clip": 0.0}
    one |= {"weight_decay": 0.0, "dropout": 0.1, "schedule": "constant", "learning_rate": 1.0}
    refine("motif_kb", "visualds", "tenth", **one, em={"rate": 0.1})
    refine("motif_kb", "visualds", "whole", **one, em={"rate": 1.0})
    begun, tenth, whole = (
        weights(folder) for folder in (starts / "motif_kb", refine.folder / "tenth", refine.folder / "whole")
    )
    assert begun.keys() == tenth.keys()
    moved = np.concatenate([(whole[name] - begun[name]).ravel() for name in begun])
    slowly = np.concatenate([(tenth[name] - begun[name]).ravel() for name in begun])
    assert np.abs(moved).max() > 1e-3
    np.testing.assert_allclose(slowly, 0.1 * moved, atol=1e-6)


def test_ba_sgg_changes_only_the_predicate_head(refine, starts, inputs):
    refine("motif_kb", "ba_sgg", balance={"at_most": 10, "frequent": 2})
    begun, ended = weights(starts / "motif_kb"), weights(refine.folder / "a")
    assert ended.keys() - begun.keys() == {"adjustment"}
    assert {name for name in begun if not np.array_equal(begun[name], ended[name])} == HEAD
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    labels = kb_labels(images, read_table(inputs.kb / "triplets.parquet", TRIPLETS), 5, 4)
    start = load_model(starts / "motif_kb", CPU)
    logits = labelled_logits(start, Regions(images, 1, CPU), labels, "ask")
    np.testing.assert_allclose(ended["adjustment"], adjustment(confusion(logits, labels)), atol=1e-6)
    assert load_model(refine.folder / "a", CPU).config.adjusted


def test_ba_sgg_learns_through_its_adjustment(refine, starts, monkeypatch):
    """A predicate whose logit the adjustment passes on to none learns nothing."""
    deaf = np.eye(5)
    deaf[:, 2] = 0
    monkeypatch.setattr(ba_sgg, "adjustment", lambda matrix: deaf)
    refine("motif_kb", "ba_sgg", weight_decay=0.0, balance={"at_most": 10, "frequent": 2})
    begun, ended = weights(starts / "motif_kb"), weights(refine.folder / "a")
    moved = (begun["predicate_classifier.weight"] != ended["predicate_classifier.weight"]).any(axis=1)
    assert moved.tolist() == [True, True, False, True, True]


def test_the_phases_of_visualds_learn_from_what_they_should(refine, inputs, monkeypatch):
    """M1 and M2 from weighted labels of the E-steps; where it is semi-supervised the last from the annotation."""
    seen, train = {}, Phases.train

    def watched(self, params, labels, *rest, name, weighted=None, **options):
        seen[name] = weighted, params.loss, len(labels.predicates)
        return train(self, params, labels, *rest, name=name, weighted=weighted, **options)

    monkeypatch.setattr(Phases, "train", watched)
    refine("motif_full", "visualds_semi", supervision="kb+ext")
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    annotated, _ = full_labels(images, read_table(inputs.dataset / "relations.parquet", RELATIONS))
    assert list(seen) == ["m1", "m2", "supervised"]
    assert seen["m1"][:2] == seen["m2"][:2] == (True, "bce")
    assert seen["supervised"] == (None, "cross_entropy", len(annotated.predicates))
    assert seen["m1"][2] > seen["m2"][2], "E2 cuts"
    refine("motif_kb", "visualds", "by the KB")
    assert seen["m2"][:2] == (True, "bce"), "weighted, though its start was not"


def test_asking_for_some_pairs_equals_asking_for_all(starts, inputs):
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    labels = kb_labels(images, read_table(inputs.kb / "triplets.parquet", TRIPLETS).slice(3, 9), 5, 4)
    model, regions = (
        load_model(starts / "motif_kb", CPU),
        Regions(images, 1, CPU),
    )
    everything = kb_labels(images, read_table(inputs.kb / "triplets.parquet", TRIPLETS), 5, 4)
    some, all_ = (labelled_logits(model, regions, which, "ask") for which in (labels, everything))
    both = (labels.row >= 0) & (everything.row >= 0)
    assert 0 < both.sum() < len(all_)
    np.testing.assert_allclose(some[labels.row[both]], all_[everything.row[both]], atol=1e-5)


@pytest.mark.parametrize(
    ("start", "method", "changes"),
    [
        ("motif_kb", "visualds", {}),
        ("motif_kb_ext", "visualds", {}),
        ("motif_full", "visualds_semi", {"supervision": "kb+ext"}),
        ("motif_kb", "ba_sgg", {"balance": {"at_most": 20}}),
        ("motif_full", "ba_sgg", {"balance": {"at_most": 20}}),
    ],
)
def test_learns(refine, start, method, changes):
    files = refine(start, method, **{"em": {"rate": 0.2}, **changes})
    losses = curve(files, "loss_predicate")
    assert losses[-1] < 0.97 * losses[-4]
    phases = 3 if method == "visualds_semi" else 1
    assert curve(files, "step")[-1] == phases * SETTINGS["iterations"]
    assert len(curve(files, "val_recall_at_50")) == phases
    if phases == 3:  # M1 begins from nothing
        assert losses[3] < 0.5 * losses[0]


def test_any_network_can_be_m1(refine, inputs, tmp_path):
    """RelCLIP too, its contrast beside the soft-weighted loss."""
    settings = {**SETTINGS, "model": "relclip", "heads": 2, "supervision": "kb", "iterations": 20}
    train_run(
        "relclip_kb", Train(**settings), inputs, tmp_path / "checkpoints", tmp_path / "begun", threads=1
    )
    changes = {**settings, "iterations": 1, "warmup": 0, "em": {"rate": 1e-9}}
    refine("relclip_kb", "visualds", begun=tmp_path / "begun", **changes)
    begun, ended = weights(tmp_path / "begun"), weights(tmp_path / "a")
    assert begun.keys() == ended.keys()
    network = [name for name in begun if not name.startswith("contrast.")]  # M2's contrast begins anew
    assert all(np.allclose(begun[name], ended[name], atol=1e-6) for name in network)


@pytest.mark.parametrize(("start", "method"), [("motif_kb", "visualds"), ("motif_kb", "ba_sgg")])
def test_no_candidate_at_all(refine, inputs, tmp_path, start, method):
    kb = shutil.copytree(inputs.kb, tmp_path / "kb")
    write_table(kb / "triplets.parquet", pa.table({name: [] for name in TRIPLETS.names}), TRIPLETS)
    with pytest.raises(InputError, match="no overlapping pair"):
        refine(start, method, inputs=Inputs(**{**vars(inputs), "kb": kb}))


class Stop(Silent):
    def __init__(self, at):
        self.at = at

    def metrics(self, values, step=0):
        if step == self.at:
            raise KeyboardInterrupt


def test_phases_that_stop_early_are_not_trained_twice(refine, capsys):
    settings = {"early_stopping": 1, "validate_every": 2, "schedule": "constant", "supervision": "kb"}
    begin = partial(refine, "motif_full", "visualds_semi", **settings)
    undisturbed = begin("a")
    assert "train m1: recall on validation has stopped rising" in capsys.readouterr().err
    last = int(undisturbed["curves.csv"].decode().splitlines()[-1].split(",")[0])
    assert last < 3 * 40
    with pytest.raises(KeyboardInterrupt):
        begin("b", recorder=Stop(last))
    capsys.readouterr()
    assert begin("b") == undisturbed
    assert "train m1: recall" not in capsys.readouterr().err


def test_same_bytes_also_after_a_kill_in_each_phase(refine, capsys):
    begin = partial(
        refine, "motif_full", "visualds_semi", supervision="kb", checkpoint_every=3, iterations=10
    )
    undisturbed = begin("a")
    for at in (20, 50, 60):  # in M1 (40 steps), M2 and the fine-tune (10 each)
        with pytest.raises(KeyboardInterrupt):
            begin("b", recorder=Stop(at))
        assert not (refine.folder / "b").exists()
    assert begin("b") == undisturbed
    said = capsys.readouterr().err
    assert "anew" not in said
    # the end of M1 once, then three times nothing to do
    assert said.count("train m1: 40 iterations done") == 4
    assert not (refine.folder / "checkpoints" / "one").exists()


def test_statistics_tell_what_was_kept(refine):
    counts = json.loads(refine("motif_kb_ext", "visualds", iterations=1)["statistics.json"])
    assert counts["pairs_kept"] == round(0.25 * counts["labelled_pairs"])
    assert counts["pairs_kept"] + counts["pairs_cut"] == counts["labelled_pairs"]
    assert sum(counts["weight_after"].values()) == pytest.approx(counts["pairs_kept"], abs=0.05)
    settings = {"balance": {"at_most": 5, "frequent": 1}, "iterations": 1}
    counts = json.loads(refine("motif_full", "ba_sgg", "b", **settings)["statistics.json"])
    before, after = counts["instances"], counts["instances_kept"]
    most = max(before, key=before.get)
    assert after == {**before, most: 5}
    assert counts["predicted_right"].keys() == before.keys()


def test_a_start_that_does_not_fit(refine, starts, inputs, tmp_path):
    with pytest.raises(
        ContractError, match="holds the run 'motif_kb', but the entry starts from 'motif_kb_ext'"
    ):
        refine("motif_kb_ext", "visualds", begun=starts / "motif_kb")
    with pytest.raises(ContractError, match=r"nowhere.model\.safetensors does not exist; run the stage"):
        refine("motif_kb", "visualds", begun=tmp_path / "nowhere")
    dataset = shutil.copytree(inputs.dataset, tmp_path / "dataset")
    vocabulary = json.loads((dataset / "vocabulary.json").read_text())
    vocabulary["objects"][0] = "lion"
    (dataset / "vocabulary.json").write_text(json.dumps(vocabulary))
    with pytest.raises(ContractError, match="trained for other classes or predicates"):
        refine("motif_kb", "visualds", inputs=Inputs(**{**vars(inputs), "dataset": dataset}))
    with pytest.raises(ParamsError, match="visualds starts from a run with supervision kb or kb\\+ext"):
        refine("motif_full", "visualds", supervision="kb")
    with pytest.raises(ParamsError, match="visualds_semi starts from a run with supervision full"):
        refine("motif_kb", "visualds_semi")
    assert not (tmp_path / "a").exists()
