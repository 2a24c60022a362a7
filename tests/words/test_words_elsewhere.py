"""Word vectors by gensim's downloader, from a real server; without one, one sentence."""

import gzip
import hashlib
import json

import gensim.downloader
import numpy as np
import pytest
from gensim.models import KeyedVectors
from vg_site import Site

from relclip.core.errors import InputError
from relclip.words.vectors import read_vectors

WORDS = ["man", "riding", "horse"]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A small gensim-data, whose Python would leave a mark if it were run."""
    vectors = KeyedVectors(4)
    vectors.add_vectors(WORDS, np.eye(3, 4, dtype=np.float32))
    listed = {}
    for name, binary in (("glove-wiki-gigaword-50", False), ("word2vec-google-news-300", True)):
        folder = tmp_path / "hub" / name
        folder.mkdir(parents=True)
        vectors.save_word2vec_format(str(tmp_path / "vectors"), binary=binary)
        content = gzip.compress((tmp_path / "vectors").read_bytes())
        (folder / f"{name}.gz").write_bytes(content)
        (folder / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
        digest = hashlib.md5(content).hexdigest()
        listed[name] = {"file_name": f"{name}.gz", "parts": 1, "checksum": digest}
    (tmp_path / "hub/list.json").write_text(json.dumps({"corpora": {}, "models": listed}))
    site = Site(tmp_path / "hub")
    monkeypatch.setattr(gensim.downloader, "BASE_DIR", str(tmp_path / "kept"))
    monkeypatch.setattr(gensim.downloader, "DOWNLOAD_BASE_URL", site.url("")[:-1])
    monkeypatch.setattr(gensim.downloader._load_info, "__defaults__", (site.url("list.json"), "utf-8"))
    yield site
    site.close()


@pytest.mark.parametrize("name", ["glove-wiki-gigaword-50", "word2vec-google-news-300"])
def test_vectors_are_downloaded_once_and_read_without_their_python(hub, tmp_path, name):
    for _ in range(2):
        vectors = read_vectors(name)
        assert vectors.index_to_key == WORDS and vectors["riding"].tolist() == [0, 1, 0, 0]
    assert [asked for asked, *_ in hub.asked].count(f"{name}/{name}.gz") == 1
    assert not (tmp_path / "ran").exists()


def test_no_network_a_wrong_checksum_and_a_typo_are_one_sentence(hub, capfd):
    hub.faults["glove-wiki-gigaword-50/glove-wiki-gigaword-50.gz"] = ["flipped"]
    with pytest.raises(InputError, match="Checksum"):
        read_vectors("glove-wiki-gigaword-50")
    hub.close()
    with pytest.raises(InputError, match=r"word2vec-google-news-300\.bin\.gz and set words\.source"):
        read_vectors("word2vec-google-news-300")
    assert "Traceback" not in capfd.readouterr().err
    with pytest.raises(InputError, match="did you mean 'glove-wiki-gigaword-300'"):
        read_vectors("glove-wiki-gigaword-3000")
