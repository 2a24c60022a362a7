"""Coverage and precision against counts made by hand; bad sources end in one sentence."""

import json

import pytest

from relclip.core.errors import ContractError, InputError
from relclip.core.vocabulary import Vocabulary
from relclip.kb import judge, mine
from relclip.kb.gold import Found, Writing, compare, read_gold

WORDS = Vocabulary(
    ("man", "horse", "bench", "snow", "mountain"), ("covered in", "covering", "riding", "sitting on")
)


@pytest.fixture
def kb(tmp_path):
    WORDS.save(tmp_path / "vocabulary.json")
    (tmp_path / "captions.tsv").write_text("a man riding a horse\t1\na man sitting on a bench\t2\n")
    mine([tmp_path / "captions.tsv"], tmp_path / "vocabulary.json", tmp_path / "kb")
    return tmp_path / "kb"


def relation(subject, predicate, thing):
    return {"subject": {"name": subject}, "predicate": predicate, "object": {"names": [thing]}}


def test_coverage_of_annotated_relations(tmp_path, kb):
    rows = [
        relation("Man", "RIDING", "horses"),
        relation("man", "ride", "horse"),
        relation("man", "sit on", "horse"),
        relation("man", "wears", "horse"),
        relation("cloud", "riding", "horse"),
        "not a relation",
        {"predicate": None},
    ]
    path = tmp_path / "relationships.json"
    path.write_text(json.dumps([{"image_id": 1, "relationships": rows}]))
    found = judge(kb, relationships=[path])
    assert found["gold"] == []
    assert found["coverage"] == [
        {
            "source": "relationships.json",
            "relations": 3,
            "covered": 2,
            "coverage": 0.6667,
            "predicates": {
                "riding": {"relations": 2, "covered": 2, "coverage": 1.0},
                "sitting on": {"relations": 1, "covered": 0, "coverage": 0.0},
            },
        }
    ]


def test_precision_on_gold_triples(tmp_path, kb):
    path = tmp_path / "gold.csv"
    path.write_text(
        "image_id,caption,scene_graph\n"
        '4,a man riding a horse,"( man , ride , horse )"\n'
        '2,snow covered mountain,"( snow , cover , mountain )"\n'
        '8,a man riding a mountain,"( man , near , mountain )"\n'
        '12,a horse and a bench,"( man , sit on , bench )"\n'
    )
    (found,) = judge(kb, gold=[path])["gold"]
    assert (found["right"], found["wrong"], found["missed"]) == (2, 1, 1)
    assert found["predicates"]["riding"]["precision"] == 0.5
    assert found["predicates"]["covering"]["f1"] == 1.0
    assert found["precision"] == found["recall"] == 0.6667
    assert [shares["right"] for shares in found["halves"].values()] == [1, 1]
    assert [shares["wrong"] for shares in found["halves"].values()] == [1, 0]


def test_nothing_found_and_nothing_wanted_divide_nothing():
    assert Found().shares() == {"precision": 0, "recall": 0, "f1": 0, "right": 0, "wrong": 0, "missed": 0}
    assert compare(iter([]), set, Writing(WORDS)).by_predicate() == {}
    assert Writing(WORDS).of({("a", "covered in", "b")}) == {("b", "covering", "a")}


def test_predicates_that_mean_the_same_are_one():
    words = Vocabulary(("man", "hat", "bed"), ("wearing", "wears", "laying on", "lying on"))
    writing = Writing(words)
    assert writing.of({("man", "wears", "hat"), ("man", "lying on", "bed")}) == {
        ("man", "wearing", "hat"),
        ("man", "laying on", "bed"),
    }
    assert [writing.name(words) for words in ("wear", "lie on", "lay on", "lie in", "lie on top of")] == [
        "wearing",
        "laying on",
        "laying on",
        "",
        "",
    ]


def test_bad_sources_are_refused(tmp_path, kb):
    bad = tmp_path / "bad"
    for content in ("", "{", "3", "[3]", '[{"relationships": 3}]'):
        bad.write_text(content)
        with pytest.raises(InputError, match="must look like"):
            judge(kb, relationships=[bad])
    bad.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns caption, scene_graph"):
        list(read_gold(bad, WORDS))
    with pytest.raises(InputError, match="cannot be read"):
        judge(kb, gold=[tmp_path / "absent"])
    with pytest.raises(ContractError, match="does not exist"):
        judge(tmp_path / "absent")
