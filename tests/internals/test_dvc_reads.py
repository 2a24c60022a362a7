"""DVC with what is read once: the same dvc.lock, the same run cache, as DVC writes by itself."""

import shutil
import subprocess
import sys
from unittest.mock import patch

import dvc
import pytest
import yaml

from relclip.internals.dvc import read_once

STAGES = {
    "copied": {
        "cmd": "cp a copied; cat params.yaml > more",
        "deps": ["a", "shared"],
        "params": ["one", "two.three"],
        "outs": ["copied", "more"],
    },
    "again": {"cmd": "cp copied again", "deps": ["copied", "shared"], "params": ["one"], "outs": ["again"]},
}


def shell(folder, *words):
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared" / "code.py").write_text("pass")
    (folder / "a").write_text("a")
    (folder / "params.yaml").write_text("one: {x: [1, 2], y: {z: 1}}\ntwo: {three: 1e-3}\n")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
    shell(folder, "git", "init", "--quiet")
    shell(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    for stage in STAGES.values():
        shell(folder, "bash", "-c", stage["cmd"])
    shell(folder, "git", "add", "--all", ":!copied", ":!more", ":!again")
    return folder


def recorded(folder, version, monkeypatch):
    """dvc.lock after `dvc commit`, and the entries of the run cache."""
    from dvc.repo import Repo

    monkeypatch.chdir(folder)
    with read_once(version) as known, Repo() as repo:
        repo.commit(force=True)
    runs = [path for path in (folder / ".dvc/cache/runs").rglob("*") if path.is_file()]
    return (
        known,
        (folder / "dvc.lock").read_bytes(),
        {path.name: yaml.safe_load(path.read_text()) for path in runs},
    )


@pytest.mark.workflow
def test_what_dvc_writes_is_the_same_and_its_run_cache_is_found(project, tmp_path, monkeypatch, capsys):
    shutil.copytree(project, tmp_path / "slow")
    known, lock, runs = recorded(project, dvc.__version__, monkeypatch)
    other, slow_lock, slow_runs = recorded(tmp_path / "slow", "0.1", monkeypatch)
    assert (known, other) == (True, False)
    assert "DVC 0.1 is not the one that was looked into" in capsys.readouterr().err
    assert lock == slow_lock and b"&id" not in lock
    assert runs == slow_runs and len(runs) == len(STAGES)

    from dvc.repo import Repo

    (project / "dvc.lock").unlink()
    for name in ("copied", "more", "again"):
        (project / name).unlink()
    monkeypatch.chdir(project)
    with Repo() as repo, patch("dvc.stage.run.cmd_run", side_effect=AssertionError("the run cache has it")):
        repo.reproduce()
        assert not repo.status()
    assert yaml.safe_load((project / "dvc.lock").read_text()) == yaml.safe_load(lock)
