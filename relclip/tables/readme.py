"""`make readme`: the numbers of docs/results.md, from the tables of the last run: nobody copies them by hand."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.errors import ContractError, InputError
from relclip.core.parquet import IMAGES, read_table
from relclip.core.recall import MAIN, MEAN_RECALL, RECALL
from relclip.tables.layout import TASKS
from relclip.tables.plain import markdown_rows
from relclip.tables.provenance import SHELL_MB

Rows = list[dict[str, str]]
Column = tuple[str, str, str]

RECALLS: list[Column] = [("predcls", metric.at(), metric.label()) for metric in MAIN]
HUNDRED: Column = ("predcls", RECALL.at(100), RECALL.label(100))
#: Table -> (what it shows, its columns: task, metric, heading).
SMALL: dict[str, tuple[str, list[Column]]] = {
    "table2": (
        "Table 2, PredCls: an oracle that knows every true relation stands for the paper's people (200 test pictures",
        [
            ("predcls", "precision_at_10", "P@10"),
            ("predcls", "precision_at_20", "P@20"),
            RECALLS[0],
            HUNDRED,
        ],
    ),
    "table3": ("Table 3, levels of the contrast (KB+EXT", RECALLS),
    "table4": (
        "Table 4, pre-training; in place of ImageNet-1K an encoder of CLIP's shape that learned names alone (KB+EXT",
        [RECALLS[0], HUNDRED],
    ),
    "table5": ("Table 5, sampling (KB", RECALLS),
    "table6": ("Table 6, the threshold epsilon (KB", RECALLS),
}
TABLE1: list[tuple[str, str, str, bool]] = [
    (task, metric.at(), f"{TASKS[task]} {metric.label()}", interval)
    for task, metric, interval in (
        ("predcls", RECALL, True),
        ("predcls", MEAN_RECALL, True),
        ("sgcls", RECALL, True),
        ("sgdet", RECALL, False),
    )
]
#: Stage -> its benchmark files.
STAGES = {
    "raw": "raw.tsv",
    "kb": "kb.tsv",
    "clip, pre-training": "clip.tsv",
    "encoder of table 4": "labels.tsv",
    "features": "features/*.tsv",
    "detector": "detector.tsv",
    "ext": "ext.tsv",
    "ext on detected boxes": "ext_sgdet.tsv",
    "train and refine": "train/*.tsv",
    "predict": "predict/*.tsv",
    "predict SGDet": "predict_sgdet/*.tsv",
    "evaluate": "evaluate/*.tsv",
    "evaluate SGDet": "evaluate_sgdet/*.tsv",
    "Grad-CAM": "gradcam/*.tsv",
    "claims": "claims.tsv",
    "tables, figures, page": "tables.tsv",
}


def fill_readme(readme: Path, tables: Path, dataset: Path, benchmarks: Path) -> None:
    """Replace the blocks `results` and `times` of the file, between their two comment lines.

    Raises InputError where it lacks a block, ContractError where a table is missing.
    """
    text = readme.read_text("utf-8")
    for name, lines in (("results", results(tables, dataset)), ("times", times(benchmarks))):
        begin, end = f"<!-- {name}: make readme -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise InputError(f"{readme} has no block between {begin.strip()} and {end}; put both lines back")
        text = before + begin + "\n".join(lines) + "\n" + end + after
    write_text(readme, text)


def results(tables: Path, dataset: Path) -> list[str]:
    """Table 1 with all tasks, tables 2-6 with PredCls, then the claims: lines of Markdown."""
    split = read_table(dataset / "images.parquet", IMAGES)["split"].to_pylist()
    lines = [f"Test pictures: {split.count('test'):,}.", "", *_table1(_read(tables / "table1.csv"))]
    for name, (title, columns) in SMALL.items():
        rows = _read(tables / f"{name}.csv")
        lines += ["", f"{title}, {_seeds(rows)}):", "", *_table(rows, _names(rows), columns)]
    return [*lines, "", *_claims(_read(tables / "claims.csv"))]


def times(benchmarks: Path) -> list[str]:
    """Wall time and peak memory of each stage, by Snakemake's benchmark files: lines of Markdown, two stages a line."""
    items = [item for stage, files in STAGES.items() for item in _time(stage, sorted(benchmarks.glob(files)))]
    half = (len(items) + 1) // 2
    lines = ["| stage | wall | peak memory | | stage | wall | peak memory |", "|:--|--:|--:|:--|:--|--:|--:|"]
    right = [*items[half:], "| | | |"]
    return lines + [f"{a} {b}" for a, b in zip(items[:half], right, strict=False)]


def _read(path: Path) -> Rows:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise ContractError(f"{path} cannot be read ({error.strerror}); run `make tables` first") from None


