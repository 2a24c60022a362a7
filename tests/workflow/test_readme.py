"""Every command that README.md and docs/ show is run by a test, or at least read by the program it names."""

import ast
import contextlib
import importlib
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pip._internal.commands import create_command
from shown_commands import ROOT, TEXT, commands, shown

from relclip.__main__ import ALONE, COMMANDS, main, overview
from relclip.core.digest import check_maps
from relclip.core.errors import ContractError
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.whole import load_workflow
from relclip.project.preset import use_preset

RUNNING = "".join(
    path.read_text("utf-8")
    for path in [
        *(ROOT / "tests/workflow").glob("test_*.py"),
        ROOT / "tests/photo/test_photo_registered.py",
        ROOT / "tests/faults/test_two_at_once.py",
    ]
    if path.name != Path(__file__).name
)
#: The beginnings of commands that the tests of this folder run as README.md shows them.
WORD_FOR_WORD = set(re.findall(r"\b(?:readme|shown)\(\s*[\"']([^\"']+)[\"']", RUNNING))
#: What a target of the Makefile calls -> the words of the test that runs the same.
RECIPES = {
    "tables": ("snakemake --cores all", 'readme("snakemake --cores")'),
    "test": ("pytest", ""),
    "ui": ("relclip.tracking.ui", ""),
    "record": ("relclip.project.record", 'readme("make record")'),
    "adopt": ("relclip.project.adopt", 'readme("make adopt")'),
    "gpu-check": ("relclip.project.gpu_check", ""),  # tests/workflow/test_gpu_check.py
    "models": ("relclip.photo.register", ""),  # tests/photo/test_photo_registered.py
    "preset": ("relclip.project.preset", ""),
    "study": ("relclip.study", ""),  # tests/study/test_study_page.py
    "readme": ("relclip.tables.readme", ""),  # tests/tables/test_tables_readme.py
    "open-vocabulary": ("relclip.evaluate.unseen", ""),  # tests/evaluate/test_unseen.py
    "dvc": ("relclip.project.dvc", ""),  # test_dvc.py
}


COMMANDS_SHOWN = commands(TEXT)
FOLDERS = [
    word for name in ("dataset", "raw", "kb", "train", "evaluate", "output") for word in (f"--{name}", name)
]


def test_commands_are_found():
    text = "    make tables   # all\n\nSay `dvc\nrepro && make ui`, or `kb`.\n"
    assert commands(text) == ["make tables", "dvc repro", "make ui"]
    assert len(COMMANDS_SHOWN) > 15


