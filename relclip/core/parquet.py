"""The one place where Parquet is written and read: fixed schemas, a total order, the same bytes every time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relclip.core.atomic import atomic_file, note_read
from relclip.core.errors import ContractError, RelclipError, no_file, one_line
from relclip.internals.pyarrow_pandas import spare_pandas

spare_pandas()

_WRITTEN: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
#: How to read, so that a flipped bit is an error; files without checksums pass.
CHECKED: dict[str, Any] = {"page_checksum_verification": True}

#: A table that takes more memory than this may be so many times its file: of 18 bytes of a relation ours takes one.
LARGE, MOST_TIMES = 1 << 28, 200

#: Rows that wait until they are written together (`rows_writer`).
ROWS_AT_ONCE = 1 << 17

_BOX = ("x1 float32", "y1 float32", "x2 float32", "y2 float32")
_PAIR = ("image_id int64", "subject_id int32", "object_id int32")
_TRIPLET = ("subject_class int16", "predicate_id int16", "object_class int16")
_OBJECT = ("image_id int64", "object_id int32", "class_id int16")


def _schema(*columns: str) -> pa.Schema:
    """The schema of columns that are written as `name type`."""
    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in map(str.split, columns)])


#: The public contracts between stages (docs/design.md, "Contracts"). Boxes: xyxy, pixels of the original image.
IMAGES = _schema("image_id int64", "file string", "width int32", "height int32", "split string")
OBJECTS = _schema(*_OBJECT, *_BOX)
RELATIONS = _schema("image_id int64", "subject_id int32", "predicate_id int16", "object_id int32")
TRIPLET = _schema(*_TRIPLET)
TRIPLETS = _schema(*_TRIPLET, "count int64")
#: What kb/triplets.parquet holds: the names beside the ids.
NAMED_TRIPLETS = _schema(*_TRIPLET, "count int64", "subject string", "predicate string", "object string")
EVIDENCE = _schema(*_TRIPLET, "caption_id string")
#: prompts/triplets.parquet: the triplet whose embedding is row `row` of triplets.npy.
PROMPTS = _schema(*_TRIPLET, "row int64")
#: features/images.parquet: the image whose patch map is row `row` of maps.npy.
MAP_ROWS = _schema("image_id int64", "row int64")
EXT_SCORES = _schema(*_PAIR, "predicate_id int16", "logit float32")
#: What a refined run trained on; caption_id, clip and model may be null.
TRAINED_LABELS = _schema(
    *(*_PAIR, "predicate_id int16", "weight float32", "count int64", "caption_id string"),
    *("clip float32", "model float32", "kept bool"),
)
OBJECT_SCORES = _schema(*_OBJECT, "score float32")
PREDICTED_OBJECTS = _schema(*_OBJECT, "score float32", *_BOX)
PREDICTED_RELATIONS = _schema(*_PAIR, "predicate_id int16", "score float32")
#: Table 2: the top predictions of the chosen images, rank from 0 under the graph constraint. Objects: the data set's.
ASKED = _schema("image_id int64", "rank int32", "subject_id int32", "predicate_id int16", "object_id int32")
#: What people answered (relclip.people.judgements).
JUDGEMENTS = _schema("annotator string", *_PAIR, "predicate_id int16", "question string", "answer string")
#: Figure 6. `judged`: annotation or truth. `predicate_id`: the ground truth's. `predicted_id`: the top predicate of
#: that pair; 0 where the pair is not among the written predictions.
CONFUSION = _schema("judged string", "predicate_id int16", "predicted_id int16", "count int64")


def table_of(columns: Sequence[Any], schema: pa.Schema) -> pa.Table:
    """A table of the columns that `schema` names, in its order, cast to its types."""
    return pa.table(list(columns), names=schema.names).cast(schema)


def write_table(path: Path, table: pa.Table, schema: pa.Schema, order: Sequence[str] | None = None) -> None:
    """Write `table` atomically, cast to `schema` and sorted by `order`, then by every other column.

    Raises ContractError where a column is missing or does not fit its type.
    """
    table = _fit(table, schema, path)
    keys = [*(order or ()), *(name for name in schema.names if name not in (order or ()))]
    table = table.sort_by([(name, "ascending") for name in keys]).combine_chunks()
    with atomic_file(path) as temporary:
        pq.write_table(table, temporary, row_group_size=1 << 20, **_WRITTEN)


def write_sorted(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
    """Write batches that already come in a total order (an ORDER BY in SQL), in bounded memory, atomically."""
    with sorted_writer(path, schema) as write:
        for batch in batches:
            write(pa.Table.from_batches([batch]))


@contextmanager
def sorted_writer(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yield what writes tables that come in a total order; like `write_sorted`, for work that fills several files."""
    with atomic_file(path) as temporary, pq.ParquetWriter(temporary, schema, **_WRITTEN) as writer:
        yield lambda table: writer.write_table(_fit(table, schema, path), row_group_size=1 << 20)


@contextmanager
def rows_writer(path: Path, schema: pa.Schema) -> Iterator[Callable[[Sequence[Any]], None]]:
    """Yield what takes the columns of some rows after others, in a total order; they are written once they are many."""
    waiting: list[Sequence[Any]] = []
    count = 0
    with sorted_writer(path, schema) as write:

        def flush() -> None:
            nonlocal count
            if count:
                columns = [np.concatenate(parts) for parts in zip(*waiting, strict=True)]
                write(pa.table(columns, names=schema.names))
            waiting.clear()
            count = 0

        def add(columns: Sequence[Any]) -> None:
            nonlocal count
            waiting.append(columns)
            count += len(columns[0])
            if count >= ROWS_AT_ONCE:
                flush()

        yield add
        flush()


