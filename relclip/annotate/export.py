"""What people answered, as files: judgements.parquet (nobody's name in it) and precision.json."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from relclip.annotate.store import Row, Store
from relclip.core.atomic import write_json
from relclip.core.errors import InputError, counted
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import JUDGEMENTS, write_table
from relclip.people.judgements import people_report, share_judged
from relclip.people.questionnaire import Questionnaire

JUDGEMENTS_FILE, PRECISION_FILE = "judgements.parquet", "precision.json"


def export(
    databases: Sequence[Path], questionnaire: Questionnaire, switches: Evaluate, folder: Path
) -> dict[str, Any]:
    """Write both files of the answers in all databases; returns the content of precision.json.

    Who has the same name in two databases is one person, whose latest answer counts. Raises InputError where nobody
    has answered anything.
    """
    rows: list[Row] = []
    for path in databases:
        with closing(Store(path, create=False)) as store:
            rows += store.rows()
    if not rows:
        raise InputError(
            f"{', '.join(map(str, databases))}: nobody has answered yet; run relclip annotate first"
        )
    latest = {(row.annotator, row.question): row for row in sorted(rows, key=lambda row: row.at)}
    numbers = {name: number for number, name in enumerate(sorted({name for name, _ in latest}), 1)}
    people: dict[str, dict[str, str]] = {}
    for (name, question), row in latest.items():
        people.setdefault(f"annotator {numbers[name]}", {})[question] = row.answer
    report = people_report(questionnaire, people, switches)
    write_table(folder / JUDGEMENTS_FILE, _table(list(latest.values()), numbers), JUDGEMENTS)
    write_json(folder / PRECISION_FILE, report)
    return report


def _table(rows: list[Row], numbers: dict[str, int]) -> pa.Table:
    columns = {name: [getattr(row, name) for row in rows] for name in JUDGEMENTS.names if name != "annotator"}
    return pa.table({"annotator": [f"annotator {numbers[row.annotator]}" for row in rows], **columns})


def in_words(report: dict[str, Any]) -> str:
    """The report in a few lines."""
    agreement, count = report["agreement"], report["annotators"]
    kappa, several = agreement["fleiss_kappa"], agreement["questions_with_several_answers"]
    people = counted(count, "annotator")
    said = "undefined" if kappa is None else f"{kappa:.2f}"
    lines = [f"{people}; Fleiss' kappa {said} on {counted(several, 'question')} that several answered"]
    for run, one in report["runs"].items():
        numbers = ", ".join(_number(one, cutoff) for cutoff in (10, 20))
        lines.append(f"{run}: {numbers}, {share_judged(one['counts'])}")
    return "\n".join(lines)


def _number(one: dict[str, Any], cutoff: int) -> str:
    value, bounds = (one[name][f"precision_at_{cutoff}"] for name in ("metrics", "intervals"))
    if value is None or bounds is None:
        return f"P@{cutoff} –"
    return f"P@{cutoff} {100 * value:.1f} [{100 * bounds[0]:.1f}, {100 * bounds[1]:.1f}]"