def test_what_readme_shows_to_type_fits_a_page_of_github():
    """Its blocks show a hundred letters; beyond them a reader has to scroll for the comment."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("    ") and len(line.strip()) > 100] == []


@pytest.mark.parametrize("shown", COMMANDS_SHOWN)
def test_a_command_of_the_readme_and_docs_is_covered(shown):
    shown = shown.replace("python CLONE/tests/", "python tests/").replace("python -m pip", "pip")
    program, *words = shown.split()
    if shown.startswith("python tests/"):
        assert (ROOT / words[0]).is_file()
    elif program == "make":
        covered_by_the_makefile(words)
    elif program == "pip":
        read_by_pip(words)
    elif program == "snakemake" and shown not in ("snakemake --unlock", "snakemake --cores all"):
        planned(shown)
    elif program == "relclip" or shown.startswith(("python -m relclip", "python benchmarks/")):
        parsed(program, words)
    else:
        near = [begin for begin in WORD_FOR_WORD if f"{shown} ".startswith(begin + " ")]
        assert near, f"no test runs {shown!r}: add one that does, by house.readme(...)"


def read_by_pip(words):
    """What pip installs comes by a network: its own parser reads the words; what they name exists."""
    options, names = create_command(words[0]).parse_args(words[1:])
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert names or options.requirements
    for name in (*names, *options.requirements):
        path, _, extra = name.strip("'").partition("[")
        assert (ROOT / path).exists() or path in ("relclip", "transformers", "sentencepiece", "pip-audit")
        assert not extra or extra.rstrip("]") in extras


def planned(command):
    """A command of Snakemake on a cluster or for hours: as it is shown, and planned."""
    done = subprocess.run(
        ["bash", "-c", f"{command} --dry-run --nolock"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search("^total +[0-9]+$|Nothing to be done", done.stdout + done.stderr, re.MULTILINE)


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


def test_the_commands_for_files_of_ones_own_run_as_they_are_shown(tmp_path, monkeypatch, capsys):
    """But for the names that a user puts in: A, B, FILE... and, one after the other, DIR."""
    monkeypatch.syspath_prepend(ROOT / "tests/evaluate")
    reference = importlib.import_module("evaluate_reference")
    monkeypatch.chdir(tmp_path)

    def run(beginning, *names):
        command = shown(beginning)
        for name, there in names:
            assert name in command
            command = command.replace(name, str(there), 1)
        monkeypatch.setattr(sys, "argv", command.split())
        main()
        return capsys.readouterr().out

    truth, predictions = reference.write_case(tmp_path, reference.random_case(np.random.default_rng(3)))
    for side in "ab":
        (tmp_path / side).mkdir()
        monkeypatch.chdir(tmp_path / side)
        run("relclip evaluate --groundtruth", ("DIR", truth), ("DIR", predictions))
        assert json.loads(Path("metrics.json").read_text())["switches"]["task"] == "sgcls"
    monkeypatch.chdir(tmp_path)
    assert re.search(
        r"^R@50 .* \+0\.00 ", run("relclip evaluate compare", ("A", "a"), ("B", "b")), re.MULTILINE
    )
    Path("vocabulary.json").write_text(json.dumps({"objects": ["man", "horse"], "predicates": ["riding"]}))
    Path("mine.tsv").write_text("a man riding a horse\t1\n")
    run("relclip kb --captions", ("FILE...", "mine.tsv"))
    assert pq.read_table("kb/triplets.parquet").select(["subject", "predicate", "object"]).to_pylist() == [
        {"subject": "man", "predicate": "riding", "object": "horse"}
    ]
    run("relclip init", ("FOLDER", "mine"))
    assert Path("mine/Snakefile").is_file()


def test_the_map_names_every_command_once_and_each_can_be_called():
    names = re.findall(r"^  (\S+)", overview(), re.MULTILINE)
    assert sorted(names) == sorted(COMMANDS)
    assert {name for group in ALONE.values() for name in group} <= set(COMMANDS)
    for module, _ in COMMANDS.values():
        assert "\ndef main(" in Path(importlib.util.find_spec(module).origin).read_text("utf-8")


#: What a user of the installed package is told, who has no Makefile: words without a line break in a message.
NEW_PROJECT = "relclip init FOLDER --preset scenes"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-m", "relclip", "tran"], "did you mean 'train'?"),
        (["-m", "relclip", "evaluate", "compare"], "give two sides"),
        (
            ["-m", "relclip.tables", *FOLDERS],
            "--params",
        ),
        (
            ["-m", "relclip.project.preset", "scenez"],
            f"run this in the project's folder ({NEW_PROJECT} makes one)",
        ),
        (
            ["-m", "relclip", "dataset"],
            "params.yaml does not exist; go to the project's folder or name the file with --params; to make one: "
            + NEW_PROJECT,
        ),
        (
            ["-m", "relclip.project.preset", "scenes", "--seeds", "0"],
            "'0' is not a whole number from 1 to 100",
        ),
        (
            ["-m", "relclip.project.preset", "scenes", "--seeds", "999999"],
            "is not a whole number from 1 to 100",
        ),
        (
            ["-m", "relclip", "ui"],
            f"nothing was trained here yet; go to a project's folder, where `make tables` makes it ({NEW_PROJECT}",
        ),
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


def test_a_line_that_names_no_command_or_option_is_seen():
    with pytest.raises(AssertionError, match="relclip has no command tabels"):
        parsed("relclip", ["tabels"])
    with pytest.raises(AssertionError, match="has no option --run"):
        parsed("relclip", ["kb", "--run"])
    with pytest.raises(SystemExit):
        read_by_pip(["install", "--requirements", "requirements.lock"])


def messages():
    """Every text of relclip's sources with a command in it, and its file; what is put into a text stands as X."""
    for path in sorted((ROOT / "relclip").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        whole = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield (
                    path,
                    "".join(
                        getattr(part, "value", "X") if isinstance(part, ast.Constant) else "X"
                        for part in node.values
                    ),
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in whole:
                yield path, node.value


#: Options of other programs that texts name: torchrun's, Snakemake's, DVC's, git's, nvidia-smi's.
FOREIGN = {
    *(
        "--nproc-per-node",
        "--force",
        "--config",
        "--configfile",
        "--allowed-rules",
        "--dry-run",
        "--unlock",
        "--cores",
        "--set-resources",
        "--resources",
    ),
    *("--local", "--temp", "--queue", "--untracked-files", "--query-gpu", "--index-strategy"),
}


def test_the_options_of_messages_are_there():
    """Whatever a text of the sources names with two dashes is an option of some command."""
    texts = [text for _, text in messages()]
    there = {text for text in texts if re.fullmatch("--[a-z][a-z-]+", text)}
    added = "\n".join(
        path.read_text("utf-8") for path in (ROOT / "relclip").rglob("*.py") if "add_" in path.read_text()
    )
    places = set(re.findall(r"[\"]([a-z_]+)[\"]", added)) | set(re.findall(r"\b([a-z_]+)=", added))
    places |= {name.replace("_", "-") for name in Evaluate.model_fields}
    named = {one for text in texts for one in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)} - there - FOREIGN
    assert not {one for one in named if one[2:] not in places}
    assert len(there) > 40


def test_the_commands_of_messages_can_be_given():
    """Targets of the Makefile, commands of relclip, modules; Snakemake's cores with the number it wants."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    seen = 0
    for path, text in messages():
        for said in re.findall(r"(?:`|run |next: |then )relclip ((?:[a-z-]+)[^`;,.()]*)", text):
            words = said.split()
            if words[0] not in {"and", "itself"}:  # the package, not the command
                parsed("relclip", words)
                seen += 1
        for name in re.findall(r"(?:`|then |next: |run |: )make ([a-z-]+)\b(?= |`|;|$)", text):
            assert name in targets, f"{path}: make {name}"
            seen += 1
        for module in re.findall(r"python -m (relclip(?:\.[a-z_]+)*)", text):
            assert importlib.util.find_spec(module), f"{path}: {module}"
            seen += 1
        for cores in re.findall(r"snakemake --cores ?(\S*)", text):
            assert re.match(r"all\b|\d", cores), f"{path}: {text}"
            seen += 1
    assert seen > 40


def test_the_command_of_a_message_runs(tmp_path):
    """That of damaged patch maps, as it is printed."""
    maps = tmp_path / "maps.npy"
    maps.write_bytes(b"x")
    maps.with_suffix(".sha256").write_text("0" * 64)
    with pytest.raises(ContractError) as error:
        check_maps(tmp_path)
    said = re.search(r"`(snakemake [^`]+)`", str(error.value))[1].replace(
        str(maps), "data/features/clip/maps.npy"
    )
    done = subprocess.run(
        [sys.executable, "-m", *said.split(), "--dry-run", "--nolock"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_page_of_visual_genome_says_what_its_preset_does(tmp_path):
    (tmp_path / "workflow").symlink_to(ROOT / "workflow")
    use_preset("vg", ROOT / "workflow/presets", tmp_path / "params.yaml")
    params = load_workflow(tmp_path / "params.yaml")
    steps = sum(params.run(name).iterations for name in params.trained)
    for run in params.refined.values():
        # before its M2 an M1 as long as the start's training, then a fine-tune
        if run["method"] == "visualds_semi":
            steps += params.run(run["start"]).iterations + run["iterations"]
    page, count = " ".join((ROOT / "docs/visual_genome.md").read_text().split()), len(params.trained)
    assert f"| {count} trainings, {steps:,} steps |" in page
    assert f"of the {count} trainings" in page
    detector = params.detector
    assert (detector.backbone, detector.start, detector.optimizer) == ("resnet50", "imagenet", "sgd")
    first, second = detector.schedule
    assert (
        f"momentum {detector.momentum} and weight decay {detector.weight_decay:.4f}, {detector.batch} images a step, "
        f"rate {detector.learning_rate} (0.001 an image) after {detector.warmup} steps of warm-up, a tenth of it from "
        f"step {first:,} and again from step {second:,} of {detector.iterations:,}."
    ) in page


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
    assert "relclip needs Python 3.11, 3.12 or 3.13" in done.stdout + done.stderr
    assert "make PYTHON=" in done.stdout + done.stderr
    assert not (tmp_path / ".venv").exists()
