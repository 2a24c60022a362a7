"""The page's first lines: which rows lead, which claims hold and which do not, read off the tables themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from relclip.tables.claims import VERDICTS, Claim
from relclip.tables.grid import Block, Cell, Table

METRICS = ("recall_at_50", "mean_recall_at_50")


@dataclass(frozen=True)
class Leader:
    """The row with the highest PredCls number of one block of table 1, among how many; the runner-up."""

    metric: str
    name: str
    cell: Cell
    rows: int
    second: str
    second_cell: Cell | None


@dataclass(frozen=True)
class Group:
    """Claims of one verdict by R@50 on the annotation: (claim, difference as text)."""

    verdict: str
    claims: tuple[tuple[str, str], ...]


def leaders(tables: Sequence[Table]) -> list[tuple[str, list[Leader]]]:
    """(heading, leader by R@50 and by mR@50) of each block of table 1 that has results."""
    found = []
    for table in tables:
        for block in table.blocks if table.key == "table1" else ():
            best = [one for metric in METRICS if (one := _leader(table, block, metric))]
            if best:
                found.append((block.title, best))
    return found


def _leader(table: Table, block: Block, metric: str) -> Leader | None:
    places = [(column.task, column.metric, column.pairs) for column in table.columns]
    place = places.index(("predcls", metric, ""))
    ranked = sorted(
        (
            (cell.ours, line.name, cell)
            for line in block.lines
            if (cell := line.cells[place]).ours is not None
        ),
        key=lambda one: (-(one[0] or 0.0), one[1]),
    )
    if not ranked:
        return None
    second = ranked[1] if len(ranked) > 1 else None
    return Leader(
        *(metric, ranked[0][1], ranked[0][2], len(ranked)),
        *((second[1], second[2]) if second else ("", None)),
    )


def groups(claims: Sequence[Claim]) -> list[Group]:
    """The claims by verdict (R@50 on the annotation), in the order of VERDICTS; empty groups are left out."""
    judged = [(claim.name, one) for claim in claims if (one := claim.at("annotation", "recall_at_50"))]
    found = [
        Group(verdict, tuple((name, one.text) for name, one in judged if one.verdict == verdict))
        for verdict in VERDICTS
    ]
    return [group for group in found if group.claims]
