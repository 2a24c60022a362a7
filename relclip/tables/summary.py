"""The page's first lines: whether RCL helped, which rows lead, which claims hold, read off the tables themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from relclip.core.params.tables import Figures
from relclip.core.recall import MAIN_NAMES
from relclip.tables.claims import VERDICTS, Claim
from relclip.tables.grid import Cell, FilledBlock, FilledTable, Line


@dataclass(frozen=True)
class Leader:
    """The row with the highest PredCls number of one block of table 1, among how many; the runner-up.

    `level`: the rows that the test pictures do not tell from it.
    """

    metric: str
    name: str
    cell: Cell
    rows: int
    second: str
    second_cell: Cell | None
    level: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Claims of one verdict by R@50 on the annotation: (claim, difference as text)."""

    verdict: str
    claims: tuple[tuple[str, str], ...]


#: A verdict on the claim that RCL helps -> its first words.
RCL_HELPED = {
    "holds": "RCL helped",
    "undecided": "Whether RCL helped is undecided",
    "does not hold": "RCL did not help, it was worse",
}


def whether_rcl_helped(claims: Sequence[Claim], figures: Figures) -> str:
    """One sentence on figure 6's run with RCL against its run without; empty where no claim compares them."""
    runs = ((figures.rcl,), (figures.no_rcl,))
    claim = next((one for one in claims if (one.better, one.worse) == runs), None)
    found = [one for metric in MAIN_NAMES if claim and (one := claim.at("annotation", metric))]
    if not found:
        return ""
    verdict, _, seeds = found[0].verdict.partition(" at ")
    numbers = ", ".join(f"{one.label} {one.text}" for one in found)
    return (
        f"{RCL_HELPED[verdict]}{f' at {seeds}' if seeds else ''}: with it minus without it (PredCls, points, "
        f"95 % interval) {numbers}."
    )


def leaders(tables: Sequence[FilledTable], claims: Sequence[Claim] = ()) -> list[tuple[str, list[Leader]]]:
    """(heading, leader by R@50 and by mR@50) of each block of the first table that has results."""
    found = []
    for table in tables[:1]:
        for block in table.blocks:
            best = [one for metric in MAIN_NAMES if (one := _leader(table, block, metric, claims))]
            if best:
                found.append((block.title, best))
    return found


def _leader(table: FilledTable, block: FilledBlock, metric: str, claims: Sequence[Claim]) -> Leader | None:
    places = [(column.task, column.metric, column.pairs) for column in table.columns]
    if ("predcls", metric, "") not in places:
        return None
    place = places.index(("predcls", metric, ""))
    ranked = sorted(
        ((line, cell) for line in block.lines if (cell := line.cells[place]).ours is not None),
        key=lambda one: (-(one[1].ours or 0.0), one[0].name),
    )
    if not ranked:
        return None
    (first, cell), *others = ranked
    second, second_cell = (others[0][0].name, others[0][1]) if others else ("", None)
    level = tuple(
        line.name for line, other in others if _level(first, cell, line, other, metric=metric, claims=claims)
    )
    return Leader(metric, first.name, cell, len(ranked), second, second_cell, level)


def _level(first: Line, cell: Cell, line: Line, other: Cell, *, metric: str, claims: Sequence[Claim]) -> bool:
    """Whether the test pictures leave open which row is ahead.

    By the paired difference where a claim compares their runs, otherwise where their intervals overlap.
    """
    pairs = {(first.runs[:1], line.runs[:1]), (line.runs[:1], first.runs[:1])}
    paired = [
        one
        for claim in claims
        if claim.task == "predcls" and (claim.better[:1], claim.worse[:1]) in pairs
        if (one := claim.at("annotation", metric))
    ]
    if paired:
        return paired[0].verdict == "undecided"
    return cell.low is not None and other.high is not None and other.high >= cell.low


def groups(claims: Sequence[Claim]) -> list[Group]:
    """The claims by verdict (R@50 on the annotation), in the order of VERDICTS; empty groups are left out."""
    judged = [(claim.name, one) for claim in claims if (one := claim.at("annotation", MAIN_NAMES[0]))]
    found = [
        Group(verdict, tuple((name, one.text) for name, one in judged if one.verdict == verdict))
        for verdict in VERDICTS
    ]
    return [group for group in found if group.claims]
