"""The evaluator against a slow reference, against given numbers, and against itself in other orders and pieces."""

import doctest
import importlib.util
import itertools
import json
import math
from collections import Counter
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from evaluate_reference import (
    CLASSES,
    PREDICATES,
    is_hit,
    random_case,
    ranked_rows,
    reference_counts,
    reference_hits,
    reference_metrics,
    write_case,
    write_triplets,
)

from relclip.core.bootstrap import weighted_sums
from relclip.core.errors import ContractError
from relclip.core.params.evaluate import Evaluate
from relclip.evaluate import HITS, evaluate, hits, matching, metrics, metrics_from_hits
from relclip.evaluate.relation_batches import relation_batches
from relclip.evaluate.text import NO_PAIR, summary

IMAGES = 64


def all_switches():
    """Every combination of the protocol's switches."""
    values = itertools.product(
        [True, False], ["zero", "skip"], [True, False], ["per_image", "pooled"], [True, False]
    )
    names = ("dedup", "empty_predictions", "pixel_inclusive", "recall", "require_overlap")
    for seed, chosen in enumerate(values):
        ties = ("seeded", "lowest")[seed % 3 == 1]
        yield Evaluate(**dict(zip(names, chosen, strict=True)), ties=ties, bootstrap=0, seed=seed)


@pytest.mark.parametrize("task", ["predcls", "sgcls", "sgdet"])
def test_thousands_of_random_images_equal_the_slow_reference(tmp_path, task):
    """2,048 images a task, 1,024 under each value of each switch: every place, then every metric."""
    met = Counter()
    for number, switches in enumerate(all_switches()):
        random = np.random.default_rng([number, len(task)])
        case = random_case(random, IMAGES)
        if number % 3 == 0:
            for scene in case.values():
                scene["relations"] = [
                    relation for relation in scene["relations"] if relation[1] != PREDICATES
                ]
        seen = {
            tuple(random.integers(1, [CLASSES + 1, PREDICATES + 1, CLASSES + 1]).tolist()) for _ in range(25)
        }
        write_triplets(tmp_path / "seen.parquet", seen)
        folders = write_case(tmp_path / "case", case)
        found = evaluate(*folders, task, switches=switches, train_triplets=tmp_path / "seen.parquet")
        rows = [tuple(row.values()) for row in found.hits.drop_columns("zero_shot").to_pylist()]
        assert rows == reference_hits(case, task, switches), (number, switches)
        expected = reference_metrics(case, task, switches, seen)
        assert found.content["metrics"] == pytest.approx(expected, abs=1e-12), (number, switches)
        expected = reference_counts(case, task, switches)
        assert {name: found.content["counts"][name] for name in expected} == expected, (number, switches)
        if number % 2 == 0:
            met.update(corners(case, task, switches))
    assert min(met.values()) > 25, met


def corners(case, task, switches):
    """How often a case has what evaluators get wrong."""
    met = Counter(
        dict.fromkeys(
            ("no truth", "no prediction", "repeated", "two predicates", "one hits several", "half", "absent"),
            0,
        )
    )
    for number, scene in case.items():
        relations, distinct = scene["relations"], set(scene["relations"])
        met["no truth"] += not relations
        met["no prediction"] += not scene["rows"]
        met["repeated"] += len(distinct) < len(relations)
        met["two predicates"] += len({(s, o) for s, _, o in distinct}) < len(distinct)
        met["absent"] += not any(p == PREDICATES for _, p, _ in relations)
        met["half"] += any(
            is_half(scene["objects"][key][1], box, switches.pixel_inclusive)
            for key, (*_, box) in scene["predicted"].items()
            if key in scene["objects"]
        )
        rows = ranked_rows(number, scene, task, switches)["ng_"] if relations else []
        truths = [
            (
                (scene["objects"][s][0], p, scene["objects"][o][0]),
                (scene["objects"][s][1], scene["objects"][o][1]),
            )
            for s, p, o in distinct
        ]
        met["one hits several"] += any(
            sum(is_hit(scene, row, *truth, switches) for truth in truths) > 1 for row in rows
        )
    return met


def is_half(box, other, inclusive):
    """True for the left half of a box: IoU exactly 0.5."""
    extra = 1 if inclusive else 0
    return (
        box[:2] == other[:2]
        and box[3] == other[3]
        and 2 * (other[2] - box[0] + extra) == box[2] - box[0] + extra
    )


