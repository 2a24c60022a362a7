"""What a run is called where people read it: the rows of the tables it stands in, its seed among several."""

from collections.abc import Iterator

from relclip.core.params.tables import Report, Row
from relclip.core.params.whole import Params
from relclip.tables import paper


def rows_of(params: Params) -> dict[str, list[str]]:
    """Run -> `Table 1: RelCLIP (KB), seed 2` for every row that shows it, in the order of the tables."""
    found: dict[str, list[str]] = {}
    for table, name, row in _named(params.report):
        for run in row.runs:
            row_name = f"{table_name(params.report, table)}: {name}{_seed(params, row, run)}"
            found.setdefault(run, []).append(row_name)
    return found


def run_names(params: Params) -> dict[str, str]:
    """Run -> its first row, short: `RelCLIP (KB), seed 2`; with the table where neither that nor a group says which."""
    found: dict[str, str] = {}
    for table, name, row in _named(params.report):
        clear = table in params.report.first or row.group
        for run in row.runs:
            short = name if clear else f"{table_name(params.report, table)}: {name}"
            found.setdefault(run, f"{short}{_seed(params, row, run)}")
    return found


def leading_rows(report: Report) -> list[tuple[str, Row]]:
    """(name, row) of the first table."""
    return [(name, row) for table, name, row in _named(report) if table in report.first]


def table_name(report: Report, table: str) -> str:
    """`Table 1`; the title of one that the paper does not have."""
    of_paper = any(map(paper.has, report.blocks(table)))
    return f"Table {table.removeprefix('table')}" if of_paper else report.tables[table].title


def _named(report: Report) -> Iterator[tuple[str, str, Row]]:
    """(table, name, row): with the row's group, and with the heading of a block that is not the first of its table."""
    for table in report.tables:
        for place, block in enumerate(report.blocks(table).values()):
            heading = f", {block.title[:1].lower()}{block.title[1:]}" if place else ""
            for row in block.rows:
                yield table, f"{f'{row.group}: ' if row.group else ''}{row.name}{heading}", row


def _seed(params: Params, row: Row, run: str) -> str:
    if len(row.runs) < 2 or run in params.predict.training_free:
        return ""
    return f", seed {params.run(params.prediction(run)[0]).seed}"
