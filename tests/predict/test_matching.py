"""Matching against loops over pairs, levels and predicates; the mixture of both; its weight from validation (D37)."""

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from run_case import by_key, read, request
from tiny_dataset import CLASSES, DIMENSION, PREDICATES

from relclip.core.errors import ContractError
from relclip.core.vocabulary import Vocabulary
from relclip.model import ImageSet, Projections, Regions, collate, load_contrast, load_model, save_model
from relclip.model.contrast import LEVELS
from relclip.predict import matching
from relclip.predict.matching import best_weight, chances_of, mixed
from relclip.predict.predictor import Fitted, Predictor
from relclip.predict.request import Inputs
from relclip.predict.stage import predict_run

CPU = torch.device("cpu")


class Words:
    """Stands where the encoder does: each text has a vector of its own, of length 1."""

    asked, dimension = 0, DIMENSION

    def encode_texts(self, texts, shown=True):
        self.asked += len(texts)
        return torch.stack([self.vector(text) for text in texts]) if texts else torch.zeros(0, DIMENSION)

    def vector(self, text):
        random = torch.Generator().manual_seed(
            sum(ord(letter) * 31**n for n, letter in enumerate(text)) % 2**31
        )
        return torch.nn.functional.normalize(torch.randn(DIMENSION, generator=random), dim=0)


@pytest.fixture
def words(monkeypatch):
    encoder = Words()
    monkeypatch.setattr(matching, "load_encoder", lambda folder, device: encoder)
    return encoder


def contrast(level):
    torch.manual_seed(3)
    made = Projections(LEVELS[level], DIMENSION, temperature=0.2)
    for layer in (*made.visual.values(), *made.text.values()):
        torch.nn.init.normal_(layer.weight)
    return made


def trained(folder, tiny, level="dual", **about):
    """A network with random weights, as wide as the texts, with a contrast."""
    from untrained import untrained

    model = load_model(untrained(folder, dimension=DIMENSION))
    save_model(model, folder, {"train": about}, contrast(level))
    return Inputs(folder, tiny / "dataset", tiny / "features", encoder=folder)


def in_loops(inputs, level, words, number, predicates=PREDICATES):
    """{(i, j, predicate): logit} of one image with its labels given."""
    images = ImageSet.load(inputs.dataset, inputs.features, "val", "test")
    network, projections = load_model(inputs.model), contrast(level)
    with torch.no_grad():
        output = network(collate(Regions(images, 2, CPU), [number]), "given")
    classes = images.class_ids[images.objects_of(number)]
    found = {}
    for row, (i, j) in enumerate(images.pairs[images.pairs_of(number)].tolist()):
        subject, object_ = CLASSES[classes[i] - 1], CLASSES[classes[j] - 1]
        t_i, t_j = (words.vector(f"a photo of a {name}") for name in (subject, object_))
        v, v_i, v_j = output.relations[row], output.objects[i], output.objects[j]
        for name in predicates:
            t = words.vector(f"a photo of a {subject} {name} a {object_}")
            cosines = []
            for one in LEVELS[level]:
                minus = {
                    "subject_predicate": (v_j, t_j),
                    "predicate_object": (v_i, t_i),
                    "triple": (v * 0, t * 0),
                    "unary": (v_i + v_j, t_i + t_j),
                }[one]
                picture = projections.visual[one].weight @ ((v - minus[0]) / (v - minus[0]).norm())
                text = projections.text[one].weight @ ((t - minus[1]) / (t - minus[1]).norm())
                cosines.append((picture @ text / picture.norm() / text.norm()).item())
            found[i, j, name] = np.mean(cosines) / 0.2
    return found


@pytest.mark.parametrize("level", ["dual", "triple", "unary"])
def test_a_run_predicted_by_matching_equals_loops(tiny, tmp_path, words, level):
    inputs = trained(tmp_path / "model", tiny, level)
    predict_run(request("logit", by="matching", keep=10**6), inputs, tmp_path / "out")
    relations = read(tmp_path / "out" / "predcls")[1]
    images = ImageSet.load(inputs.dataset, inputs.features, "val", "test")
    checked = 0
    for number in range(3):
        ids = images.object_ids[images.objects_of(number)]
        mine = by_key(relations)
        for (i, j, name), logit in in_loops(inputs, level, words, number).items():
            key = int(images.image_ids[number]), int(ids[i]), int(ids[j]), PREDICATES.index(name) + 1
            assert mine[key] == pytest.approx(logit, abs=1e-4)
            checked += 1
    assert checked > 20
    assert json.loads((tmp_path / "out" / "provenance.json").read_text())["by"] == "matching"


