"""Quality on hand-corrected triples and on captions whose meaning is known."""

import sys
from pathlib import Path

import pytest

from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import STANDARD, mine_caption
from relclip.kb.gold import HALVES
from relclip.raw.scenes.corpus import write_captions

ROOT = Path(__file__).resolve().parents[2]
GOLD = ROOT.parent / "shared" / "data" / "kb_gold" / "factual_train.csv"


@pytest.mark.parametrize(
    ("predicates", "least"),
    [((), 0.93), (("on", "in", "has", "wearing", "holding", "with", "under", "behind"), 0.84)],
)
def test_better_than_the_nearest_noun_on_hand_corrected_triples(monkeypatch, predicates, least):
    if not GOLD.is_file():
        pytest.skip("the gold triples (../shared/data/kb_gold) are not on this machine")
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import kb

    words = Vocabulary(STANDARD.objects, predicates + STANDARD.predicates)
    ours = kb.score(GOLD, words, kb.ours(words), HALVES[0])
    nearest = kb.score(GOLD, words, kb.nearest_noun(words), HALVES[0])
    assert ours["f1"] > least
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
