"""Pre-training: it learns, it resumes to the same bits, and it judges itself on pictures it never saw."""

import json
import shutil

import numpy as np
import pytest
import tiny_clip
import torch

from relclip.clip import stage, validate
from relclip.clip.batches import Sampler
from relclip.clip.loss import clip_loss, learning_rate, multi_positive_loss
from relclip.clip.pretrain import CPU, Trainer
from relclip.clip.regions import Regions, read_regions
from relclip.clip.texts import Reader, identities
from relclip.compute.checkpoint import resume, save_checkpoint
from relclip.core.errors import InputError
from relclip.encoder.encoder import CONFIG, WEIGHTS, WORDS

NAMES = (CONFIG, WEIGHTS, WORDS, "curve.csv", "statistics.json")


def test_loss_falls_and_held_out_pictures_are_judged(tiny):
    losses = np.loadtxt(tiny.model / "curve.csv", delimiter=",", skiprows=1)[:, 1]
    assert losses[10:15].mean() < losses[:3].mean() - 0.2  # the random phase, whose batches are alike
    found = json.loads((tiny.model / "statistics.json").read_text())
    assert found["validation"]["objects"]["count"] == 10
    assert found["validation"]["candidates_uniform"]["mean"] == 0.5
    assert found["counts"]["held_out"] == 15


def test_the_same_seed_gives_the_same_bytes(tiny, tmp_path):
    stage.run(tiny.params, tiny.raw, tmp_path / "again", threads=1)
    assert all((tmp_path / "again" / name).read_bytes() == (tiny.model / name).read_bytes() for name in NAMES)


def test_an_interrupted_run_ends_in_the_same_bytes(tiny, tmp_path, monkeypatch):
    step = Trainer.train_step

    def die(self, *arguments):
        if self.step == 17:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "train_step", die)
    with pytest.raises(KeyboardInterrupt):
        stage.run(tiny.params, tiny.raw, tmp_path / "model", threads=1)
    assert not (tmp_path / "model").exists()
    seen = []
    monkeypatch.setattr(
        Trainer, "train_step", lambda self, *rest: (seen.append(self.step), step(self, *rest))[1]
    )
    stage.run(tiny.params, tiny.raw, tmp_path / "model", threads=1)
    assert seen[0] == 10, "it goes on from the checkpoint"
    assert all((tmp_path / "model" / name).read_bytes() == (tiny.model / name).read_bytes() for name in NAMES)
    assert [path.name for path in tmp_path.iterdir()] == ["model"], "the checkpoint is gone"


def test_a_checkpoint_of_other_parameters_or_a_broken_one_is_not_used(tiny, tmp_path, capsys):
    save_checkpoint(tmp_path / "checkpoint", "key", 7, _trainer(tiny).kept)
    assert resume(tmp_path / "checkpoint", "key", CPU, _trainer(tiny).kept) == 7
    assert not resume(tmp_path / "checkpoint", "other key", CPU, _trainer(tiny).kept)
    assert "belongs to other parameters or inputs; training starts anew" in capsys.readouterr().err
    (tmp_path / "broken").write_bytes(b"no checkpoint")
    assert not resume(tmp_path / "broken", "key", CPU, _trainer(tiny).kept)


def _trainer(tiny) -> Trainer:
    from relclip.clip.small import build, model_config

    settings = tiny.params.clip.pretrain
    tokenizer = stage.word_tokenizer(
        tiny.params, read_regions(tiny.raw / "pretrain"), tiny.raw / "captions.tsv"
    )
    model = build(model_config(settings, tokenizer), 0)
    return Trainer(model, settings, torch.zeros(3), torch.ones(3))


def _unit(rows: int, seed: int) -> torch.Tensor:
    values = torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(values, dim=-1)


def test_multi_positive_loss_is_clip_loss_where_all_texts_differ():
    images, texts, index = _unit(5, 0), _unit(5, 1), torch.tensor([3, 0, 4, 1, 2])
    assert torch.allclose(
        multi_positive_loss(images, texts, index, torch.tensor(14.0)),
        clip_loss(images, texts, index, torch.tensor(14.0)),
    )


