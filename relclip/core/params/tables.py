"""The section tables: rows, figures, claims."""

from typing import Literal

from pydantic import Field, model_validator

from relclip.core.params.base import Closed


class Row(Closed):
    """A row of a table: its name and the runs (one a seed) whose mean it shows; no runs: not yet built.

    `{sampling.epsilon}` in the name is that value of the runs' training. `paper`: the paper's row, where it is called
    otherwise there; its numbers show while the training is what the paper's row stands for (tables/paper.json). `note`:
    what a reader must know of this row. Rows of one `group` stand under that heading.
    """

    name: str
    runs: list[str] = []
    paper: str = ""
    note: str = ""
    group: str = ""


class Difference(Closed):
    """A claim of the paper: run `better` is ahead of run `worse`; tested by paired differences, seed by seed.

    It is tested on each of `tasks`; sgdet needs its runs in predict.sgdet. Claims of one `group` are shown together,
    and a study corrects their p for each other's.
    """

    claim: str
    group: str = ""
    tasks: list[Literal["predcls", "sgcls", "sgdet"]] = Field(default=["predcls"], min_length=1)
    better: list[str] = Field(min_length=1)
    worse: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _pairs(self) -> "Difference":
        if len(self.better) != len(self.worse):
            raise ValueError(
                f"the claim '{self.claim}' has {len(self.better)} better and {len(self.worse)} worse runs;"
                " they are paired, so give as many of both"
            )
        return self


class Figures(Closed):
    """Whose predictions the figures show: figure 5 all of `examples`, figure 6 `rcl` beside `no_rcl`."""

    examples: list[str] = []
    rcl: str | None = None
    no_rcl: str | None = None

    @property
    def runs(self) -> list[str]:
        """Every run that some figure names."""
        return [*self.examples, *(run for run in (self.rcl, self.no_rcl) if run)]


class Tables(Closed):
    """Which runs fill which rows; the columns and the paper's numbers belong to the `tables` stage."""

    table1_distant: list[Row] = []
    table1_full: list[Row] = []
    table2: list[Row] = []
    table3: list[Row] = []
    table4: list[Row] = []
    table5: list[Row] = []
    table6: list[Row] = []
    beyond: list[Row] = []
    kb_size: list[Row] = []
    figures: Figures = Figures()
    claims: list[Difference] = []
