"""Predicates that a user names: what was trained by the classifier, the rest by CLIP's look at the pair (D39)."""

import json
import shutil

import numpy as np
import pytest
import torch
from photo_case import CPU, RUN, call
from PIL import Image

from relclip.core.digest import DIGESTS
from relclip.core.errors import RelclipError
from relclip.core.images import read_image
from relclip.encoder.crops import cut
from relclip.encoder.encoder import load_encoder
from relclip.photo import SceneGraphs, asked, export
from relclip.photo import __main__ as predict
from relclip.photo.user_boxes import Box
from relclip.predict.request import Request
from relclip.predict.writing import Prediction

ASKED = ["feeding", "riding"]
#: The small CLIP reads six words; so much larger than usual, its scale tells apart what it was never taught.
PROMPT, SCALE = "{subject} {predicate} {object}", 2000.0
BOXES = [
    Box(x1=2, y1=3, x2=30, y2=40, label="man"),
    Box(x1=10, y1=12, x2=50, y2=44, label="board"),
    Box(x1=20, y1=5, x2=60, y2=35, label="man"),
]


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked") / "model"
    assert call(export.main, RUN, "--output", folder, "--data", data) == 0
    return folder


def load(folder, *names):
    return SceneGraphs.load(folder, device="cpu", predicates=names)


def own(graph):
    """Pair -> predicate -> score, of a model with two predicates."""
    return {
        (one.subject, one.object): {one.predicate: one.predicate_score, **dict(one.others)}
        for one in graph.relations
    }


def by_loops(data, photo, names, trained, chances):
    """D39 pair by pair: (subject, object) -> {name: score}; `chances`: the classifier's of its predicates."""
    clip, picture = load_encoder(data / "clip" / "model", CPU), read_image(photo)
    found = {}
    for (subject, object_), p in chances.items():
        one, other = BOXES[subject], BOXES[object_]
        ends = [[min(one.x1, other.x1), min(one.y1, other.y1), max(one.x2, other.x2), max(one.y2, other.y2)]]
        crop = clip.encode_images(cut(picture, np.array(ends, np.float32), clip.image_size))[0]
        texts = clip.encode_texts(
            [PROMPT.format(subject=one.label, predicate=name, object=other.label) for name in names]
        )
        m = dict(zip(names, (texts @ crop * SCALE).softmax(0).tolist(), strict=True))
        related, unseen = sum(p.values()), sum(m[name] for name in names if name not in trained)
        found[subject, object_] = {
            name: (1 - unseen) * p[name] if name in trained else related * m[name] for name in names
        }
    return found


@pytest.mark.parametrize("held_out", [[], ["riding"]])
def test_what_was_not_trained_clip_sees_in_the_crop_of_the_pair(data, model, tmp_path, held_out):
    photo, folder = data / "raw" / "images" / "1.jpg", shutil.copytree(model, tmp_path / "model")
    (folder / DIGESTS).unlink()
    about = folder / "relation" / "config.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"train": {"held_out": held_out}}))
    described = folder / "relclip.json"
    described.write_text(json.dumps(json.loads(described.read_text()) | {"triplet_prompt": PROMPT}))
    chances = own(SceneGraphs.load(folder, device="cpu")(photo, BOXES))
    assert len(chances) == 6
    trained = {"carrying", "riding"} - set(held_out)
    wanted = by_loops(data, photo, ["carrying", "riding", "feeding"], trained, chances)
    graphs = load(folder, *ASKED)
    graphs.models.asked._encoder.logit_scale = SCALE
    found = own(graphs(photo, BOXES))
    assert found.keys() == wanted.keys()
    for pair, scores in found.items():
        assert scores == pytest.approx({name: wanted[pair][name] for name in ASKED}, rel=1e-3)
    assert ("'feeding', 'riding' were" if held_out else "'feeding' was") in graphs.models.about.warning


def test_what_was_trained_keeps_its_scores_and_needs_no_pixels(data, model, monkeypatch):
    photo = data / "raw" / "images" / "1.jpg"
    chances = own(SceneGraphs.load(model, device="cpu")(photo, BOXES))
    monkeypatch.setattr(asked, "embed_regions", None)
    graphs = load(model, " Riding")
    assert graphs.prepare(read_image(photo)).for_crops is None
    assert own(graphs(photo, BOXES)) == {pair: {"riding": p["riding"]} for pair, p in chances.items()}
    assert graphs.models.about.warning == SceneGraphs.load(model, device="cpu").models.about.warning


