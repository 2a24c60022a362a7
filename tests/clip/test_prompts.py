"""Prompt embeddings: which triplets are wanted, and that each row is its own prompt."""

import numpy as np
import pytest
import torch

from relclip.clip import embed
from relclip.core.annotations import load_annotations, read_triplets
from relclip.core.errors import ContractError
from relclip.core.parquet import PROMPTS, read_table
from relclip.encoder.encoder import load_encoder


def test_rows_are_the_embeddings_of_their_prompts(tiny, tmp_path):
    embed.run(
        tiny.params.clip,
        model=tiny.model,
        dataset=tiny.dataset,
        kb=tiny.kb,
        output=tmp_path / "prompts",
        threads=2,
    )
    table = read_table(tmp_path / "prompts" / "triplets.parquet", PROMPTS)
    # train's (man, carrying | riding, board) and the KB's (board, carrying, man); a tree overlaps nobody
    assert [list(row.values()) for row in table.to_pylist()] == [[1, 1, 2, 0], [2, 1, 1, 1], [2, 2, 1, 2]]
    rows, objects = (np.load(tmp_path / "prompts" / name) for name in ("triplets.npy", "objects.npy"))
    encoder = load_encoder(tiny.model, torch.device("cpu"))
    texts = [
        "a photo of a board carrying a man",
        "a photo of a man carrying a board",
        "a photo of a man riding a board",
    ]
    assert rows.dtype == np.float32 and np.allclose(rows, encoder.encode_texts(texts), atol=1e-5)
    assert not objects[0].any() and np.allclose(
        objects[2:3], encoder.encode_texts(["a photo of a man"]), atol=1e-5
    )


def test_overlapping_classes_of_other_splits_do_not_count(tiny):
    annotations = load_annotations(tiny.dataset)
    nothing = annotations.split.copy()
    nothing[:] = "test"
    changed = type(annotations)(**{**annotations.__dict__, "split": nothing})
    assert embed.wanted_triplets(changed, read_triplets(tiny.kb, annotations.vocabulary)).shape == (
        0,
        3,
    )


def test_a_knowledge_base_of_another_vocabulary_is_refused(tiny, tmp_path):
    import tiny_clip

    kb = tiny_clip.make_kb(tmp_path, ((2, 1, 9),))
    with pytest.raises(ContractError, match="object_class"):
        read_triplets(kb, load_annotations(tiny.dataset).vocabulary)
