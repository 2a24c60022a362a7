"""Files of a run with one number in each table."""

import csv

import pyarrow as pa

from relclip.core.parquet import IMAGES, write_table

CELL = {
    "judged_on": "annotation",
    "row": "Ours",
    "block": "table1_distant",
    "task": "predcls",
    "metric": "recall_at_50",
    "pairs": "",
    "ours": "43.5012",
    "low": "42.1",
    "high": "45.0",
    "std": "0.5",
    "seeds": "3",
    "paper": "54.1",
}
CLAIM = {
    "claim": "a is ahead",
    "task": "predcls",
    "judged_on": "annotation",
    "metric": "recall_at_50",
    "difference": "1.0",
    "low": "0.5",
    "high": "1.5",
    "verdict": "holds",
}


def write_tables(folder):
    """Tables 1 to 6, claims, two test pictures and a training's two benchmark files."""
    for table in range(1, 7):
        _write(folder / "tables" / f"table{table}.csv", [CELL])
    _write(
        folder / "tables" / "claims.csv",
        [CLAIM, {**CLAIM, "metric": "mean_recall_at_50", "difference": "-2"}],
    )
    images = {"image_id": [1, 2, 3], "file": ["a", "b", "c"], "width": [9] * 3, "height": [9] * 3}
    (folder / "dataset").mkdir(exist_ok=True)
    table = pa.table({**images, "split": ["test", "train", "test"]})
    write_table(folder / "dataset" / "images.parquet", table, IMAGES)
    for run, seconds in (("a", "21.2"), ("b", "9.4")):
        _write(folder / "benchmarks" / "train" / f"{run}.tsv", [{"s": seconds, "max_rss": "1300"}], "\t")


def _write(path, rows, delimiter=","):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
