"""A photo's scene graph is what the stages write for the same picture; empty pictures; the models that are asked."""

import json
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from photo_case import RUN, by_the_stages, rows_of
from PIL import Image

from relclip.core.errors import ContractError, InputError
from relclip.core.images import read_image
from relclip.model import read_about
from relclip.photo import SceneGraphs
from relclip.photo.about import about_run
from relclip.photo.run import BATCH
from relclip.photo.user_boxes import Box


@pytest.fixture(scope="module")
def stages(data, tmp_path_factory):
    return by_the_stages(data, tmp_path_factory.mktemp("stages"))


@pytest.mark.parametrize("task", ["sgdet", "predcls", "sgcls"])
def test_the_numbers_are_those_of_the_stages(data, graphs, stages, task):
    vocabulary, seen = graphs.models.vocabulary, 0
    images = pq.read_table(data / "dataset" / "images.parquet").to_pylist()
    for image in [row for row in images if row["split"] == "test"][:4]:
        objects, relations = rows_of(stages / task, image["image_id"])
        boxes = None
        if task != "sgdet":
            boxes = [Box(**{side: row[side] for side in ("x1", "y1", "x2", "y2")}) for row in objects]
        if task == "predcls":
            names = [vocabulary.objects[row["class_id"] - 1] for row in objects]
            boxes = [box.model_copy(update={"label": name}) for box, name in zip(boxes, names, strict=True)]
        graph = graphs(data / "raw" / image["file"], boxes=boxes)
        assert graph.task == task
        for mine, row in zip(graph.objects, objects, strict=True):
            assert mine.label == vocabulary.objects[row["class_id"] - 1]
            assert mine.score == pytest.approx(row["score"], rel=1e-4)
            assert mine.box == pytest.approx([row[side] for side in ("x1", "y1", "x2", "y2")], abs=1e-3)
        best = {}
        for (subject, object_, predicate), score in relations.items():
            best[subject, object_] = max(best.get((subject, object_), (-1, 0)), (score, predicate))
        product = {
            pair: score * objects[pair[0]]["score"] * objects[pair[1]]["score"]
            for pair, (score, _) in best.items()
        }
        assert len(graph.relations) == len(best)
        assert [one.score for one in graph.relations] == pytest.approx(
            sorted(product.values(), reverse=True), rel=1e-3
        )
        for one in graph.relations:
            score, predicate = best[one.subject, one.object]
            assert (one.predicate_score, one.predicate) == (
                pytest.approx(score, rel=1e-3),
                vocabulary.predicates[predicate - 1],
            )
        seen += len(graph.relations)
    assert seen >= 8


def test_a_batch_equals_one_photo_at_a_time(data, graphs):
    pixels = [read_image(data / "raw" / "images" / f"{number}.jpg") for number in range(1, BATCH)]
    pixels += [np.zeros((1, 1, 3), np.uint8), np.full((30, 200, 3), 255, np.uint8)]
    ready = [graphs.prepare(one, str(number)) for number, one in enumerate(pixels)]
    given = [None] * len(ready)
    given[1] = graphs.user_boxes(ready[1], [])
    given[2] = graphs.user_boxes(ready[2], [Box(x1=1, y1=1, x2=30, y2=30)])
    together = graphs.predict(ready, given)
    for number, graph in enumerate(together):
        (alone,) = graphs.predict([ready[number]], [given[number]])
        assert [one.label for one in graph.objects] == [one.label for one in alone.objects]
        assert [one.score for one in graph.relations] == pytest.approx(
            [one.score for one in alone.relations], rel=1e-3
        )
    assert not together[1].objects
    assert len(together[2].objects) == 1
    assert together[0].triplets(1)[0][3] == together[0].relations[0].score


def test_boxes_apart_are_not_related_and_a_picture_must_be_rgb(graphs):
    picture = np.zeros((60, 60, 3), np.uint8)
    apart = [Box(x1=0, y1=0, x2=9, y2=9, label="man"), Box(x1=40, y1=40, x2=99, y2=59.5, label="board")]
    graph = graphs(picture, boxes=apart)
    assert (graph.task, graph.relations) == ("predcls", ())
    assert [(one.label, one.score) for one in graph.objects] == [("man", 1), ("board", 1)]
    assert graph.objects[1].box == (40, 40, 60, 59.5)  # cut to the picture
    with pytest.raises(InputError, match=r"\(height, width, 3\) uint8, met \(60, 60\)"):
        graphs(picture[..., 0])


@pytest.mark.parametrize("default", ["dtype", "device"])
def test_other_defaults_of_torch_are_refused_in_a_sentence(data, graphs, default):
    """A program that computes in float64 met torch's own error, of tensors that do not fit."""
    picture = np.zeros((20, 30, 3), np.uint8)
    if default == "dtype":
        torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta" if default == "device" else "cpu"):
            for ask in (lambda: SceneGraphs.load(data, device="cpu"), lambda: graphs(picture)):
                with pytest.raises(InputError, match=r"these models need torch\.float32 on 'cpu'"):
                    ask()
    finally:
        torch.set_default_dtype(torch.float32)
    graphs(picture)


