"""What CLIP knows: accuracies that `clip` and `ext` measured on validation, and KB+EXT against KB there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core.errors import ContractError
from relclip.core.json_file import read_json

#: Name in statistics.json -> what was asked, in words.
_CLIP_QUESTIONS = {
    "objects": "Which thing is on this crop? (of all classes that occur)",
    "predicates": "Which relation, given subject and object? (of all relations)",
    "candidates": "Which of the relations seen with these two classes? (two or more)",
    "candidates_uniform": "The same, by lot",
}
_EXT_QUESTIONS = {
    "kb": "KB: one of the candidates by lot",
    "ext": "EXT: CLIP's best of all relations",
    "kb_ext": "KB+EXT: CLIP's best candidate",
    "kb_undecided": "KB, where two or more candidates include the right one",
    "ext_undecided": "EXT, where two or more candidates include the right one",
    "kb_ext_undecided": "KB+EXT, where two or more candidates include the right one",
}


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers in percent: over all, as the mean over true labels; number of questions."""

    question: str
    mean: float
    class_mean: float
    count: int


def clip_accuracies(folder: Path | None) -> list[Accuracy]:
    """What `clip` found on held-out pictures; empty where it did not measure (an encoder from elsewhere)."""
    return _accuracies(_statistics(folder), _CLIP_QUESTIONS, folder)


def ext_accuracies(folder: Path | None) -> list[Accuracy]:
    """What `ext` found on the validation split."""
    return _accuracies(_statistics(folder), _EXT_QUESTIONS, folder)


def untrained(clip: Path | None) -> bool:
    """Whether `clip` says that its encoder has random weights."""
    return bool(_statistics(clip).get("untrained", False))


def _statistics(folder: Path | None) -> Mapping[str, Any]:
    content = read_json(folder / "statistics.json") if folder else {}
    if not isinstance(content, dict):
        raise ContractError(
            f"{folder}/statistics.json must be a JSON object; run the stage that makes it again"
        )
    return content


def _accuracies(
    statistics: Mapping[str, Any], questions: Mapping[str, str], folder: Path | None
) -> list[Accuracy]:
    validation = statistics.get("validation", {})
    try:
        return [_accuracy(text, validation[name]) for name, text in questions.items() if name in validation]
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(
            f"{folder}/statistics.json has accuracies of another form ({error}); run the stage that makes it again"
        ) from None


def _accuracy(question: str, one: Mapping[str, float]) -> Accuracy:
    return Accuracy(question, 100 * float(one["mean"]), 100 * float(one["class_mean"]), int(one["count"]))
