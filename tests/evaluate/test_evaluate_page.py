"""docs/evaluators.md: its list of metrics is the registry's, and each row of its table of peers can be asked for."""

import re
from pathlib import Path

import numpy as np
import pytest
from evaluate_reference import random_case, reference_metrics, write_case

from relclip.core.metrics import METRICS
from relclip.core.params.evaluate import Evaluate
from relclip.evaluate import evaluate
from relclip.evaluate.hits import FURTHER, HITS

PAGE = (Path(__file__).parents[2] / "docs" / "evaluators.md").read_text("utf-8")


def metric_lines():
    yield "| name, label | K | | |"
    yield "|:--|:--|:--|:--|"
    for metric in METRICS:
        cutoffs = ", ".join(map(str, metric.cutoffs))
        lists = "" if "ng_" in metric.lists else "; no `ng_`"
        unit = {"share": "", "number": "a number, "}[metric.unit]
        better = "higher is better" if metric.higher_is_better else "lower is better"
        yield f"| `{metric.name}_at_K`, {metric.letters}@K | {cutoffs} | {metric.meaning}{lists} | {unit}{better} |"


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


def test_nine_evaluators_are_named():
    wanted = ("Scene-Graph-Benchmark", "OvSGTR", "VisualDS", "OpenPSG", "neural-motifs", "RelTR", "EGTR")
    assert all(name in PAGE for name in (*wanted, "SGG-Benchmark", "SGBench"))
    assert len(PEERS) == 9