def test_a_model_says_what_it_was_trained_on(data, graphs, tmp_path):
    about = graphs.models.about
    assert "RelCLIP trained on 8 procedurally drawn scenes" in about.sentence
    assert "(KB+EXT)" in about.sentence
    assert "on a photograph its answers mean little" in about.sentence
    copy = tmp_path / "moved"
    shutil.copytree(data.parent, copy)
    (copy / "data" / "raw" / "source.json").unlink()
    (copy / "data" / "clip" / "model" / "statistics.json").write_text(
        '{"untrained": true, "model": "ViT-B-32"}'
    )
    (copy / "data" / "dataset" / "images.parquet").unlink()
    config = copy / "data" / "train" / RUN / "config.json"
    said = json.loads(config.read_text())
    config.write_text(json.dumps({**said, "train": {**said["train"], "held_out": ["riding", "on"]}}))
    about = SceneGraphs.load(copy / "data", device="cpu").models.about
    assert "another data set than the one that lies here now" in about.sentence
    assert "UNTRAINED" in about.sentence and "but for the labels of riding, on;" in about.sentence
    assert about.warning == "its answers mean nothing"


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (
            "visualds",
            "Motif, refined by VisualDS, trained on 8 procedurally drawn scenes with what captions say",
        ),
        (
            "visualds_semi",
            "semi-supervised mode, trained on 8 .* with their annotation and what captions say",
        ),
        ("ba_sgg", "Motif, its predicate classifier adjusted by BA-SGG, trained on"),
        (None, "Motif trained on 8 "),
    ],
)
def test_a_refined_model_says_what_was_done_and_whose_labels_it_met(data, method, words):
    config = read_about(data / "train" / RUN)
    config |= {"model": {"kind": "motif"}, "train": config["train"] | ({"method": method} if method else {})}
    assert re.search(words, about_run(data, RUN, config).sentence)


def test_what_is_missing_is_said(data, tmp_path):
    for folder, run, words in (
        (tmp_path / "nowhere", None, "run `make tables` first"),
        (data, "relclip_kb_exd", f"did you mean '{RUN}'"),
    ):
        with pytest.raises(InputError, match=words):
            SceneGraphs.load(folder, run)
    copy = tmp_path / "copy"
    shutil.copytree(data.parent, copy)
    shutil.rmtree(copy / "data" / "detector")
    alone = SceneGraphs.load(copy / "data", device="cpu")
    with pytest.raises(InputError, match="there is no detector"):
        alone(np.zeros((9, 9, 3), np.uint8))
    assert alone(np.zeros((9, 9, 3), np.uint8), boxes=[Box(x1=0, y1=0, x2=5, y2=5)]).objects
    (copy / "data" / "train" / RUN / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ContractError):
        SceneGraphs.load(copy / "data", device="cpu")
    shutil.rmtree(copy / "data" / "train")
    with pytest.raises(InputError, match="holds no trained model"):
        SceneGraphs.load(copy / "data")
    (copy / "params.yaml").unlink()
    with pytest.raises(InputError, match="--params"):
        SceneGraphs.load(copy / "data")


def test_a_photo_decoded_smaller_counts_its_own_pixels_turned_as_shown(graphs, tmp_path, monkeypatch):
    photo = Image.effect_noise((480, 320), 90).convert("RGB")
    turned = Image.Exif()
    turned[0x0112] = 6  # a viewer turns it
    photo.save(tmp_path / "a.jpg", quality=95, exif=turned)
    whole = graphs(tmp_path / "a.jpg")
    monkeypatch.setattr("relclip.core.images.MAX_PIXELS", 40_000)
    reduced = graphs(tmp_path / "a.jpg")
    assert (whole.width, whole.height) == (reduced.width, reduced.height) == (320, 480)
    assert whole.objects and reduced.objects
    for graph in (whole, reduced):
        assert max(one.y2 for one in graph.objects) > 240
        assert all(one.x2 <= 320 and one.y2 <= 480 for one in graph.objects)


def test_pillows_picture_is_read_as_its_file_is(graphs, tmp_path):
    photo, turned = Image.effect_noise((48, 32), 90).convert("RGBA"), Image.Exif()
    turned[0x0112] = 6  # a viewer turns it
    photo.putalpha(100)
    photo.save(tmp_path / "a.png", exif=turned)
    with Image.open(tmp_path / "a.png") as image:
        found = graphs(image)
    assert (found.width, found.height) == (32, 48)
    assert found.objects == graphs(tmp_path / "a.png").objects
    with pytest.raises(InputError, match="the picture is in the mode 'F'"):
        graphs(photo.convert("F"))
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:900])
    with Image.open(tmp_path / "cut.png") as image, pytest.raises(InputError, match="cannot be decoded"):
        graphs(image)
