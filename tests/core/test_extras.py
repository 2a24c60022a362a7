"""A command whose extra is missing says which one; a shell completes every command."""

import subprocess
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from relclip.__main__ import COMMANDS, extra_for, main
from relclip.core.errors import InputError
from relclip.project import completion
from relclip.project.completion import whole

ROOT = Path(__file__).resolve().parents[2]

REQUIREMENTS = [
    "numpy>=2",
    'duckdb>=1.4; extra == "kb"',
    'jinja2>=3.1; extra == "kb"',
    'torch>=2.6; extra == "train"',
    'relclip[train]; extra == "clip"',
    'open_clip_torch>=3.2; extra == "clip"',
    'jinja2>=3.1; extra == "tables"',
]


@pytest.mark.parametrize(
    ("module", "stage", "extra"),
    [
        ("duckdb", "kb", "kb"),
        ("jinja2", "tables", "tables"),
        ("torch", "clip", "clip"),  # the stage's own extra brings all it needs
        ("torch.nn", "predict", "train"),
        ("open_clip", "ext", "clip"),
        ("nobody", "dataset", "all"),
    ],
)
def test_the_extra_that_brings_a_module(module, stage, extra):
    assert extra_for(module, stage, REQUIREMENTS) == extra


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.setitem(
        sys.modules, "relclip.kb.__main__", SimpleNamespace(main=lambda: import_module("duckdb"))
    )
    monkeypatch.setattr(sys, "argv", ["relclip", "kb"])
    with pytest.raises(InputError, match=r"needs the package duckdb.*relclip\[kb\]"):
        main()


def test_every_command_is_completed():
    parser = whole(COMMANDS)
    (commands,) = [action.choices for action in parser._actions if action.choices]
    assert list(commands) == list(COMMANDS)
    assert "--predictions" in commands["evaluate"].format_help()
    assert "--run" in commands["train"].format_help()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("predict READ", "README.md"),  # a file for a path that stands alone,
        ("predict --boxes READ", "README.md"),  # that an option names,
        ("import LICE", "LICENSE"),  # or that may be an address too
        ("evaluate --task predc", "predcls"),
        ("complet", "completion"),
    ],
)
def test_bash_completes_commands_choices_and_files(script, typed, completed):
    words = ["relclip", *typed.split()]
    asked = (
        f"source {script}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1};"
        f' _shtab_relclip relclip "{words[-1]}" "{words[-2]}"; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == completed


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    made = tmp_path_factory.mktemp("completion") / "relclip.bash"
    with pytest.MonkeyPatch.context() as patch, made.open("w") as file, redirect_stdout(file):
        patch.setattr(sys, "argv", ["relclip completion", "bash"])
        completion.main()
    return made
