"""dvc.yaml is what `make dvc` writes; test_reruns.py compares the two tools themselves."""

import ast
import importlib
from pathlib import Path

import pytest
import yaml

from relclip.core.params.whole import load_params
from relclip.project.dvc import described, own_files
from relclip.project.preset import PRESETS, preset_text

ROOT = Path(__file__).resolve().parents[2]
#: Sections that a stage reads through the trained run, whose files it depends on.
BY_THE_MODEL = {"predict": {"train", "runs", "refined"}, "gradcam": {"train", "runs", "refined"}}


@pytest.fixture(scope="module")
def stages():
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in content.items()}


def test_dvc_yaml_is_current():
    assert described(ROOT) == (ROOT / "dvc.yaml").read_text(), "make dvc"


def test_without_captions_no_stage_mines_or_reads_what_was_mined(stages, tmp_path):
    """Of the rules and of dvc.yaml made from them, for the preset `full`."""
    for name in ("Snakefile", "workflow", "relclip", "reports"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "params.yaml").write_text(preset_text("full", ROOT / "workflow/presets"))
    alone = {
        name: stage.get("do", stage) for name, stage in yaml.safe_load(described(tmp_path))["stages"].items()
    }
    gone = {
        "kb",
        "words",
        "ext_annotated",
        "ext_sgdet",
        "predict_training_free",
        "predict_training_free_sgdet",
    }
    assert gone <= set(stages) and not gone & set(alone)
    assert {"raw", "train_run", "refine", "evaluate_run", "evaluate_sgdet", "tables"} <= set(alone)
    read = {"/".join(path.split("/")[:2]) for stage in alone.values() for path in stage["deps"]}
    assert "data/features" in read and not read & {"data/kb", "data/words", "data/ext", "data/ext_sgdet"}


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
    words |= {
        part for stage in stages.values() for name in stage.get("params", []) for part in name.split(".")
    }
    assert not words & {*params.runs, *params.refined, *params.predictions}
    assert content["train_run"]["matrix"] == {"run": "${runs}"}
    assert content["refine"]["foreach"] == "${refined}"
    assert content["predict_run_again"]["foreach"] == "${predictions}"
    assert "persist" not in (ROOT / "dvc.yaml").read_text()


def test_what_params_may_leave_out_binds_no_stage_that_is_always_there():
    """The presets without a detector have no stage that makes data/detector."""
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    left_out = {out for name in ("clip_labels", "detector", "ext_sgdet") for out in content[name]["outs"]}
    always = [stage for stage in content.values() if "outs" in stage and "matrix" not in stage]
    assert {"data/detector", "data/ext_sgdet"} <= left_out
    assert any("reports/index.html" in stage["outs"] for stage in always)
    assert not [
        dep for stage in always for dep in stage["deps"] if any(dep.startswith(out) for out in left_out)
    ]


def test_files_that_params_name_are_dependencies_of_what_reads_them(tmp_path):
    """So that DVC notices what is inside."""
    for name in ("Snakefile", "workflow", "relclip", "reports"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "classes.txt").write_text("man\nhorse\n")
    params = preset_text("scenes", ROOT / PRESETS).replace("_aliases: null", "_aliases: names.txt")
    (tmp_path / "params.yaml").write_text(params.replace("objects: vg150", "objects: classes.txt"))
    found = {rule: set(files) for rule, files in own_files(tmp_path).items() if files}
    assert found == {"dataset": {"names.txt", "classes.txt"}, "kb": {"names.txt"}}
    assert not own_files(ROOT), "the default names none"


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
        elif (
            call.func.id in ("load_sections", "read_requests") and call.args[1].id != "sections"
        ):  # a parameter
            here = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            module = importlib.import_module(where.get(call.args[1].id, here))
            found |= set(getattr(module, call.args[1].id).model_fields)
    return found - {"runs", "refined", "predictions"} if "predict" in path.parts else found
