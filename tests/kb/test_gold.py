"""Quality on hand-corrected triples and on captions whose meaning is known."""

import sys
from pathlib import Path

import pytest

from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import mine_caption
from relclip.raw.scenes.captions import write_captions

ROOT = Path(__file__).resolve().parents[2]
GOLD = ROOT.parent / "shared" / "data" / "kb_gold" / "factual_train.csv"


def test_better_than_the_nearest_noun_on_hand_corrected_triples(monkeypatch):
    if not GOLD.is_file():
        pytest.skip("the gold triples (../shared/data/kb_gold) are not on this machine")
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import kb

    ours = kb.score(GOLD, kb.ours(), kb.LEMMAS)
    nearest = kb.score(GOLD, kb.nearest_noun, kb.LEMMAS)
    assert ours["f1"] > 0.92
    assert ours["precision"] > nearest["precision"] + 0.1
    assert ours["recall"] > nearest["recall"] + 0.1


def test_scenes_captions_say_what_was_meant():
    vocabulary = Vocabulary(
        ("man", "dog", "cat", "horse", "bus", "tree", "bench", "hill"), load_names("vg20")
    )
    right = wrong = missed = 0
    for text, meant in write_captions(0, 6000):
        known = {fact for fact in meant if {fact[0], fact[2]} <= set(vocabulary.objects)}
        if len(known) == len(meant):
            found = set(mine_caption(text, vocabulary))
            right += len(found & known)
            wrong += len(found - known)
            missed += len(known - found)
    assert right > 100
    assert right / (right + wrong) > 0.97
