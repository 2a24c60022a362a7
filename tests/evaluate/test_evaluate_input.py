"""Whatever is wrong with a file, the answer is one sentence that names it, and nothing is written."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from evaluate_reference import random_case, write_case, write_triplets

from relclip.core.errors import RelclipError
from relclip.evaluate import evaluate

TRUTH, FOUND = "groundtruth", "predictions"


def changed(name, column, value, row=0):
    """Put `value` into one cell."""

    def change(root):
        path = root / name
        table = pq.read_table(path)
        values = table[column].to_pylist()
        values[row] = value
        kind = table.schema.field(column).type
        kind = pa.int64() if pa.types.is_integer(kind) and not isinstance(value, float) else kind
        kind = pa.float64() if isinstance(value, float) else kind
        pq.write_table(
            table.set_column(table.column_names.index(column), column, pa.array(values, kind)), path
        )

    return change


def without(name, column):
    return lambda root: pq.write_table(pq.read_table(root / name).drop_columns(column), root / name)


def twice(name):
    def change(root):
        table = pq.read_table(root / name)
        pq.write_table(pa.concat_tables([table, table]), root / name)

    return change


def as_shares(name):
    def change(root):
        table = pq.read_table(root / name)
        for side in ("x1", "y1", "x2", "y2"):
            shares = pc.divide(table[side], pa.scalar(1000, table[side].type))
            table = table.set_column(table.column_names.index(side), side, shares)
        pq.write_table(table, root / name)

    return change


def last_again(root):
    """The last image once more, but not the first."""
    table = pq.read_table(root / TRUTH / "images.parquet")
    pq.write_table(pa.concat_tables([table, table.slice(len(table) - 1)]), root / TRUTH / "images.parquet")


def text(name, content):
    return lambda root: (root / name).write_bytes(content)


FAULTS = [
    (lambda root: (root / TRUTH).rename(root / "elsewhere"), "groundtruth is not a folder"),
    (lambda root: (root / FOUND).rename(root / "elsewhere"), "predictions are not a folder"),
    (lambda root: (root / FOUND / "relations.parquet").unlink(), "relations.parquet does not exist"),
    (text(f"{FOUND}/relations.parquet", b"PAR1 no PAR1"), "not readable as Parquet"),
    (text(f"{FOUND}/objects.parquet", b""), "not readable as Parquet"),
    (text(f"{TRUTH}/vocabulary.json", b"{"), "not valid JSON"),
    (without(f"{FOUND}/relations.parquet", "score"), "lacks the column 'score'"),
    (without(f"{TRUTH}/objects.parquet", "class_id"), "lacks the column 'class_id'"),
    (changed(f"{FOUND}/relations.parquet", "score", float("nan")), "has the score nan in image"),
    (changed(f"{FOUND}/objects.parquet", "score", float("inf")), "has the score inf in image"),
    (
        changed(f"{FOUND}/relations.parquet", "predicate_id", 4),
        "predicate_id 4; vocabulary.json has 3 predicates",
    ),
    (changed(f"{FOUND}/relations.parquet", "subject_id", 77), "subject_id 77"),
    (changed(f"{FOUND}/objects.parquet", "class_id", 0), "class_id 0.*ids are 1 to 4"),
    (changed(f"{FOUND}/objects.parquet", "class_id", 1 << 40), "does not fit the columns"),
    (
        changed(f"{FOUND}/objects.parquet", "object_id", float("nan")),
        r"objects.parquet has nan in the column 'object_id', in the row 0; these are whole numbers \(int32\)",
    ),
    (changed(f"{TRUTH}/images.parquet", "image_id", float("inf")), "has inf in the column 'image_id'"),
    (changed(f"{FOUND}/relations.parquet", "predicate_id", 1.5), "has 1.5 in the column 'predicate_id'"),
    (changed(f"{FOUND}/relations.parquet", "subject_id", 3e9), "3e.09 in the column 'subject_id'"),
    (changed(f"{TRUTH}/objects.parquet", "class_id", 5), "class_id 5"),
    (changed(f"{TRUTH}/objects.parquet", "x1", float("nan")), "has the box"),
    (changed(f"{FOUND}/objects.parquet", "x2", -5.0), "has the box"),
    (changed(f"{TRUTH}/relations.parquet", "object_id", 77), "object_id 77"),
    (changed(f"{TRUTH}/relations.parquet", "image_id", None), "1 empty values in the column 'image_id'"),
    (changed(f"{TRUTH}/relations.parquet", "image_id", 999), "999, which images.parquet does not list"),
    (changed(f"{TRUTH}/objects.parquet", "image_id", 999), "999, which images.parquet does not list"),
    (without(f"{TRUTH}/images.parquet", "split"), "lacks the column 'split'"),
    (twice(f"{TRUTH}/images.parquet"), "more than once"),
    (last_again, "has the image .* more than once"),
    (as_shares(f"{FOUND}/objects.parquet"), "predictions/objects.parquet: these boxes are all within 0..1"),
    (as_shares(f"{TRUTH}/objects.parquet"), "objects.parquet: the ground truth's boxes are all within 0..1"),
    (twice(f"{FOUND}/objects.parquet"), "has the object . more than once"),
    (changed("seen.parquet", "subject_class", 9), "subject_class 9"),
]


@pytest.mark.parametrize(("change", "sentence"), FAULTS, ids=[sentence for _, sentence in FAULTS])
def test_each_fault_has_its_sentence(tmp_path, change, sentence):
    truth, predictions = write_case(tmp_path, random_case(np.random.default_rng(2)))
    write_triplets(tmp_path / "seen.parquet", [(1, 1, 1)])
    change(tmp_path)
    with pytest.raises(RelclipError, match=sentence):
        evaluate(truth, predictions, "sgdet", train_triplets=tmp_path / "seen.parquet")


def test_unknown_split_names_the_known(tmp_path):
    folders = write_case(tmp_path, random_case(np.random.default_rng(2)))
    with pytest.raises(RelclipError, match=r"no image of the split 'val'; it has the splits: test"):
        evaluate(*folders, "predcls", split="val")


def test_command_says_one_sentence_and_writes_nothing(tmp_path):
    truth, _ = write_case(tmp_path, random_case(np.random.default_rng(2)))
    output = tmp_path / "out" / "metrics.json"
    where = ["--groundtruth", str(truth), "--predictions", str(tmp_path / "no"), "--task", "sgcls"]
    command = [sys.executable, "-m", "relclip.evaluate", *where, "--output", str(output)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "are not a folder" in ended.stderr
    assert not output.parent.exists() or not list(output.parent.iterdir())
