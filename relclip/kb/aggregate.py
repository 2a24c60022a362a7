"""Evidence of chunks or shards -> the public files, counted and sorted by DuckDB in bounded memory (spills to disk)."""

import glob
import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from relclip.core.atomic import check_output, make_folder, write_json
from relclip.core.digest import DIGESTS, write_digests
from relclip.core.parquet import EVIDENCE, NAMED_TRIPLETS, TRIPLET, write_sorted
from relclip.core.vocabulary import Vocabulary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1GB"
ROWS = 1 << 20
TOP = 10
KEY = ", ".join(TRIPLET.names)


class Settings(NamedTuple):
    """What statistics.json says of how a folder was mined; triplets met fewer than `min_count` times are left out.

    `not_mined`: the names of objects and of predicates that no caption can state.
    """

    vocabulary: Vocabulary
    min_count: int
    backend: str
    not_mined: Vocabulary


def connect(scratch: Path) -> "DuckDBPyConnection":
    """A database of bounded memory; what does not fit goes to a folder in `scratch`."""
    # not at the top: who mines a caption in Python needs no duckdb
    spill = {
        "memory_limit": MEMORY,
        "temp_directory": str(scratch / "spill"),
        "preserve_insertion_order": False,
    }
    database: DuckDBPyConnection = importlib.import_module("duckdb").connect(config=spill)
    return database


@contextmanager
def mentions(files: Sequence[Path], scratch: Path) -> Iterator["DuckDBPyConnection"]:
    """A database with the view `mentions` of these evidence files."""
    with connect(scratch) as database:
        names = [glob.escape(str(path)) for path in files]
        database.read_parquet(names, hive_partitioning=False).create_view("mentions")
        yield database


def write(
    files: Sequence[Path],
    scratch: Path,
    output: Path,
    mined: Settings,
    counts: Mapping[str, Any],
    *,
    shard: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write triplets.parquet, evidence.parquet and statistics.json to `output`, made in `scratch`; return the last.

    `counts` are those of the captions. A shard keeps every triplet: only all shards together know how often it was met.
    """
    least = 1 if shard else mined.min_count
    made = scratch / "made"
    with mentions(files, scratch) as database:
        database.execute(
            f"""CREATE TABLE triplets AS SELECT {KEY}, count(*) AS count FROM mentions
                GROUP BY {KEY} HAVING count(*) >= $least""",
            {"least": least},
        )
        names = {"objects": list(mined.vocabulary.objects), "predicates": list(mined.vocabulary.predicates)}
        database.execute("CREATE TABLE names AS SELECT $objects AS objects, $predicates AS predicates", names)
        named = f"""SELECT triplets.*, objects[subject_class] AS subject, predicates[predicate_id] AS predicate,
                    objects[object_class] AS object FROM triplets, names ORDER BY {KEY}"""
        _write(database, made / "triplets.parquet", named, NAMED_TRIPLETS)
        kept = f"SELECT {KEY}, caption_id FROM mentions SEMI JOIN triplets USING ({KEY}) ORDER BY {KEY}, caption_id"
        _write(database, made / "evidence.parquet", kept, EVIDENCE)
        found = _statistics(database, mined.vocabulary)
    said = {
        "min_count": mined.min_count,
        "backend": mined.backend,
        "vocabulary": names,
        "objects_not_mined": list(mined.not_mined.objects),
        "predicates_not_mined": list(mined.not_mined.predicates),
    }
    statistics = {**counts, **found, **said, **({"shard": dict(shard)} if shard else {})}
    write_json(made / "statistics.json", statistics)
    write_digests(made)
    _place(made, output)
    return statistics


def _place(made: Path, output: Path) -> None:
    """Move the files; statistics.json goes first and comes last, so that it never stands beside older files."""
    names = ("triplets.parquet", "evidence.parquet", DIGESTS, "statistics.json")
    for name in names:
        check_output(output / name)
    make_folder(output)
    (output / "statistics.json").unlink(missing_ok=True)
    for name in names:
        (made / name).replace(output / name)


def _write(database: "DuckDBPyConnection", path: Path, query: str, schema: pa.Schema) -> None:
    reader = database.sql(query).to_arrow_reader(ROWS)
    write_sorted(path, _even(reader), schema)


def _even(batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly ROWS, so that the file's row groups do not depend on timing."""
    rest = batches.schema.empty_table()
    for batch in batches:
        rest = pa.concat_tables([rest, pa.Table.from_batches([batch])])
        while rest.num_rows >= ROWS:
            yield from rest.slice(0, ROWS).combine_chunks().to_batches()
            rest = rest.slice(ROWS)
    yield from rest.combine_chunks().to_batches()


def _statistics(database: "DuckDBPyConnection", vocabulary: Vocabulary) -> dict[str, Any]:
    counted = "SELECT predicate_id, count(*), sum(count)::BIGINT FROM triplets GROUP BY 1"
    totals = {number: counts for number, *counts in database.sql(counted).fetchall()}
    top: dict[int, list[dict[str, Any]]] = {}
    best = f"""FROM triplets QUALIFY row_number() OVER (PARTITION BY predicate_id ORDER BY count DESC, {KEY}) <= {TOP}
               ORDER BY predicate_id, count DESC, {KEY}"""
    for subject, predicate, thing, count in database.sql(best).fetchall():
        names = {"subject": vocabulary.objects[subject - 1], "object": vocabulary.objects[thing - 1]}
        top.setdefault(predicate, []).append({**names, "count": count})
    return {
        "triplets": sum(number for number, _ in totals.values()),
        "mentions": sum(mentions for _, mentions in totals.values()),
        "predicates_with_triplets": len(totals),
        "predicates": {
            name: {
                **dict(zip(("triplets", "mentions"), totals.get(number, (0, 0)), strict=True)),
                "top": top.get(number, []),
            }
            for number, name in enumerate(vocabulary.predicates, 1)
        },
    }
