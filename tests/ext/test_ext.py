"""EXT: every score equals the cosine of its own crop and prompt; resumption; the check against the KB."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from relclip.core.annotations import load_annotations, read_triplets, zero_shot_labels
from relclip.core.boxes import overlapping_pairs
from relclip.core.images import read_image
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, read_table, write_table
from relclip.encoder.crops import cut
from relclip.encoder.encoder import load_encoder
from relclip.ext import score, stage, steps
from relclip.ext.check import check
from relclip.ext.pairs import Candidates
from relclip.ext.sections import Job

NAMES = ("scores.parquet", "objects.parquet", "sgcls_scores.parquet", "statistics.json")
PREDICATES, CLASSES = ("carrying", "riding"), ("board", "man", "tree")


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    output = tmp_path_factory.mktemp("ext")
    _run(tiny, output)
    return output


def _run(tiny, output, threads=2, params=None):
    job = Job(params or tiny.params, tiny.raw, tiny.dataset, tiny.model, output, threads)
    stage.run(job, tiny.kb)


def _expected(tiny, labels, margin=0.0):
    """Scores by the obvious loops: one crop, one prompt at a time. labels: (N,) classes of val and test."""
    known, encoder = load_annotations(tiny.dataset), load_encoder(tiny.model, torch.device("cpu"))
    candidates = {tuple(row) for row in read_triplets(tiny.kb, known.vocabulary).tolist()}
    rows = []
    for image, split in enumerate(known.split):
        picture, part = read_image(tiny.raw / known.file[image]), known.rows(image)
        for i, j in overlapping_pairs(known.boxes[part]) + part.start:
            classes = (known.class_id if split == "train" else labels)[[i, j]]
            low, high = known.boxes[[i, j], :2].min(0), known.boxes[[i, j], 2:].max(0)
            low, high = low - margin * (high - low), high + margin * (high - low)
            seen = encoder.encode_images(cut(picture, np.array([[*low, *high]], np.float32), 16))[0]
            several = [p for p in (1, 2) if split != "train" or (classes[0], p, classes[1]) in candidates]
            for predicate in several if split != "train" or len(several) > 1 else []:
                names = (CLASSES[classes[0] - 1], PREDICATES[predicate - 1], CLASSES[classes[1] - 1])
                said = encoder.encode_texts(["a photo of a {} {} a {}".format(*names)])[0]
                ids = (known.image_id[image], known.object_id[i], known.object_id[j], predicate)
                rows.append((*ids, float(seen @ said) * encoder.logit_scale))
    return rows


def test_scores_are_those_of_the_obvious_loops(tiny, made):
    known = load_annotations(tiny.dataset)
    judged = np.flatnonzero(known.split != "train")
    predicted, _ = zero_shot_labels([made / "objects.parquet"], known, judged)
    for name, labels, splits in (("scores", known.class_id, 3), ("sgcls_scores", predicted, 2)):
        found = read_table(made / f"{name}.parquet", EXT_SCORES).to_pylist()
        expected = [row for row in _expected(tiny, labels) if splits == 3 or row[0] > 8]
        assert [tuple(row.values())[:4] for row in found] == [row[:4] for row in expected]
        assert np.allclose([row["logit"] for row in found], [row[4] for row in expected], atol=1e-4)


def test_zero_shot_labels_of_objects(tiny, made):
    found = read_table(made / "objects.parquet", OBJECT_SCORES).to_pylist()
    known, encoder = load_annotations(tiny.dataset), load_encoder(tiny.model, torch.device("cpu"))
    image = 13
    crops = cut(read_image(tiny.raw / known.file[image]), known.boxes[known.rows(image)], 16)
    texts = encoder.encode_texts([f"a photo of a {name}" for name in CLASSES])
    shares = torch.softmax(encoder.encode_images(crops) @ texts.T * encoder.logit_scale, dim=1).numpy()
    rows = [row for row in found if row["image_id"] == known.image_id[image]]
    assert len(rows) == 6 and len(found) == 16 * 6, (
        "val and test, the best two of three classes for each object"
    )
    for row in rows:
        share = shares[[3, 5, 9].index(row["object_id"])]
        assert (
            row["score"] == pytest.approx(share[row["class_id"] - 1], abs=1e-5) and row["score"] > share.min()
        )


def test_the_bytes_depend_on_no_thread_count_and_no_interruption(tiny, made, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "IMAGES_A_CHUNK", 5)
    _run(tiny, tmp_path / "whole", threads=1)
    looked = []

    def die(*arguments):
        looked.append(1)
        if len(looked) == 7:
            raise KeyboardInterrupt
        return embed_regions(*arguments)

    from relclip.ext import score

    embed_regions = score.embed_regions
    monkeypatch.setattr(score, "embed_regions", die)
    with pytest.raises(KeyboardInterrupt):
        _run(tiny, tmp_path / "cut", threads=1)
    _run(tiny, tmp_path / "cut", threads=3)
    assert len(looked) == 4 + 5 + 1, "4 chunks of objects, 5 of pairs; only the one that broke is done twice"
    for name in NAMES:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == sorted(NAMES)


def test_temperature_softens(tiny, made, tmp_path):
    soft = tiny.params.ext.model_copy(update={"temperature": 4.0})
    _run(tiny, tmp_path, params=tiny.params.model_copy(update={"ext": soft}))
    sharp, softened = (
        read_table(path / "scores.parquet", EXT_SCORES)["logit"].to_numpy() for path in (made, tmp_path)
    )
    assert np.allclose(sharp, 4 * softened, rtol=1e-5)


def test_a_margin_widens_the_crops_of_pairs_alone(tiny, made, tmp_path):
    wide = tiny.params.ext.model_copy(update={"margin": 0.2})
    _run(tiny, tmp_path, params=tiny.params.model_copy(update={"ext": wide}))
    found = read_table(tmp_path / "scores.parquet", EXT_SCORES)["logit"].to_numpy()
    expected = [row[4] for row in _expected(tiny, load_annotations(tiny.dataset).class_id, 0.2)]
    assert np.allclose(found, expected, atol=1e-4)
    assert not np.allclose(found, read_table(made / "scores.parquet", EXT_SCORES)["logit"].to_numpy())
    assert (tmp_path / "objects.parquet").read_bytes() == (made / "objects.parquet").read_bytes()


def test_the_check_counts_choices_right(tiny, made, tmp_path):
    """In val, 4 of 8 relations are riding: CLIP that always says riding is right on half, and so is KB+EXT."""
    known = load_annotations(tiny.dataset)
    scores = read_table(made / "scores.parquet", EXT_SCORES)
    always = scores.set_column(4, "logit", (scores["predicate_id"].cast("float32")))
    write_table(tmp_path / "scores.parquet", always, EXT_SCORES)
    both = Candidates(np.array([[2, 1, 1], [2, 2, 1]]), 3, 2)
    report = check(known, both, tmp_path / "scores.parquet")
    assert (
        report["ext"]
        == report["kb_ext"]
        == report["kb_undecided"]
        == {"mean": 0.5, "class_mean": 0.5, "count": 8}
    )
    assert report["log_loss"]["kb"] == pytest.approx(np.log(2))
    # half carrying, half riding
    expected = np.mean([-np.log(np.exp(share) / (np.e + np.e**2)) for share in (1, 2)])
    assert report["log_loss"]["kb_ext"] == pytest.approx(expected)
    only = Candidates(np.array([[2, 1, 1]]), 3, 2)
    report = check(known, only, tmp_path / "scores.parquet")
    assert report["kb"]["mean"] == report["kb_ext"]["mean"] == 0.5 and report["kb_undecided"]["count"] == 0


@pytest.mark.parametrize("seed", range(4))
def test_the_check_equals_a_loop_over_relations(tiny, made, tmp_path, seed):
    """Any logits, classes and candidates; one pair of val was not scored."""
    draw = np.random.default_rng(seed)
    known = load_annotations(tiny.dataset)
    known = replace(known, class_id=draw.integers(1, 4, len(known.class_id)))
    triplets = np.argwhere(draw.random((3, 2, 3)) < 0.7) + 1
    scores = read_table(made / "scores.parquet", EXT_SCORES)
    scores = scores.set_column(4, "logit", pa.array(draw.normal(size=len(scores)).astype(np.float32)))
    val = np.flatnonzero(np.isin(scores["image_id"].to_numpy(), known.image_id[known.split == "val"]))
    gone = val[:2]  # both predicates of a pair
    write_table(
        tmp_path / "scores.parquet", scores.take(np.setdiff1d(np.arange(len(scores)), gone)), EXT_SCORES
    )
    logit = {tuple(row.values())[:4]: row["logit"] for row in scores.to_pylist()}
    left_out = {tuple(row.values())[:3] for row in scores.take(gone).to_pylist()}
    rows, undecided = [], []
    for image, s, o, truth in zip(
        known.relation_image, known.subject, known.object, known.predicate, strict=True
    ):
        pair = known.image_id[image], known.object_id[s], known.object_id[o]
        if known.split[image] != "val" or pair in left_out or (*pair, 1) not in logit:
            continue
        of = {predicate: logit[*pair, predicate] for predicate in (1, 2)}
        allowed = [p for p in (1, 2) if [known.class_id[s], p, known.class_id[o]] in triplets.tolist()]
        inside = truth in allowed
        right = {"kb": inside / max(len(allowed), 1), "ext": max(of, key=of.get) == truth}
        right["kb_ext"] = inside and max(allowed, key=of.get) == truth
        rows.append((truth, right))
        if inside and len(allowed) > 1:
            loss = np.log(sum(np.exp(of[p]) for p in allowed)) - of[truth]
            undecided.append((truth, right | {"loss": loss, "kb_loss": np.log(len(allowed))}))

    def accuracy(of, name):
        by_class = [[hit[name] for true, hit in of if true == p] for p in {true for true, _ in of}]
        means = [np.mean(hits) for hits in by_class]
        return {"mean": np.mean([hit[name] for _, hit in of]), "class_mean": np.mean(means), "count": len(of)}

    found = check(known, Candidates(triplets, 3, 2), tmp_path / "scores.parquet")
    assert 3 <= len(undecided) < len(rows) == 7
    for name in ("kb", "ext", "kb_ext"):
        assert found[name] == pytest.approx(accuracy(rows, name))
        assert found[f"{name}_undecided"] == pytest.approx(accuracy(undecided, name))
    losses = {"kb_ext": "loss", "kb": "kb_loss"}
    assert found["log_loss"] == pytest.approx(
        {name: accuracy(undecided, loss)["mean"] for name, loss in losses.items()}
    )


def test_statistics_say_what_ext_adds(made):
    found = json.loads((made / "statistics.json").read_text())
    assert {"kb", "ext", "kb_ext", "kb_ext_undecided"} <= set(found["validation"])
    assert not (made / ".chunks").exists()


def test_a_data_set_without_val_and_test(tiny, tmp_path):
    import tiny_clip

    from relclip.core.parquet import IMAGES

    dataset = tiny_clip.make_dataset(tmp_path / "dataset", 6)
    images = read_table(dataset / "images.parquet", IMAGES)
    train = images.set_column(4, "split", [["train"] * 6])
    write_table(dataset / "images.parquet", train, IMAGES)
    changed = type(tiny)(tiny.params, tiny.raw, dataset, tiny.kb, tiny.model)
    _run(changed, tmp_path / "ext")
    assert read_table(tmp_path / "ext" / "scores.parquet", EXT_SCORES).num_rows == 12
    assert read_table(tmp_path / "ext" / "sgcls_scores.parquet", EXT_SCORES).num_rows == 0
    assert (
        json.loads((tmp_path / "ext" / "statistics.json").read_text())["validation"]["kb_ext"]["count"] == 0
    )


def test_a_prompt_without_classes_is_encoded_once_a_predicate():
    from types import SimpleNamespace

    import torch

    from relclip.core.params.ext import Ext
    from relclip.core.vocabulary import Vocabulary
    from relclip.ext.score import TripletTexts

    asked = []

    def encode_texts(texts, workers):
        asked.extend(texts)
        return torch.arange(len(texts), dtype=torch.float32)[:, None]

    vocabulary = Vocabulary(("man", "horse"), ("riding", "watching"))
    settings = Ext(prompt="something {predicate} something")
    found = TripletTexts(
        SimpleNamespace(encode_texts=encode_texts), vocabulary, np.ones((3, 3, 2), bool), settings, 1
    )
    assert asked == ["something riding something", "something watching something"]
    assert found.rows(np.array([1, 2]), np.array([2, 1]), np.array([1, 2])).tolist() == [0, 1]


def test_rows_are_not_gathered_all_at_once():
    rows = np.zeros(1 << 18, np.int32)
    vectors = np.zeros((1, 32), np.float32)
    tracemalloc.start()
    score.row_products(vectors, rows, vectors, rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20, "1 MB of products and two slices of 2 MB; all rows are 64 MB"


def test_rows_are_multiplied_in_slices_as_all_at_once(monkeypatch):
    """One, none, and an uneven rest: the same bits."""
    monkeypatch.setattr(score, "ROWS_AT_ONCE", 7)
    draw = np.random.default_rng(0)
    left, right = (draw.normal(size=(rows, 64)).astype(np.float32) for rows in (5, 9))
    for rows in (0, 1, 7, 23):
        one, other = draw.integers(5, size=rows), draw.integers(9, size=rows).astype(np.int32)
        whole = np.einsum("nd,nd->n", left[one], right[other])
        assert np.array_equal(score.row_products(left, one, right, other), whole)
