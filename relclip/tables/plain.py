"""The tables as CSV (plain numbers, one cell a line) and as GitHub's Markdown."""

from collections.abc import Iterable, Sequence

from relclip.core.metrics import metric_label
from relclip.core.page import as_csv, escape_markdown, markdown_rows
from relclip.tables import claims as claim_table
from relclip.tables.claims import Claim
from relclip.tables.grid import NOT_BUILT, Cell, Column, FilledTable, Line
from relclip.tables.layout import JUDGED, TASKS

NO_BREAK = "\N{NO-BREAK SPACE}"
HEADER = (
    *("table", "judged_on", "block", "group", "row", "note", "in_paper", "task", "metric", "pairs"),
    *("ours", "low", "high", "std", "seeds", "paper", "state"),
)


def tables_csv(tables: Iterable[FilledTable]) -> str:
    """One line a cell: ours, low, high, std and paper in percent; `state` says whether it was measured."""
    return as_csv([HEADER, *(line for table in tables for line in _cells(table))])


def _cells(table: FilledTable) -> Iterable[Sequence[object]]:
    for block in table.blocks:
        for line in block.lines:
            for column, cell in zip(table.columns, line.cells, strict=True):
                yield [
                    *(table.key, table.judged, block.key, block.title),
                    *(line.name, line.note, str(line.in_paper).lower()),
                    *(column.task, column.metric, column.pairs),
                    *(cell.ours, cell.low, cell.high, cell.std, cell.seeds, cell.paper, cell.state),
                ]


def tables_markdown(tables: Iterable[FilledTable]) -> str:
    """One Markdown table a judgement, each under its caption."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: FilledTable) -> str:
    lines = [f"### {heading(table)}", ""]
    lines += [
        line for text in (table.how_to_read, table.note) if text for line in (escape_markdown(text), "")
    ]
    columns = table.shown
    lines += markdown_rows(["", *(column_heading(table, column) for column in columns)], [])
    for block in table.blocks:
        if block.title:
            lines.append(
                "| " + " | ".join([f"**{escape_markdown(block.title)}**", *[""] * len(columns)]) + " |"
            )
        for line in block.lines:
            beside = table.beside if line.in_paper else ""
            cells = [markdown_cell(cell, beside) for cell in line.cells[: len(columns)]]
            lines.append("| " + " | ".join([_markdown_name(table, line), *cells]) + " |")
    return "\n".join([*lines, ""])


def _markdown_name(table: FilledTable, line: Line) -> str:
    name = escape_markdown(line.name) + (" †" if marked(table, line) else "")
    return f"{name}<br>{escape_markdown(line.note)}" if line.note else name


def marked(table: FilledTable, line: Line) -> bool:
    """Whether this row of a table of the paper is one that the paper does not have."""
    return table.against_paper and not line.in_paper


def heading(table: FilledTable) -> str:
    """`Table 1. Distant and full supervision, judged on the annotation`."""
    return f"{title(table)}, judged on {JUDGED[table.judged]}"


def title(table: FilledTable) -> str:
    """`Table 1. Distant and full supervision`; what the paper does not have, has no number."""
    return f"Table {table.key.removeprefix('table')}. {table.title}" if table.against_paper else table.title


def column_heading(table: FilledTable, column: Column) -> str:
    """The metric, with its task where the table has several."""
    several = len({other.task for other in table.columns}) > 1
    return f"{TASKS[column.task]} {column.label}" if several else column.label


def markdown_cell(cell: Cell, beside: str) -> str:
    """`**54.2** ± 0.4 (3)<br>[53.0, 55.3]<br>paper 55.06`; what stands in one line, stays in it."""
    theirs = f"{cell.paper:.2f}" if cell.paper is not None else "–"
    return "<br>".join([*measured(cell, "**"), *([f"{beside}{NO_BREAK}{theirs}"] if beside else [])])


def measured(cell: Cell, strong: str = "") -> list[str]:
    """The measured part of a cell as text: the mean with its spread over seeds, then the interval."""
    if cell.ours is None:
        return [cell.state]
    spread = f"{NO_BREAK}±{NO_BREAK}{cell.std:.1f}{NO_BREAK}({cell.seeds})" if cell.std is not None else ""
    interval = [f"[{cell.low:.1f},{NO_BREAK}{cell.high:.1f}]"] if cell.low is not None else []
    return [f"{strong}{cell.ours:.1f}{strong}{spread}", *interval]


def claims_markdown(claims: Sequence[Claim]) -> str:
    """The claims as a Markdown table: each difference with its interval and verdict."""
    columns = claim_table.columns(claims)
    header = ["", *(f"{metric_label(metric)}, {judged}" for judged, metric in columns)]
    rows = [
        [escape_markdown(claim.name), *(_difference(claim.at(*column)) for column in columns)]
        for claim in claims
    ]
    return "\n".join(
        ["### Claims, the paper's and ours", "", claim_table.caption(), "", *markdown_rows(header, rows), ""]
    )


def _difference(one: claim_table.Difference | None) -> str:
    return f"{one.text.replace(' ', NO_BREAK)}<br>**{one.verdict}**" if one else NOT_BUILT
