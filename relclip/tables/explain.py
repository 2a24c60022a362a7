"""The words under the tables: on what the numbers were measured, what a cell holds. Plain text, no markup."""

from relclip.core.origin import Origin
from relclip.core.params.tables import PRECISION
from relclip.core.params.together import trained_with
from relclip.core.params.whole import Params
from relclip.tables import paper
from relclip.tables.people import People

_BY_TRUTH = "They are by the full truth under either judgement of the recalls."
_ORACLE = (
    "P@10 and P@20: the share of true triplets among the 10 and 20 surest of an image. Not people judged (the paper "
    f"asked ten), but an oracle: the program that drew the images knows every true relation. {_BY_TRUTH}"
)
_ORACLE_TOO = (
    "P@10 and P@20 (oracle): by the program that drew the images, which knows every true relation. "
    f"{_BY_TRUTH}"
)
_NO_ORACLE = "P@10 and P@20 need people, or a data set that knows every true relation."
_LABELS_ENCODER = (
    "In place of ImageNet-1K stands an encoder of the same shape as CLIP's, pre-trained on the class labels of the "
    "same crops alone, without any sentence."
)
_CELL = (
    "A cell shows ours in percent (the mean over training seeds, ± their standard deviation, their number in "
    "parentheses), then the 95 % bootstrap interval by test image (with several seeds: the mean of their "
    "bounds; it does not cover the choice of the seed)"
)
#: By what the second number of a cell is called.
_BESIDE = {
    "": ".",
    "paper": ", then the paper's number. † marks a row that the paper does not have.",
    "published": ", then the published number, where there is one.",
}


def orientation(origin: Origin) -> str:
    """Say how ours and the paper's numbers relate."""
    both = f"Ours are measured on {origin.title}; the paper's on {paper.data()}."
    if not origin.drawn:
        return both
    return (
        f"{both} The paper's numbers stand beside ours for orientation: only differences between rows compare, "
        "not the levels."
    )


def judged_against(judged: str) -> str:
    """Say what counts as a hit."""
    if judged == "truth":
        return "Judged against every relation that is true in the image, annotated or not."
    return "Judged against the annotation, which is incomplete: what nobody wrote down does not count."


def note(key: str, judged: str, params: Params, people: People | None = None) -> str:
    """The part of a caption that differs from table to table: its own note, then what depends on the data set."""
    about = (params.report.tables[key].note, _of_data_set(key, params, people), judged_against(judged))
    return " ".join(part for part in about if part)


def _of_data_set(key: str, params: Params, people: People | None) -> str:
    """What stands in for people and for ImageNet where the data set decides."""
    precision = key in params.report.showing("predcls", PRECISION)
    if precision and not params.dataset.truth:
        return people.words if people else _NO_ORACLE
    if precision and people:
        return f"{people.words} {_ORACLE_TOO if people.results else _ORACLE}"
    if precision:
        return _ORACLE
    encoders = {trained_with(params, run, "features") for run in params.report.trainings(key)}
    if "labels" in encoders and params.labels.source == "pretrain":
        return _LABELS_ENCODER
    return ""


def how_to_read(origin: Origin, beside: str) -> str:
    """The part of a caption that tables share; `beside`: what the number beside ours is called, "" where none is."""
    first = orientation(origin) if beside == "paper" else f"Measured on {origin.title}."
    return f"{first} {_CELL}{_BESIDE[beside]}"


UNTRAINED = (
    "The encoder was NOT trained: its weights are random, because no weights were given. Every number that depends "
    "on it shows that the pipeline runs, not what the method can do."
)
