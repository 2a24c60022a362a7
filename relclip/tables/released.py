"""The trained runs of table 1, each with what `train`, `predict` and `evaluate` say of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.params.whole import Params
from relclip.tables.layout import TASKS
from relclip.tables.names import rows_of
from relclip.tables.results import Result, read_result


@dataclass(frozen=True)
class Released:
    """One model. `rows`: where it stands in the tables; `results`: (task, judged) -> metrics; `inputs`: SHA-256s."""

    run: str
    rows: tuple[str, ...]
    folder: str
    sha256: str
    size: int
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    statistics: Mapping[str, Any]
    results: Mapping[tuple[str, str], Result]


def trained_runs(params: Params) -> list[str]:
    """Every run of the first table that was trained."""
    runs = params.report.trainings(*params.report.first)
    return [run for run in runs if run in (*params.runs, *params.refined)]


def released(params: Params, train: Path, predict: Path | None, evaluate: Path) -> list[Released]:
    """Read every run of table 1 whose model is there. Raises ContractError where one of its files is broken."""
    rows = rows_of(params)
    wanted = [run for run in trained_runs(params) if (train / run / "config.json").is_file()]
    return [_released(run, tuple(rows[run]), train / run, predict, evaluate) for run in wanted]


def _released(
    run: str, rows: tuple[str, ...], folder: Path, predict: Path | None, evaluate: Path
) -> Released:
    about, statistics = (_mapping(folder / name) for name in ("config.json", "statistics.json"))
    weights = folder / "model.safetensors"
    sheet = predict / run / "provenance.json" if predict else None
    provenance = _mapping(sheet) if sheet and sheet.is_file() else {}
    found = {
        (task, judged): result
        for task in TASKS
        for judged in ("annotation", "truth")
        if (result := read_result(evaluate, run, task, judged))
    }
    return Released(
        *(run, rows, folder.as_posix(), str(provenance.get("model_sha256", ""))),
        weights.stat().st_size if weights.is_file() else 0,
        *(about.get("train", {}), about.get("inputs", {}), statistics, found),
    )


def _mapping(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise ContractError(f"{path} must be a JSON object; run the stage that makes it again")
    return content
