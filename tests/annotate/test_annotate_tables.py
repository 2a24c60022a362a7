"""Table 2 with what people judged: their columns beside the oracle's, in words who they are; without them none."""

import pyarrow as pa
import pytest
from annotate_case import RUNS, SWITCHES
from test_annotate_server import ROOT

from relclip.core.errors import ContractError
from relclip.core.params.whole import check_params
from relclip.core.parquet import JUDGEMENTS, write_table
from relclip.project.preset import preset_content
from relclip.tables import plain
from relclip.tables.grid import build_tables
from relclip.tables.people import read_people


@pytest.fixture(scope="module")
def params():
    content = preset_content("smoke", ROOT / "workflow/presets")
    content["runs"] |= {run: {"supervision": "full"} for run in RUNS}
    content["evaluate"] = SWITCHES.model_dump()
    names = ("RelCLIP (No RCL)", "RelCLIP")
    rows = [{"name": name, "run": run} for name, run in zip(names, RUNS, strict=True)]
    rows += [{"name": "never evaluated", "run": "relclip_full"}]
    columns = {"predcls": ["precision_at_10", "precision_at_20", "recall_at_50", "recall_at_100"]}
    content["report"] = {"tables": {"table2": {"title": "Precision", "columns": columns, "rows": rows}}}
    return check_params(content)


def written(case, folder, people):
    asked = case.asked.questions
    rows = [
        (name, one.image_id, one.subject_id, one.object_id, one.predicate_id, one.key, said)
        for name, given in people.items()
        for key, said in given.items()
        if (one := asked.get(key))
    ]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(JUDGEMENTS.names)}
    write_table(folder / "judgements.parquet", pa.table(columns), JUDGEMENTS)
    return folder


def table2(case, params, folder):
    people = read_people(params, case.data, case.root / "evaluate", folder)
    tables = build_tables(params, case.root / "evaluate", "annotation", None, people)
    return next(table for table in tables if table.key == "table2")


def test_people_stand_beside_the_oracle(case, params, tmp_path):
    truth = case.true_answers()
    table = table2(case, params, written(case, tmp_path, {"a": truth, "b": truth}))
    shown = [column.label for column in table.shown]
    assert shown[:4] == ["P@10 (people)", "P@20 (people)", "P@10 (oracle)", "P@20 (oracle)"]
    for line in table.blocks[0].lines[:2]:
        people, oracle = line.cells[:2], line.cells[2:4]
        assert [(one.ours, one.low, one.high, one.paper) for one in people] == [
            (one.ours, one.low, one.high, one.paper) for one in oracle
        ]
        assert people[0].ours is not None
    assert {cell.state for cell in table.blocks[0].lines[2].cells} == {"not yet built"}
    assert "(people): 2 annotators, Fleiss' kappa 1.00, 4 of 4 images" in table.note
    assert "P@10 (people)" in plain.tables_markdown([table])
    assert "people_precision_at_10" in plain.tables_csv([table])


def test_one_person_has_no_kappa(case, params, tmp_path):
    table = table2(case, params, written(case, tmp_path, {"a": case.true_answers()}))
    assert "1 annotator, no kappa" in table.note


def test_without_judgements_the_table_stays(case, params, tmp_path):
    without = table2(case, params, None)
    assert without == table2(case, params, tmp_path)
    assert not any("people" in column.label for column in without.columns)


def test_judgements_of_other_predictions_are_named_and_not_shown(case, params, tmp_path):
    key = next(iter(case.asked.questions))
    table = table2(case, params, written(case, tmp_path, {"a": {key: "right"}}))
    assert "are of other predictions" in table.note
    assert not any("people" in column.label for column in table.columns)


def test_an_answer_that_is_none_is_refused(case, params, tmp_path):
    key = next(iter(case.asked.questions))
    with pytest.raises(ContractError, match="has the answer 'perhaps'; allowed: right, wrong, skip"):
        table2(case, params, written(case, tmp_path, {"a": {key: "perhaps"}}))