def test_scores_of_both_equal_loops(tiny, tmp_path, words):
    inputs = trained(tmp_path / "model", tiny, held_out=[PREDICATES[0]])
    predictor = Predictor.load(request("softmax", by="both"), inputs, "cpu")
    predictor.fitted = Fitted(matching_weight=0.3)
    images = ImageSet.load(inputs.dataset, inputs.features, "val", "test")
    batch = collate(Regions(images, 2, CPU), [0])
    (answer,) = predictor.answers(batch, ["given"])
    both = predictor.scores(batch, answer, batch.classes)
    powers = np.exp(list(in_loops(inputs, "dual", words, 0).values())).reshape(-1, len(PREDICATES))
    for row, (logits, power) in enumerate(zip(answer.predicate_logits.tolist(), powers, strict=True)):
        p = np.exp(logits) / np.exp(logits).sum()
        m = power / power.sum()
        related = 1 - p[0]
        wanted = [0.7 * (1 - m[0]) * p[r + 1] + 0.3 * related * m[r] for r in range(1, len(m))]
        assert both[row].tolist() == pytest.approx([related * m[0], *wanted], rel=1e-3)


def test_each_text_is_encoded_once(tiny, tmp_path, words):
    inputs = trained(tmp_path / "model", tiny, held_out=[PREDICATES[0]])
    vocabulary = Vocabulary(tuple(CLASSES), tuple(PREDICATES))
    matcher = matching.load_matcher(inputs, vocabulary, request().prompts, CPU)
    assert matcher.trained.tolist() == [False, *[True] * (len(PREDICATES) - 1)]
    images = ImageSet.load(inputs.dataset, inputs.features, "val", "test")
    batch = collate(Regions(images, 2, CPU), [0])
    with torch.no_grad():
        output = load_model(inputs.model)(batch, "given")
    found = matcher.logits(batch, output, batch.classes)
    slow = in_loops(inputs, "dual", words, 0)
    assert found.flatten().tolist() == pytest.approx(list(slow.values()), abs=1e-4)
    before = words.asked
    assert torch.equal(matcher.logits(batch, output, batch.classes), found)
    assert words.asked == before


def test_many_predicates_and_classes_do_not_fill_the_memory(tiny, tmp_path, words, monkeypatch):
    """Texts of 512 numbers of 310 predicates for GQA's 50,000 pairs of classes are 32 GB."""
    inputs = trained(tmp_path / "model", tiny)
    vocabulary = Vocabulary(tuple(CLASSES), tuple(PREDICATES))
    images = ImageSet.load(inputs.dataset, inputs.features, "val", "test")
    batch = collate(Regions(images, 2, CPU), list(range(len(images))))
    with torch.no_grad():
        output = load_model(inputs.model)(batch, "given")
    wanted = matching.load_matcher(inputs, vocabulary, request().prompts, CPU).logits(
        batch, output, batch.classes
    )
    numbers = len(PREDICATES) * DIMENSION
    monkeypatch.setattr(matching, "AT_ONCE", 3 * numbers)
    monkeypatch.setattr(matching, "KEPT", 4 * numbers)
    matcher, held = matching.load_matcher(inputs, vocabulary, request().prompts, CPU), []
    of = matcher._texts.of
    monkeypatch.setattr(
        matcher._texts, "of", lambda kinds: (of(kinds), held.append(len(matcher._texts._known)))[0]
    )
    assert torch.allclose(matcher.logits(batch, output, batch.classes), wanted, atol=1e-5)
    assert len(held) > 2 and max(held) <= 4 + 3


