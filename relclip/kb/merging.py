"""Folders mined apart -> the files that mining all their captions at once gives, byte for byte."""

import glob
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relclip.core.errors import ContractError, InputError
from relclip.core.vocabulary import Vocabulary
from relclip.kb import aggregate
from relclip.kb.chunks import COUNTS
from relclip.kb.shards import check_together, described, evidence_file


def merge_shards(folders: Sequence[Path], output: Path, min_count: int | None = None) -> dict[str, Any]:
    """Merge mined folders (`mine` of parts of a corpus, with or without `shard`) into `output`; return its statistics.

    triplets.parquet, evidence.parquet and statistics.json are the bytes of mining all the captions at once, whatever
    the order of `folders`: `min_count` (by default that of the shards) counts after merging. Memory is bounded.
    Raises InputError where the folders do not belong together (another vocabulary, a shard missing or given twice,
    caption ids in two of them), ContractError where one is damaged.
    """
    if not folders:
        raise InputError("no shard is given; give the folders that were mined apart")
    if output.resolve() in [folder.resolve() for folder in folders]:
        raise InputError(f"{output} is one of the shards; write the merged files to another folder")
    parts = [described(folder) for folder in folders]
    check_together(folders, parts)
    files = [evidence_file(folder, part.mentions) for folder, part in zip(folders, parts, strict=True)]
    counts = {name: sum(getattr(part, name) for part in parts) for name in COUNTS.values()}
    if not counts["captions"]:
        raise InputError(f"no caption in any of the {len(folders)} shards; there is nothing to merge")
    work = output.parent / f".{output.name}.merge"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        _check_ids(files, folders, parts[0].names, work)
        if parts[0].shard is None:
            _check_apart(files, folders, work)
        least = min_count or max(part.min_count for part in parts)
        settings = aggregate.Settings(parts[0].names, least, parts[0].backend, parts[0].not_mined)
        return aggregate.write(files, work, output, settings, counts)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_ids(files: Sequence[Path], folders: Sequence[Path], vocabulary: Vocabulary, work: Path) -> None:
    """Every row names classes of the vocabulary and a caption."""
    bad = """SELECT count(*) FROM mentions WHERE NOT coalesce(subject_class BETWEEN 1 AND $objects
        AND object_class BETWEEN 1 AND $objects AND predicate_id BETWEEN 1 AND $predicates
        AND caption_id IS NOT NULL, false)"""
    sizes = {"objects": len(vocabulary.objects), "predicates": len(vocabulary.predicates)}
    for file, folder in zip(files, folders, strict=True):
        with aggregate.mentions([file], work) as database:
            number = (database.execute(bad, sizes).fetchone() or (0,))[0]
        if number:
            raise ContractError(
                f"{folder}: {number} rows of evidence.parquet name no class of its vocabulary or no caption; "
                "mine this folder again"
            )


def _check_apart(files: Sequence[Path], folders: Sequence[Path], work: Path) -> None:
    """No caption id in two folders: its sentence would count twice."""
    with aggregate.connect(work) as database:
        for number, file in enumerate(files):
            ids = f"SELECT DISTINCT caption_id, {number} AS shard FROM read_parquet($file, hive_partitioning = false)"
            into = "INSERT INTO ids" if number else "CREATE TABLE ids AS"
            database.execute(f"{into} {ids}", {"file": glob.escape(str(file))})
        twice = "SELECT caption_id, min(shard), max(shard) FROM ids GROUP BY 1 HAVING count(*) > 1"
        found = database.execute(f"SELECT *, count(*) OVER () FROM ({twice}) ORDER BY 1 LIMIT 1").fetchone()
    if found:
        caption, one, other, number = found
        raise InputError(
            f"{number} caption ids are in two shards, such as '{caption}' in {folders[one]} and {folders[other]}, "
            "so sentences would count twice; give each caption to one shard and each caption an id of its own"
        )
