"""A wheel is enough: built, put into an empty environment, it makes a project whose pipeline runs there."""

import importlib
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from test_pipeline import ROOT, copy_of_the_project

import relclip
from relclip.core.errors import InputError
from relclip.project import init as project_init
from relclip.project import record
from relclip.project.init import init


def succeeded(*words, folder, **environment):
    done = subprocess.run(
        list(map(str, words)),
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment with the wheel of these sources; of all else it borrows the one that runs the tests."""
    sources = copy_of_the_project(tmp_path_factory.mktemp("sources")).folder
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    succeeded(
        *pip, "wheel", "--no-build-isolation", "--no-deps", "-w", "dist", ".", folder=sources, **os.environ
    )
    made = tmp_path_factory.mktemp("environment")
    venv.create(made, with_pip=False)
    python = made / "bin" / "python"
    wheel = next((sources / "dist").glob("*.whl"))
    succeeded(
        *pip, "--python", python, "install", "--no-deps", "--no-index", wheel, folder=made, **os.environ
    )
    packages = made / os.path.relpath(sysconfig.get_path("purelib"), sys.prefix)
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


@pytest.mark.workflow
def test_a_wheel_makes_a_project_that_runs(environment, tmp_path):
    python, path = environment / "bin" / "python", {"PATH": f"{environment / 'bin'}:/usr/bin:/bin"}
    said = succeeded(
        environment / "bin/relclip", "init", "mine", "--preset", "smoke", folder=tmp_path, **path
    )
    assert "cd mine && snakemake --cores all" in said
    project = tmp_path / "mine"
    planned = succeeded(python, "-m", "snakemake", "--cores", "2", "--dry-run", folder=project, **path)
    assert "tables" in planned
    not_activated = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    made = succeeded(python, "-m", "snakemake", "--cores", "2", "kb", folder=project, **not_activated)
    assert (project / "data/kb/triplets.parquet").is_file(), made
    again = succeeded("make", "--dry-run", "record", folder=project, **path)
    assert again.strip() == "python -m relclip.project.record"
    succeeded("git", "init", "--quiet", folder=project, **path)
    assert "train_run@relclip_full" in succeeded(python, "-m", "dvc", "stage", "list", folder=project, **path)


@pytest.mark.workflow
def test_a_wheel_names_the_licence_of_all_that_it_holds(environment):
    found = {path.parent for path in environment.glob("lib/*/site-packages/relclip-*/licenses/**/LICENSE")}
    held = {path.parent.relative_to(ROOT) for path in (ROOT / "relclip").rglob("LICENSE")}
    assert {str(path).rpartition("licenses")[2].strip("/") for path in found} == {"", *map(str, held)}


def test_no_image_takes_what_git_does_not():
    """Found so: the answers and names of `relclip annotate`, the keys in .dvc/config.local would have been in it."""
    own = set((ROOT / ".dockerignore").read_text().splitlines())
    left_out = {
        f".dvc/{line[1:]}" if file.parent.name == ".dvc" else line[1:] if line[0] == "/" else f"**/{line}"
        for file in (ROOT / ".gitignore", ROOT / ".dvc/.gitignore")
        for line in file.read_text().split()
    }
    assert {line.rstrip("/") for line in left_out} <= own


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project") / "mein Projekt é"
    init(folder, "smoke")
    return folder


@pytest.mark.parametrize("folder", ["my project; é", "-x"])
def test_what_comes_next_can_be_typed(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["relclip init", "--preset", "smoke", "--", folder])
    project_init.main()
    typed = capsys.readouterr().out.partition("next: ")[2].partition(" && ")[0]
    assert succeeded("sh", "-c", f"{typed} && ls Snakefile", folder=tmp_path) == "Snakefile\n"


def test_every_target_of_a_project_has_what_it_calls_and_the_others_say_what_they_need(project):
    lines = succeeded("make", "help", folder=project).splitlines()
    assert len({re.match(r"\S+ +", line).end() for line in lines}) == 1
    assert max(map(len, lines)) <= 100
    listed = {line.split()[0] for line in lines}
    assert {"tables", "gpu-check", "record"} < listed
    for target in listed - {"help"}:
        recipe = succeeded("make", "--dry-run", target, folder=project)
        for module in re.findall(r"python -m ([\w.]+)", recipe):
            assert (project / f"{module.replace('.', '/')}.py").is_file() or (
                project / module.replace(".", "/") / "__main__.py"
            ).is_file()
    every = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert every > listed
    for target in every - listed:
        done = subprocess.run(["make", target], cwd=project, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.count("\n")) == (2, 1)
        assert "a clone" in done.stdout


@pytest.mark.parametrize("module", ["record", "adopt"])
def test_without_git_one_sentence_says_so(project, module, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "argv", [module])
    Path("dvc.lock").touch()
    with pytest.raises(InputError, match="is not a git repository; git init first"):
        importlib.import_module(f"relclip.project.{module}").main()


PLANS = {
    "Nothing to be done (all requested files are present and up to date).\n": None,
    "job  count\n---  -----\ntrain_run  1\nclaims  1\nall  1\ntotal  3\n": "makes: train_run, claims would run; snake",
}


@pytest.mark.parametrize("plan", PLANS)
def test_record_takes_no_result_of_another_params_yaml(plan, tmp_path, monkeypatch):
    """Found so: an epsilon edited, `make record`, and dvc.lock named the old model as the new epsilon's."""
    monkeypatch.chdir(tmp_path)
    Path("dvc.lock").touch()
    monkeypatch.setattr(record, "output_of", lambda words, advice: plan)
    recorded = []
    repo = SimpleNamespace(status=lambda: {"train_run@a": []}, commit=lambda *one, **_: recorded.append(one))
    with pytest.raises(InputError, match=PLANS[plan]) if PLANS[plan] else nullcontext():
        record.record(repo)
    assert recorded == ([] if PLANS[plan] else [("train_run@a",)])


def test_a_folder_that_holds_something_or_a_preset_that_is_none_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(InputError, match="is not empty; name a new folder"):
        init(tmp_path / "mine", "smoke")
    with pytest.raises(InputError, match=r"there is no preset 'smok' \(did you mean 'smoke'"):
        init(tmp_path / "new", "smok")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "thesis.txt"]


def test_every_file_that_names_the_version_names_the_same():
    read = {
        "pyproject.toml": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        "CITATION.cff": yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"],
    }
    assert read == dict.fromkeys(read, relclip.__version__)
