"""Which bytes the report was made from: each main output's MD5 as DVC counts it, and whether dvc.lock has it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LOCK = "dvc.lock"
RECORDED, OTHER, UNKNOWN = "yes", "no: another is recorded; run `make record`", "not recorded yet"
#: libyaml's where it is there: the lock has thousands of lines.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What a working folder may hold beside a result (.dvcignore).
_IGNORED = ("__pycache__", ".snakemake_timestamp")
_SUFFIXES = (".pyc", ".partial")


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