def test_both_is_a_distribution_that_loops_give_too():
    random = torch.Generator().manual_seed(0)
    chances = torch.randn(7, 5, generator=random).softmax(1)
    logits = torch.randn(7, 4, generator=random)
    seen = torch.tensor([True, False, True, True])
    chances[:, 2] = 0  # of what was not trained the classifier says nothing
    chances = chances / chances.sum(1, keepdim=True)
    found = mixed(chances, logits, seen, 0.3)
    for row in range(7):
        m = [math.exp(one) for one in logits[row].tolist()]
        m = [one / sum(m) for one in m]
        p = chances[row].tolist()
        wanted = [
            0.7 * (1 - m[1]) * p[r + 1] + 0.3 * (1 - p[0]) * m[r] if seen[r] else (1 - p[0]) * m[r]
            for r in range(4)
        ]
        assert found[row].tolist() == pytest.approx(wanted, rel=1e-5)
    # with what is no relation it sums to 1
    assert (found.sum(1) + chances[:, 0]).tolist() == pytest.approx([1] * 7, rel=1e-5)
    everything = torch.ones(4, dtype=torch.bool)
    assert torch.allclose(mixed(chances, logits, everything, 0.0), chances[:, 1:])


def test_the_weight_is_the_best_of_a_fine_grid():
    random = np.random.default_rng(0)
    for bias in (0.0, 0.4, -0.4):
        classifier = random.uniform(0.05, 1, 300)
        matched = np.clip(random.uniform(0.05, 1, 300) + bias, 1e-3, 1)
        grid = np.linspace(0, 1, 1001)
        likelihood = [np.log((1 - w) * classifier + w * matched).mean() for w in grid]
        best = best_weight(torch.from_numpy(classifier), torch.from_numpy(matched))
        assert best == pytest.approx(grid[int(np.argmax(likelihood))], abs=2e-3)


def test_what_was_held_out_is_not_looked_at_for_the_weight():
    chances = torch.tensor([[0.2, 0.5, 0.1, 0.2]])
    logits = torch.tensor([[1.0, 9.0, 0.0]])
    seen = torch.tensor([True, False, True])
    targets = torch.tensor([[False, True, True, False]])
    alone, matched = chances_of(chances, logits, targets, seen)
    assert alone.tolist() == pytest.approx([0.5 / 0.7])
    assert matched.tolist() == pytest.approx([math.e / (math.e + 1)])


def test_both_is_fitted_on_validation_and_a_model_without_contrast_is_refused(tiny, tmp_path, words):
    inputs = trained(tmp_path / "model", tiny)
    predict_run(request(by="both"), inputs, tmp_path / "out")
    said = json.loads((tmp_path / "out" / "calibration.json").read_text())
    images, network = ImageSet.load(inputs.dataset, inputs.features, "val"), load_model(inputs.model)
    rows = pq.read_table(inputs.dataset / "relations.parquet").to_pylist()
    pairs = []
    for number, image in enumerate(images.image_ids):
        with torch.no_grad():
            logits = network(collate(Regions(images, 2, CPU), [number]), "given").predicate_logits.tolist()
        ends, loops = images.pairs[images.pairs_of(number)].tolist(), in_loops(inputs, "dual", words, number)
        for row in (row for row in rows if row["image_id"] == image):
            i, j, predicate = (row[name] for name in ("subject_id", "object_id", "predicate_id"))
            powers = np.exp(logits[ends.index([i, j])][1:])  # ids of objects are their places here
            matched = [np.exp(loops[i, j, name]) for name in PREDICATES]
            pairs.append([one[predicate - 1] / sum(one) for one in (powers, matched)])
    assert said["annotated"] == len(pairs) > 0
    assert said["matching_weight"] == pytest.approx(best_weight(*torch.tensor(pairs).T), abs=1e-3)
    shutil.copytree(inputs.dataset, tmp_path / "dataset")
    pq.write_table(
        pq.read_table(tmp_path / "dataset/relations.parquet").slice(0, 0),
        tmp_path / "dataset/relations.parquet",
    )
    with pytest.raises(ContractError, match=r"which predict\.by: both needs"):
        predict_run(request(by="both"), replace(inputs, dataset=tmp_path / "dataset"), tmp_path / "none")
    save_model(load_model(inputs.model), inputs.model)
    assert load_contrast(inputs.model) is None
    with pytest.raises(ContractError, match="was trained without a contrast"):
        predict_run(request(by="matching"), inputs, tmp_path / "none")
    assert not (tmp_path / "none").exists()