def _table1(rows: Rows) -> list[str]:
    heads = [heading for *_, heading, _ in TABLE1]
    lines = []
    for block, suffix in (("table1_distant", ""), ("table1_full", " (full)")):
        chosen = [row for row in rows if row["block"] == block]
        for name in _names(chosen):
            cells = [_cell(chosen, name, task, metric, interval=wide) for task, metric, _, wide in TABLE1]
            cells.append(_cell(chosen, name, "predcls", RECALL.at(), "truth", interval=False, paper=False))
            lines.append([f"{name}{suffix}", *cells])
    return markdown_rows(["", *heads, "full truth: PredCls R@50"], lines)


def _table(rows: Rows, names: Sequence[str], columns: Sequence[Column]) -> list[str]:
    cells = ([name, *(_cell(rows, name, task, metric) for task, metric, _ in columns)] for name in names)
    return markdown_rows(["", *(heading for *_, heading in columns)], cells)


def _names(rows: Rows) -> list[str]:
    return list(dict.fromkeys(row["row"] for row in rows))


def _seeds(rows: Rows) -> str:
    """How many trainings a row of this table has at most, in words."""
    most = max((int(row["seeds"] or 0) for row in rows), default=1)
    return "one seed" if most <= 1 else f"{most} seeds"


def _cell(
    rows: Rows,
    name: str,
    task: str,
    metric: str,
    judged: str = "annotation",
    *,
    interval: bool = True,
    paper: bool = True,
) -> str:
    """Ours ± the deviation over seeds [interval] / the paper's, in percent; a dash where there is none."""
    wanted = {"row": name, "task": task, "metric": metric, "judged_on": judged, "pairs": ""}
    found = next((row for row in rows if all(row[key] == value for key, value in wanted.items())), None)
    if found is None or not found["ours"]:
        return "–"
    text = f"{float(found['ours']):.1f}"
    text += f" ± {float(found['std']):.1f}" if found["std"] else ""
    text += f" [{float(found['low']):.1f}, {float(found['high']):.1f}]" if interval and found["low"] else ""
    return text + (f" / {float(found['paper']):.1f}" if paper and found["paper"] else "")


def _claims(rows: Rows) -> Iterator[str]:
    """One line a verdict: the claims' differences in recall, those in mean recall behind them."""
    judged = [row for row in rows if (row["judged_on"], row["task"]) == ("annotation", "predcls")]
    mean = {row["claim"]: row for row in judged if row["metric"] == MEAN_RECALL.at()}
    recall = [row for row in judged if row["metric"] == RECALL.at()]
    for verdict in dict.fromkeys(sorted((row["verdict"] for row in recall), key=_order)):
        said = [
            f"{row['claim']} {float(row['difference']):+.1f} [{float(row['low']):.1f}, {float(row['high']):.1f}]"
            f" ({float(mean[row['claim']]['difference']):+.1f})"
            for row in recall
            if row["verdict"] == verdict
        ]
        yield f"- **{verdict.capitalize()}**: " + "; ".join(said) + "."


def _order(verdict: str) -> tuple[int, str]:
    first = ("holds", "undecided", "does not")
    return next((place for place, word in enumerate(first) if verdict.startswith(word)), len(first)), verdict


def _time(stage: str, files: Sequence[Path]) -> Iterator[str]:
    """A stage's line, none where it did not run: `| stage, one of 3 | 2-5 s | 0.3 GB |`."""
    seconds, peaks = [], []
    for file in files:
        with file.open(encoding="utf-8", newline="") as opened:
            row = next(csv.DictReader(opened, delimiter="\t"))
        seconds.append(float(row["s"]))
        peaks.append(float(row["max_rss"]) if row["max_rss"] not in {"NA", "-"} else 0.0)
    if seconds:
        name = stage if len(seconds) == 1 else f"{stage}, one of {len(seconds)}"
        spread = "-".join(dict.fromkeys((f"{min(seconds):.0f}", f"{max(seconds):.0f}")))
        peak = f"{max(peaks) / 1000:.1f} GB" if max(peaks) > SHELL_MB else "not seen"
        yield f"| {name} | {spread} s | {peak} |"


def main() -> None:
    """Fill the blocks `results` and `times` of docs/results.md from the last run's tables."""
    arguments = command.parser("relclip.tables.readme", main.__doc__ or "")
    for option, usual in (
        ("readme", "docs/results.md"),
        ("tables", "reports/tables"),
        ("dataset", "data/dataset"),
        ("benchmarks", "logs/benchmarks"),
    ):
        arguments.add_argument(f"--{option}", type=Path, default=Path(usual), help=f"where {usual} is")
    options = arguments.parse_args()
    fill_readme(options.readme, options.tables, options.dataset, options.benchmarks)


if __name__ == "__main__":
    command.run(main)
