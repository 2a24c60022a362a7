"""workflow/tables.yaml: which tables the report has, the runs in their rows, the claims. A table is an entry there."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from relclip.core.errors import ParamsError
from relclip.core.params.base import Closed, validate
from relclip.core.params.reading import Changes, changed, read_content
from relclip.core.params.trainings import TrainingOfSeed, trainings
from relclip.core.recall import Task

#: Below the folder of params.yaml.
TABLES = Path("workflow/tables.yaml")
#: Of a column: the knowledge base that labelled a training, or what is judged, a task of its predictions.
Judged = Literal["kb", Task]
#: How the metrics begin that people, or a data set that knows every relation, must judge.
PRECISION = "precision_at_"


class Row(Closed):
    """A row: the mean over the seeds of a run, or those of them that `seeds` names.

    `{sampling.epsilon}` in name and note is that value of the training. `paper`: the paper's row, where it is called
    otherwise there; its numbers show while the training is what the paper's row stands for (tables/paper.json).
    `published`: numbers of other papers in percent, one a column, whose source the table's note names. `note`: what a
    reader must know of this row. Rows of one `group` stand under that heading.
    """

    name: str
    run: str = ""
    seeds: list[int] = []
    #: The trainings of `run`, filled in on reading; none: not yet built.
    runs: list[str] = []
    paper: str = ""
    published: list[float] = []
    note: str = ""
    group: str = ""


class Block(Closed):
    """Rows under one heading."""

    title: str = ""
    rows: list[Row] = []


class Table(Closed):
    """A table: `note` explains it to its reader, `columns` are metrics by task.

    It has `rows`, or several `blocks` of rows by their key, under which tables/paper.json has the paper's numbers.
    `seeds: common`: a row shows the seeds that all rows have, so that like is compared with like. `other_pairs`:
    metrics shown a second time with the switch require_overlap turned. `curves`: the report draws the trainings of its
    rows, each called as `legend` says.
    """

    title: str
    note: str = ""
    columns: dict[Judged, list[str]]
    other_pairs: dict[Judged, list[str]] = {}
    seeds: Literal["all", "common"] = "all"
    curves: bool = False
    legend: str = "{}"
    rows: list[Row] = []
    blocks: dict[str, Block] = {}

    @property
    def places(self) -> list[str]:
        """Its columns as `task/metric`, in the order in which a row's published numbers stand."""
        return [f"{task}/{metric}" for task, metrics in self.columns.items() for metric in metrics]

    @property
    def every_row(self) -> list[Row]:
        """Its rows, those of blocks too."""
        return [*self.rows, *(row for block in self.blocks.values() for row in block.rows)]

    def with_rows(self, change: Callable[[Row], Row]) -> "Table":
        """The table with each of its rows changed."""
        blocks = {
            key: block.model_copy(update={"rows": list(map(change, block.rows))})
            for key, block in self.blocks.items()
        }
        return self.model_copy(update={"rows": list(map(change, self.rows)), "blocks": blocks})

    @model_validator(mode="after")
    def _rows_fit(self) -> "Table":
        if self.rows and self.blocks:
            raise ValueError(f"the table '{self.title}' has rows and blocks; put the rows into a block")
        for row in self.every_row:
            if len(row.published) not in {0, len(self.places)}:
                raise ValueError(
                    f"the table row '{row.name}' has {len(row.published)} published numbers; give one for each of "
                    f"{', '.join(self.places)}, or none"
                )
        return self


class Claim(Closed):
    """A claim of the paper: run `better` is ahead of run `worse`; tested by paired differences, seed by seed.

    It is tested on each of `tasks`; sgdet needs its runs in predict.sgdet. Claims of one `group` are shown together,
    and a study corrects their p for each other's.
    """

    claim: str
    group: str = ""
    tasks: list[Task] = Field(default=["predcls"], min_length=1)
    better: str
    worse: str
    #: Trainings of both, filled in on reading.
    pairs: list[tuple[str, str]] = []


class Figures(Closed):
    """Whose predictions the figures show: figure 5 all of `examples`, figure 6 `rcl` beside `no_rcl`."""

    examples: list[str] = []
    rcl: str | None = None
    no_rcl: str | None = None

    @property
    def runs(self) -> list[str]:
        """Every run that some figure names."""
        return [*self.examples, *(run for run in (self.rcl, self.no_rcl) if run)]


