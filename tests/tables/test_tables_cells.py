"""Numbers in are numbers out, in every format, and what is missing says so."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import pytest
from made_inputs import ALL_PAIRS, ON_BOXES, metrics_file, precision_file, write_evaluated

from relclip.core.atomic import write_json, write_text
from relclip.core.errors import ContractError, ParamsError
from relclip.core.metrics import MEASURES, metric_label
from relclip.core.params.tables import Report, Row, Table
from relclip.core.params.together import check_tables
from relclip.core.params.whole import load_workflow
from relclip.tables import claims as claim_table
from relclip.tables import latex, paper, plain
from relclip.tables.content import other_metrics, tie_spreads
from relclip.tables.grid import build_tables, cell
from relclip.tables.layout import row_note
from relclip.tables.results import Result, read_confusion, read_result
from relclip.tables.summary import leaders

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"


@pytest.fixture(scope="module")
def tables(inputs):
    return build_tables(load_workflow(inputs.params), inputs.evaluate, "annotation")


def rows_of(tables):
    return list(csv.DictReader(io.StringIO(plain.tables_csv(tables))))


def find(rows, **wanted):
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def showing(task, *metrics):
    return Report(tables={"mine": Table(title="Mine", columns={task: list(metrics)})})


@pytest.mark.parametrize(
    ("task", "metric", "said"),
    [
        ("predcls", "recal_at_50", r"of predcls, which nothing measures \(did you mean 'recall_at_50'"),
        ("sgcls", "precision_at_10", "'mine' shows 'precision_at_10' of sgcls"),
        ("predcls", "precision_at_30", "did you mean 'precision_at_"),
        ("kb", "coverag", "did you mean 'coverage'"),
    ],
)
def test_a_column_that_nothing_measures_is_refused(task, metric, said):
    with pytest.raises(ParamsError, match=said):
        check_tables(showing(task, metric))


@pytest.mark.parametrize("name", ["claims", "knowledge", "../x", "a/b", "", "my table"])
def test_a_table_whose_files_would_be_others_is_refused(name):
    with pytest.raises(ParamsError, match=f"a table is called '{re.escape(name)}'"):
        check_tables(Report(tables={name: Table(title="Mine", columns={})}))


def test_every_column_of_our_tables_is_measured():
    texts = [path.read_text() for path in (WORKFLOW / "tables.yaml", *WORKFLOW.glob("tables/*.yaml"))]
    found = [
        found for text in texts for found in re.findall(r"(kb|predcls|sgcls|sgdet): \[(\w[^]]*)\]", text)
    ]
    for task, metrics in found:
        check_tables(showing(task, *metrics.split(", ")))
    assert {task for task, _ in found} == {"kb", "predcls", "sgcls", "sgdet"}


def test_a_first_table_without_predcls_has_no_leader(inputs):
    params = load_workflow(inputs.params)
    report = params.report.model_copy(
        update={
            "tables": {
                "mine": Table(
                    title="Mine", columns={"sgcls": ["recall_at_50"]}, rows=[Row(name="KB", runs=["kb"])]
                )
            }
        }
    )
    assert (
        leaders(build_tables(params.model_copy(update={"report": report}), inputs.evaluate, "annotation"))
        == []
    )


def test_one_run_keeps_its_numbers(tables):
    content = metrics_file("kb", "annotation", "sgcls")
    (row, _) = find(
        rows_of(tables), block="table1_distant", row="KB", task="sgcls", metric="mean_recall_at_20"
    )
    value = content["metrics"]["mean_recall_at_20"]
    assert float(row["ours"]) == pytest.approx(100 * value, abs=5e-5)
    assert [float(row["low"]), float(row["high"])] == pytest.approx(
        [100 * value - 1, 100 * value + 2], abs=5e-5
    )
    assert (row["std"], row["seeds"], row["state"]) == ("", "1", "measured")


def test_seeds_are_averaged_with_their_spread(tables):
    names = ("relclip_kb", "relclip_kb_seed1")
    runs = [metrics_file(run, "annotation", "predcls")["metrics"]["recall_at_50"] for run in names]
    where = {"block": "table1_distant", "row": "RelCLIP (KB), labels as input", "pairs": ""}
    (row,) = find(rows_of(tables), **where, task="predcls", metric="recall_at_50")
    assert float(row["ours"]) == pytest.approx(100 * fmean(runs), abs=5e-5)
    assert float(row["std"]) == pytest.approx(100 * stdev(runs), abs=5e-5)
    assert float(row["low"]) == pytest.approx(100 * fmean(runs) - 1, abs=5e-5)
    assert (row["seeds"], row["paper"]) == ("2", "54.1500")


def test_what_was_not_built_says_so_in_every_cell(tables):
    missing = find(rows_of(tables), row="BA-SGG") + find(rows_of(tables), row="Unary Contrast (predicate)")
    assert missing
    assert {(row["state"], row["ours"], row["seeds"]) for row in missing} == {("not yet built", "", "0")}
    line = next(line for line in plain.tables_markdown(tables).splitlines() if line.startswith("| BA-SGG"))
    assert line.count("not yet built") == 12
    body = latex.tables_latex(tables[:1])
    assert (
        next(line for line in body.splitlines() if line.startswith("BA-SGG &")).count("not yet built") == 12
    )


def test_a_run_that_is_there_is_never_called_not_built(tables):
    rows = [row for row in rows_of(tables) if row["table"] == "table1" and not row["pairs"]]
    measured = find(rows, row="RelCLIP (KB), labels as input", task="sgdet")
    content = metrics_file(ON_BOXES, "annotation", "sgdet")["metrics"]
    for row in measured:
        assert float(row["ours"]) == pytest.approx(100 * content[row["metric"]], abs=5e-5)
    without = find(rows, row="KB", task="sgdet")
    assert len(measured) == len(without) == sum(not one.listed for one in MEASURES.values())
    assert {row["state"] for row in without} == {"not measured"}
    other = find(rows_of(tables), table="table1", row="KB", task="sgdet", pairs="overlapping pairs")
    assert {row["state"] for row in other} == {"not measured"}


def test_zero_shot_recall_of_every_task_is_in_the_csv_of_table_1(tables):
    rows = find(rows_of(tables), table="table1", row="KB", metric="zero_shot_recall_at_50", pairs="")
    assert {row["task"]: row["state"] for row in rows} == {
        "predcls": "measured",
        "sgcls": "measured",
        "sgdet": "not measured",
    }


def test_table_2_shows_the_oracle_beside_people(tables):
    table = next(table for table in tables if table.key == "table2")
    assert [column.label for column in table.columns if column.shown] == [
        "P@10 (oracle)",
        "P@20 (oracle)",
        "R@50",
        "R@100",
    ]
    cells = table.blocks[0].lines[3].cells
    expected = precision_file("relclip_kb_ext")["metrics"]["precision_at_10"]
    assert (cells[0].ours, cells[0].low) == pytest.approx((100 * expected, 100 * expected - 10), abs=1e-4)
    assert (cells[0].paper, cells[1].paper, cells[1].low) == (49.41, 46.1, None)
    assert "oracle" in table.note


def test_both_sets_of_pairs_are_shown_where_both_were_judged(tables):
    table = next(table for table in tables if table.key == "beyond")
    shown = [column.label for column in table.columns if column.shown]
    assert shown == ["R@50", "mR@50", "zR@50", "R@50, overlapping pairs", "R@50"]
    lines = {line.name: line for block in table.blocks for line in block.lines}
    whole = 100 * metrics_file(ALL_PAIRS, "annotation", "predcls")["metrics"]["recall_at_50"]
    both = lines["RelCLIP (KB+EXT), all pairs"].cells
    assert (both[0].ours, both[3].ours) == pytest.approx((whole, whole + 10))
    assert lines["12 images a batch"].cells[3].state == "same pairs"
    rows = find(
        rows_of(tables), row="RelCLIP (KB+EXT), all pairs", task="predcls", metric="mean_recall_at_50"
    )
    assert {row["pairs"] for row in rows} == {"", "overlapping pairs"}


def test_groups_are_blocks_and_tables_outside_the_paper_show_no_paper(tables):
    table = next(table for table in tables if table.key == "beyond")
    titles = [block.title for block in table.blocks]
    assert len(titles) == len(set(titles)) > 1
    markdown = plain.tables_markdown([table])
    assert markdown.startswith("### Rows beyond the paper, judged on the annotation")
    assert "paper –" not in markdown and "†" not in markdown
    assert r"\quad paper" not in latex.tables_latex([table])


def test_a_row_says_how_it_ranks_where_that_is_not_by_softmax(inputs, tables):
    params = load_workflow(inputs.params)
    assert params.prediction("motif_kb")[2] == "sigmoid"
    assert row_note(params, Row(name="x", runs=["motif_kb"], note="half")) == "half; ranked by sigmoid"
    assert row_note(params, Row(name="x", runs=["motif_kb_all_pairs"])) == "ranked by sigmoid"
    assert row_note(params, Row(name="x", runs=["kb", "relclip_kb"])) == ""
    (row,) = find(
        rows_of(tables), block="table1_distant", row="Motif", task="sgcls", metric="recall_at_50", pairs=""
    )
    assert row["note"] == "ranked by sigmoid"
    assert "| Motif<br>ranked by sigmoid |" in plain.tables_markdown(tables)
    assert r"{\quad ranked by sigmoid}" in latex.tables_latex(tables[:1])


def test_the_size_of_the_knowledge_base_stands_beside_the_recall(inputs):
    known = {"kb_size_1": Result({"captions": 0.01, "precision": 0.5, "coverage": 0.25})}
    tables = build_tables(load_workflow(inputs.params), inputs.evaluate, "annotation", known)
    table = next(table for table in tables if table.key == "kb_size")
    cells = table.blocks[0].lines[0].cells
    recall = 100 * metrics_file("kb_size_1", "annotation", "predcls")["metrics"]["recall_at_50"]
    assert [cell.ours for cell in cells[:4]] == pytest.approx([1, 50, 25, recall], abs=5e-5)


def test_rows_outside_the_paper_are_marked(tables):
    table1 = [row for row in rows_of(tables) if row["table"] == "table1"]
    marked = {row["row"] for row in table1 if row["in_paper"] == "false"}
    assert marked >= {"KB counts", "VisualDS (semi-supervised)"}
    assert marked.isdisjoint({"EXT", "KB", "KB+EXT", "BA-SGG", "RelCLIP (KB+EXT)", "RelCLIP"})
    assert "| KB counts † |" in plain.tables_markdown(tables)


def test_undefined_metrics_and_intervals_leave_a_gap():
    result = Result({"recall_at_50": 0.5})
    assert cell([result], "recall_at_50").low is None
    assert cell([result], "mean_recall_at_50").ours is None
    assert cell([], "recall_at_50", 12.0).paper == 12.0


def test_a_cell_ends_in_the_digit_that_its_csv_rounds_to():
    value = 0.0055
    assert f"{100 * value:.1f}" == "0.5" != f"{float(f'{100 * value:.4f}'):.1f}"
    one = cell([Result({"recall_at_50": value}, {"recall_at_50": (value, value)})], "recall_at_50")
    assert plain.measured(one) == ["0.6", f"[0.6,{plain.NO_BREAK}0.6]"]


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
    theirs = json.loads((shared_data.parent / "paper" / "tables.json").read_text("utf-8"))
    blocks = {"table1_distant": theirs["table1"]["distant"], "table1_full": theirs["table1"]["full"]}
    for block, rows in (blocks | {f"table{n}": theirs[f"table{n}"] for n in (2, 3, 4, 5, 6)}).items():
        for name, values in rows.items():
            if isinstance(values, list) and name != "columns":
                assert list(paper.numbers(block, name).values()) == values


def paper_of(inputs, section, place, **changes):
    """The paper's R@50 beside one row, with the row changed."""
    params = load_workflow(inputs.params)
    table = params.report.tables[section if section in params.report.tables else "table1"]
    rows = table.rows or table.blocks[section].rows
    rows[place] = rows[place].model_copy(update=changes)
    tables = build_tables(params, inputs.evaluate, "annotation")
    line = next(block for table in tables for block in table.blocks if block.key == section).lines[place]
    return line.cells[0].paper


