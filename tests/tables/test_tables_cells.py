"""Numbers in are numbers out, in every format, and what is missing says so."""

import csv
import io
from dataclasses import replace
from statistics import fmean, stdev

import pytest
from made_inputs import BUILT, metrics_file

from relclip.core.atomic import write_json, write_text
from relclip.core.errors import ContractError
from relclip.core.params import load_params
from relclip.tables import claims as claim_table
from relclip.tables import latex, paper, plain
from relclip.tables.content import other_metrics, tie_spreads
from relclip.tables.grid import build_tables, cell, metric_label
from relclip.tables.results import Result, read_result


@pytest.fixture(scope="module")
def tables(inputs):
    return build_tables(load_params(inputs.params), inputs.evaluate, "annotation")


def rows_of(tables):
    return list(csv.DictReader(io.StringIO(plain.tables_csv(tables))))


def find(rows, **wanted):
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_one_run_keeps_its_numbers(tables):
    content = metrics_file("kb", "annotation", "sgcls")
    (row,) = find(rows_of(tables), block="table1_distant", row="KB", task="sgcls", metric="mean_recall_at_20")
    value = content["metrics"]["mean_recall_at_20"]
    assert float(row["ours"]) == pytest.approx(100 * value, abs=5e-5)
    assert [float(row["low"]), float(row["high"])] == pytest.approx(
        [100 * value - 1, 100 * value + 2], abs=5e-5
    )
    assert (row["std"], row["seeds"], row["state"]) == ("", "1", "measured")


def test_seeds_are_averaged_with_their_spread(tables):
    runs = [metrics_file(run, "annotation", "predcls")["metrics"]["recall_at_50"] for run in BUILT[4:6]]
    (row,) = find(
        rows_of(tables), block="table1_distant", row="RelCLIP (KB)", task="predcls", metric="recall_at_50"
    )
    assert float(row["ours"]) == pytest.approx(100 * fmean(runs), abs=5e-5)
    assert float(row["std"]) == pytest.approx(100 * stdev(runs), abs=5e-5)
    assert float(row["low"]) == pytest.approx(100 * fmean(runs) - 1, abs=5e-5)
    assert (row["seeds"], row["paper"]) == ("2", "54.1500")


def test_what_was_not_built_says_so_in_every_cell(tables):
    rows = rows_of(tables)
    missing = (
        find(rows, task="sgdet") + find(rows, row="Motif") + find(rows, row="Unary Contrast (predicate)")
    )
    assert missing
    assert {(row["state"], row["ours"], row["seeds"]) for row in missing} == {("not yet built", "", "0")}
    motif = next(line for line in plain.tables_markdown(tables).splitlines() if line.startswith("| Motif"))
    assert motif.count("not yet built") == 12
    body = latex.tables_latex(tables[:1])
    assert next(line for line in body.splitlines() if line.startswith("Motif &")).count("not yet built") == 12


def test_rows_outside_the_paper_are_marked(tables):
    marked = {row["row"] for row in rows_of(tables) if row["in_paper"] == "false"}
    assert marked == {"KB counts"}
    assert "| KB counts † |" in plain.tables_markdown(tables)


def test_undefined_metrics_and_intervals_leave_a_gap():
    result = Result({"recall_at_50": 0.5}, {}, {}, {}, {})
    assert cell([result], "recall_at_50").low is None
    assert cell([result], "mean_recall_at_50").ours is None
    assert cell([], "recall_at_50", 12.0).paper == 12.0


@pytest.mark.parametrize(
    ("metric", "label"),
    [("recall_at_20", "R@20"), ("ng_mean_recall_at_50", "ng-mR@50"), ("zero_shot_recall_at_100", "zR@100")],
)
def test_labels(metric, label):
    assert metric_label(metric) == label


def test_the_paper_data_are_whole():
    assert paper.numbers("table1_full", "RelCLIP")["sgdet/mean_recall_at_100"] == 29.52
    assert paper.numbers("table3", "No RCL (table 2)") == {
        "predcls/recall_at_50": 54.37,
        "predcls/recall_at_100": 57.11,
    }
    same = ("recall_at_50", "recall_at_100", "mean_recall_at_50", "mean_recall_at_100")
    ours, kb = paper.numbers("table5", "Ours"), paper.numbers("table1_distant", "RelCLIP (KB)")
    assert all(ours[f"predcls/{metric}"] == kb[f"predcls/{metric}"] for metric in same)
    assert paper.numbers("table3", "nobody") == {}


