"""In which order one person is asked, and how far that person is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from relclip.core.seeds import stream
from relclip.people.questionnaire import Question, Questionnaire

#: The estimate looks at so many answers; a longer pause than this is a break.
ANSWERS_LOOKED_AT, BREAK_SECONDS = 30, 60.0


@dataclass(frozen=True)
class Order:
    """One person's questions: pictures shuffled, all of a picture together, shuffled too."""

    questions: tuple[Question, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        """Question -> where it stands, from 0."""
        return {one.key: place for place, one in enumerate(self.questions)}

    @cached_property
    def pictures(self) -> tuple[int, ...]:
        """The pictures in their order (image ids)."""
        return tuple(dict.fromkeys(one.image_id for one in self.questions))

    def next_open(self, answered: set[str], start: int = 0) -> int | None:
        """The first place from `start` on, then from the beginning, that is not answered; None where all are."""
        places = [*range(start, len(self.questions)), *range(start)]
        return next((place for place in places if self.questions[place].key not in answered), None)


def order_of(questionnaire: Questionnaire, seed: int, annotator: str) -> Order:
    """The same order for the same person, whenever asked."""
    random = stream(seed, "annotate", annotator)
    by_picture: dict[int, list[Question]] = {}
    for one in questionnaire.questions.values():
        by_picture.setdefault(one.image_id, []).append(one)
    pictures = sorted(by_picture)
    shuffled = [by_picture[pictures[place]] for place in random.permutation(len(pictures))]
    return Order(tuple(ones[place] for ones in shuffled for place in random.permutation(len(ones))))


def seconds_left(times: Sequence[float], questions: int) -> float | None:
    """How long `questions` more will take at the pace of the last answers (`times`, latest first); None: too few."""
    gaps = [late - early for late, early in pairwise(times)]
    worked = [gap for gap in gaps if 0 <= gap <= BREAK_SECONDS]
    return median(worked) * questions if len(worked) >= 3 else None
