"""RelCLIP eq. 7: who is in the dictionary of a query, and what it weighs; both levels; fused labels."""

import math

import pytest
import torch

from relclip.core.params.train import Sampling
from relclip.train import sampling_weights, weighted_mean
from relclip.train.contrast import weights_by
from relclip.train.language import Phrases
from relclip.train.targets import Targets


def slow_weights(phrases, epsilon, eta, delete_synonyms, weight):
    rows = phrases.tolist()
    table = [[0.0] * len(rows) for _ in rows]
    for k, query in enumerate(rows):
        for n, other in enumerate(rows):
            norms = math.sqrt(sum(x * x for x in query) * sum(x * x for x in other))
            w = sum(x * y for x, y in zip(query, other, strict=True)) / norms if norms else 0.0
            if n == k:
                table[k][n] = 1.0
            elif not (delete_synonyms and w > epsilon) and w >= eta:
                table[k][n] = {"cosine": max(w, 0.0), "shifted": (1 + w) / 2, "none": 1.0}[weight]
    return torch.tensor(table)


@pytest.mark.parametrize("weight", ["cosine", "shifted", "none"])
@pytest.mark.parametrize("delete_synonyms", [True, False])
@pytest.mark.parametrize(("epsilon", "eta"), [(0.7, 0.0), (0.3, -1.0), (0.9, 0.2), (1.0, -0.5)])
def test_equals_a_loop(weight, delete_synonyms, epsilon, eta):
    phrases = torch.randn(9, 3, generator=torch.Generator().manual_seed(3))
    phrases[4] = 0  # a phrase without a known word
    phrases[5] = phrases[6]  # the same triplet twice in a batch
    here = sampling_weights(phrases, epsilon, eta, delete_synonyms, weight)
    torch.testing.assert_close(here, slow_weights(phrases, epsilon, eta, delete_synonyms, weight))


def test_thresholds_themselves_stay_in():
    """Eq. 7: eta <= w; out are scores higher than epsilon."""
    phrases = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    cosine = (phrases[0] @ phrases[1]).item()
    assert sampling_weights(phrases, epsilon=cosine, eta=cosine)[0, 1] == pytest.approx(0.6)
    assert sampling_weights(phrases, epsilon=cosine - 1e-4, eta=-1.0)[0, 1] == 0
    assert sampling_weights(phrases, epsilon=0.9, eta=cosine + 1e-4)[0, 1] == 0


def test_no_rounding_passes_the_largest_or_the_smallest_cosine():
    """Of phrases that are equal, or opposite, so that no weight is below 0 and no threshold of 1 or -1 loses any."""
    phrases = torch.randn(200, 7, generator=torch.Generator().manual_seed(0))
    for others, weight in ((phrases, 1.0), (-phrases, 0.0)):
        weights = sampling_weights(phrases, 1.0, -1.0, True, "shifted", others=others).diagonal()
        assert (weights >= 0).all() and weights.tolist() == pytest.approx([weight] * 200, abs=1e-6)
        assert sampling_weights(phrases, 1.0, -1.0, True, "none", others=others).diagonal().all()


def test_no_relation_and_one():
    assert sampling_weights(torch.zeros(0, 3), 0.7, 0.0).shape == (0, 0)
    assert sampling_weights(torch.zeros(1, 3), 0.7, 0.0).tolist() == [[1.0]]


def test_weighted_mean():
    vectors, weights = torch.tensor([[2.0, 0.0], [0.0, 2.0], [3.0, 4.0]]), torch.tensor([0.25, 0.75, 1.0])
    fused = weighted_mean(vectors, weights, torch.tensor([0, 0, 2]), 3)
    length = math.sqrt(0.25**2 + 0.75**2)
    torch.testing.assert_close(fused, torch.tensor([[0.25 / length, 0.75 / length], [0.0, 0.0], [0.6, 0.8]]))


# Figure 4 of the paper: "person lying on bed" against "man lying on grass", and an instance of two possible labels.
PERSON, MAN, BED, GRASS = 1, 2, 3, 4
LYING, SITTING = 1, 2


@pytest.fixture
def phrases():
    """Subjects are near each other, so are predicates with themselves; bed and grass are far apart."""
    generator = torch.Generator().manual_seed(0)
    word = torch.nn.functional.normalize(torch.randn(5, 6, generator=generator), dim=1)
    word[MAN] = torch.nn.functional.normalize(word[PERSON] + 0.2 * word[MAN], dim=0)
    verb = torch.nn.functional.normalize(torch.randn(3, 6, generator=generator), dim=1)
    subject_predicate = torch.nn.functional.normalize(word[:, None] + verb[None], dim=2)
    return Phrases(subject_predicate, subject_predicate.transpose(0, 1).contiguous(), verb)


@pytest.fixture
def targets():
    """Three instances: person lying on bed; man lying on grass; man (0.75 lying, 0.25 sitting) on bed."""
    return Targets(
        labelled=torch.arange(3),
        background=torch.zeros(0, dtype=torch.int64),
        predicates=torch.tensor([LYING, LYING, LYING, SITTING]),
        prompts=torch.arange(4),
        weights=torch.tensor([1.0, 1.0, 0.75, 0.25]),
        instance=torch.tensor([0, 1, 2, 2]),
        pair_classes=torch.tensor([[PERSON, BED], [MAN, GRASS], [MAN, BED]]),
    )


def test_dictionaries_differ_between_the_levels_as_in_figure_4(phrases, targets):
    sampling = Sampling(epsilon=0.7, eta=-1.0, weight="shifted")
    subject = weights_by(sampling, targets.phrases(phrases, "subject_predicate"))
    object_ = weights_by(sampling, targets.phrases(phrases, "predicate_object"))
    assert subject[0, 1] == 0  # person lying on, man lying on: synonyms
    cosine = phrases.predicate_object[LYING, BED] @ phrases.predicate_object[LYING, GRASS]
    # lying on bed, lying on grass: informative
    assert object_[0, 1] == pytest.approx(((1 + cosine) / 2).item())


@pytest.mark.parametrize("level", ["subject_predicate", "predicate_object", "triple", "unary"])
def test_phrases_of_possible_labels_are_fused_by_weight(phrases, targets, level):
    def phrase(subject, predicate, object_):
        first, second = (
            phrases.subject_predicate[subject, predicate],
            phrases.predicate_object[predicate, object_],
        )
        both = first + second
        return {
            "subject_predicate": first,
            "predicate_object": second,
            "triple": both / both.norm(),
            "unary": phrases.predicate[predicate],
        }[level]

    here = targets.phrases(phrases, level)
    torch.testing.assert_close(here[0], phrase(PERSON, LYING, BED))
    fused = 0.75 * phrase(MAN, LYING, BED) + 0.25 * phrase(MAN, SITTING, BED)
    torch.testing.assert_close(here[2], fused / fused.norm())
