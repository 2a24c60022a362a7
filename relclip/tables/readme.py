"""`make readme`: the blocks of docs/results.md, from the tables of the last run: nobody copies numbers by hand."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.errors import ContractError, InputError
from relclip.core.page import markdown_rows
from relclip.core.params.whole import load_workflow
from relclip.core.parquet import IMAGES, read_table
from relclip.tables.provenance import facts, stage_times


def fill_readme(readme: Path, blocks: dict[str, str]) -> None:
    """Replace each block of the file, between its two comment lines.

    Raises InputError where it lacks a block.
    """
    text = readme.read_text("utf-8")
    for name, content in blocks.items():
        begin, end = f"<!-- {name}: make readme -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise InputError(f"{readme} has no block between {begin.strip()} and {end}; put both lines back")
        text = f"{before}{begin}{content}\n{end}{after}"
    write_text(readme, text)


def results(params: Path, tables: Path, dataset: Path) -> str:
    """Where the run was made, then every table of workflow/tables.yaml and the claims, judged on the annotation.

    Raises ContractError where a table is missing.
    """
    split = read_table(dataset / "images.parquet", IMAGES)["split"].to_pylist()
    origin = dict(facts(params))
    head = f"Commit {origin['Commit']}; {origin['Machine']}. Test images: {split.count('test'):,}."
    names = (*load_workflow(params).report.tables, "claims")
    return "\n\n".join([head, *_each_once(_annotation(tables / f"{name}.md") for name in names)])


def _each_once(tables: Iterable[str]) -> Iterator[str]:
    """How to read a table stands below its heading: say it only where it was not said above."""
    said = set()
    for table in tables:
        heading, how, *rest = table.split("\n\n")
        yield "\n\n".join([heading, *([how] if how not in said else []), *rest])
        said.add(how)


def times(benchmarks: Path) -> str:
    """Jobs, wall time and peak memory of each rule, by Snakemake's benchmark files."""
    return "\n".join(markdown_rows(["rule", "jobs", "seconds", "peak memory"], _times(benchmarks)))


def _times(benchmarks: Path) -> Iterator[list[str]]:
    for time in stage_times(benchmarks):
        memory = f"{time.memory_mb / 1000:.1f} GB" if time.memory_is_known else "not seen"
        yield [time.rule, str(time.jobs), f"{time.seconds:.0f}", memory]


def _annotation(path: Path) -> str:
    """A table's Markdown without its second part, that judged on the full truth."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ContractError(f"{path} cannot be read ({error.strerror}); run `make tables` first") from None
    return re.split(r"\n(?=### )", text)[0].strip()


def main() -> None:
    """Fill the blocks `results` and `times` of docs/results.md from the last run's tables."""
    parser = command.parser("relclip.tables.readme", main.__doc__ or "")
    command.add_params(parser)
    for option, usual in (
        ("readme", "docs/results.md"),
        ("tables", "reports/tables"),
        ("dataset", "data/dataset"),
        ("benchmarks", "logs/benchmarks"),
    ):
        parser.add_argument(f"--{option}", type=Path, default=Path(usual), help=f"where {usual} is")
    options = command.parse(parser)
    found = results(options.params, options.tables, options.dataset)
    fill_readme(options.readme, {"results": found, "times": times(options.benchmarks)})


if __name__ == "__main__":
    command.run(main)