def test_multi_positive_loss_against_loops():
    images, texts, index, scale = _unit(5, 0), _unit(2, 1), [0, 1, 0, 0, 1], 7.0
    cosine = (scale * images @ texts.T).double().numpy()
    to_text = np.mean([-cosine[i, t] + np.log(np.exp(cosine[i]).sum()) for i, t in enumerate(index)])
    to_image = []
    for text in range(2):
        partition = np.log(np.exp(cosine[:, text]).sum())
        to_image.append(np.mean([partition - cosine[i, text] for i, t in enumerate(index) if t == text]))
    found = multi_positive_loss(images, texts, torch.tensor(index), torch.tensor(scale))
    assert float(found) == pytest.approx((to_text + np.mean(to_image)) / 2, abs=1e-5)


def test_a_text_nobody_shows_pushes_pictures_away_and_nothing_else():
    images, texts, index = _unit(4, 0), _unit(4, 1), torch.tensor([1, 0, 1, 2])
    scale = torch.tensor(5.0)
    logits = scale * images @ texts.T
    extra = torch.nn.functional.cross_entropy(logits, index) - torch.nn.functional.cross_entropy(
        logits[:, :3], index
    )
    found = multi_positive_loss(images, texts, index, scale) - multi_positive_loss(
        images, texts[:3], index, scale
    )
    assert float(found) == pytest.approx(float(extra) / 2, abs=1e-6) and float(extra) > 0


def test_batches_are_balanced_grouped_and_a_function_of_the_step(tiny):
    regions = read_regions(tiny.raw / "pretrain")
    rows = np.arange(len(regions))[:60]
    sampler = Sampler(regions, rows, seed=1)
    random = sampler.random(4, 4000, 0.25)
    single = regions.predicate[random] < 0
    assert single.sum() == 1000
    assert np.unique(regions.predicate[random[~single]], return_counts=True)[1].min() > 1350, (
        "predicates are balanced"
    )
    assert np.array_equal(random, Sampler(regions, rows, seed=1).random(4, 4000, 0.25))
    assert not np.array_equal(random, sampler.random(5, 4000, 0.25))
    grouped = sampler.grouped(0, 10, 3, 0.2)
    assert (
        len(grouped) == 10
        and (regions.predicate[grouped] >= 0).tolist() == [False] * 2 + [True] * 8
        and np.isin(grouped, rows).all()
    )


@pytest.mark.parametrize("kind", ["relations", "objects", "neither"])
def test_batches_are_whole_where_a_kind_of_region_is_not_there(kind):
    """Code 0 is a predicate's, the first of all names."""
    predicate = np.zeros(5, int) if kind == "relations" else np.full(5, -1)
    subject = np.full(5, -1) if kind == "neither" else np.array([1, 1, 2, 2, 3])
    object_ = np.where(predicate < 0, -1, subject)
    places, boxes = np.arange(5), np.zeros((5, 4), np.float32)
    names, files = ("above", "cat", "dog", "sky"), ("1.jpg",) * 5
    regions = Regions(files, names, ("said",) * 5, places, boxes, subject, predicate, object_, {})
    sampler = Sampler(regions, np.array([1, 2, 3, 4]), seed=0)
    for drawn in (sampler.random(0, 40, 0.5), sampler.grouped(0, 40, 3, 0.25)):
        assert len(drawn) == 40 and set(drawn) <= {1, 2, 3, 4} and len(set(drawn)) > 1


def test_equal_hints_are_one_text(tiny):
    regions = read_regions(tiny.raw / "pretrain")
    identity = identities(regions)
    assert identity[0] == identity[3] != identity[1]  # "a man" of the first two pictures, "a board"
    reader = Reader(regions, np.arange(len(regions)), "object {object}", "{subject} {predicate} {object}")
    rows = np.array([3, 1, 0, 5])
    texts, index = reader.read(rows, 0.0, 0, np.random.default_rng(0))
    assert [texts[row] for row in index] == ["a man", "a board", "a man", "a man carrying a board"] and len(
        texts
    ) == 3
    texts, index = reader.read(rows, 1.0, 0, np.random.default_rng(0))
    assert [texts[row] for row in index] == ["object man", "object board", "object man", "man carrying board"]