def test_the_papers_number_belongs_to_what_was_trained_and_not_to_a_name(inputs):
    assert paper_of(inputs, "table6", 1) == 52.98
    assert paper_of(inputs, "table6", 1, name="low threshold", paper="0.3") == 52.98
    assert paper_of(inputs, "table6", 1, runs=["epsilon_05"]) is None
    assert paper_of(inputs, "table5", 1, runs=["no_weight"]) is None
    assert paper_of(inputs, "table1_full", 1) == 67.93


def test_every_row_of_the_papers_that_is_trained_says_with_what():
    free = {"EXT", "KB", "KB+EXT"}
    content = json.loads(Path(paper.__file__).with_name("paper.json").read_text("utf-8"))
    for block, table in content["tables"].items():
        assert set(table["trained"]) == set(table["rows"]) - free, block


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
    assert (lines[-1][1], claims[-1].name, claims[0].task) == ("sgdet", "absent (SGDet)", "predcls")
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
    write_text(tmp_path / "run" / "predcls" / "annotation.json", content)
    with pytest.raises(ContractError, match=r"annotation\.json is not"):
        read_result(tmp_path, "run", "predcls", "annotation")


def test_a_broken_oracle_sheet_is_one_sentence(tmp_path):
    write_evaluated(tmp_path / "run", "run")
    write_text(tmp_path / "run" / "predcls" / "precision.json", '{"metrics": 3}')
    with pytest.raises(ContractError, match=r"precision\.json is not"):
        read_result(tmp_path, "run", "predcls", "annotation")


