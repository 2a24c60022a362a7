"""The words under the tables: on what the numbers were measured, what a cell holds. Plain text, no markup."""

from relclip.core.params import Params
from relclip.tables import paper

_SETTING = {
    "table1": "",
    "table3": "Trained with the knowledge base and CLIP's scores (KB+EXT).",
    "table5": "Trained with the knowledge base (KB).",
    "table6": "Trained with the knowledge base (KB).",
}
_CELL = (
    "A cell shows ours in percent (the mean over training seeds, ± their standard deviation, their number in "
    "parentheses), then the 95 % bootstrap interval by test image (with several seeds: the mean of their "
    "bounds; it does not cover the choice of the seed), then the paper's number. † marks a row that the paper "
    "does not have."
)


def measured_on(params: Params) -> str:
    """Name the data set in half a sentence."""
    if params.raw.source == "scenes":
        return "procedurally drawn scenes"
    return "the data set given in raw.folder"


def orientation(params: Params) -> str:
    """Say how ours and the paper's numbers relate."""
    both = f"Ours are measured on {measured_on(params)}; the paper's on {paper.data()}."
    if params.raw.source != "scenes":
        return both
    return (
        f"{both} The paper's numbers stand beside ours for orientation: only differences between rows compare, "
        "not the levels."
    )


def judged_against(judged: str) -> str:
    """Say what counts as a hit."""
    if judged == "truth":
        return "Judged against every relation that is true in the picture, annotated or not."
    return "Judged against the annotation, which is incomplete: what nobody wrote down does not count."


def note(key: str, judged: str) -> str:
    """The part of a caption that differs from table to table."""
    return f"{_SETTING[key]} {judged_against(judged)}".strip()


def how_to_read(params: Params) -> str:
    """The part of a caption that all tables share."""
    return f"{orientation(params)} {_CELL}"


UNTRAINED = (
    "The encoder was NOT trained: its weights are random, because no weights were given. Every number that depends "
    "on it shows that the pipeline runs, not what the method can do."
)