def read_table(
    path: Path, schema: pa.Schema, filters: pc.Expression | None = None, optional: Iterable[pa.Field] = ()
) -> pa.Table:
    """Read a Parquet file that must hold `schema`; of further columns, those in `optional` that are there.

    Raises ContractError where the file is absent, is no Parquet, lacks a column, has a null or another type.
    """
    _check_there(path)
    note_read(path)
    with (
        readable(path),
        pq.ParquetFile(path, read_dictionary=texts_of(path, _texts(schema)), **CHECKED) as file,
    ):
        check_names(path, file.schema_arrow.names)
        missing = [name for name in schema.names if name not in file.schema_arrow.names]
        if missing:
            raise ContractError(f"{path} lacks the column '{missing[0]}'; expected columns: {schema.names}")
        schema = pa.schema([*schema, *(one for one in optional if one.name in file.schema_arrow.names)])
        check_size(path, file.metadata.num_rows, schema)
        if filters is None:  # not through pyarrow.dataset: its import takes longer than most of our tables
            table = file.read(schema.names)
        else:
            table = pq.read_table(path, columns=schema.names, filters=filters, partitioning=None, **CHECKED)
    check_size(path, table.num_rows, schema, sum(_written_out(table[name]) for name in _texts(schema)))
    table = _fit(table, schema, path)
    for name in schema.names:
        _check_text(path, name, table[name])
        if table[name].null_count:
            raise ContractError(
                f"{path} has {table[name].null_count} empty values in the column '{name}'; fill or drop them"
            )
    return table


@contextmanager
def readable(
    path: Path, hint: str = "make it again", error: type[RelclipError] = ContractError
) -> Iterator[None]:
    """Inside, what is wrong with a Parquet file that is opened or read ends in `error`, `hint` says what to do next.

    A disk's fault, which has a number, stays an OSError.
    """
    try:
        yield
    except (pa.ArrowException, ValueError, OverflowError, OSError) as met:
        if isinstance(met, OSError) and met.errno is not None:
            raise
        reason = one_line(met, 300)
        raise error(f"{path} is not readable as Parquet ({reason}); {hint}") from met


def count_rows(path: Path, schema: pa.Schema) -> int:
    """How many rows a file has. Raises ContractError where it is absent, no Parquet, or `check_size` refuses it."""
    _check_there(path)
    with readable(path):
        rows = int(pq.read_metadata(path).num_rows)
    check_size(path, rows, schema)
    return rows


def check_size(path: Path, rows: int, schema: pa.Schema, text: int = 0) -> None:
    """Raise ContractError where so many rows of `schema` with `text` bytes of text are large and the file is tiny."""
    width = sum(4 if pa.types.is_string(field.type) else field.type.bit_width / 8 for field in schema)
    size = rows * width + text
    if size > LARGE and size > MOST_TIMES * path.stat().st_size:
        raise ContractError(
            f"{path} has {rows:,} rows, {size / 1e9:.1f} GB in memory, in a file of {path.stat().st_size:,} bytes: no"
            f" table of measurements is {MOST_TIMES} times smaller on disk; make it again"
        )


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise ContractError(f"{path} {no_file(path)}; run the stage that makes it, or give the right folder")


def texts_of(path: Path, columns: Sequence[str]) -> list[str]:
    """Those of `columns` that a file has and has as text: of another pyarrow makes no dictionary, with a KeyError."""
    there = pq.read_schema(path) if columns else pa.schema([])
    return [one.name for one in there if one.name in columns and not pa.types.is_nested(one.type)]


def _texts(schema: pa.Schema) -> list[str]:
    """Columns of text: read as dictionaries, so that one long text said often is held once."""
    return [field.name for field in schema if pa.types.is_string(field.type)]


def _written_out(column: pa.ChunkedArray) -> int:
    """Bytes that a column of text takes once every row holds its own."""
    if not pa.types.is_dictionary(column.type):
        return 0
    parts = (pc.sum(pc.take(pc.binary_length(one.dictionary), one.indices)) for one in column.chunks)
    return sum(part.as_py() or 0 for part in parts)


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raise ContractError where two columns have one name."""
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ContractError(f"{path} has the column '{twice}' more than once; write each column once")


def _check_text(path: Path, name: str, column: pa.ChunkedArray) -> None:
    """Raise ContractError for text that is not UTF-8: Parquet does not look."""
    if pa.types.is_string(column.type):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raise ContractError(f"{path} has text in the column '{name}' that is not UTF-8") from None


def _fit(table: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise ContractError(f"{path} lacks the column '{missing[0]}'; expected columns: {schema.names}")
    try:
        return table.select(schema.names).cast(schema).replace_schema_metadata()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        for field in schema:
            _check_whole(table[field.name], field, path)
        raise ContractError(f"{path} does not fit the columns {schema.names}: {error}") from error


def _check_whole(column: pa.ChunkedArray, field: pa.Field, path: Path) -> None:
    """Raise ContractError that names the first real number of a column of whole ones which is none, or too large."""
    if pa.types.is_integer(field.type) and pa.types.is_floating(column.type):
        bound = 2.0 ** (field.type.bit_width - 1)
        values = column.to_numpy()
        wrong = ~((values == values.round()) & (values >= -bound) & (values < bound))
        if wrong.any():
            raise ContractError(
                f"{path} has {values[wrong][0]:g} in the column '{field.name}', in the row {int(wrong.argmax())};"
                f" these are whole numbers ({field.type})"
            )
