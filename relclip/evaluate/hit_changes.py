"""Two models on the same images: paired differences, predicate by predicate; hits gained and lost by image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from relclip.core.metrics import MEASURES
from relclip.core.params.evaluate import Reading
from relclip.core.recall import MAIN_NAMES
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.differences import TRUTH, Difference, paired_differences
from relclip.evaluate.inputs import column
from relclip.evaluate.metrics import OF_PREDICATE, RecallsOf, named, of_predicates, predicate_metric

Triplet = tuple[int, int, int]


@dataclass(frozen=True)
class ImageChange:
    """One image: the ground truths (subject id, predicate id, object id) that are newly hit, and no longer hit."""

    image_id: int
    gained: list[Triplet]
    lost: list[Triplet]


def changed_images(first: Sequence[pa.Table], second: Sequence[pa.Table], by: str) -> list[ImageChange]:
    """Every image with a change, most changed ground truths first, then by id.

    first, second: first hits (schema HITS) of the same ground truths, a table a seed. A ground truth is gained where
    more seeds of `second` hit it than of `first`. by: a name in OF_PREDICATE.
    """
    sign = np.sign(_times_hit(second, by) - _times_hit(first, by))
    rows, truth = np.flatnonzero(sign), _sorted(first[0])
    changed = zip(sign[rows], *(column(truth, name)[rows].tolist() for name in TRUTH[:4]), strict=True)
    changes: dict[int, ImageChange] = {}
    for way, image, *triplet in changed:
        change = changes.setdefault(image, ImageChange(image, [], []))
        (change.gained if way > 0 else change.lost).append((triplet[0], triplet[1], triplet[2]))
    return sorted(changes.values(), key=lambda one: (-len(one.gained) - len(one.lost), one.image_id))


def _times_hit(tables: Sequence[pa.Table], by: str) -> Ints:
    """In how many tables each ground truth is hit, (n,), in the order of TRUTH."""
    measure = OF_PREDICATE[by]
    ranks = [column(_sorted(hits), f"{measure.listed}rank") for hits in tables]
    times: Ints = np.sum([(rank >= 0) & (rank < measure.cutoff) for rank in ranks], axis=0, dtype=np.int64)
    return times


def _sorted(hits: pa.Table) -> pa.Table:
    return hits.sort_by([(name, "ascending") for name in TRUTH])


HIGHER, LOWER, UNDECIDED = "B higher", "B lower", "undecided"


def compare_hits(
    first: Sequence[pa.Table],
    second: Sequence[pa.Table],
    predicates: Sequence[str],
    *,
    by: str = MAIN_NAMES[0],
    images: int = 10,
    recall: Reading = "per_image",
    bootstrap: int = 1000,
    seed: int = 0,
    train_count: Ints | None = None,
) -> dict[str, Any]:
    """Everything that changes from A (`first`) to B (`second`); differences are B - A, as fractions.

    first, second: first hits (schema HITS), a table a seed. `by` (a name in metrics.OF_PREDICATE): the recall by which
    predicates and images are compared; `images`: how many of those that changed most are listed. train_count (P,): how
    often train has each predicate.
    Returns {"metrics", "per_predicate", "images", "images_judged", "seeds", "settings"}, ready for JSON.
    Raises InputError unless all tables hold the same images and ground truths.

    >>> from relclip.evaluate.hits import HITS
    >>> hit_late, hit_early = (7, 0, 1, 1, 60, 60, False), (7, 0, 1, 1, 9, 9, False)
    >>> others = [(7, 2, 1, 3, 4, 4, False), (8, 0, 1, 1, 0, 0, False)]
    >>> a, b = (
    ...     pa.table([list(values) for values in zip(one, *others)], schema=HITS) for one in (hit_late, hit_early)
    ... )
    >>> found = compare_hits([a], [b], ["riding"])
    >>> found["metrics"]["recall_at_50"]["a"], found["metrics"]["recall_at_50"]["difference"]
    (0.75, 0.25)
    >>> found["images"]
    {'changed': 1, 'most': [{'image_id': 7, 'gained': [[0, 'riding', 1]], 'lost': []}]}
    """
    settings: dict[str, Any] = {"recall": recall, "bootstrap": bootstrap, "seed": seed}
    differences = paired_differences(
        second, first, predicates=len(predicates), view=_all, train_count=train_count, **settings
    )
    changed = changed_images(first, second, by)
    count = np.bincount(column(first[0], "predicate_id"), minlength=len(predicates) + 1)
    return {
        "metrics": {name: _plain(one) for name, one in differences.items() if name in MEASURES},
        "per_predicate": _per_predicate(predicates, count, differences, by),
        "images": {"changed": len(changed), "most": [_change(one, predicates) for one in changed[:images]]},
        "images_judged": len(np.unique(column(first[0], "image_id"))),
        "seeds": len(first),
        "settings": {**settings, "by": by},
    }


def _all(found: RecallsOf) -> dict[str, Floats]:
    return named(found) | of_predicates(found)


def _per_predicate(
    predicates: Sequence[str], count: Ints, differences: dict[str, Difference], by: str
) -> dict[str, Any]:
    return {
        name: {
            "predicate_id": number,
            "groundtruth": int(count[number]),
            **_plain(differences[predicate_metric(by, number)]),
        }
        for number, name in enumerate(predicates, 1)
    }


def _plain(one: Difference) -> dict[str, Any]:
    return {
        "a": one.worse,
        "b": one.better,
        "difference": one.difference,
        "low": one.low,
        "high": one.high,
        "p": one.p,
        "verdict": UNDECIDED if one.low is None or not one.holds else HIGHER if one.low > 0 else LOWER,
        "seeds": one.seeds,
    }


def _change(one: ImageChange, predicates: Sequence[str]) -> dict[str, Any]:
    gained, lost = (
        [[subject, predicates[number - 1], other] for subject, number, other in triplets]
        for triplets in (one.gained, one.lost)
    )
    return {"image_id": one.image_id, "gained": gained, "lost": lost}