def test_paper_data_equal_the_gathered_ones(shared_data):
    import json

    theirs = json.loads((shared_data.parent / "paper" / "tables.json").read_text("utf-8"))
    for block, rows in (("table1_distant", theirs["table1"]["distant"]), ("table6", theirs["table6"])):
        for name, values in rows.items():
            if isinstance(values, list) and name != "columns":
                assert list(paper.numbers(block, name).values()) == values


def test_verdicts(inputs):
    claims = claim_table.read_claims(inputs.claims)
    found = [one.verdict if (one := claim.at("annotation", "recall_at_50")) else None for claim in claims]
    assert found == ["holds", "does not hold", "undecided", None]
    assert claims[0].at("annotation", "mean_recall_at_50").text == "+1.2 [+0.4, +2.0]"
    one_seed = claim_table.Difference("annotation", "recall_at_50", -1.6, -2.5, -0.5, (-1.6,))
    assert one_seed.verdict == "does not hold at one seed"
    assert claim_table.columns(claims) == [
        ("annotation", "recall_at_50"),
        ("annotation", "mean_recall_at_50"),
    ]
    lines = list(claim_table.claim_rows(claims))
    assert lines[-1][-2:] == ["not yet built", None]
    assert lines[0][-2:] == ["holds", "1.2000 1.2000"]


def test_hostile_names_stay_text(inputs):
    claims = claim_table.read_claims(inputs.claims)
    markdown, tex = plain.claims_markdown(claims), latex.claims_latex(claims)
    assert "RCL &lt;b&gt;helps&lt;/b&gt; &amp; 50%\\|" in markdown
    assert r"RCL \textless{}b\textgreater{}helps\textless{}/b\textgreater{} \& 50\%\textbar{}" in tex
    assert (
        latex.escape_latex("[a]\\b_{c}^~#$")
        == r"{[}a]\textbackslash{}b\_\{c\}\textasciicircum{}\textasciitilde{}\#\$"
    )
    assert plain.escape_markdown("*a*_[b](c)`d`\ne") == r"\*a\*\_\[b\](c)\`d\` e"


@pytest.mark.parametrize("content", ["[]", "{}", '{"metrics": {"recall_at_50": "x"}}', "not json"])
def test_a_broken_metrics_file_is_one_sentence(tmp_path, content):
    write_text(tmp_path / "run" / "predcls.json", content)
    with pytest.raises(ContractError, match=r"predcls\.json is not"):
        read_result(tmp_path, "run", "predcls", "annotation")


def test_broken_claims_are_one_sentence(tmp_path):
    write_json(tmp_path / "claims.json", [{"claim": "x"}])
    with pytest.raises(ContractError, match="is not what evaluate writes"):
        claim_table.read_claims(tmp_path / "claims.json")


def test_ties_show_where_they_matter_and_seeds_are_averaged():
    still = Result({"recall_at_50": 0.5, "mean_recall_at_50": 0.4}, {}, {}, {}, {})
    tied = replace(still, tie_spread={"recall_at_50": (0.5, 0.52), "mean_recall_at_50": (0.4, 0.4)})
    ((name, spreads),) = tie_spreads([("still", [still]), ("tied", [tied, still])])
    assert name == "tied"
    assert spreads == [pytest.approx((50.0, 51.0)), pytest.approx((40.0, 40.0))]


def test_the_other_set_of_pairs_has_its_own_columns():
    result = Result({"recall_at_50": 0.5}, {}, {}, {}, {}, other_overlap={"recall_at_50": 0.75})
    found = other_metrics([("row", [result])], require_overlap=False)
    cells = dict(zip(found["metrics"], found["rows"][0][1], strict=True))
    assert cells["R@50, overlapping pairs"].ours == 75.0
    assert cells["mR@50, overlapping pairs"].ours is None
