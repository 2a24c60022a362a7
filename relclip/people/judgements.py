"""Table 2 by people: P@10 and P@20 of what they answered, as the oracle's are made, and how far they agree."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.errors import ContractError
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import JUDGEMENTS, read_table
from relclip.core.precision_at import DENOMINATOR, precision_report
from relclip.people.questionnaire import Questionnaire, Questions

RIGHT, WRONG, SKIP = "right", "wrong", "skip"
ANSWERS = (RIGHT, WRONG, SKIP)

#: One person's: question -> answer.
Answers = Mapping[str, str]


def read_judgements(path: Path) -> dict[str, dict[str, str]]:
    """Annotator -> question -> answer of an exported judgements.parquet. Raises ContractError on an unknown answer."""
    table = read_table(path, JUDGEMENTS)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in table.to_pylist():
        if row["answer"] not in ANSWERS:
            raise ContractError(f"{path} has the answer '{row['answer']}'; allowed: {', '.join(ANSWERS)}")
        found[row["annotator"]][row["question"]] = row["answer"]
    return dict(found)


def people_report(
    questionnaire: Questionnaire, people: Mapping[str, Answers], switches: Evaluate
) -> dict[str, Any]:
    """The content of the people's precision.json: P@10 and P@20 of each run, how many judged, their agreement.

    A prediction is as right as the share of its answers that say so; one that all skipped is left out. What someone
    says of a picture counts once everything that is asked there about the run is answered.
    """
    questions = questionnaire.questions.keys()
    some = [answers for answers in people.values() if not questions.isdisjoint(answers)]
    return {
        "judged_by": "people",
        "denominator": f"{DENOMINATOR}, less what everyone skipped",
        "annotators": len(some),
        "agreement": _agreement([_votes(some, key) for key in questions]),
        "runs": {run: _of_run(questionnaire, run, some, switches) for run in questionnaire.runs},
    }


def _agreement(votes: list[tuple[int, int]]) -> dict[str, float | int | None]:
    several = [pair for pair in votes if sum(pair) > 1]
    kappa, same = fleiss_kappa(np.array(several, np.int64).reshape(-1, 2)) or (math.nan, None)
    return {
        "fleiss_kappa": None if math.isnan(kappa) else kappa,
        "pairs_of_answers_that_agree": same,
        "questions_with_several_answers": len(several),
    }


def _of_run(
    questionnaire: Questionnaire, run: str, people: Iterable[Answers], switches: Evaluate
) -> dict[str, Any]:
    questions, images = questionnaire.runs[run], questionnaire.images
    judges = _judges(questions, images.tolist(), people)
    judged = np.array([image for image, those in judges.items() if those], np.int64)
    report = precision_report(_sheet(questions, judges), judged, switches.bootstrap, switches.seed)
    report["counts"] |= {
        "images_asked": len(images),
        "answers": sum(len(judges[one.image_id]) for one in questions.values()),
    }
    return report


def share_judged(counts: Mapping[str, int]) -> str:
    """How many pictures of those to be asked about someone judged, in words."""
    judged, every = counts["images"], counts["images_asked"]
    return f"{'incomplete: ' if judged < every else ''}{judged} of {every} images"


def _judges(
    questions: Questions, images: Iterable[int], people: Iterable[Answers]
) -> dict[int, list[Answers]]:
    """Image -> who answered everything there; nobody of those who answered nothing at all about this run."""
    there: dict[int, set[str]] = defaultdict(set)
    for one in questions.values():
        there[one.image_id].add(one.key)
    begun = [answers for answers in people if any(one.key in answers for one in questions.values())]
    return {image: [answers for answers in begun if there[image] <= answers.keys()] for image in images}


def _sheet(questions: Questions, judges: Mapping[int, list[Answers]]) -> pa.Table:
    """The sheet of one run: `right` is the share of answers that say so."""
    rows = []
    for (image, rank), one in questions.items():
        right, wrong = _votes(judges[image], one.key)
        if right + wrong:
            rows.append({"image_id": image, "rank": rank, "right": right / (right + wrong)})
    schema = pa.schema({"image_id": pa.int64(), "rank": pa.int32(), "right": pa.float64()})
    return pa.Table.from_pylist(rows, schema)


def _votes(people: Iterable[Answers], key: str) -> tuple[int, int]:
    """How many said right and wrong."""
    said = [answers.get(key) for answers in people]
    return said.count(RIGHT), said.count(WRONG)


def fleiss_kappa(counts: NDArray[np.int64]) -> tuple[float, float] | None:
    """Return (kappa, share of pairs of people who agree) of counts (N, categories): how many people chose each.

    A subject that fewer than two people rated says nothing and is left out; with as many people everywhere this is
    Fleiss' formula. None where nothing is left; kappa is NaN where all chose one category, as chance agrees too.
    """
    people = counts.sum(axis=1)
    counts, people = counts[people > 1], people[people > 1]
    if not len(counts):
        return None
    agreed = float(np.mean((counts * (counts - 1)).sum(axis=1) / (people * (people - 1))))
    by_chance = float(((counts.sum(axis=0) / people.sum()) ** 2).sum())
    return ((agreed - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan), agreed
