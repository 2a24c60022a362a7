"""P@K and the confusion of predicates: against slow loops with ties and few predictions, and by hand."""

import numpy as np
import pyarrow as pa
import pytest
from evaluate_reference import is_hit, random_case, ranked_rows, write_case

from relclip.core.params.evaluate import Evaluate
from relclip.core.precision_at import SHEET, precision_of_images, precision_report
from relclip.evaluate import load_groundtruth
from relclip.evaluate.hits import first_hits_each
from relclip.evaluate.predcls import Confusion, oracle_sheet, sample_images, top_predictions


def watched(folders, switches, *watch):
    truth = load_groundtruth(folders[0], None)
    watchers = [make(truth) for make in watch]
    first_hits_each(truth, folders[1], "predcls", [switches], watch=[watcher.add for watcher in watchers])
    return watchers


def slow_precision(number, scene, switches, cutoff):
    """One image: its top predictions one by one, each against every true relation."""
    top = ranked_rows(number, scene, "predcls", switches)[""][:cutoff]
    right = 0
    for row in top:
        true = ((scene["objects"][s], p, scene["objects"][o]) for s, p, o in scene["relations"])
        right += any(is_hit(scene, row, (s[0], p, o[0]), (s[1], o[1]), switches) for s, p, o in true)
    return right / len(top) if top else 0.0


def slow_asked(number, scene, switches):
    top = ranked_rows(number, scene, "predcls", switches)[""][:20]
    return [(number, rank, s, p, o) for rank, (s, o, p, *_) in enumerate(top)]


@pytest.mark.parametrize("seed", range(6))
def test_precision_equals_a_slow_loop(tmp_path, seed):
    """Scores are rounded, so the top is full of ties; some images have few predictions and some none."""
    case = random_case(np.random.default_rng(seed), images=30)
    for number, scene in enumerate(case.values()):
        scene["rows"] = scene["rows"][: (4 if number % 5 == 0 else None)]
    folders = write_case(tmp_path, case)
    switches = Evaluate(seed=seed, precision_images=12, require_overlap=seed == 5)
    images = sample_images(load_groundtruth(folders[0], None), switches.precision_images, seed)
    oracle, asked = watched(
        folders,
        switches,
        lambda truth: oracle_sheet(truth, images, switches.pixel_inclusive),
        lambda truth: top_predictions(truth, images),
    )
    found = precision_report(oracle.table(), images, bootstrap=50, seed=0)
    for cutoff in (10, 20):
        expected = [slow_precision(image, case[image], switches, cutoff) for image in images.tolist()]
        assert precision_of_images(oracle.table(), images, cutoff).tolist() == pytest.approx(expected)
        assert found["metrics"][f"precision_at_{cutoff}"] == pytest.approx(np.mean(expected))
    kept = [len(ranked_rows(image, case[image], "predcls", switches)[""]) for image in images.tolist()]
    rows = [row for image in images.tolist() for row in slow_asked(image, case[image], switches)]
    assert sorted(tuple(row.values()) for row in asked.table().to_pylist()) == rows
    assert found["counts"] == {
        "images": 12,
        "images_without_prediction": sum(count == 0 for count in kept),
        "images_with_fewer_than_10": sum(count < 10 for count in kept),
        "images_with_fewer_than_20": sum(count < 20 for count in kept),
        "predictions": sum(min(count, 20) for count in kept),
    }


def sheet(*rows):
    return pa.table([list(values) for values in zip(*rows, strict=True)], schema=SHEET)


def test_a_sheet_that_people_filled():
    """Image 3 has two predictions, image 5 has none, image 9 was not asked for, rank 10 is past the top 10."""
    filled = sheet((3, 1, False), (3, 0, True), (9, 0, True), *((4, rank, rank == 10) for rank in range(11)))
    images = np.array([3, 4, 5])
    assert precision_of_images(filled, images, 10).tolist() == [0.5, 0.0, 0.0]
    found = precision_report(filled, images, bootstrap=400, seed=0)
    assert found["metrics"] == {
        "precision_at_10": 0.5 / 3,
        "precision_at_20": pytest.approx((0.5 + 1 / 11) / 3),
    }
    assert found["intervals"]["precision_at_10"] == [0.0, 0.5]
    assert found["counts"]["predictions"] == 13
    assert found["counts"]["images_without_prediction"] == 1


def test_an_empty_sheet_is_undefined_not_zero():
    found = precision_report(SHEET.empty_table(), np.array([], np.int64), bootstrap=10, seed=0)
    assert set(found["metrics"].values()) == set(found["intervals"].values()) == {None}


def test_images_are_chosen_by_seed_among_those_with_ground_truth(tmp_path):
    case = random_case(np.random.default_rng(1), images=40)
    truth = load_groundtruth(write_case(tmp_path, case)[0], None)
    annotated = sorted(number for number, scene in case.items() if scene["relations"])
    assert len(annotated) < len(case)
    assert sample_images(truth, 1000, seed=0).tolist() == annotated
    few = sample_images(truth, 8, seed=0).tolist()
    assert few == sorted(set(few) & set(annotated))
    assert few == sample_images(truth, 8, seed=0).tolist() != sample_images(truth, 8, seed=1).tolist()


BOX = (0.0, 0.0, 9.0, 9.0)


def scene(relations, rows):
    objects = dict.fromkeys((0, 1, 2), (1, BOX))
    predicted = dict.fromkeys(objects, (1, 1.0, BOX))
    return {"objects": objects, "relations": relations, "predicted": predicted, "rows": rows}


def test_confusion_by_hand(tmp_path):
    case = {
        # The best of (0, 1) is 3, not the higher placed row of another pair; a repeated ground truth counts once.
        7: scene(
            [(0, 1, 1), (0, 1, 1), (0, 3, 1), (1, 2, 0)],
            [(0, 1, 1, 0.2), (0, 1, 3, 0.6), (1, 2, 2, 0.9), (1, 0, 2, 0.4)],
        ),
        # The pair is predicted the other way round only; an image without any prediction.
        8: scene([(2, 1, 0)], [(0, 2, 1, 0.5)]),
        9: scene([(0, 1, 1)], []),
    }
    (confusion,) = watched(write_case(tmp_path, case), Evaluate(), Confusion)
    rows = [tuple(row.values()) for row in confusion.table("truth").to_pylist()]
    assert rows == [
        ("truth", 1, 0, 2),
        ("truth", 1, 3, 1),
        ("truth", 2, 2, 1),
        ("truth", 3, 3, 1),
    ]


def test_confusion_follows_the_tie_break_and_the_pieces(tmp_path, monkeypatch):
    """The top predicate of each pair is the slow reference's, also when images come in many pieces."""
    from functools import partial

    from relclip.evaluate import hits
    from relclip.evaluate.relation_batches import relation_batches

    case = random_case(np.random.default_rng(3), images=30)
    switches = Evaluate(seed=4)
    expected = {}
    for number, one in case.items():
        best = {row[:2]: row[2] for row in ranked_rows(number, one, "predcls", switches)[""]}
        for s, p, o in set(one["relations"]):
            cell = p, best.get((s, o), 0)
            expected[cell] = expected.get(cell, 0) + 1
    folders = write_case(tmp_path, case)
    monkeypatch.setattr(hits, "relation_batches", partial(relation_batches, rows_at_once=23))
    (confusion,) = watched(folders, switches, Confusion)
    found = {
        (row["predicate_id"], row["predicted_id"]): row["count"] for row in confusion.table("t").to_pylist()
    }
    assert found == expected
    assert len({predicted for _, predicted in found}) == 4
