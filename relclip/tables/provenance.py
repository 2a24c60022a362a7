"""Where a report comes from: commit, digest of params.yaml, versions, hardware, times, bytes of the main outputs."""

import csv
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from relclip.core.digest import file_digest
from relclip.core.extras import installed

LOCK = "dvc.lock"
RECORDED, OTHER, UNKNOWN = "yes", "no: another is recorded; run `make record`", "not recorded yet"
#: libyaml's where it is there: the lock has thousands of lines.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What a working folder may hold beside a result (.dvcignore).
_IGNORED = ("__pycache__", ".snakemake_timestamp")
_SUFFIXES = (".pyc", ".partial")
PACKAGES = (
    *("relclip", "torch", "numpy", "open_clip_torch", "duckdb"),
    *("gensim", "pyarrow", "snakemake", "dvc", "mlflow"),
)


#: A job of a second or two is over before Snakemake looks at it again: what it saw (MB) is the shell alone.
SHELL_MB = 50


@dataclass(frozen=True)
class StageTime:
    """What Snakemake's benchmark files of one rule add up to."""

    rule: str
    jobs: int
    seconds: float
    memory_mb: float

    @property
    def memory_is_known(self) -> bool:
        """Whether `memory_mb` is that of a stage."""
        return self.memory_mb > SHELL_MB


def facts(params: Path) -> list[tuple[str, str]]:
    """(name, value) of what can be found out here, in a fixed order."""
    found = [
        ("Commit", _commit(params.resolve().parent)),
        ("SHA-256 of params.yaml", file_digest(params)),
        ("Python", platform.python_version()),
        ("Packages", ", ".join(f"{name} {version}" for name, version in installed(PACKAGES).items())),
        ("Machine", f"{platform.system()} {platform.machine()}, {_processor()}{_memory()}"),
        ("Accelerators", _accelerators()),
    ]
    return [(name, value) for name, value in found if value]


def stage_times(folder: Path | None) -> list[StageTime]:
    """Add up the benchmark files below `folder` (`<rule>.tsv`, `<rule>/<job>.tsv`), in the order of their ends."""
    if folder is None or not folder.is_dir():
        return []
    rules: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.tsv"), key=lambda path: (path.stat().st_mtime_ns, str(path))):
        rules.setdefault(path.relative_to(folder).parts[0].removesuffix(".tsv"), []).append(path)
    return [time for rule, paths in rules.items() if (time := _stage_time(rule, paths))]


def _stage_time(rule: str, paths: Sequence[Path]) -> StageTime | None:
    rows = [
        row
        for path in paths
        for row in csv.DictReader(path.read_text("utf-8", "replace").splitlines(), delimiter="\t")
    ]
    if not rows:
        return None
    seconds, memory = ([_number(row.get(name)) for row in rows] for name in ("s", "max_rss"))
    return StageTime(rule, len(rows), sum(seconds), max(memory))


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _commit(folder: Path) -> str:
    try:
        head = _git(folder, "rev-parse", "HEAD")
        # reports/metrics is this stage's own: Snakemake took it away before
        changed = _git(
            folder, "status", "--porcelain", "--untracked-files=no", ".", ":(exclude)reports/metrics"
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown: this folder is in no git repository, or has no commit"
    return head + (" with uncommitted changes" if changed else "")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=20, check=True
    )
    return done.stdout.strip()


def _processor() -> str:
    """`Intel Xeon, 2 logical cores, `; the name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return "".join(f"{part}, " for part in (*names[:1], f"{os.cpu_count()} logical cores"))


def _accelerators() -> str:
    """What NVIDIA's driver lists; empty where there is none."""
    try:
        words = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return "; ".join(done.stdout.split("\n")).strip("; ")


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB memory"
    except (ValueError, OSError, AttributeError):
        return "memory unknown"


@dataclass(frozen=True)
class Artifact:
    """One output: its path, the MD5 of its bytes as DVC names them, its size in bytes, what dvc.lock says of it."""

    path: str
    md5: str
    size: int
    recorded: str


def artifacts(root: Path, outputs: Iterable[Path]) -> list[Artifact]:
    """Hash each of `outputs` that is there; `root`: the folder of dvc.lock, which names paths relative to it."""
    known = _recorded(root / LOCK)
    return [_artifact(root, path, known) for path in outputs if path.exists()]


def _artifact(root: Path, path: Path, known: Mapping[str, str]) -> Artifact:
    try:
        name = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        name = path.as_posix()
    md5, size = digest(path)
    recorded = UNKNOWN if name not in known else RECORDED if known[name] == md5 else OTHER
    return Artifact(name, md5, size, recorded)


def digest(path: Path) -> tuple[str, int]:
    """(MD5, bytes) of a file; of a folder DVC's `.dir` hash: the MD5 of the sorted list of its files and their MD5s."""
    if path.is_file():
        return _md5(path), path.stat().st_size
    files = sorted(
        (one.relative_to(path).as_posix(), one) for one in path.rglob("*") if one.is_file() and _counts(one)
    )
    listed = [{"md5": _md5(one), "relpath": name} for name, one in files]
    text = json.dumps(listed, sort_keys=True)
    size = sum(one.stat().st_size for _, one in files)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir", size


def _counts(path: Path) -> bool:
    return not set(path.parts) & set(_IGNORED) and path.suffix not in _SUFFIXES


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _recorded(lock: Path) -> dict[str, str]:
    """Path -> MD5 of every output in dvc.lock; nothing where there is none or it is not DVC's."""
    try:
        stages = yaml.load(lock.read_text("utf-8"), _LOADER)["stages"].values()
        return {str(out["path"]): str(out["md5"]) for stage in stages for out in _outs(stage)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        return {}


def _outs(stage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [out for out in stage.get("outs", []) if "md5" in out]
