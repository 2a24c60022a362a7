"""In another version the plain way of open_clip's towers is taken, with the same embeddings."""

import logging
from threading import Thread

import pytest
import torch

from relclip.encoder.encoder import load_encoder
from relclip.internals import open_clip as internals


@pytest.mark.parametrize("other", ["3.4.0", "3.2.0", "4.0.1", "3.3.0rc1"])
def test_another_version_is_named_once(capsys, other):
    internals.is_known.cache_clear()
    assert internals.is_known()
    assert not internals.is_known(other)
    assert not internals.is_known(other)
    assert capsys.readouterr().err.count(other) == 1


def test_a_warning_is_hidden_from_its_own_thread_alone(caplog):
    """Two threads that loaded a model each said that its weights are random, and all logging was turned on again."""
    logging.disable(logging.INFO)
    try:
        with internals.quiet():
            with internals.quiet():
                logging.warning("here")
            logging.warning("here")
            other = Thread(target=logging.warning, args=("there",))
            other.start()
            other.join()
        logging.warning("after")
        logging.info("disabled")
    finally:
        logging.disable(logging.NOTSET)
    assert caplog.messages == ["there", "after"]


def test_the_plain_way_gives_the_same_embeddings(tiny, monkeypatch):
    encoder = load_encoder(tiny.model, torch.device("cpu"))
    pictures = torch.randint(0, 256, (3, 3, encoder.image_size, encoder.image_size), dtype=torch.uint8)
    texts = ["a man", "a photo of a board"]
    short = []
    embed_images = internals.embed_images
    monkeypatch.setattr(internals, "embed_images", lambda *all: short.append(1) or embed_images(*all))
    fast = encoder.encode_images(pictures), encoder.encode_texts(texts)
    assert short == [1]
    monkeypatch.setattr(internals, "is_known", lambda: False)
    plain = encoder.encode_images(pictures), encoder.encode_texts(texts)
    assert short == [1]
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(fast, plain, strict=True))
