"""dvc.yaml and the Snakefile tell the same story: outputs, inputs and params of every stage and its rule."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from relclip.core.params import Params, load_params

ROOT = Path(__file__).resolve().parents[2]
#: Rules that share a file with another stage.
RULE_FILES = {"prompts": "clip", "predict_training_free": "predict", "claims": "evaluate"}
SECTIONS = [name for name in Params.model_fields if name != "runs"]


@pytest.fixture(scope="module")
def jobs():
    """Rule -> one job of it (the first), as Snakemake plans it: inputs and outputs with the run's name."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--nolock", "all"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    planned = {}
    for block in re.split(r"\n(?=rule \w+:\n)", done.stdout):
        name = re.match(r"rule (\w+):\n", block)
        if name and name[1] not in planned:
            planned[name[1]] = {key: paths(block, key) for key in ("input", "output")}
    return planned


def paths(block, key):
    """The paths behind `input:` or `output:` in one job of Snakemake's plan."""
    line = re.search(rf"^    {key}: (.*)$", block, re.MULTILINE)
    return set(line[1].split(", ")) if line else set()


@pytest.fixture(scope="module")
def stages():
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def resolved(stage, job):
    """The stage's deps and outs with the run's name of this job in place."""
    found = re.search(r"data/(?:train|predict|evaluate)/(\w+)/", " ".join(sorted(job["output"])))
    run = found[1] if found else ""
    return [[str(path).replace("${item.run}", run) for path in stage[key]] for key in ("deps", "outs")]


def covers(folder_or_file, path):
    return path == folder_or_file or path.startswith(folder_or_file + "/")


def rule_of(name):
    return "evaluate" if name == "evaluate_training_free" else name


def test_every_rule_has_its_stage_and_the_reverse(jobs, stages):
    assert set(jobs) - {"all"} == {rule_of(name) for name in stages}
    for name, stage in stages.items():
        assert f"--allowed-rules {rule_of(name)}" in stage["cmd"]


def test_outputs_agree(jobs, stages):
    for name, stage in stages.items():
        if name == "evaluate_training_free":
            continue
        _, outs = resolved(stage, jobs[name])
        outs += [str(metric) for metric in stage.get("metrics", [])]
        for path in jobs[name]["output"]:
            assert any(covers(out, path) for out in outs), (
                f"{name}: Snakemake writes {path}, DVC does not record it"
            )
        for out in outs:
            assert any(covers(out, path) for path in jobs[name]["output"]), (
                f"{name}: DVC records {out}, no rule writes it"
            )


def test_inputs_agree(jobs, stages):
    for name, stage in stages.items():
        if name == "evaluate_training_free":
            continue
        deps, _ = resolved(stage, jobs[name])
        assert f"workflow/rules/{RULE_FILES.get(name, name)}.smk" in deps
        for path in jobs[name]["input"]:
            assert any(covers(dep, path) for dep in deps), (
                f"{name}: Snakemake reads {path}, DVC does not know"
            )
        for dep in deps:
            if not dep.endswith(".smk"):
                assert any(covers(dep, path) for path in jobs[name]["input"]), (
                    f"{name}: DVC lists {dep}, the rule does not read it"
                )


def rule_params(name):
    """Sections of params.yaml that a rule declares, read off its text."""
    text = next(
        text
        for path in (ROOT / "workflow" / "rules").glob("*.smk")
        for text in re.split(r"\n(?=rule )", path.read_text())
        if text.startswith(f"rule {name}:")
    )
    keys = re.findall(r'config((?:\["\w+"\])+(?:\.get\("\w+")?)', text)
    return {".".join(re.findall(r'"(\w+)"', key)) for key in keys}


def test_params_agree(stages):
    for name, stage in stages.items():
        declared = {str(key).replace("runs.${item.run}", "runs") for key in stage["params"]}
        assert rule_params(rule_of(name)) == declared, name


@pytest.mark.parametrize(
    "package",
    ["raw", "dataset", "kb", "words", "clip", "features", "ext", "train", "predict", "evaluate", "tables"],
)
def test_a_stage_reads_no_section_it_does_not_declare(package, stages):
    declared = {
        str(key).split(".")[0]
        for name, stage in stages.items()
        for key in stage["params"]
        if f"relclip/{package}" in stage["deps"]
    }
    for path in (ROOT / "relclip" / package).rglob("*.py"):
        read = set(re.findall(rf"\bparams\.({'|'.join(SECTIONS)})\b", path.read_text("utf-8")))
        assert read <= declared, f"{path} reads {read - declared}"


def test_the_matrix_is_the_runs_of_params(stages):
    assert stages["train"]["matrix"] == {"run": "${runs}"}
    assert load_params(ROOT / "params.yaml").runs


def test_no_output_persists(stages):
    assert "persist" not in (ROOT / "dvc.yaml").read_text()
