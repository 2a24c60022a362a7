"""A command whose extra is missing says which one; a shell completes every command."""

import ast
import re
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout, suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from relclip.__main__ import COMMANDS
from relclip.core.extras import extra_for
from relclip.project import completion
from relclip.project.closure import Closures
from relclip.project.completion import whole_parser

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


#: What commands go on without: pictures of phones are skipped and counted, nothing is tracked, the rules read alone.
OPTIONAL = {"pillow_heif", "mlflow", "spacy"}
#: Refuses to import some packages, as an environment without them.
WITHOUT = """import sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Refusing())
"""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


@pytest.mark.parametrize(
    ("missing", "module", "extra"),
    [
        ("duckdb", "relclip.kb.__main__", "kb"),
        ("jinja2", "relclip.tables", "tables"),
        ("torch", "relclip.clip.stage", "clip"),  # the stage's own extra brings all it needs
        ("torch.nn", "relclip.predict.__main__", "train"),
        ("open_clip", "relclip.ext", "clip"),
        ("nobody", "relclip.dataset.__main__", "all"),
        ("torch", "relclip.project.gpu_check", "all"),  # which goes through every stage
        ("jinja2", "", "kb"),
    ],
)
def test_the_extra_that_brings_a_module(missing, module, extra):
    assert extra_for(missing, module, REQUIREMENTS) == extra


def brought(requirements, known=frozenset()):
    """The distributions that requirements bring, with all that those want."""
    found = set(known)
    for one in map(Requirement, requirements):
        name = canonicalize_name(one.name)
        if name == "relclip":
            found |= brought([text for extra in one.extras for text in EXTRAS[extra]], found)
        elif name not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found.add(name)
            with suppress(PackageNotFoundError):
                found |= brought(requires(name) or [], found)
    return found


def imported(paths):
    """The packages that source files import, at their head or inside."""
    for node in (node for path in paths for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name.partition(".")[0] for name in names)


@pytest.fixture(scope="module")
def closures():
    return Closures(ROOT)


@pytest.mark.parametrize("extra", [one for one in sorted(EXTRAS) if (ROOT / "relclip" / one).is_dir()])
def test_the_extra_of_a_stage_brings_what_its_commands_import(extra, closures):
    """Found so: `words` and `study` lacked safetensors."""
    mains = [f"relclip.{extra}", *(["relclip.tracking.ui"] if extra == "tracking" else [])]
    have = brought([*PROJECT["dependencies"], *EXTRAS[extra]])
    of = packages_distributions()
    foreign = set(imported(path for path in closures.of(mains) if path.endswith(".py")))
    needed = foreign - sys.stdlib_module_names - OPTIONAL - {"relclip"}
    assert len(needed) > 1
    assert not {one for one in needed if have.isdisjoint(map(canonicalize_name, of[one]))}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The environment of a process that can import the base dependencies alone."""
    folder = tmp_path_factory.mktemp("bare")
    have = brought(PROJECT["dependencies"]) | {"relclip"}
    installed = packages_distributions().items()
    refused = {module for module, names in installed if have.isdisjoint(map(canonicalize_name, names))}
    (folder / "sitecustomize.py").write_text(WITHOUT.format(refused=refused))
    return {"PYTHONPATH": f"{folder}:{ROOT}"}


RECIPES = re.findall(r"^\tpython -m (relclip\.\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("module", sorted({*RECIPES, *(module for module, _ in COMMANDS.values())}))
def test_a_missing_package_is_one_sentence(module, bare):
    """Whatever is started, in an environment with the base dependencies alone: its options, or the sentence."""
    words = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(words, env=bare, capture_output=True, text=True, check=False)
    if done.returncode:
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert re.search(r"needs the package \w+, which is not installed.*'relclip\[\w+\]'", done.stderr)
    else:
        assert done.stdout.startswith("usage: ")


def test_interrupted_while_it_imports_a_command_says_so(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise KeyboardInterrupt")
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    words = [sys.executable, "-m", "relclip.tables", "--help"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (130, 1) and "interrupted" in done.stderr


@pytest.fixture(scope="module")
def commands():
    """Command -> its parser."""
    (found,) = [action.choices for action in whole_parser(COMMANDS)._actions if action.choices]
    return found


def test_every_option_says_what_it_takes(commands):
    """FILE, N, a choice: without a word of its own argparse shows the option's name again."""
    options = [(name, one) for name, own in commands.items() for one in own._actions]
    assert not [(name, one.dest) for name, one in options if not one.help]
    assert not [
        (name, one.dest)
        for name, one in options
        if one.option_strings and one.nargs != 0 and not (one.metavar or one.choices)
    ]


def test_every_command_is_completed(commands):
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
