"""docs/evaluators.md: its list of metrics is the registry's, and each row of its table of peers can be asked for."""

import argparse
import re
from pathlib import Path

import numpy as np
import pytest
from evaluate_reference import random_case, reference_metrics, write_case

from relclip.core.metrics import METRICS
from relclip.core.params.evaluate import Evaluate
from relclip.evaluate import evaluate
from relclip.evaluate.hits import FURTHER, HITS
from relclip.evaluate.switches import add_switches, switches_of

PAGE = (Path(__file__).parents[2] / "docs" / "evaluators.md").read_text("utf-8")


def metric_lines():
    yield "| name, label | K | | |"
    yield "|:--|:--|:--|:--|"
    for metric in METRICS:
        cutoffs = ", ".join(map(str, metric.cutoffs)) or "-"
        name, label = metric.at("K"), metric.label("K")  # type: ignore[arg-type]
        lists = "" if "ng_" in metric.lists or not metric.cutoffs else "; no `ng_`"
        unit = {"share": "", "number": "a number, "}[metric.unit]
        better = "higher is better" if metric.higher_is_better else "lower is better"
        yield f"| `{name}`, {label} | {cutoffs} | {metric.meaning}{lists} | {unit}{better} |"


def test_the_list_of_metrics_is_the_registry():
    block = re.search(r"<!-- metrics: .*? -->\n(.*?)<!-- end of metrics -->", PAGE, re.DOTALL)[1]
    assert block == "".join(f"{line}\n" for line in metric_lines())


def test_every_column_of_the_hits_is_named():
    plain = {name.removeprefix("ng_") for name in (*HITS.names, *FURTHER.names)}
    assert not [name for name in plain if name not in PAGE]


PEERS = re.findall(r"^\| (.+?) \| (true|false) \| (zero|skip) \| (true|false) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("peer", PEERS, ids=[name for name, *_ in PEERS])
def test_each_peer_s_switches_give_the_slow_reference_s_numbers(tmp_path, peer):
    _, dedup, empty, inclusive = peer
    flags = {"dedup": dedup == "true", "pixel_inclusive": inclusive == "true", "ties": "lowest"}
    switches = Evaluate(**flags, empty_predictions=empty, bootstrap=0)
    case = random_case(np.random.default_rng(len(peer[0])), images=12)
    content = evaluate(*write_case(tmp_path, case), "sgcls", switches=switches).content
    assert content["metrics"] == pytest.approx(reference_metrics(case, "sgcls", switches), abs=1e-12)


#: The table as it was measured, and by hand what each gives for `by_hand`: R@50, of which each combination of switches
#: has its own, and mR@50.
MEASURED = {
    "Scene-Graph-Benchmark, OvSGTR": ("false", "skip", "true", 5 / 6, 1 / 3),
    "VisualDS (its loader removes duplicates)": ("true", "skip", "true", 3 / 4, 1 / 3),
    "OpenPSG boxes (its loader removes duplicates)": ("true", "skip", "false", 1 / 4, 1 / 6),
    "neural-motifs, RelTR": ("false", "zero", "true", 5 / 9, 1 / 3),
    "EGTR (a matrix of relations removes duplicates)": ("true", "zero", "true", 1 / 2, 1 / 3),
    "SGG-Benchmark on VG, PredCls and SGCls": ("false", "zero", "true", 5 / 9, 1 / 3),
    "SGG-Benchmark on PSG, PredCls and SGCls": ("true", "zero", "true", 1 / 2, 1 / 3),
    "SGBench, R": ("true", "zero", "false", 1 / 6, 1 / 6),
    "SGBench, mR": ("true", "skip", "false", 1 / 4, 1 / 6),
}


def by_hand():
    """A relation said twice and one that is missed; a box that fits by its last pixel; an image without prediction."""
    man, horse = (1, (0.0, 0.0, 20.0, 20.0)), (2, (40.0, 0.0, 49.0, 9.0))
    found = {0: (1, 0.5, man[1]), 1: (2, 0.5, horse[1])}
    half = {**found, 0: (1, 0.5, (0.0, 0.0, 9.5, 20.0))}  # 10.5 of 21 pixels across, 9.5 of 20
    scene = {"objects": {0: man, 1: horse}, "predicted": found, "rows": [(0, 1, 1, 0.9)]}
    return {
        1: {**scene, "relations": [(0, 1, 1), (0, 1, 1), (0, 2, 1)]},
        2: {**scene, "relations": [(0, 1, 1)], "predicted": half},
        3: {**scene, "relations": [(0, 3, 1)], "rows": []},
    }


def test_the_table_of_peers_is_the_one_that_was_measured():
    assert [(name, *row[:3]) for name, row in MEASURED.items()] == PEERS
    said = " ".join(PAGE.split())
    for words in (
        "Nine evaluators",
        "661 pictures",
        "3 x 50 random cases",
        "2,040 numbers",
        "to 1e-15",
        "1.2 points",
    ):
        assert words in said


@pytest.mark.parametrize("name", MEASURED)
def test_each_peer_s_switches_give_its_numbers_by_hand(tmp_path, name):
    dedup, empty, inclusive, recall, mean_recall = MEASURED[name]
    words = [
        "--dedup",
        dedup,
        "--empty-predictions",
        empty,
        "--pixel-inclusive",
        inclusive,
        "--ties",
        "lowest",
    ]
    parser = argparse.ArgumentParser()
    add_switches(parser)
    switches = switches_of(parser.parse_args([*words, "--bootstrap", "0"]))
    found = evaluate(*write_case(tmp_path, by_hand()), "sgcls", switches=switches).content["metrics"]
    assert (found["recall_at_50"], found["mean_recall_at_50"]) == pytest.approx(
        (recall, mean_recall), abs=1e-15
    )
