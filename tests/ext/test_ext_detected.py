"""EXT on proposed boxes: equal to one crop and one prompt at a time; what is refused; the shorter last block."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from relclip.core.annotations import load_annotations
from relclip.core.boxes import overlapping_pairs, union
from relclip.core.errors import ContractError
from relclip.core.images import read_image
from relclip.core.parquet import EXT_SCORES, PREDICTED_OBJECTS, read_table, write_table
from relclip.encoder.crops import cut
from relclip.encoder.encoder import load_encoder
from relclip.encoder.regions import embed_regions
from relclip.ext import steps
from relclip.ext.sections import Job
from relclip.ext.stage import run_detected

CLASSES, PREDICATES = ("board", "man", "tree"), ("carrying", "riding")
#: Boxes of the tiny test images (17 to 24): the second lies in the first, so that their union is the first.
BOXES = ((8.2, 6.1, 40.7, 44.3), (10, 6.4, 36, 26), (8, 22, 39.6, 44), (44, 0, 48, 8))


def _write(path, rows):
    columns = [pa.array(list(column)) for column in zip(*rows, strict=True)]
    write_table(path, pa.table(columns, PREDICTED_OBJECTS.names), PREDICTED_OBJECTS)
    return path


def _rows(images=(17, 18, 19, 21, 24)):
    """Image 20, 22 and 23 have no proposal, image 24 has one."""
    rows = []
    for image in images:
        boxes = BOXES[: 1 if image == 24 else 4]
        rows += [
            (image, number, 1 + (image + number) % 3, 0.9 - 0.1 * number, *box)
            for number, box in enumerate(boxes)
        ]
    return rows


def _run(tiny, proposals, output, threads=2):
    run_detected(Job(tiny.params, tiny.raw, tiny.dataset, tiny.model, output, threads), proposals)
    return output / "scores.parquet"


def test_scores_are_those_of_the_obvious_loops(tiny, tmp_path):
    proposals = _write(tmp_path / "proposals.parquet", _rows())
    found = read_table(_run(tiny, proposals, tmp_path / "ext"), EXT_SCORES).to_pylist()
    encoder, boxes = load_encoder(tiny.model, torch.device("cpu")), np.array(BOXES, np.float32)
    expected = []
    for image in (17, 18, 19, 21):
        picture = read_image(tiny.raw / f"images/{image}.jpg")
        for i, j in overlapping_pairs(boxes).tolist():
            seen = encoder.encode_images(cut(picture, union(boxes[[i]], boxes[[j]]), encoder.image_size))[0]
            subject, object_ = (CLASSES[(image + number) % 3] for number in (i, j))
            for predicate, name in enumerate(PREDICATES, 1):
                said = encoder.encode_texts([f"a photo of a {subject} {name} a {object_}"])[0]
                expected.append((image, i, j, predicate, float(seen @ said) * encoder.logit_scale))
    assert [tuple(row.values())[:4] for row in found] == [row[:4] for row in expected]
    assert np.allclose([row["logit"] for row in found], [row[4] for row in expected], atol=1e-4)
    assert sorted(path.name for path in (tmp_path / "ext").iterdir()) == [
        "scores.parquet",
        "statistics.json",
    ]


def test_threads_change_no_byte_and_parts_no_score(tiny, tmp_path, monkeypatch):
    proposals = _write(tmp_path / "proposals.parquet", _rows())
    whole = _run(tiny, proposals, tmp_path / "whole", threads=1)
    assert _run(tiny, proposals, tmp_path / "again").read_bytes() == whole.read_bytes()
    monkeypatch.setattr(steps, "IMAGES_A_CHUNK", 3)
    cut_up, at_once = (
        read_table(path, EXT_SCORES) for path in (_run(tiny, proposals, tmp_path / "parts"), whole)
    )
    assert cut_up.drop(["logit"]).equals(at_once.drop(["logit"]))
    assert np.allclose(cut_up["logit"], at_once["logit"], atol=1e-4), "other batches round differently"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(17, 0, 9, 0.5, 0, 0, 5, 5)], "has 9 as class_id; ids are 1 to 3"),
        ([(18, 0, 1, 0.5, 0, 0, 5, 5), (18, 0, 2, 0.4, 0, 0, 6, 6)], "has 0 twice"),
        ([(19, 0, 1, 0.5, 5, 0, 5, 5)], r"has \[5.0, 0.0, 5.0, 5.0\] as a box"),
        ([(999, 0, 1, 0.5, 0, 0, 5, 5)], "has 999 as image_id"),
    ],
)
def test_other_proposals_are_refused_in_one_sentence(tiny, tmp_path, rows, said):
    proposals = _write(tmp_path / "proposals.parquet", rows)
    with pytest.raises(ContractError, match=said):
        _run(tiny, proposals, tmp_path / "ext")
    assert not (tmp_path / "ext").exists()


def test_a_detector_that_found_nothing_gives_no_scores(tiny, tmp_path):
    of_train = _write(tmp_path / "proposals.parquet", [(1, 0, 1, 0.5, 0, 0, 5, 5)])
    assert len(read_table(_run(tiny, of_train, tmp_path / "ext"), EXT_SCORES)) == 0


def test_boxes_of_the_same_pixels_are_looked_at_once(tiny):
    encoder, known = load_encoder(tiny.model, torch.device("cpu")), load_annotations(tiny.dataset)
    boxes = np.array([BOXES[0], BOXES[1], BOXES[0], BOXES[0]], np.float32) + np.float32(
        [[0], [0], [0.1], [0]]
    )
    asked = []

    class Counting:
        image_size, dimension, device = encoder.image_size, encoder.dimension, encoder.device

        def encode_images(self, batch):
            asked.append(len(batch))
            return encoder.encode_images(batch)

    path = tiny.raw / known.file[0]
    found = embed_regions(Counting(), [(path, boxes), (path, boxes[:0]), (path, boxes[1:2])], 64, 0.0)
    assert asked == [3], "two of the first picture, one of the last"
    slow = encoder.encode_images(cut(read_image(path), np.concatenate([boxes, boxes[1:2]]), 16))
    assert np.allclose(found, slow.numpy(), atol=1e-6)


def test_towers_that_compute_only_the_pooled_token_are_the_whole_towers(tiny):
    from relclip.internals import open_clip as pooled_token

    encoder = load_encoder(tiny.model, torch.device("cpu"))
    model, tower = encoder._model, encoder._model.visual
    pixels = torch.randint(0, 256, (3, 3, 16, 16), generator=torch.Generator().manual_seed(0)).float()
    assert pooled_token.fits_images(tower) and pooled_token.fits_texts(model)
    assert torch.allclose(pooled_token.embed_images(tower, pixels), tower(pixels), atol=1e-5)
    tokens = encoder._tokenizer(["a man", "a photo of a man riding a board", "tree", "a board"])
    for some in (tokens, tokens[:1], tokens[[2, 0]]):
        assert torch.allclose(pooled_token.embed_texts(model, some), model.encode_text(some), atol=1e-5)
    tower.pool_type, model.text_pool_type = "avg", "last"
    assert not pooled_token.fits_images(tower) and not pooled_token.fits_texts(model)
    model.text_pool_type, model.attn_mask = "argmax", torch.zeros_like(model.attn_mask)
    assert not pooled_token.fits_texts(model), "without a causal mask the padding counts"
