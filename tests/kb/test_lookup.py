"""The page holds the triplets and at most so many sentences, escaped; ids without a caption are counted."""

import json
import re

import pytest

from relclip.core.errors import InputError
from relclip.core.vocabulary import Vocabulary
from relclip.kb import mine
from relclip.kb.page import read_judged, write_page


@pytest.fixture
def mined(tmp_path):
    Vocabulary(("man", "horse"), ("riding",)).save(tmp_path / "vocabulary.json")
    evil = "a man riding a horse . </script><script>alert(1)</script>"
    lines = [f"a man riding a horse {n}\tc{n}\n" for n in range(1, 8)] + [f"{evil}\tc0<b>\n"]
    (tmp_path / "captions.tsv").write_text("".join(lines))
    mine([tmp_path / "captions.tsv"], tmp_path / "vocabulary.json", tmp_path / "kb")
    return tmp_path / "kb", tmp_path / "captions.tsv"


def data(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_sentences_of_a_triplet(tmp_path, mined):
    kb, captions = mined
    counts = write_page(kb, [captions], tmp_path / "kb.html", sentences=3)
    page = (tmp_path / "kb.html").read_text()
    assert counts == {"triplets": 1, "sentences": 3, "ids_not_found": 0}
    found = data(page)
    assert found["triplets"][0][:4] == [1, 1, 2, 8]
    assert sorted(found["captions"][n][0] for n in found["triplets"][0][4]) == ["c0<b>", "c1", "c2"]
    assert "<script>alert" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert not list(tmp_path.glob(".kb.html*"))


def test_captions_of_another_corpus_are_counted(tmp_path, mined):
    captions = tmp_path / "others.tsv"
    captions.write_text("a dog\tx\n")
    assert write_page(mined[0], [captions], tmp_path / "kb.html")["ids_not_found"] == 5


def test_what_was_judged_is_shown(tmp_path, mined):
    counted = {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "right": 1, "wrong": 1, "missed": 0}
    gold = {"source": "<i>gold", **counted, "predicates": {"riding": counted}}
    part = {"relations": 4, "covered": 3, "coverage": 0.75}
    judged = tmp_path / "judged.json"
    judged.write_text(
        json.dumps({"gold": [gold], "coverage": [{"source": "vg", **part, "predicates": {"riding": part}}]})
    )
    write_page(mined[0], [mined[1]], tmp_path / "kb.html", judged=read_judged(judged))
    page = (tmp_path / "kb.html").read_text()
    assert "&lt;i&gt;gold" in page and "3 of 4 annotated relations" in page and "<td>0.75</td>" in page
    judged.write_text("[]")
    with pytest.raises(InputError, match=r"not what python -m relclip\.kb\.judge writes"):
        read_judged(judged)
