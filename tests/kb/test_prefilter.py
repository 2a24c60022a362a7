"""The prefilter may pass a caption for nothing; it must not lose one that the parser finds something in."""

import gzip
import random
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from relclip.core.captions import Block
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import Miner
from relclip.kb.plain import plain
from relclip.kb.prefilter import candidates, two_words_pattern, usable
from relclip.raw.scenes.corpus import write_captions

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MINERS = [Miner(Vocabulary(load_names("vg150"), load_names(name))) for name in ("vg20", "vg50")]
MINER = MINERS[0]


def lost(captions, miner=MINER):
    texts = pa.array(captions)
    matches = [pc.match_substring_regex(texts, pattern) for pattern in filter(None, miner.patterns)]
    passed = reduce(pc.and_, matches).to_pylist()
    return [
        caption
        for caption, keep in zip(captions, passed, strict=True)
        if not keep and miner.triplets(caption)
    ]


def test_loses_none_of_the_scenes_captions():
    captions = [text for text, _ in write_captions(0, 3000)]
    assert sum(bool(MINER.triplets(caption)) for caption in captions) > 1500
    assert lost(captions) == []


def test_loses_none_that_says_in_one_word_what_somebody_has():
    captions = ["a dark-haired man", "a blue eyed cat", "a mans hand", "a long legged giraffe"]
    assert all(map(MINERS[1].triplets, captions))
    assert lost(captions, MINERS[1]) == []


def test_loses_none_of_the_kinds():
    lines = Path(__file__).with_name("kinds.txt").read_text("utf-8").splitlines()
    assert lost([plain(line.split(" |")[1]) for line in lines if " |" in line]) == []


@pytest.mark.parametrize("miner", MINERS, ids=["20", "50"])
def test_loses_none_of_the_real_captions(miner):
    files = sorted((SHARED / "captions").glob("*.gz"))
    if not files:
        pytest.skip("real captions (../shared/data/captions) are not on this machine")
    lines = [line for path in files for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    captions = [line.split("\t")[0] for line in lines]
    assert lost(random.Random(0).sample(captions, 20_000), miner) == []


@pytest.mark.parametrize("predicates", [("riding",), ("covered in",), ("sitting on", "says")])
def test_a_small_vocabulary_needs_only_its_own_verbs(predicates):
    miner = Miner(Vocabulary(("man", "horse", "snow"), predicates))
    captions = [
        "man riding horse",
        "horse covered with snow",
        "man sitting quietly on horse",
        "man watching horse",
    ]
    block = Block("".join(f"{caption}\t{n}\n" for n, caption in enumerate(captions)).encode(), 4)
    found = candidates(block, miner.patterns)
    assert [line.split("\t")[0] for line in found.lines] == [c for c in captions if miner.triplets(c)]
    assert found.captions == 4


def test_a_vocabulary_too_large_for_a_pattern_lets_all_captions_through():
    # names alike would be one small tree
    letters = random.Random(0).choices("abcdefghijklmnopqrstuvwxyz", k=700_000)
    words = two_words_pattern("".join(letters[place : place + 7]) for place in range(0, len(letters), 7))
    assert usable(words) == ""
    assert usable(two_words_pattern(["man", "horse"])) == two_words_pattern(["man", "horse"])
    block = Block(b"a man riding a horse\t1\nblue sky\t2\n", 2)
    assert len(candidates(block, (usable(words),)).lines) == 2
