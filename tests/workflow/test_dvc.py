"""dvc.yaml is what `make dvc` writes; test_reruns.py compares the two tools themselves."""

import ast
import importlib
from pathlib import Path

import pytest
import yaml

from relclip.core.params.whole import load_params
from relclip.project.dvc import described

ROOT = Path(__file__).resolve().parents[2]
#: Sections that a stage reads through the trained run, whose files it depends on.
BY_THE_MODEL = {"predict": {"train", "runs", "refined"}, "gradcam": {"train", "runs", "refined"}}


@pytest.fixture(scope="module")
def stages():
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in content.items()}


def test_dvc_yaml_is_current():
    assert described(ROOT) == (ROOT / "dvc.yaml").read_text(), "make dvc"


def test_a_run_of_params_is_in_no_stage_but_by_its_list(stages):
    """So that a run which is added needs no new dvc.yaml."""
    params = load_params(ROOT / "params.yaml")
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    words = {
        part
        for stage in stages.values()
        for path in (*stage["deps"], *stage["outs"])
        for part in path.split("/")
    }
    words |= {part for stage in stages.values() for name in stage["params"] for part in name.split(".")}
    assert not words & {*params.runs, *params.refined, *params.predictions}
    assert content["train_run"]["matrix"] == {"run": "${runs}"}
    assert content["refine"]["foreach"] == "${refined}"
    assert content["predict_run_again"]["foreach"] == "${predictions}"
    assert "persist" not in (ROOT / "dvc.yaml").read_text()


def test_a_stage_reads_no_section_it_does_not_declare(stages):
    seen = 0
    for rules in sorted((ROOT / "workflow/rules").glob("*.smk")):
        declared = {
            name.split(".")[0]
            for stage in stages.values()
            if f"workflow/rules/{rules.name}" in stage["deps"]
            for name in stage["params"]
        }
        for path in sorted((ROOT / "relclip" / rules.stem).rglob("*.py")):
            read = sections_read(path)
            assert read - BY_THE_MODEL.get(rules.stem, set()) <= declared, f"{path} reads {read - declared}"
            seen += bool(read)
    assert seen > 15


def sections_read(path):
    """Sections of params.yaml that a source loads."""
    tree = ast.parse(path.read_text("utf-8"))
    where = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = set()
    for call in (
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ):
        if call.func.id == "load_section":
            found.add(call.args[1].value)
        elif call.func.id == "load_sections":
            here = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            module = importlib.import_module(where.get(call.args[1].id, here))
            found |= set(getattr(module, call.args[1].id).model_fields)
    return found - {"runs", "refined", "predictions"} if "predict" in path.parts else found
