"""Predictions of a trained run against one image at a time; masks, ranks and what does not fit together."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from run_case import ALL, by_key, files, one_at_a_time, predict, read, request
from tiny_dataset import CLASSES
from untrained import untrained

from relclip.core.digest import file_digest
from relclip.core.errors import ContractError, OutOfMemory
from relclip.core.vocabulary import load_vocabulary
from relclip.model.regions import _LIVE, resident
from relclip.predict import __main__ as command
from relclip.predict.knowledge import load_counts
from relclip.predict.predictor import Predictor
from relclip.predict.request import Inputs
from relclip.predict.sgdet_stage import predict_sgdet
from relclip.predict.stage import predict_run

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("rank_by", "changed"),
    [
        ("softmax", {}),
        ("logit", {"object_features": True}),
        ("sigmoid", {"use_labels": "text"}),
        ("softmax", {"motif": True}),
    ],
)
def test_batches_equal_one_image_at_a_time(tiny, tmp_path, rank_by, changed):
    output = predict(tiny, tmp_path, request(keep=ALL, batch=4, rank_by=rank_by), **changed)
    for task in ("predcls", "sgcls"):
        objects, relations = read(output / task)
        rows, labels = one_at_a_time(tiny, tmp_path / "model", task, rank_by)
        assert by_key(relations) == pytest.approx(rows, rel=1e-4, abs=1e-5)
        found = {(row["image_id"], row["object_id"]): row for row in objects.to_pylist()}
        assert {key: row["class_id"] for key, row in found.items()} == {
            key: one for key, (one, _) in labels.items()
        }
        scores = {key: score for key, (_, score) in labels.items()}
        assert {key: row["score"] for key, row in found.items()} == pytest.approx(scores, rel=1e-5)


def test_damaged_maps_are_refused_before_anything_is_predicted(tiny, tmp_path):
    shutil.copytree(tiny / "features", tmp_path / "features")
    maps = tmp_path / "features/maps.npy"
    maps.write_bytes(maps.read_bytes()[:-1] + b"\x7f")
    inputs = Inputs(untrained(tmp_path / "model"), tiny / "dataset", tmp_path / "features")
    with pytest.raises(ContractError, match=r"is not what maps\.sha256 beside it says"):
        predict_run(request(), inputs, tmp_path / "out")
    with pytest.raises(ContractError, match=r"is not what maps\.sha256 beside it says"):
        predict_sgdet(request(), inputs, tmp_path / "none", tmp_path / "out", class_iou=0.5)
    assert not (tmp_path / "out").exists()


def test_where_memory_does_not_suffice_kept_maps_go_first_and_then_a_sentence_is_said(
    tiny, tmp_path, monkeypatch, capsys
):
    whole = predict(tiny, tmp_path / "whole", request(keep=ALL))
    regions, answers = Predictor.regions, Predictor.answers

    def with_maps(*given, **named):
        made = regions(*given, **named)
        made._maps = resident(made.images, made.device, 1 << 30)
        return made

    def short(predictor, *given):
        if any(made._maps is not None for made in _LIVE):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return answers(predictor, *given)

    monkeypatch.setattr(Predictor, "regions", with_maps)
    monkeypatch.setattr(Predictor, "answers", short)
    found = predict(tiny, tmp_path / "short", request(keep=ALL))
    assert capsys.readouterr().err.count("going on without kept regions") == 1
    for task in ("predcls", "sgcls"):
        assert all(map(pa.Table.equals, read(whole / task), read(found / task)))
    monkeypatch.setattr(Predictor, "answers", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(OutOfMemory, match=r"lower predict\.batch"):
        predict(tiny, tmp_path / "none", request(keep=ALL))
    assert not (tmp_path / "none" / "out" / "predcls").exists()


def test_labels_change_the_scores_where_the_model_reads_them(tiny, tmp_path):
    output = predict(tiny, tmp_path, request(keep=ALL), use_labels="text")
    given, predicted = (by_key(read(output / task)[1]) for task in ("predcls", "sgcls"))
    assert given != pytest.approx(predicted, rel=1e-2)


@pytest.mark.parametrize("rank_by", ["softmax", "logit"])
def test_mask_leaves_only_what_the_knowledge_base_has(tiny, tmp_path, rank_by):
    masked = predict(tiny, tmp_path / "masked", request(keep=ALL, kb_mask=True, rank_by=rank_by))
    free = predict(tiny, tmp_path / "free", request(keep=ALL, rank_by=rank_by))
    counts = load_counts(tiny / "kb", load_vocabulary(tiny / "dataset" / "vocabulary.json"))
    for task in ("predcls", "sgcls"):
        objects, relations = read(free / task)
        label = {(row["image_id"], row["object_id"]): row["class_id"] for row in objects.to_pylist()}
        expected = {
            (image, i, j, predicate): score
            for (image, i, j, predicate), score in by_key(relations).items()
            if counts[label[image, i], label[image, j], predicate - 1]
        }
        assert by_key(read(masked / task)[1]) == expected
        assert 0 < len(expected) < relations.num_rows


def test_command_writes_the_contract_twice_the_same(tiny, tmp_path, monkeypatch):
    model = untrained(tmp_path / "model")
    folders = [f"--{name}={tiny / name}" for name in ("dataset", "features", "prompts", "kb")]
    words = ["--run=relclip_kb", f"--model={model}", *folders, "--threads=1", f"--output={tmp_path / 'out'}"]
    monkeypatch.setattr(sys, "argv", ["x", *words, f"--params={Path(__file__).parents[2] / 'params.yaml'}"])
    written = []
    for _ in range(2):
        command.main()
        files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
        written.append({path.relative_to(tmp_path): path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert len(written[0]) == 7  # two tables a task with their digests, and provenance.json
    provenance = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert provenance["run"] == provenance["trained_run"] == "relclip_kb"
    assert provenance["model_sha256"] == file_digest(model / "model.safetensors")


def test_no_images_give_empty_files(tiny, tmp_path):
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    for path in (tiny / "dataset").iterdir():
        (dataset / path.name).write_bytes(path.read_bytes())
    images = pq.read_table(dataset / "images.parquet")
    images = images.set_column(4, "split", pa.array(["train"] * images.num_rows))
    pq.write_table(images, dataset / "images.parquet")
    inputs = Inputs(untrained(tmp_path / "model"), dataset, tiny / "features")
    predict_run(request(), inputs, tmp_path / "out")
    assert [table.num_rows for table in read(tmp_path / "out" / "sgcls")] == [0, 0]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"predicates": 3}, "3 predicates, the data have 4"),
        ({"object_classes": 2}, "2 object classes"),
        ({"channels": 5}, "5 channels"),
    ],
)
def test_model_of_other_data_is_refused(tiny, tmp_path, changed, sentence):
    with pytest.raises(ContractError, match=sentence):
        predict(tiny, tmp_path, request(), **changed)
    assert not files(tmp_path / "out")


def test_model_of_other_words_is_refused_though_their_number_fits(tiny, tmp_path):
    model = untrained(tmp_path / "model")
    config, words = model / "config.json", json.loads((tiny / "dataset" / "vocabulary.json").read_text())
    inputs = Inputs(model, tiny / "dataset", tiny / "features")
    config.write_text(json.dumps({**json.loads(config.read_text()), "vocabulary": words}))
    predict_run(request(), inputs, tmp_path / "out")
    words["predicates"].reverse()
    config.write_text(json.dumps({**json.loads(config.read_text()), "vocabulary": words}))
    with pytest.raises(ContractError, match="other classes or predicates"):
        predict_run(request(), inputs, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_model_without_numbers_is_refused(tiny, tmp_path):
    model = untrained(tmp_path / "model")
    from safetensors.torch import load_file, save_file

    weights = load_file(model / "model.safetensors")
    weights["predicate_classifier.bias"][1] = np.nan
    save_file(weights, model / "model.safetensors")
    with pytest.raises(ContractError, match="no finite numbers"):
        predict_run(request(), Inputs(model, tiny / "dataset", tiny / "features"), tmp_path / "out")
    assert not files(tmp_path / "out")


def test_damaged_maps_are_refused(tiny, tmp_path):
    features = shutil.copytree(tiny / "features", tmp_path / "features")
    inputs = Inputs(untrained(tmp_path / "model"), tiny / "dataset", features)
    (features / "maps.sha256").write_text("0" * 64)
    with pytest.raises(ContractError, match=f"{features / 'maps.npy'} is not what maps.sha256"):
        predict_run(request(), inputs, tmp_path / "out")
    with pytest.raises(ContractError, match=r"is not what maps\.sha256"):
        predict_sgdet(request(), inputs, tmp_path / "no proposals", tmp_path / "out", class_iou=0.5)
    assert not files(tmp_path / "out")
    (features / "maps.sha256").unlink()
    predict_run(request(), inputs, tmp_path / "out")


def test_mask_without_knowledge_base_says_what_to_give(tiny, tmp_path):
    inputs = Inputs(untrained(tmp_path / "model"), tiny / "dataset", tiny / "features")
    with pytest.raises(ContractError, match="--kb"):
        predict_run(request(kb_mask=True), inputs, tmp_path / "out")


def test_labels_stay_inside_the_vocabulary(tiny, tmp_path):
    objects, _ = read(predict(tiny, tmp_path, request()) / "sgcls")
    assert set(objects["class_id"].to_pylist()) <= set(range(1, len(CLASSES) + 1))