@pytest.mark.parametrize("task", ["predcls", "sgcls", "sgdet"])
def test_given_cases(shared_data, task):
    folder = shared_data / "evaluate_cases" / task
    for case in json.loads((folder / "expected.json").read_text()):
        given = {name.replace("-", "_"): value for name, value in case["switches"].items()}
        flags = {name: value == "true" for name, value in given.items() if value in {"true", "false"}}
        switches = Evaluate(**{**given, **flags}, bootstrap=0)
        report = evaluate(folder / "groundtruth", folder / "predictions", task, switches=switches)
        found = {name: report.content["metrics"][name] for name in case["metrics"]}
        assert found == pytest.approx(case["metrics"], abs=1e-9), given


def test_order_of_rows_and_size_of_pieces_change_nothing(tmp_path, monkeypatch):
    random = np.random.default_rng(5)
    truth, predictions = write_case(tmp_path, random_case(random, images=30))
    whole = evaluate(truth, predictions, "sgcls", switches=Evaluate(bootstrap=0))
    path = predictions / "relations.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take(random.permutation(table.num_rows)), path)
    monkeypatch.setattr(hits, "relation_batches", partial(relation_batches, rows_at_once=37))
    monkeypatch.setattr(matching, "PAIRS_AT_ONCE", 2)
    again = evaluate(truth, predictions, "sgcls", switches=Evaluate(bootstrap=0))
    assert again.hits.equals(whole.hits)
    assert again.content == whole.content
    assert whole.content["counts"]["predictions_tied"] > 0


def test_repeated_predictions_are_counted_and_said(tmp_path):
    folders = write_case(tmp_path, random_case(np.random.default_rng(3), images=10))
    assert evaluate(*folders, "sgcls").content["counts"]["predictions_repeated"] == 0
    path = folders[1] / "relations.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(5, 7)]), path)
    content = evaluate(*folders, "sgcls", switches=Evaluate(bootstrap=0)).content
    assert content["counts"]["predictions_repeated"] == 7
    assert "The predicate of their pair said again" in summary(content)
    assert "7 predictions; write each once" in summary(content)


def test_predictions_of_other_images_are_counted_and_said(tmp_path):
    folders = write_case(tmp_path, random_case(np.random.default_rng(3), images=10))
    before = evaluate(*folders, "sgcls", switches=Evaluate(bootstrap=0)).content
    assert before["counts"]["predictions_elsewhere"] == 0 and "not judged here" not in summary(before)
    for name in ("objects", "relations"):
        path = folders[1] / f"{name}.parquet"
        table = pq.read_table(path)
        other = pc.add(table["image_id"], 1000)
        pq.write_table(pa.concat_tables([table, table.set_column(0, table.field(0), other)]), path)
    content = evaluate(*folders, "sgcls", switches=Evaluate(bootstrap=0)).content
    counts = content["counts"]
    assert counts["predictions_elsewhere"] == before["counts"]["predictions"] == counts["predictions"]
    assert f"not judged here, left out: {counts['predictions']} predictions." in summary(content)


def test_predictions_that_lie_on_no_annotated_pair_are_said(tmp_path):
    folders = write_case(tmp_path, random_case(np.random.default_rng(3), images=10))
    assert NO_PAIR not in summary(evaluate(*folders, "sgcls", switches=Evaluate(bootstrap=0)).content)
    path = folders[1] / "objects.parquet"
    table = pq.read_table(path)
    for name in ("x1", "x2"):
        place = table.column_names.index(name)
        table = table.set_column(place, table.field(place), pc.add(table[name], 10000))
    pq.write_table(table, path)
    assert NO_PAIR in summary(evaluate(*folders, "sgdet", switches=Evaluate(bootstrap=0)).content)


@pytest.mark.parametrize("sides", [[0], [1], [0, 1]])
def test_boxes_as_shares_of_the_image_are_refused_in_one_sentence(tmp_path, sides):
    folders = write_case(tmp_path, random_case(np.random.default_rng(3), images=10))
    whole = evaluate(*folders, "sgdet", switches=Evaluate(pixel_inclusive=False)).content["metrics"]
    for path in (folders[side] / "objects.parquet" for side in sides):
        table = pq.read_table(path)
        for name in ("x1", "y1", "x2", "y2"):
            place = table.column_names.index(name)
            table = table.set_column(
                place, table.field(name), pc.divide(table[name], pa.scalar(128, pa.float32()))
            )
        pq.write_table(table, path)
    with pytest.raises(ContractError, match=r"all within 0\.\.1.*multiply x by the width"):
        evaluate(*folders, "sgdet")
    if len(sides) == 2:  # without the last pixel the unit does not matter
        assert (
            evaluate(*folders, "sgdet", switches=Evaluate(pixel_inclusive=False)).content["metrics"] == whole
        )


