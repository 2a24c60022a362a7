"""What a run is called where people read it: the rows of the tables it stands in, its seed among several."""

from relclip.core.params.tables import Row
from relclip.core.params.whole import Params
from relclip.tables.layout import LAYOUTS

#: Section of params.tables -> what is said of a row beside its name.
_SUPERVISION = {"table1_full": ", full supervision"}


def rows_of(params: Params) -> dict[str, list[str]]:
    """Run -> `Table 1: RelCLIP (KB), seed 2` for every row that shows it, in the order of the tables."""
    found: dict[str, list[str]] = {}
    for key, layout in LAYOUTS.items():
        for section, _ in layout.blocks:
            for row in getattr(params.tables, section):
                for run in row.runs:
                    found.setdefault(run, []).append(f"{_table(key)}: {row_name(params, section, row, run)}")
    return found


def run_names(params: Params) -> dict[str, str]:
    """Run -> its first row, short: `RelCLIP (KB), seed 2`; outside table 1 with the number or name of the table."""
    return {run: _short(rows[0]) for run, rows in rows_of(params).items()}


def _short(row: str) -> str:
    for clear in ("Table 1: ", f"{LAYOUTS['beyond'].title}: "):
        row = row.removeprefix(clear)
    return row


def row_name(params: Params, section: str, row: Row, run: str) -> str:
    """The row's name with its group and supervision; of several seeds, which one."""
    name = f"{row.group}: {row.name}" if row.group else row.name
    return f"{name}{_SUPERVISION.get(section, '')}{_seed(params, row, run)}"


def _table(key: str) -> str:
    layout = LAYOUTS[key]
    return f"Table {key.removeprefix('table')}" if key.startswith("table") else layout.title


def _seed(params: Params, row: Row, run: str) -> str:
    if len(row.runs) < 2 or run in params.predict.training_free:
        return ""
    return f", seed {params.run(params.prediction(run)[0]).seed}"