class Report(Closed):
    """All of workflow/tables.yaml. The first table is the one whose trained rows get model cards and lead the page.

    `about`: what a reader must know beyond the numbers, such as why RCL helps or not; said behind the page's first
    sentence, and at the head of a study's page.
    """

    tables: dict[str, Table] = {}
    figures: Figures = Figures()
    about: str = ""
    claims: list[Claim] = []

    def blocks(self, *tables: str) -> dict[str, Block]:
        """Key -> block of some tables; rows without blocks are one block that is called like the table."""
        return {
            key: block
            for name in tables
            for key, block in (self.tables[name].blocks or {name: Block(rows=self.tables[name].rows)}).items()
        }

    def rows(self, *tables: str) -> list[Row]:
        """The rows of some tables."""
        return [row for block in self.blocks(*tables).values() for row in block.rows]

    def trainings(self, *tables: str) -> list[str]:
        """The trainings and other runs in the rows of some tables, each once."""
        return list(dict.fromkeys(run for row in self.rows(*tables) for run in row.runs))

    def showing(self, task: Judged, metric: str = "") -> list[str]:
        """The tables with a column of that task whose metric begins so."""
        return [
            name
            for name, table in self.tables.items()
            if any(shown.startswith(metric) for shown in table.columns.get(task, []))
        ]

    @property
    def first(self) -> list[str]:
        """The key of the first table; none where there is no table."""
        return list(self.tables)[:1]


def load_report(path: Path) -> Report:
    """The tables of the params.yaml at `path`, checked alone. Raises ParamsError where a file is absent or broken."""
    content = read_content(path)
    report = validate(Report, read_report(path, content), "report.")
    return with_trainings_of_rows(report, trainings(content))


def read_report(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of workflow/tables.yaml beside the params.yaml at `path`, which says `content`; unchecked.

    Raises ParamsError where a file is absent or broken.
    """
    tables, name = path.parent / TABLES, content.get("tables")
    if not isinstance(name, str | None):
        raise ParamsError(
            f"{path} holds tables, which stand in {TABLES} now: put your rows there (a row names one `run`, whose "
            "`seeds` params.yaml lists) and write tables: null"
        )
    report = read_content(tables, Changes)
    if name:
        report = changed(report, read_content(tables.with_suffix("") / f"{name}.yaml", Changes))
    return report


def with_trainings_of_rows(report: Report, names: Mapping[str, TrainingOfSeed]) -> Report:
    """The report with the trainings of each run that a row or a claim names."""
    tables = {key: _table(table, names) for key, table in report.tables.items()}
    claims = [_claim(claim, names) for claim in report.claims]
    return report.model_copy(update={"tables": tables, "claims": claims})


def _table(table: Table, names: Mapping[str, TrainingOfSeed]) -> Table:
    seeds = [set(names[row.run]) for row in table.every_row if row.run in names]
    common = set.intersection(*seeds) if seeds and table.seeds == "common" else set()

    def shown(row: Row) -> Row:
        mine = names.get(row.run, {0: row.run} if row.run else {})
        chosen = row.seeds or (common if row.run in names and common else mine)
        return row.model_copy(update={"runs": [mine[seed] for seed in mine if seed in chosen] or row.runs})

    return table.with_rows(shown)


def _claim(claim: Claim, names: Mapping[str, TrainingOfSeed]) -> Claim:
    """The claim with its pairs of trainings: of the seeds that both have; what is not trained is paired with each."""
    better, worse = names.get(claim.better), names.get(claim.worse)
    if better and worse and len(better) == len(worse) == 1:
        pairs = [(next(iter(better.values())), next(iter(worse.values())))]
    else:
        seeds = [seed for seed in better or worse or {0: ""} if seed in (worse or better or {0: ""})]
        pairs = [
            ((better or {}).get(seed, claim.better), (worse or {}).get(seed, claim.worse)) for seed in seeds
        ]
    if not pairs:
        raise ParamsError(
            f"the claim '{claim.claim}' compares {claim.better} and {claim.worse}, which have no seed in common"
        )
    return claim.model_copy(update={"pairs": pairs})
