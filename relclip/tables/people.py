"""Table 2 by people: what `relclip annotate --export` wrote, judged against the predictions as they are now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core.annotations import Annotations
from relclip.core.params.tables import PRECISION
from relclip.core.params.whole import Params
from relclip.people.judgements import people_report, read_judgements, share_judged
from relclip.people.questionnaire import asked_file, load_questionnaire
from relclip.tables.results import Result

#: Their P@10 and P@20 are metrics of this prefix, beside the oracle's.
PREFIX = "people_"
_OTHERS = "The judgements in reports/people are of other predictions; run relclip annotate again."


@dataclass(frozen=True)
class People:
    """What people said: run -> its P@K, nothing for a run of which nobody judged a picture; in words, who judged."""

    results: Mapping[str, Result]
    words: str


def read_people(params: Params, data: Annotations, evaluate: Path, folder: Path | None) -> People | None:
    """Count what people said about the runs of table 2; None where there are no judgements.

    Raises ContractError where a file is broken.
    """
    path = folder / "judgements.parquet" if folder else None
    shown = params.report.trainings(*params.report.showing("predcls", PRECISION))
    runs = [run for run in shown if asked_file(evaluate, run).is_file()]
    if not path or not path.is_file() or not runs:
        return None
    questions = load_questionnaire(data, evaluate, runs, params.evaluate)
    report = people_report(questions, read_judgements(path), params.evaluate)
    judged = {run: one for run, one in report["runs"].items() if one["counts"]["images"]}
    return People({run: _result(one) for run, one in judged.items()}, _words(report, list(judged.values())))


def _result(one: Mapping[str, Any]) -> Result:
    metrics = {f"{PREFIX}{name}": value for name, value in one["metrics"].items()}
    intervals = {f"{PREFIX}{name}": tuple(both) for name, both in one["intervals"].items() if both}
    return Result(metrics, intervals)


def _words(report: Mapping[str, Any], judged: Sequence[Mapping[str, Any]]) -> str:
    if not judged:
        return _OTHERS
    kappa, count = report["agreement"]["fleiss_kappa"], report["annotators"]
    fewest = min((one["counts"] for one in judged), key=lambda counts: counts["images"])
    agreement = f"Fleiss' kappa {kappa:.2f}" if kappa is not None else "no kappa: too few answered the same"
    return (
        f"P@10 and P@20 (people): {count} annotator{'' if count == 1 else 's'}, {agreement}, "
        f"{share_judged(fewest)}, blind to the model."
    )
