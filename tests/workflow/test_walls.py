"""The house rules that a test can keep: walls between stages, light imports, nothing private committed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["open_clip", "gensim", "duckdb", "snakemake", "dvc", "mlflow", "torchvision", "matplotlib", "jinja2"]


def imports(path):
    """Names of relclip modules that a source file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


#: The rooms that stages share, and which rooms each may use: a floor stands on those below it.
ROOMS = {
    "internals": set(),
    "core": {"internals"},
    "compute": {"core", "internals"},
    "tracking": {"core", "internals"},
    "people": {"core"},
    "model": {"core", "compute"},
    "encoder": {"core", "compute", "internals"},
}
SHARED = {"core", "internals", "compute", "tracking", "people", "model", "encoder"}


@pytest.mark.parametrize("package", [*ROOMS, *STAGES, "annotate"])
def test_a_stage_imports_shared_rooms_and_itself_only(package):
    allowed = ROOMS.get(package, SHARED) | {package}
    files = list((ROOT / "relclip" / package).rglob("*.py"))
    assert files
    for path in files:
        met = {name.split(".")[1] for name in imports(path) if name.startswith("relclip.")}
        assert met <= allowed, f"{path} imports {met - allowed}"


def test_the_photo_application_stands_above_the_stages():
    """It calls the stages that its answer comes from and no others; that no stage calls it, the test above says."""
    allowed = SHARED | {"photo", "detector", "features", "predict"}
    for path in (ROOT / "relclip" / "photo").rglob("*.py"):
        met = {name.split(".")[1] for name in imports(path) if name.startswith("relclip.")}
        assert met <= allowed, f"{path} imports {met - allowed}"


def test_the_study_stands_above_the_stages_whose_files_it_reads():
    for path in (ROOT / "relclip" / "study").rglob("*.py"):
        met = {name.split(".")[1] for name in imports(path) if name.startswith("relclip.")}
        assert met <= {"core", "evaluate", "tables", "study"}, f"{path} imports {met}"


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (
            ("train.__main__", "train.refine.__main__", "predict.__main__", "predict.sgdet", "model"),
            [*HEAVY, "PIL"],
        ),
        (
            ("predict.training_free", "predict.training_free_sgdet", "dataset.__main__"),
            [*HEAVY, "torch"],
        ),
        (
            (
                "evaluate.__main__",
                "evaluate.run",
                "evaluate.compare",
                "evaluate.convert",
                "evaluate.accumulator",
            ),
            [*HEAVY, "torch"],
        ),
        (("kb.__main__",), ["torch", "gensim", "open_clip", "mlflow"]),
        (("raw.__main__",), [*HEAVY, "torch", "requests", "h5py"]),
        (("photo.__main__",), [*HEAVY, "torch", "grandalf"]),
    ],
    ids=lambda value: value[0].partition(".")[0] if isinstance(value, tuple) else "",
)
def test_a_stage_runs_without_what_it_does_not_need(modules, absent):
    """Those that lack the same are imported in one process: torch takes seconds."""
    block = f"import sys; sys.modules.update(dict.fromkeys({absent!r})); import relclip.{', relclip.'.join(modules)}"
    done = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_no_module_imports_both_a_model_and_a_tracker():
    for path in (ROOT / "relclip").rglob("*.py"):
        names = set(imports(path))
        assert not ("torch" in names and "mlflow" in names), path


def test_allowed_values_stand_once():
    """What a key may be is one Literal, which all others name; of one value, as a model's kind, there may be many."""
    places = {}
    for path in (ROOT / "relclip").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            literal = isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal"
            if literal and isinstance(node.slice, ast.Tuple):
                line = f"{path.relative_to(ROOT)}:{node.lineno}"
                places.setdefault(ast.unparse(node.slice), []).append(line)
    assert len(places) > 30
    assert not {values: lines for values, lines in places.items() if len(lines) > 1}


def tracked_files():
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.splitlines()]


def test_nothing_private_is_committed():
    private = re.compile(
        r"/work/(?!flow)|/root/|/home/\w|/opt/|pypi\.org|pythonhosted|files\.python", re.IGNORECASE
    )
    for path in tracked_files():
        if path.suffix in {".png", ".jpg"} or path.name == Path(__file__).name or not path.is_file():
            continue
        found = private.search(path.read_text("utf-8", errors="replace"))
        assert not found, f"{path}: {found}"


def test_the_lock_pins_and_hashes_everything_and_names_no_host():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[\w.\-\[\]]+==", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]
