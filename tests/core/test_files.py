"""Files appear whole or not at all, and Parquet keeps its contract."""

import errno
import resource
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save

from relclip.compute.seal import UNSEALED, write_sealed
from relclip.core.atomic import atomic_file, atomic_folder, write_array, write_json, write_text
from relclip.core.digest import check_digests, made_folder
from relclip.core.errors import ContractError
from relclip.core.parquet import IMAGES, RELATIONS, read_table, readable, write_sorted, write_table


def relations(rows):
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    return pa.table(dict(zip(RELATIONS.names, map(list, columns), strict=True)))


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_failure_leaves_the_old_content_and_no_rest(tmp_path, kind):
    path = tmp_path / "thing"
    with atomic_file(path) if kind == "file" else atomic_folder(path) as temporary:
        (temporary if kind == "file" else temporary / "inside").write_text("old")
    with (
        pytest.raises(RuntimeError),
        atomic_file(path) if kind == "file" else atomic_folder(path) as temporary,
    ):
        (temporary if kind == "file" else temporary / "inside").write_text("new")
        raise RuntimeError
    assert (path if kind == "file" else path / "inside").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["thing"]


@contextmanager
def files_of_at_most(size):
    """As on a full disk, in this process: no file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


NUMBERS = np.arange(10_000, dtype=np.float32).reshape(100, 100)
WRITERS = {
    "text": lambda path: write_text(path, "x" * 40_000),
    "json": lambda path: write_json(path, NUMBERS.tolist()),
    "array": lambda path: write_array(path, NUMBERS),
    "tensors": lambda path: write_sealed(path, save({"a": NUMBERS}, UNSEALED)),
    "table": lambda path: write_table(
        path, relations([(n, n * 7919, n % 5, n) for n in range(9000)]), RELATIONS
    ),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_finds_no_room_is_named(tmp_path, kind):
    """numpy's and safetensors' own ways to a file have errors of their own, which would be tracebacks."""
    path = tmp_path / "thing"
    WRITERS[kind](path)
    old = path.read_bytes()
    with files_of_at_most(4_000), pytest.raises(OSError) as error:
        WRITERS[kind](path)
    assert (error.value.errno, error.value.filename) == (errno.EFBIG, str(path))
    assert path.read_bytes() == old and [entry.name for entry in tmp_path.iterdir()] == ["thing"]


def test_an_array_has_the_bytes_that_numpy_writes(tmp_path):
    for number, array in enumerate((NUMBERS, NUMBERS[:, ::2], NUMBERS[:0])):
        write_array(tmp_path / f"{number}.npy", array)
        np.save(tmp_path / "plain.npy", array)
        assert (tmp_path / f"{number}.npy").read_bytes() == (tmp_path / "plain.npy").read_bytes()


def test_the_digests_of_a_folder_name_the_file_that_was_edited(tmp_path):
    with made_folder(tmp_path / "stage") as made:
        (made / "below").mkdir()
        for name in ("numbers.json", "below/table", "model.safetensors"):
            (made / name).write_text("1")
    check_digests(tmp_path / "stage")
    (tmp_path / "stage/model.safetensors").write_text("2")  # sealed inside
    (tmp_path / "stage/numbers.json").unlink()  # its reader says so
    (tmp_path / "stage/more").write_text("beside it")
    check_digests(tmp_path / "stage")
    (tmp_path / "stage/below/table").write_text("2")
    with pytest.raises(ContractError, match="below/table is not what its stage made"):
        check_digests(tmp_path / "stage")
    (tmp_path / "stage/digests.json").write_text("{")
    with pytest.raises(ContractError, match="make this folder again"):
        check_digests(tmp_path / "stage")
    (tmp_path / "stage/digests.json").unlink()
    check_digests(tmp_path / "stage")


def test_json_bytes_do_not_depend_on_the_order_of_keys(tmp_path):
    write_json(tmp_path / "a", {"x": 1, "y": [2]})
    write_json(tmp_path / "b", {"y": [2], "x": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_parquet_bytes_do_not_depend_on_the_order_of_rows(tmp_path):
    rows = [(2, 0, 3, 1), (1, 5, 1, 0), (1, 0, 9, 1), (1, 0, 2, 1)]
    write_table(tmp_path / "a", relations(rows), RELATIONS)
    write_table(tmp_path / "b", relations(rows[::-1]), RELATIONS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_table(tmp_path / "a", RELATIONS).to_pylist()[0]["image_id"] == 1


def test_sorted_batches_hold_the_same_rows(tmp_path):
    rows = [(1, 0, 2, 1), (1, 0, 9, 1), (2, 0, 3, 1)]
    table = relations(rows).cast(RELATIONS)
    write_sorted(tmp_path / "a", table.to_batches(max_chunksize=1), RELATIONS)
    assert read_table(tmp_path / "a", RELATIONS).equals(table)


def test_empty_tables_are_tables(tmp_path):
    write_table(tmp_path / "a", relations([]), RELATIONS)
    assert read_table(tmp_path / "a", RELATIONS).num_rows == 0


def test_broken_contracts_are_sentences(tmp_path):
    with pytest.raises(ContractError, match="does not exist"):
        read_table(tmp_path / "none", RELATIONS)
    (tmp_path / "text").write_text("not parquet")
    with pytest.raises(ContractError, match="not readable as Parquet"):
        read_table(tmp_path / "text", RELATIONS)
    write_table(tmp_path / "short", pa.table({"image_id": [1]}), pa.schema([("image_id", pa.int64())]))
    with pytest.raises(ContractError, match="lacks the column 'subject_id'"):
        read_table(tmp_path / "short", RELATIONS)
    with pytest.raises(ContractError, match="does not fit"):
        write_table(tmp_path / "wide", relations([(1, 0, 99999, 1)]), RELATIONS)
    nulls = relations([(1, 0, 1, 1)]).set_column(3, "object_id", pa.array([None], pa.int32()))
    write_table(tmp_path / "null", nulls, RELATIONS)
    with pytest.raises(ContractError, match="empty values"):
        read_table(tmp_path / "null", RELATIONS)


@pytest.mark.parametrize(
    "change", [("drop", "lacks the column 'split'"), ("lists", "does not fit the columns")]
)
def test_a_column_of_text_that_is_none_is_a_sentence(tmp_path, change):
    table = pa.table({"image_id": [1], "file": ["1.jpg"], "width": [9], "height": [9], "split": ["test"]})
    kind, said = change
    table = table.drop_columns("split")
    if kind == "lists":
        table = table.append_column("split", pa.array([["test"]]))
    pq.write_table(table, tmp_path / "images.parquet")
    with pytest.raises(ContractError, match=said):
        read_table(tmp_path / "images.parquet", IMAGES)


def test_a_disks_fault_is_not_taken_for_a_broken_file(tmp_path):
    with (
        pytest.raises(
            ContractError, match=r"x\.parquet is not readable as Parquet \(no end\); make it again"
        ),
        readable(tmp_path / "x.parquet"),
    ):
        raise OSError("no end")
    with pytest.raises(OSError, match="Input/output error"), readable(tmp_path / "x.parquet"):
        raise OSError(errno.EIO, "Input/output error")
