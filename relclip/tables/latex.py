"""The tables as LaTeX in booktabs style (packages: booktabs, graphicx)."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from relclip.core.metrics import metric_label
from relclip.tables import claims as claim_table
from relclip.tables.claims import Claim
from relclip.tables.grid import NOT_BUILT, Cell, FilledTable, Line
from relclip.tables.layout import TASKS
from relclip.tables.plain import heading, marked

_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",
    "\n": " ",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "–": "--",
}
#: Columns that fit a page in small letters.
FIT = 6
_ESCAPES = str.maketrans(_SPECIAL)


def escape_latex(text: str) -> str:
    """Escape every character that LaTeX takes as a command or that a plain text font lacks."""
    return text.translate(_ESCAPES)


def tables_latex(tables: Iterable[FilledTable]) -> str:
    """One table environment a judgement."""
    return "\n".join(_table(table) for table in tables)


def _table(table: FilledTable) -> str:
    title = heading(table).replace("Table", "RelCLIP table", 1) if table.against_paper else heading(table)
    label = f"tab:{table.key}-{table.judged}"
    return _environment(title, f"{table.note} {table.how_to_read}", label, _body(table))


def claims_latex(claims: Sequence[Claim]) -> str:
    """The claims, a difference and its verdict in two lines of a cell."""
    columns = claim_table.columns(claims)
    heads = [f"{metric_label(metric)}, {judged}" for judged, metric in columns]
    lines = ["l" + "r" * len(columns), _row(["Claim", *map(escape_latex, heads)]), r"\midrule"]
    for claim in claims:
        found = [claim.at(judged, metric) for judged, metric in columns]
        lines.append(
            _row([escape_latex(claim.name), *(_signed(one.text) if one else NOT_BUILT for one in found)])
        )
        lines.append(_row(["", *(rf"\emph{{{one.verdict}}}" if one else "" for one in found)]))
    return _environment("Claims, the paper's and ours", claim_table.caption(), "tab:claims", lines)


def _signed(text: str) -> str:
    return "{}" + text.replace("−", "$-$").replace("+", "$+$")


def _environment(title: str, caption: str, label: str, lines: Sequence[str]) -> str:
    """`lines`: the columns of the tabular, then its rows. A table wider than a page is scaled to fit."""
    columns, *body = lines
    wide = len(columns) > FIT
    return "\n".join(
        [
            r"\begin{table*}[t]",
            r"\centering",
            rf"\caption{{{escape_latex(title)}. {escape_latex(caption)}}}",
            rf"\label{{{label}}}",
            r"\smallskip",
            r"\resizebox{\textwidth}{!}{%" if wide else r"\small",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}" if wide else r"\end{tabular}",
            r"\end{table*}",
            "",
        ]
    )


def _body(table: FilledTable) -> list[str]:
    columns = table.shown
    lines = ["l" + "r" * len(columns)]
    tasks = [(task, len(list(group))) for task, group in groupby(columns, lambda column: column.task)]
    if len(tasks) > 1:
        lines.append(
            _row(["", *(rf"\multicolumn{{{width}}}{{c}}{{{TASKS[task]}}}" for task, width in tasks)])
        )
    lines.append(_row(["", *(escape_latex(column.label) for column in columns)]))
    for block in table.blocks:
        lines.append(r"\midrule")
        if block.title:
            lines.append(
                rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{\textit{{{escape_latex(block.title)}}}}} \\"
            )
        for line in block.lines:
            lines += _lines(table, line, line.cells[: len(columns)])
    return lines


def _lines(table: FilledTable, line: Line, cells: Sequence[Cell]) -> list[str]:
    """Up to four printed lines a row: ours, its interval, the paper's, the note."""
    lines = [
        _row([escape_latex(line.name) + (r"$^\dagger$" if marked(table, line) else ""), *map(_ours, cells)])
    ]
    if any(cell.low is not None for cell in cells):
        lines.append(_row([r"\quad 95\,\% interval", *map(_interval, cells)]))
    if table.beside:
        theirs = (f"{cell.paper:.2f}" if cell.paper is not None else "--" for cell in cells)
        lines.append(_row([rf"\quad {table.beside}", *theirs]))
    if line.note:
        lines.append(rf"\multicolumn{{{len(cells) + 1}}}{{l}}{{\quad {escape_latex(line.note)}}} \\")
    return [*lines[:-1], lines[-1] + "[2pt]"]


def _ours(cell: Cell) -> str:
    if cell.ours is None:
        return rf"\emph{{{cell.state}}}"
    spread = rf" $\pm$ {cell.std:.1f} ({cell.seeds})" if cell.std is not None else ""
    return rf"\textbf{{{cell.ours:.1f}}}{spread}"


def _interval(cell: Cell) -> str:
    return "" if cell.low is None else f"{{}}[{cell.low:.1f}, {cell.high:.1f}]"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"
