"""docs/evaluators.md: its list of metrics is the registry's, and each row of its table of peers can be asked for."""

import argparse
import re
from pathlib import Path

import pytest
from evaluate_reference import TWIN, write_case

from relclip.core.json_file import read_json
from relclip.core.metrics import METRICS
from relclip.evaluate import evaluate
from relclip.evaluate.hits import FURTHER, HITS
from relclip.evaluate.switches import add_switches, switches_of

PAGE = (Path(__file__).parents[2] / "docs" / "evaluators.md").read_text("utf-8")


def metric_lines():
    yield "| name, label | K | |"
    yield "|:--|:--|:--|"
    for metric in METRICS:
        cutoffs = ", ".join(map(str, metric.cutoffs)) or "-"
        name, label = metric.at("K"), metric.label("K")  # type: ignore[arg-type]
        lists = "" if "ng_" in metric.lists or not metric.cutoffs else "; no `ng_`"
        yield f"| `{name}`, {label} | {cutoffs} | {metric.meaning}{lists} |"


def test_the_list_of_metrics_is_the_registry():
    block = re.search(r"<!-- metrics: .*? -->\n(.*?)<!-- end of metrics -->", PAGE, re.DOTALL)[1]
    assert block == "".join(f"{line}\n" for line in metric_lines())


def test_every_column_of_the_hits_is_named():
    plain = {name.removeprefix("ng_") for name in (*HITS.names, *FURTHER.names)}
    assert not [name for name in plain if name not in PAGE]


PEERS = re.findall(r"^\| (.+?) \| (true|false) \| (zero|skip) \| (true|false) \|$", PAGE, re.MULTILINE)


#: What each peer's own code says of a few images, with its commit (recorded once), and the row of the page it is under.
FROZEN = read_json(Path(__file__).with_name("peers.json"), "restore it")


def test_the_table_of_peers_is_the_one_that_was_measured():
    switches = ("row", "dedup", "empty-predictions", "pixel-inclusive")
    assert list(dict.fromkeys(tuple(peer[name] for name in switches) for peer in FROZEN["peers"])) == PEERS
    said = " ".join(PAGE.split())
    for words in ("Nine evaluators", "661 images", "3 x 50 random cases", "2,040 numbers", "1.2 points"):
        assert words in said


def frozen_images(changed):
    """The images as `changed` says: SGG-Benchmark on annotated boxes, SGBench without two truths a prediction."""
    for key, scene in FROZEN["images"].items():
        objects = {int(number): (kind, box) for number, (kind, box) in scene["objects"].items()}
        relations = scene["relations"]
        predicted = {int(number): tuple(found) for number, found in scene["predicted"].items()}
        if changed == "annotated boxes":
            predicted = {n: (kind, p, objects[n % 20][1]) for n, (kind, p, _) in predicted.items()}
        if changed == "no twins":
            objects.pop(TWIN, None)
            relations = [relation for relation in relations if TWIN not in (relation[0], relation[2])]
        yield (
            int(key),
            {"objects": objects, "relations": relations, "predicted": predicted, "rows": scene["rows"]},
        )


@pytest.mark.parametrize("peer", FROZEN["peers"], ids=lambda peer: f"{peer['row']}: {peer['code']}")
def test_each_peer_s_switches_give_what_its_own_code_gave(tmp_path, peer):
    words = [
        word
        for name in ("dedup", "empty-predictions", "pixel-inclusive")
        for word in (f"--{name}", peer[name])
    ]
    parser = argparse.ArgumentParser()
    add_switches(parser)
    switches = switches_of(parser.parse_args([*words, "--ties", "lowest", "--bootstrap", "0"]))
    folders = write_case(tmp_path, dict(frozen_images(peer["changed"])))
    found = evaluate(*folders, "sgdet", switches=switches).content["metrics"]
    assert {name: found[name] for name in peer["metrics"]} == pytest.approx(peer["metrics"], abs=1e-12)
