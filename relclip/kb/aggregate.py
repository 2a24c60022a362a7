"""Chunk files -> the two public tables, counted and sorted by DuckDB in bounded memory (it spills to disk)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from relclip.core.parquet import EVIDENCE, TRIPLETS, write_sorted
from relclip.core.vocabulary import Vocabulary

MEMORY = "1GB"
ROWS = 1 << 20
TOP = 10
_KEY = "subject_class, predicate_id, object_class"


def write(work: Path, output: Path, vocabulary: Vocabulary, min_count: int) -> dict[str, Any]:
    """Write triplets.parquet and evidence.parquet; triplets met fewer than `min_count` times are left out.

    Returns the number of triplets and, for each predicate, its triplets, mentions and the ten most frequent.
    """
    spill = work / "spill"
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=settings) as database:
        mentions = database.read_parquet(str(work / "chunk-*.parquet"))
        mentions.create_view("mentions")
        database.execute(
            f"""CREATE TABLE triplets AS SELECT {_KEY}, count(*) AS count FROM mentions
                GROUP BY {_KEY} HAVING count(*) >= $least""",
            {"least": min_count},
        )
        _write(database, output / "triplets.parquet", f"FROM triplets ORDER BY {_KEY}", TRIPLETS)
        kept = f"SELECT {_KEY}, caption_id FROM mentions SEMI JOIN triplets USING ({_KEY}) ORDER BY {_KEY}, caption_id"
        _write(database, output / "evidence.parquet", kept, EVIDENCE)
        return _statistics(database, vocabulary)


def _write(database: duckdb.DuckDBPyConnection, path: Path, query: str, schema: pa.Schema) -> None:
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


def _statistics(database: duckdb.DuckDBPyConnection, vocabulary: Vocabulary) -> dict[str, Any]:
    totals = dict(_rows(database, "SELECT predicate_id, (count(*), sum(count)) FROM triplets GROUP BY 1"))
    top: dict[int, list[dict[str, Any]]] = {}
    best = f"""FROM triplets QUALIFY row_number() OVER (PARTITION BY predicate_id ORDER BY count DESC, {_KEY}) <= {TOP}
               ORDER BY predicate_id, count DESC, {_KEY}"""
    for subject, predicate, thing, count in _rows(database, best):
        names = {"subject": vocabulary.objects[subject - 1], "object": vocabulary.objects[thing - 1]}
        top.setdefault(predicate, []).append({**names, "count": count})
    return {
        "triplets": sum(number for number, _ in totals.values()),
        "mentions": sum(int(mentions) for _, mentions in totals.values()),
        "predicates_with_triplets": len(totals),
        "predicates": {
            name: {
                "triplets": totals.get(number, (0, 0))[0],
                "mentions": int(totals.get(number, (0, 0))[1]),
                "top": top.get(number, []),
            }
            for number, name in enumerate(vocabulary.predicates, 1)
        },
    }


def _rows(database: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return database.sql(query).fetchall()
