"""The figure of the claims, judged on the annotation."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from relclip.core.recall import MAIN, MAIN_NAMES
from relclip.tables.claims import Claim
from relclip.tables.drawn import Drawn
from relclip.tables.figures.forest import Compared, Interval, forest_figure
from relclip.tables.figures.style import save_themed

TEXT = (
    "Each claim as a difference between two rows on the same test pictures, with its 95 % interval. Right of the line "
    "the claim is borne out, left of it the order is reversed; a hollow mark decides nothing."
)


def draw_claims(claims: Sequence[Claim], folder: Path) -> list[Drawn]:
    """Draw every claim that was computed; none, no figure."""
    rows = [_compared(claim) for claim in claims]
    rows = [row for row in rows if any(row.differences)]
    if not rows:
        return []
    metrics = [metric.label() for metric in MAIN]
    save_themed(folder, "claims", partial(forest_figure, metrics=metrics, rows=rows))
    return [Drawn("claims", "Paired differences, judged on the annotation", TEXT)]


def _compared(claim: Claim) -> Compared:
    found = [claim.at("annotation", metric) for metric in MAIN_NAMES]
    return Compared(
        claim.name, tuple(Interval(one.difference, one.low, one.high) if one else None for one in found)
    )
