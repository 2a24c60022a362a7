"""What an edit makes Snakemake and DVC do again: what can import the file, and nothing else; both tools the same."""

import csv
from contextlib import contextmanager

import pytest
import yaml
from test_pipeline import copy_of_the_project, executed

from relclip.project.code_digests import STAGE
from relclip.project.dvc import read_workflow

pytestmark = pytest.mark.workflow
TRAININGS = {"train_run", "refine"}
JUDGING = {"evaluate_run", "evaluate_sgdet", "claims"}
CLIP = {"clip_model", "clip_labels", "clip_prompts"}
BY_CLIP = {"features_maps", "ext_annotated", "ext_sgdet", "gradcam_run"}
#: A file of each room -> the rules whose commands can load it.
EDITS = {
    "core/params/evaluate.py": {*JUDGING, "tables"},
    "core/params/tables.py": {"claims", "tables"},
    "core/kb_filter.py": {*TRAININGS, "tables"},
    "compute/checkpoint.py": {*TRAININGS, "clip_model", "clip_labels", "detector"},
    "model/network.py": {*TRAININGS, "predict_run", "predict_sgdet", "gradcam_run"},
    "encoder/tokenizer.py": CLIP | BY_CLIP | {"predict_run", "predict_sgdet"},
    "tracking/curves.py": {*TRAININGS, "detector"},
    "people/judgements.py": {"tables"},
    "train/refine/visualds.py": {"refine"},
    "tables/template/page.html": {"tables"},
}
#: What no rule's command can load.
OF_NO_RULE = [
    "tracking/ui.py",
    "project/closure.py",
    "project/dvc.py",
    "photo/page.py",
    "annotate/server.py",
    "evaluate/convert.py",
    "tables/readme.py",
    "__main__.py",
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The smoke preset with an empty file for each output, which Snakemake takes as made."""
    house = copy_of_the_project(tmp_path_factory.mktemp("house"))
    house.run("git", "init", "--quiet")
    for line in house.run("snakemake", "--summary", "all").splitlines():
        path = house.folder / line.split("\t")[0]
        if line.count("\t") and line.split("\t")[0] != "output_file":
            folder = path if not path.suffix else path.parent
            folder.mkdir(parents=True, exist_ok=True)
            path.touch()
    house.run("snakemake", "--touch", "--forceall", "--cores", "1", "all")
    return house


@pytest.fixture(scope="module")
def resolved(house):
    """Stage of DVC -> (rule, deps, outs), as DVC resolves dvc.yaml here; sources in place of their digests."""
    script = (
        "import json; from dvc.repo import Repo; print(json.dumps({s.addressing: "
        "[s.cmd.partition('--allowed-rules ')[2].split(' ')[0], "
        "[d.def_path for d in s.deps if d.def_path != 'params.yaml'], [o.def_path for o in s.outs]] "
        "for s in Repo('.').index.stages}))"
    )
    stages = yaml.safe_load(house.run("python", "-c", script).splitlines()[-1])
    sources = {stages[name][2][0]: stages.pop(name)[1] for name in list(stages) if name.startswith(STAGE)}
    assert len(sources) > 5
    return {
        name: (rule, [path for dep in deps for path in sources.get(dep, [dep])], outs)
        for name, (rule, deps, outs) in stages.items()
    }


def covers(folder_or_file, path):
    return path == folder_or_file or path.startswith(folder_or_file + "/")


def planned(house):
    """The rules with a job to do."""
    return set(executed(house.run("snakemake", "--dry-run"))) - {"all"}


def after(rules, resolved):
    """These rules and all that read what they write, as DVC has it."""
    found = set(rules)
    while True:
        made = [out for rule, _, outs in resolved.values() if rule in found for out in outs]
        readers = {
            rule
            for rule, deps, _ in resolved.values()
            if any(covers(dep, out) or covers(out, dep) for dep in deps for out in made)
        }
        if readers <= found:
            return found
        found |= readers


@contextmanager
def edited(house, *names):
    """Files of relclip/ are others while this is open."""
    paths = [house.folder / "relclip" / name for name in names]
    before = [path.read_bytes() for path in paths]
    for path, content in zip(paths, before, strict=True):
        path.write_bytes(content + b"\n# edited\n")
    yield
    for path, content in zip(paths, before, strict=True):
        path.write_bytes(content)


def test_what_no_rule_can_load_makes_nothing_again(house, resolved):
    with edited(house, *OF_NO_RULE):
        assert planned(house) == set()
    deps = {dep for _, deps, _ in resolved.values() for dep in deps}
    assert not [name for name in OF_NO_RULE for dep in deps if covers(dep, f"relclip/{name}")]


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_makes_again_what_can_import_it(house, resolved, name):
    with edited(house, name):
        rules = planned(house)
    loading = {
        rule for rule, deps, _ in resolved.values() if any(covers(dep, f"relclip/{name}") for dep in deps)
    }
    assert loading == EDITS[name]
    assert rules == after(EDITS[name], resolved)


def test_what_was_deleted_is_made_again(house):
    """Though nothing that is left needs it: the tables are there."""
    deleted = [
        house.folder / name for name in ("data/train/relclip_kb/curves.csv", "data/kb/statistics.json")
    ]
    for path in deleted:
        path.unlink()
    assert {"train_run", "kb"} <= planned(house)
    for path in deleted:
        path.touch()
    assert planned(house) == set()


def test_dvc_knows_what_snakemake_reads_and_writes(house, resolved):
    """Every job of another preset than dvc.yaml was written from."""
    output = house.run("snakemake", "--detailed-summary", "all")
    lines = [line for line in output.splitlines() if line.count("\t") == 7]
    jobs = list(csv.DictReader(lines, delimiter="\t"))
    assert len(jobs) > 400
    optional = read_workflow(house.folder, (house.folder / "params.yaml").read_text()).optional()
    assert any(covers(out, "data/detector/statistics.json") for out in optional)
    for job in jobs:
        owners = [one for one in resolved.values() if any(covers(out, job["output_file"]) for out in one[2])]
        assert [rule for rule, _, _ in owners] == [job["rule"]], job["output_file"]
        for path in job["input-file(s)"].split(","):
            through_others = job["rule"] == "tables" and any(covers(out, path) for out in optional)
            assert through_others or any(covers(dep, path) for dep in owners[0][1]), (
                f"{job['rule']} reads {path}, DVC does not know"
            )
    for stage, (_, _, outs) in resolved.items():
        for out in outs:
            assert any(covers(out, job["output_file"]) for job in jobs), f"{stage}: no rule writes {out}"
