"""dvc.yaml and the Snakefile tell the same story: outputs, inputs and params of every stage and its rule."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from stages import STAGES

from relclip.core.params.train import Train
from relclip.core.params.whole import Params, load_params

ROOT = Path(__file__).resolve().parents[2]
#: Rules that share a file with another stage.
RULE_FILES = {
    "prompts": "clip",
    "labels": "clip",
    "ext_sgdet": "ext",
    "refine": "train",
    "predict_sgdet": "predict",
    "predict_training_free": "predict",
    "predict_training_free_sgdet": "predict",
    "evaluate_sgdet": "evaluate",
    "claims": "evaluate",
}
#: Stages of one rule: DVC has a list of names each, Snakemake one wildcard.
SAME_RULE = {
    "features_labels": "features",
    "predict_refined": "predict",
    "predict_again": "predict",
    "evaluate_refined": "evaluate",
    "evaluate_again": "evaluate",
    "evaluate_training_free": "evaluate",
    "evaluate_training_free_sgdet": "evaluate_sgdet",
}
#: Sections that name things; a stage reads them through Params.run and Params.prediction.
NAMING = {"runs", "refined", "predictions"}
SECTIONS = [name for name in Params.model_fields if name not in NAMING]


@pytest.fixture(scope="module")
def jobs():
    """Rule -> its job that reads the most files, as Snakemake plans it: inputs and outputs with the run's name."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--nolock", "all"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    planned = {}
    for block in re.split(r"\n(?=rule \w+:\n)", done.stdout):
        name = re.match(r"rule (\w+):\n", block)
        job = {key: paths(block, key) for key in ("input", "output")}
        if not name or of_another_stage(name[1], job):
            continue
        before = planned.get(name[1])
        read = job["input"] | (before["read by any"] if before else set())
        chosen = before if before and len(before["input"]) >= len(job["input"]) else job
        planned[name[1]] = {**chosen, "read by any": read}
    return planned


def of_another_stage(rule, job):
    """Whether DVC has a stage of its own for this job: the second encoder, a run that is predicted again."""
    names = [
        re.search(r"data/(?:train|predict)/(\w+)/", path) for path in sorted(job["output"] | job["input"])
    ]
    runs = {name[1] for name in names if name}
    second_encoder = any(path.startswith("data/features/labels/") for path in job["output"])
    return second_encoder or (rule == "predict" and len(runs) > 1)


def paths(block, key):
    """The paths behind `input:` or `output:` in one job of Snakemake's plan."""
    line = re.search(rf"^    {key}: (.*)$", block, re.MULTILINE)
    return set(line[1].split(", ")) if line else set()


@pytest.fixture(scope="module")
def stages():
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in content.items()}


def resolved(stage, job):
    """The stage's deps and outs with the names of this job in place of DVC's."""
    found = re.search(r"data/(?:train|predict|evaluate|gradcam)/(\w+)/", " ".join(sorted(job["output"])))
    start = re.search(r"data/train/(\w+)/", " ".join(sorted(job["input"])))
    names = {
        "${item.run}": found[1] if found else "",
        "${key}": found[1] if found else "",
        "${item.start}": start[1] if start else "",
        "${item.encoder}": "labels",
        "${item.detector}": "detector",
    }
    paths = [list(map(str, stage[key])) for key in ("deps", "outs")]
    for name, value in names.items():
        paths = [[path.replace(name, value) for path in part] for part in paths]
    return paths


def covers(folder_or_file, path):
    return path == folder_or_file or path.startswith(folder_or_file + "/")


def rule_of(name):
    return SAME_RULE.get(name, name)


def own(stages):
    """The stages that carry their rule's name."""
    return {name: stage for name, stage in stages.items() if name not in SAME_RULE}


def test_every_rule_has_its_stage_and_the_reverse(jobs, stages):
    assert set(jobs) - {"all"} == {rule_of(name) for name in stages}
    for name, stage in stages.items():
        assert f"--allowed-rules {rule_of(name)}" in stage["cmd"]


def test_outputs_agree(jobs, stages):
    for name, stage in own(stages).items():
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
    for name, stage in own(stages).items():
        deps, _ = resolved(stage, jobs[name])
        assert f"workflow/rules/{RULE_FILES.get(name, name)}.smk" in deps
        for path in jobs[name]["input"]:
            assert any(covers(dep, path) for dep in deps), (
                f"{name}: Snakemake reads {path}, DVC does not know"
            )
        for dep in deps:
            if not dep.endswith(".smk"):
                assert any(covers(dep, path) for path in jobs[name]["read by any"]), (
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
    keys = re.findall(r'config((?:\["\w+"\])*(?:\.get\("\w+")?)', text)
    return {".".join(re.findall(r'"(\w+)"', key)) for key in keys if key}


def test_params_agree(stages):
    for name, stage in stages.items():
        declared = {re.sub(r"\.\$\{.*\}$", "", str(key)) for key in stage["params"]}
        # without an entry of its own a run is predicted as `predict` says
        optional = {"predictions"} if rule_of(name).startswith("predict") else set()
        assert rule_params(rule_of(name)) - optional == declared - optional, name


@pytest.mark.parametrize("package", STAGES)
def test_a_stage_reads_no_section_it_does_not_declare(package, stages):
    declared = {
        str(key).split(".")[0]
        for name, stage in stages.items()
        for key in stage["params"]
        if f"relclip/{package}" in stage["deps"]
    }
    # in `train`, params is one run: its fields `features` and `kb` are no sections
    declared |= set(Train.model_fields) if package == "train" else set()
    for path in (ROOT / "relclip" / package).rglob("*.py"):
        read = set(re.findall(rf"\bparams\.({'|'.join(SECTIONS)})\b", path.read_text("utf-8")))
        assert read <= declared, f"{path} reads {read - declared}"


def test_the_lists_are_those_of_params():
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert content["train"]["matrix"] == {"run": "${runs}"}
    assert content["refine"]["foreach"] == "${refined}"
    assert content["predict_again"]["foreach"] == "${predictions}"
    params = load_params(ROOT / "params.yaml")
    assert params.runs and params.refined and params.predictions


def test_no_output_persists(stages):
    assert "persist" not in (ROOT / "dvc.yaml").read_text()