def test_found_boxes_and_photos_without_any(data, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 20)).save("blank.png")
    photo = data / "raw" / "images" / "1.jpg"
    graphs = load(model, *ASKED)
    assert graphs("blank.png", []).relations == ()
    assert graphs(photo, BOXES[:1]).relations == ()
    graph = graphs(photo)
    assert graph.task == "sgdet" and {one.predicate for one in graph.relations} <= set(ASKED)
    words = ("--predicates", "feeding, riding", "--threads", "1", "--device", "cpu")
    assert call(predict.main, photo, "blank.png", "--model", model, *words) == 0
    written = json.loads((tmp_path / "scene-graphs" / "1" / "graph.json").read_text())["relations"]
    assert [one["score"] for one in written] == pytest.approx(
        [one.score for one in graph.relations], rel=1e-3
    )


def test_boxes_count_the_pixels_of_the_image_as_it_was(model, monkeypatch):
    """A large JPEG is read with a half of its sides."""
    looked = []
    monkeypatch.setattr(
        asked,
        "embed_regions",
        lambda encoder, regions, *how: (
            looked.append(regions[0][1].tolist()),
            np.ones((len(regions[0][1]), encoder.dimension), np.float32),
        )[1],
    )
    judge = load(model, "feeding").models.asked
    prediction = Prediction(
        image_id=0,
        object_id=np.arange(2),
        class_id=np.array([1, 2]),
        object_score=np.ones(2, np.float32),
        boxes=np.array([[0, 2, 8, 10], [4, 0, 20, 6]], np.float32),
        pairs=np.array([[0, 1]]),
        scores=np.array([[0.5, 0.2]], np.float32),
    )
    judge.of(prediction, np.zeros((5, 10, 3), np.uint8), (20, 10))
    assert looked == [[[0, 0, 10, 5]]]


def test_the_pixels_that_wait_for_their_boxes_are_bounded(model):
    graphs = load(model, "feeding")
    assert graphs.prepare(np.zeros((30, 4096, 3), np.uint8)).for_crops.shape == (15, 2048, 3)
    small = np.zeros((30, 2048, 3), np.uint8)
    assert graphs.prepare(small).for_crops is small


def test_chances_of_a_sigmoid_do_not_add_up(model):
    judge = load(model, "feeding").models.asked
    scores = torch.tensor([[0.9, 0.8]])
    assert judge._related(scores / 2).item() == pytest.approx(0.85)
    judge._rank_by = "sigmoid"
    assert judge._related(scores).item() == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("rank_by", "then"), [("softmax", "softmax"), ("logit", "softmax"), ("sigmoid", "sigmoid")]
)
def test_the_classifiers_chances_are_asked_for_whatever_the_tables_rank_by(model, rank_by, then):
    request = SceneGraphs.load(model, device="cpu").models.source.request
    params = request.params.model_copy(update={"by": "both", "kb_mask": True})
    found = asked.by_classifier(Request("a", "a", params, rank_by))
    assert (found.params.by, found.params.kb_mask, found.rank_by) == ("classifier", False, then)


def test_words_that_the_encoder_never_learnt_are_said(model):
    named = ["leading", "feeding", "riding a", "\u5582"]
    assert "'leading', 'riding a', '\u5582' were read as words that its CLIP never learnt" in (
        load(model, *named).models.about.sentence
    )
    assert "never learnt" not in load(model, named[1]).models.about.sentence


@pytest.mark.parametrize(
    ("predicates", "words"),
    [
        (["feeding", "feeding"], "comes twice"),
        (["riding", "RIDING"], "'riding' is empty, comes twice"),
        ([" "], "is empty"),
        (["a\tb"], "has control letters"),
        (["a" * 101], "more than 100 letters"),
        ("feeding", r"a list of names, met 'feeding'"),
    ],
)
def test_a_predicate_that_is_no_words_is_refused(model, predicates, words):
    with pytest.raises(RelclipError, match=words):
        SceneGraphs.load(model, device="cpu", predicates=predicates)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("behind, wearing", ["behind", "wearing"]),
        ('"in, front of",on\ntop', ["in, front of", "on top"]),
        (" , ", ["", ""]),
        ("", [""]),
    ],
)
def test_a_comma_in_quotes_is_a_names_own(text, names):
    assert predict._names(text) == names
