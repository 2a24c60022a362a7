"""What the tables know of each run, for its line in MLflow: row names, figures, model card, digests of its data."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.params.whole import Params
from relclip.tables.layout import rows_of, run_names
from relclip.tracking.publish import Entry

#: A training names its patch maps by their encoder.
_ENCODERS = {"clip": "features/clip", "labels": "features/labels"}


def entries(params: Params, train: Path, predict: Path | None, output: Path) -> list[Entry]:
    """An entry a run that was predicted; `output`: where the report was written."""
    rows, names = rows_of(params), run_names(params)
    runs = [*params.runs, *params.refined, *params.predictions, *params.predict.training_free]
    found = []
    for run in runs:
        sheet = predict / run / "provenance.json" if predict else None
        if sheet is None or not sheet.is_file():
            continue
        mine = rows.get(run, [])
        found.append(
            Entry(
                of={"run": run, "model_sha256": _digest_of_model(sheet)},
                name=names.get(run, run),
                tags={"row": "; ".join(mine) or "in no table"},
                note=_note(run, mine),
                files=_files(run, output, train / run / "config.json"),
                data=data_digests(train / run / "config.json"),
            )
        )
    return found


def data_digests(config: Path) -> dict[str, str]:
    """Data set (dataset, kb, ext, ...) -> SHA-256 of the SHA-256s of its files that a training read; {} without one."""
    content = read_json(config).get("inputs", {}) if config.is_file() else {}
    digests: dict[str, list[str]] = {}
    for name, digest in sorted(content.items()):
        folder = name.partition("/")[0]
        digests.setdefault(_ENCODERS.get(folder, folder), []).append(f"{name} {digest}\n")
    return {name: hashlib.sha256("".join(lines).encode()).hexdigest() for name, lines in digests.items()}


def _digest_of_model(sheet: Path) -> str:
    content: Mapping[str, str] = read_json(sheet)
    if "model_sha256" not in content:
        raise ContractError(f"{sheet} lacks model_sha256; run predict again")
    return str(content["model_sha256"])


def _files(run: str, output: Path, config: Path) -> dict[str, list[Path]]:
    figures, card = output / "figures", output / "model_cards" / f"{run}.md"
    drawn = [figures / "predicates" / f"{run}.svg", figures / f"attention-{run}.jpg"]
    drawn += sorted(figures.glob(f"example-*-{run}.jpg"))
    there = [path for path in drawn if path.is_file()]
    about = [path for path in (card, config) if path.is_file()]
    return {"figures": there} | ({"": about} if about else {})


def _note(run: str, rows: list[str]) -> str:
    lines = [f"`{run}` of params.yaml.", "", *(f"- {row}" for row in rows)]
    return "\n".join(
        [
            *lines,
            "",
            "Artifacts: figures, config.json (digests of what it read), for table 1's runs a model card.",
        ]
    )
