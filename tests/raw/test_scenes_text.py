"""Words of the procedural data set: captions, region descriptions, tables; and the geometry of sketches."""

import cmath
import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from relclip.core.seeds import stream
from relclip.raw.scenes import pretrain
from relclip.raw.scenes.chance import pick, table, weights
from relclip.raw.scenes.compose import compose
from relclip.raw.scenes.corpus import ERRING, corpus_pairs, scene_pairs, write_captions
from relclip.raw.scenes.sketch import Sketch
from relclip.raw.scenes.world import PREDICATES
from relclip.raw.scenes.write import boxes


@pytest.fixture(scope="module")
def captions() -> list[tuple[str, list[tuple[str, str, str]]]]:
    return list(write_captions(0, 6000))


def test_captions_hold_every_kind(captions):
    texts = [text for text, _ in captions]
    silent = sum(not triplets for _, triplets in captions) / len(captions)
    assert 0.1 < silent < 0.25
    assert 0.1 < sum(len(triplets) == 2 for _, triplets in captions) / len(captions) < 0.2
    for part in (" carried by ", "motorbike", "shirt", "covered with ", "that ", " is "):
        assert any(part in text for text in texts), part
    assert all("\t" not in text and "\n" not in text and text == text.strip() for text in texts)
    assert {predicate for _, triplets in captions for _, predicate, _ in triplets} == set(PREDICATES)
    assert 150 < len({word for text in texts for word in text.split()}) < 300


def test_captions_err_plausibly_and_now_and_then(captions):
    world = corpus_pairs(0)
    stated = [triplet for _, triplets in captions for triplet in triplets]
    strange = sum(predicate not in world[subject, thing] for subject, predicate, thing in stated) / len(
        stated
    )
    assert ERRING * 0.4 < strange < ERRING


def test_captions_have_their_own_frequencies():
    scenes, corpus = scene_pairs(), corpus_pairs(0)
    shared = [pair for pair in scenes if pair in corpus and len(scenes[pair]) > 1]
    agree = sum(
        max(scenes[pair], key=scenes[pair].get) == max(corpus[pair], key=corpus[pair].get) for pair in shared
    )
    assert agree / len(shared) < 0.6
    assert any(set(scenes[pair]) - set(corpus[pair]) for pair in shared)
    assert any(set(corpus[pair]) - set(scenes[pair]) for pair in shared)


def test_regions_lie_in_the_picture_and_cover_all_predicates():
    seen, kinds = Counter(), defaultdict(int)
    for number in range(1, 200):
        scene = compose(stream(0, "pretrain", number), (18, 24), pretrain.focus(number))
        for region in pretrain.regions(scene, boxes(scene, 96), number, stream(0, number)):
            assert region["x"] >= 0 and region["width"] > 0 and region["x"] + region["width"] <= 96
            assert region["phrase"] and region["subject"]
            seen[region.get("predicate")] += 1
            kinds["predicate" in region] += 1
    assert set(PREDICATES) < set(seen)
    assert min(seen[predicate] for predicate in PREDICATES) * 12 > max(
        seen[predicate] for predicate in PREDICATES
    )
    assert 0.7 < kinds[True] / kinds[False] < 1.1


def test_tables_read_rows_over_lines_and_refuse_what_is_malformed():
    assert table("dog: sitting on 2,\n  lying on 1.5\ncat: eating 1") == {
        "dog": {"sitting on": 2.0, "lying on": 1.5},
        "cat": {"eating": 1.0},
    }
    with pytest.raises(ValueError, match="'riding' is not a name and a weight"):
        weights("eating 1, riding")


def test_pick_follows_the_weights_and_never_takes_a_zero():
    rng = stream(0)
    counts = Counter(pick(rng, {"never": 0.0, "seldom": 1.0, "often": 3.0}) for _ in range(4000))
    assert "never" not in counts
    assert counts["often"] / 4000 == pytest.approx(0.75, abs=0.03)
    with pytest.raises(ValueError, match="no option"):
        pick(rng, {"never": 0.0})


@pytest.mark.parametrize(
    ("turn", "mirror", "flatten"), [(0, False, 1.0), (30, False, 1.0), (0, True, 0.5), (-90, True, 0.3)]
)
def test_moving_a_sketch_equals_moving_each_point(turn, mirror, flatten):
    sketch = (
        Sketch()
        .polygon((0, 0, 0), 0j, 1 + 2j, -3 + 0.5j)
        .line((0, 0, 0), 0.2, 1j, 2 + 0j)
        .anchor("top", 0j, 1 + 1j)
    )
    moved = sketch.moved(2 - 1j, 1.5, turn=turn, mirror=mirror, flatten=flatten)

    def slow(point: complex) -> complex:
        bent = complex(-point.real if mirror else point.real, point.imag * flatten)
        return 2 - 1j + 1.5 * bent * cmath.exp(1j * math.radians(turn))

    for before, after in zip(sketch.shapes, moved.shapes, strict=True):
        np.testing.assert_allclose(after.points, [slow(point) for point in before.points])
    np.testing.assert_allclose(moved.anchors["top"], [slow(0j), slow(1 + 1j)])
    assert moved.shapes[1].width == pytest.approx(0.3)
    x = [p.real for p in moved.shapes[0].points] + [
        p.real + s * 0.15 for p in moved.shapes[1].points for s in (-1, 1)
    ]
    assert moved.bounds()[0] == pytest.approx(min(x))
    assert moved.bounds()[2] == pytest.approx(max(x))