def test_other_seed_breaks_ties_otherwise(tmp_path):
    truth, predictions = write_case(tmp_path, random_case(np.random.default_rng(3), images=30))
    ranks = [
        evaluate(truth, predictions, "predcls", switches=Evaluate(seed=seed)).hits["rank"] for seed in (0, 1)
    ]
    assert not ranks[0].equals(ranks[1])


def test_bootstrap_equals_repeating_the_images(tmp_path):
    truth, predictions = write_case(tmp_path, random_case(np.random.default_rng(4), images=12))
    table = evaluate(truth, predictions, "sgdet").hits
    table = table.set_column(6, "zero_shot", pc.equal(table["predicate_id"], 2))
    for reading in ("per_image", "pooled"):
        judged = metrics.by_image(table, PREDICATES, reading)
        weights = np.concatenate(list(metrics.bootstrap_weights(len(judged.ids), 5, seed=1)))
        assert (weights.sum(axis=1) == len(judged.ids)).all()
        found = metrics.named(metrics.ratios(judged, weights))
        for sample, weight in enumerate(weights):
            drawn = np.repeat(judged.ids, weight.astype(int))
            copies = [table.filter(pc.equal(table["image_id"], image)) for image in drawn]
            renamed = [
                copy.set_column(0, "image_id", pa.array([number] * copy.num_rows))
                for number, copy in enumerate(copies)
            ]
            expected = metrics_from_hits(pa.concat_tables(renamed), PREDICATES, reading)
            drawn = {name: metrics.optional(value[sample]) for name, value in found.items()}
            assert drawn == pytest.approx({name: expected[name] for name in drawn})


def test_bootstrap_sums_have_the_same_bits_however_they_are_ordered():
    random = np.random.default_rng(0)
    values = random.integers(0, 7, (900, 40)) / random.integers(7, 23, (900, 1))
    weights = np.concatenate(list(metrics.bootstrap_weights(900, 7, seed=0)))
    together = weighted_sums(weights, values)
    order = random.permutation(900)
    for number, weight in enumerate(weights):
        apart = weighted_sums(weights[[number]][:, order], values[order])
        assert apart.tobytes() == together[[number]].tobytes()
        assert together[number].tolist() == pytest.approx(
            [math.fsum(weight * column) for column in values.T], abs=1e-9
        )
    assert weighted_sums(np.zeros((0, 3)), np.zeros((3, 2))).shape == (0, 2)


def test_no_ground_truth_is_undefined_not_zero(tmp_path):
    case = random_case(np.random.default_rng(0), images=3)
    for scene in case.values():
        scene["relations"] = []
    report = evaluate(*write_case(tmp_path, case), "predcls")
    assert set(report.content["metrics"].values()) == {None}
    assert set(report.content["intervals"].values()) == {None}
    assert report.content["counts"]["images_without_groundtruth"] == 3


def test_no_prediction_scores_zero_or_is_skipped(tmp_path):
    case = random_case(np.random.default_rng(1), images=3)
    for scene in case.values():
        scene["rows"], scene["predicted"] = [], {}
    folders = write_case(tmp_path, case)
    assert evaluate(*folders, "predcls").content["metrics"]["recall_at_100"] == 0.0
    skipped = evaluate(*folders, "predcls", switches=Evaluate(empty_predictions="skip"))
    assert skipped.content["metrics"]["recall_at_100"] is None
    assert skipped.hits.select(HITS.names).schema.equals(HITS)


def test_reference_is_not_trivial():
    """The random cases hit and miss: a reference of zeros would test nothing."""
    case = random_case(np.random.default_rng(8), images=30)
    values = reference_metrics(case, "sgcls", Evaluate(), seen={(1, 1, 1)})
    assert values.pop("box_map50") is None
    assert all(0.005 < value < 0.95 for value in values.values())


def test_documentation_examples():
    assert doctest.testmod(metrics).failed == 0


@pytest.mark.skipif(not importlib.util.find_spec("duckdb"), reason="the examples in SQL need DuckDB")
def test_documentation_examples_in_sql():
    assert doctest.testmod(hits).failed == 0
