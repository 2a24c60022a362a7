"""Every command that README.md shows is run by a test, or at least read by the program it names."""

import contextlib
import importlib
import io
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from relclip.__main__ import ALONE, COMMANDS, overview

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
RUNNING = "".join(
    path.read_text("utf-8")
    for path in (ROOT / "tests/workflow").glob("test_*.py")
    if path.name != Path(__file__).name
)
PROGRAMS = ("make", "snakemake", "dvc", "relclip", "python", "git", "mlflow", "pip", "pytest", ".", "$EDITOR")
#: What cannot be read by asking a parser -> the words of the test that runs it, in this folder.
RUN = {
    ". .venv/bin/activate": 'environment["PATH"]',
    "snakemake --workflow-profile profiles/slurm": '"--workflow-profile", "profiles/slurm"',
    "snakemake --cores": '"snakemake", "--cores", "2")',
    "dvc repro": '"dvc", "repro")',
    "dvc metrics diff": '"dvc", "metrics", "diff"',
    "dvc plots show": '"dvc", "plots", "show"',
    "dvc exp apply": '"dvc", "exp", "apply"',
    "snakemake --unlock": '"snakemake", "--unlock")',
    "dvc exp run": '"dvc", "exp", "run"',
    "dvc exp show": '"dvc", "exp", "show"',
    "dvc remote add": '"dvc", "remote", "add"',
    "dvc push": '"dvc", "push",',
    "python -c": "README_PYTHON",
    "git add": '"git", "add", "--all"',
    "git commit": '"commit", "--quiet"',
    "git checkout": '"git", "checkout", "--quiet"',
    "$EDITOR params.yaml": "house.change_params(",
}
#: What a target of the Makefile calls -> the words of the test that runs the same.
RECIPES = {
    "tables": ("snakemake --cores all", '"snakemake", "--cores", "2")'),
    "test": ("pytest", ""),
    "ui": ("relclip.tracking.ui", ""),
    "record": ("dvc commit -f", '"dvc", "commit", "--force")'),
    "adopt": ("dvc checkout", '"dvc", "checkout")'),
    "preset": ("relclip.project.preset", ""),
}


def commands(text):
    """The commands of indented blocks, without their comments, and those inside sentences; parts of `&&` apart."""
    blocks = [re.split(r"\s{2,}#", line[4:])[0] for line in text.splitlines() if line.startswith("    ")]
    sentences = re.sub(r"^    .*$", "", text, flags=re.MULTILINE)
    inside = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", sentences)]
    found = [part.strip() for line in (*blocks, *inside) for part in line.split(" && ")]
    return list(dict.fromkeys(one for one in found if one.split()[0] in PROGRAMS and " " in one))


COMMANDS_SHOWN = commands(TEXT)
FOLDERS = [
    word for name in ("dataset", "raw", "kb", "train", "evaluate", "output") for word in (f"--{name}", name)
]


def test_commands_are_found():
    text = "    make tables   # all\n\nSay `dvc\nrepro && make ui`, or `kb`.\n"
    assert commands(text) == ["make tables", "dvc repro", "make ui"]
    assert len(COMMANDS_SHOWN) > 15


@pytest.mark.parametrize("shown", COMMANDS_SHOWN)
def test_a_command_of_the_readme_is_covered(shown):
    program, *words = shown.split()
    if program == "make":
        covered_by_the_makefile(words)
    elif program == "relclip" or shown.startswith(("python -m relclip", "python benchmarks/")):
        parsed(program, words)
    else:
        near = [begin for begin in RUN if shown == begin or shown.startswith(begin + " ")]
        assert near, f"no test is known to run {shown!r}: add one, and name it in RUN"
        assert RUN[near[0]] in RUNNING, f"no test here runs {near[0]!r} any more"


def covered_by_the_makefile(words):
    target, *settings = words
    assert target in RECIPES, f"no test is known to run make {target}: add one, and name it in RECIPES"
    called, run = RECIPES[target]
    recipe = subprocess.run(
        ["make", "--dry-run", target, *settings], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert called in recipe
    assert run in RUNNING
    for setting in settings:
        assert setting.partition("=")[2] in recipe


def parsed(program, words):
    """The help of the command that these words name knows their options, and its choices their values."""
    if words and words[0] == "--help":
        assert overview().count("\n") > len(COMMANDS)
        return
    if program == "relclip":
        assert words[0] in COMMANDS, f"relclip has no command {words[0]}"
        module, rest = COMMANDS[words[0]][0], words[1:]
        if f"{words[0]} {' '.join(rest[:1])}" in ("evaluate compare", "evaluate convert"):
            module, rest = COMMANDS[rest[0]][0], rest[1:]
    else:
        module, rest = (words[1], words[2:]) if words[0] == "-m" else (words[0], words[1:])
    text = help_of(module, [word for word in rest[:1] if word.islower() and word.isalpha()])
    for option in (word for word in rest if word.startswith("--")):
        assert re.search(rf"{option}\b", text), f"{module} has no option {option}"


def help_of(module, words):
    """What `--help` prints, in this process."""
    output = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(output),
        pytest.raises(SystemExit) as end,
    ):
        patch.setattr(sys, "argv", [module, *words, "--help"])
        if module.endswith(".py"):
            patch.syspath_prepend(ROOT / Path(module).parent)
            runpy.run_path(str(ROOT / module), run_name="__main__")
        else:
            package = importlib.util.find_spec(module).submodule_search_locations
            importlib.import_module(f"{module}.__main__" if package else module).main()
    assert end.value.code in (None, 0)
    return output.getvalue()


def test_the_map_names_every_command_once_and_each_can_be_called():
    names = re.findall(r"^  (\S+)", overview(), re.MULTILINE)
    assert sorted(names) == sorted(COMMANDS)
    assert {name for group in ALONE.values() for name in group} <= set(COMMANDS)
    for module, _ in COMMANDS.values():
        assert "\ndef main(" in Path(importlib.util.find_spec(module).origin).read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-m", "relclip", "tran"], "did you mean 'train'?"),
        (["-m", "relclip", "evaluate", "compare"], "give two sides"),
        (
            ["-m", "relclip.tables", *FOLDERS],
            "--params",
        ),
        (["-m", "relclip.project.preset", "scenez"], "run this in the project's folder"),
        (["-m", "relclip.project.preset", "scenes", "--seeds", "0"], "'0' is not a whole number from 1"),
        (["-m", "relclip", "ui"], "nothing was trained here yet"),
    ],
)
def test_a_mistake_in_another_folder_is_one_sentence(tmp_path, words, sentence):
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("version", ["3.9.2", None])
def test_make_says_which_python_it_needs(tmp_path, version):
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    if version:
        python.write_text(f'#!/bin/sh\ntest "$1" = --version && echo Python {version} && exit 0\nexit 1\n')
        python.chmod(0o755)
    done = subprocess.run(
        ["make", "tables", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "relclip needs Python 3.11 or newer" in done.stdout + done.stderr
    assert "make PYTHON=" in done.stdout + done.stderr
    assert not (tmp_path / ".venv").exists()