def test_negatives_are_wrong_texts_that_nobody_shows(tiny):
    regions = read_regions(tiny.raw / "pretrain")
    reader = Reader(regions, np.arange(len(regions)), "object {object}", "{subject} {predicate} {object}")
    texts, index = reader.read(np.array([0, 5]), 1.0, 3, np.random.default_rng(0))
    assert texts[2:] == ["man riding board"] and index.max() == 1
    texts, _ = reader.read(np.array([2, 5]), 1.0, 3, np.random.default_rng(0))
    assert len(texts) == 2, "both predicates are in the batch: neither is wrong twice"


def test_negatives_of_the_first_name_are_predicates_of_the_two_classes_and_then_of_the_object():
    names = ("above", "below", "cat", "dog", "near", "sky")
    said = [
        (2, 0, 3),
        (2, 1, 3),
        (5, 4, 3),
        (5, 1, 2),
    ]  # cat above dog, cat below dog, sky near dog, sky below cat
    subject, predicate, object_ = np.array(said).T
    phrases = tuple(" ".join(names[code] for code in one) for one in said)
    boxes = np.zeros((4, 4), np.float32)
    regions = Regions(("1.jpg",), names, phrases, np.zeros(4, int), boxes, subject, predicate, object_, {})
    for trained, wrong in ((range(4), {"cat below dog", "cat near dog"}), ((0, 1), {"cat below dog"})):
        reader = Reader(regions, np.array(trained), "{object}", "{subject} {predicate} {object}")
        texts, _ = reader.read(np.array([0]), 0.5, 2, np.random.default_rng(0))
        assert texts[0] == "cat above dog" and set(texts[1:]) == wrong
        texts, _ = reader.read(np.array([0]), 0.5, 1, np.random.default_rng(0))
        assert texts == ["cat above dog", "cat below dog"]


def test_phrases_without_hints_are_enough(tiny, tmp_path):
    """As Visual Genome's own region_descriptions.json has them; a hint of an object alone says nothing."""
    shutil.copytree(tiny.raw, tmp_path / "raw")
    path = tmp_path / "raw/pretrain/region_descriptions.json"
    entries = json.loads(path.read_text())
    for region in (region for entry in entries for region in entry["regions"]):
        hints = [region.pop(hint, None) for hint in ("subject", "predicate", "object")]
        region |= {"object": hints[2]}
    path.write_text(json.dumps(entries))
    stage.run(tiny.params, tmp_path / "raw", tmp_path / "model", threads=1)
    found = json.loads((tmp_path / "model/statistics.json").read_text())
    assert found["validation"] == {"objects": {"mean": 0.0, "class_mean": 0.0, "count": 0}}
    assert found["counts"]["trained"] == 57


def test_learning_rate_warms_up_and_ends_at_zero():
    rates = [learning_rate(step, 20, 4, 1.0) for step in range(21)]
    assert (
        rates[:4] == [0.25, 0.5, 0.75, 1.0]
        and rates[4] == 1.0
        and rates[12] == pytest.approx(0.5)
        and rates[20] < 1e-6
    )


class DrawnEncoder:
    """A direction for each text, the same whenever it is asked for; a picture's are its pixels."""

    def encode_texts(self, texts, workers=1):
        directions = [np.random.default_rng(list(text.encode())).normal(size=6) for text in texts]
        return torch.tensor(np.array(directions), dtype=torch.float32)

    def encode_images(self, pixels):
        return pixels.flatten(1)