def test_validation_knows_no_oracle_and_a_missing_run_is_none(tmp_path):
    write_evaluated(tmp_path / "run", "run")
    assert "precision_at_10" not in read_result(tmp_path, "run", "predcls", "validation").metrics
    assert read_result(tmp_path, "run", "sgdet", "annotation") is None
    assert read_confusion(tmp_path, "nobody", "truth") is None
    assert read_confusion(tmp_path, "run", "truth") == {(1, 1): 9, (3, 1): 7}


def test_broken_claims_are_one_sentence(tmp_path):
    write_json(tmp_path / "claims.json", [{"claim": "x"}])
    with pytest.raises(ContractError, match="is not what evaluate writes"):
        claim_table.read_claims(tmp_path / "claims.json")


def test_ties_show_where_they_matter_and_seeds_are_averaged():
    still = Result({"recall_at_50": 0.5, "mean_recall_at_50": 0.4})
    tied = replace(still, tie_spread={"recall_at_50": (0.5, 0.52), "mean_recall_at_50": (0.4, 0.4)})
    ((name, spreads),) = tie_spreads([("still", [still]), ("tied", [tied, still])])
    assert name == "tied"
    assert spreads == [pytest.approx((50.0, 51.0)), pytest.approx((40.0, 40.0))]


def test_the_other_set_of_pairs_has_its_own_columns():
    result = Result({"recall_at_50": 0.5}, other_overlap={"recall_at_50": 0.75})
    found = other_metrics([("row", [result])], require_overlap=False)
    cells = dict(zip(found["metrics"], found["rows"][0][1], strict=True))
    assert cells["R@50, overlapping pairs"].ours == 75.0
    assert cells["mR@50, overlapping pairs"].state == "same pairs"
    assert cells["zR@50"].state == "not measured"
    without = other_metrics([("row", [replace(result, other_overlap={})])], require_overlap=False)
    assert not any("pairs" in metric for metric in without["metrics"])
