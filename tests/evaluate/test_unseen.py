"""mR of seen and unseen predicates against loops, and chance against guessing."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from relclip.core.annotations import Annotations
from relclip.core.bootstrap import bootstrap_weights
from relclip.core.boxes import overlapping_pairs
from relclip.core.errors import InputError
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.whole import check_params
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate import unseen
from relclip.evaluate.unseen import Truths, chance, held_out_of, lines, page, recalls, table_csv
from relclip.project.preset import preset_content

P = 5


def some(seed, images=7):
    random = np.random.default_rng(seed)
    image = np.repeat(np.arange(images) * 3, random.integers(1, 9, images))
    predicate = random.integers(1, P, len(image))  # the last has no ground truth
    ends = random.integers(0, 4, (2, len(image)))
    return Truths(image, *ends, predicate, (random.random(len(image)) < 0.5).astype(float))


def in_loops(truths, reading):
    """Recall of each predicate, image by image."""
    found = []
    for predicate in range(1, P + 1):
        of_images = [
            truths.hit[(truths.image == image) & (truths.predicate == predicate)]
            for image in dict.fromkeys(truths.image.tolist())
        ]
        of_images = [hits for hits in of_images if len(hits)]
        if reading == "pooled":
            of_images = [np.concatenate(of_images)] if of_images else []
        found.append(np.mean([hits.mean() for hits in of_images]) if of_images else 0.0)
    return found


@pytest.mark.parametrize("reading", ["per_image", "pooled"])
def test_recalls_equal_loops(reading):
    truths = some(0)
    found = recalls(truths, np.ones((1, 7)), P, reading)[0]
    assert found.tolist() == pytest.approx(in_loops(truths, reading))
    # the second and third image are not drawn, the first and last twice
    twice = np.array([[2, 0, 0, 1, 1, 1, 2]])
    kept = np.concatenate([np.flatnonzero(truths.image == 3 * image) for image in (0, 0, 3, 4, 5, 6, 6)])
    renamed = np.repeat(np.arange(7), [np.sum(truths.image == 3 * image) for image in (0, 0, 3, 4, 5, 6, 6)])
    drawn = Truths(
        renamed, truths.subject[kept], truths.object[kept], truths.predicate[kept], truths.hit[kept]
    )
    assert recalls(truths, twice, P, reading)[0].tolist() == pytest.approx(in_loops(drawn, reading))


def test_a_row_is_the_mean_over_its_seeds_and_the_page_shows_it():
    seeds, held_out = [some(0), some(0)], {"feeding": 2, "leading": 4}
    seeds[1] = replace(seeds[0], hit=np.random.default_rng(9).permutation(seeds[0].hit))
    made = list(lines("a | row", seeds, held_out, P, Evaluate(bootstrap=50)))
    values = {line.predicates: line for line in made}
    each = np.mean([in_loops(one, "per_image") for one in seeds], axis=0)
    assert len(set(each)) == P
    assert (values["feeding"].value, values["leading"].value) == pytest.approx((each[1], each[3]))
    weights = np.concatenate(list(bootstrap_weights(7, 50, Evaluate().seed)))
    sampled = np.mean([recalls(one, weights, P, "per_image") for one in seeds], axis=0)
    assert (values["leading"].low, values["leading"].high) == pytest.approx(
        np.percentile(sampled[:, 3], (2.5, 97.5))
    )
    assert np.isnan([line.low for line in lines("a", seeds, held_out, P, Evaluate(bootstrap=0))]).all()
    seen, hidden = each[[0, 2, 4]].mean(), each[[1, 3]].mean()
    assert (values["seen"].value, values["unseen"].value) == pytest.approx((seen, hidden))
    assert values["harmonic mean"].value == pytest.approx(2 * seen * hidden / (seen + hidden))
    assert all(line.low <= line.value + 1e-9 and line.value <= line.high + 1e-9 for line in made)
    text = table_csv(made)
    assert next(csv.DictReader(io.StringIO(text)))["value"] == f"{seen:.4f}"
    assert f"| a \\| row | 2 | {100 * seen:.1f} [" in page(text)
    assert "*leading*" in page(text)
    assert page(text, page(text) + "\n## More\n\n## Yet more\n") == page(text) + "\n## More\n\n## Yet more\n"


def test_chance_is_what_guessing_finds_on_average(monkeypatch):
    monkeypatch.setattr(unseen, "MAIN_CUTOFF", 4)
    random = np.random.default_rng(1)
    low = random.uniform(0, 30, (6, 2))
    boxes = np.concatenate([low, low + 25], axis=1).astype(np.float32)
    boxes[5] = 200, 200, 220, 220  # touches no other
    ids = np.array([3, 5, 6, 8, 9, 12])
    nothing = np.zeros(0, np.int64)
    known = Annotations(
        Vocabulary(("a",), ("p", "q", "r")),
        np.array([7]),
        ("x",),
        np.array(["test"]),
        np.array([0, 6]),
        ids,
        np.ones(6, np.int64),
        boxes,
        *(nothing,) * 4,
    )
    pairs = overlapping_pairs(boxes)
    assert len(pairs) > 4
    first = ids[pairs[0]]
    truths = Truths(
        np.array([7, 7]), np.array([first[0], 12]), np.array([first[1], 3]), np.array([2, 1]), np.zeros(2)
    )
    expected = chance(truths, known).hit
    found = 0
    for _ in range(20_000):
        top = random.permutation(len(pairs))[:4]
        found += 0 in top and random.integers(1, 4) == 2
    assert expected[0] == pytest.approx(found / 20_000, abs=0.01)
    assert expected[1] == 0


def test_the_preset_holds_out_the_same_of_all_its_trainings():
    params = check_params(preset_content("open_vocabulary"))
    assert held_out_of(params) == ["eating", "mounted on", "says", "walking on"]
    with pytest.raises(InputError, match="NAME=open_vocabulary"):
        held_out_of(check_params(preset_content("scenes")))