@pytest.mark.parametrize("seed", range(3))
def test_the_judge_equals_a_loop_over_regions(seed, monkeypatch):
    monkeypatch.setattr(validate, "BATCH", 7)
    draw = np.random.default_rng(seed)
    names = ("a", "b", "c", "on", "by", "at", "nobody says this")
    kind = draw.integers(0, 4, 80)  # nothing said, an object, two kinds of relations
    subject, object_ = (np.where(kind >= least, draw.integers(0, 3, 80), -1) for least in (1, 2))
    predicate = np.where(kind >= 2, draw.integers(3, 6, 80), -1)
    files, places, boxes = ("1.jpg",), np.zeros(80, int), np.zeros((80, 4), np.float32)
    regions = Regions(files, names, ("said",) * 80, places, boxes, subject, predicate, object_, {})
    held_out, trained = np.split(draw.permutation(80), [40])
    trained = trained[:25]
    encoder, pixels = DrawnEncoder(), torch.tensor(draw.normal(size=(80, 6, 1, 1)), dtype=torch.float32)

    def best(row, texts):
        return int((encoder.encode_texts(texts) @ pixels[row].flatten()).argmax())

    hits = {"objects": [], "predicates": [], "candidates": [], "candidates_uniform": []}
    for row in held_out.tolist():
        s, p, o = subject[row], predicate[row], object_[row]
        if s >= 0 > p:
            hits["objects"].append((s, best(row, [f"one {name}" for name in names[:3]]) == s))
        if p >= 0:
            texts = [f"{names[s]} {name} {names[o]}" for name in names]
            hits["predicates"].append((p, best(row, texts[3:6]) + 3 == p))
            said = [
                other
                for other in (3, 4, 5)
                if [s, other, o] in np.stack([subject, predicate, object_], 1)[trained].tolist()
            ]
            if p in said and len(said) > 1:
                hits["candidates"].append((p, said[best(row, [texts[other] for other in said])] == p))
                hits["candidates_uniform"].append((p, 1 / len(said)))

    def accuracy(of):
        by_label = [np.mean([hit for label, hit in of if label == one]) for one in {label for label, _ in of}]
        return {"mean": np.mean([hit for _, hit in of]), "class_mean": np.mean(by_label), "count": len(of)}

    judge = validate.Judge(encoder, regions, pixels, ("one {object}", "{subject} {predicate} {object}"), 1)
    found = judge.validate(held_out, trained)
    assert hits["candidates"] and found.keys() == hits.keys()
    for name, of in hits.items():
        assert found[name] == pytest.approx(accuracy(of))


def test_bad_regions_are_dropped_and_counted_and_a_bad_file_is_one_sentence(tmp_path):
    good = {"region_id": 2, "image_id": 1, "phrase": "A  Dog", "x": 0, "y": 0, "width": 4, "height": 3}
    bad = [{**good, "width": 0}, {**good, "phrase": " "}, {**good, "x": float("nan")}, {"region_id": 3}, 7]
    bad += [
        {**good, "height": 0},
        {**good, "width": 1e300},
        {**good, "x": 10**400},
        {**good, "region_id": float("inf")},
    ]
    path = tmp_path / "region_descriptions.json"
    path.write_text(json.dumps([{"id": 1, "regions": [*bad, good]}]))
    regions = read_regions(tmp_path)
    assert regions.phrases == ("a dog",) and regions.boxes.tolist() == [[0, 0, 4, 3]]
    assert regions.dropped == {"no area": 4, "no words": 1, "malformed": 4}
    for content in (
        "{",
        "{}",
        '[{"regions": []}]',
        '[{"id": 1e999, "regions": []}]',
        "[]",
        '[{"id": 1, "regions": [{}]}]',
    ):
        path.write_text(content)
        with pytest.raises(InputError, match="raw stage"):
            read_regions(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read_regions(tmp_path / "nowhere")


def test_tiny_world_is_learnt(tiny, tmp_path):
    params = tiny_clip.tiny_params()
    settings = params.clip.pretrain.model_copy(
        update={"steps": 150, "mirrored": 0.0, "patch_dropout": 0.0, "grouped_from": 1.0}
    )
    params = params.model_copy(update={"clip": params.clip.model_copy(update={"pretrain": settings})})
    stage.run(params, tiny.raw, tmp_path / "model", threads=1)
    found = json.loads((tmp_path / "model" / "statistics.json").read_text())["validation"]
    assert found["objects"]["mean"] == found["predicates"]["mean"] == found["candidates"]["mean"] == 1.0
