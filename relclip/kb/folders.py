"""Folders that were mined: what they say of themselves; those mined apart -> the files of mining all at once."""

import glob
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow.parquet as pq
from pydantic import BaseModel, Field, StrictStr

from relclip.core.atomic import real
from relclip.core.errors import ContractError, InputError
from relclip.core.parquet import EVIDENCE, readable
from relclip.core.shard import Record, check_complete, check_elsewhere, read_description
from relclip.core.vocabulary import Vocabulary
from relclip.kb import aggregate
from relclip.kb.chunks import COUNTS

_Count = Annotated[int, Field(ge=0, strict=True)]
_Names = Annotated[list[StrictStr], Field(min_length=1)]


class Names(BaseModel):
    """The vocabulary as statistics.json holds it."""

    objects: _Names
    predicates: _Names


class Described(BaseModel):
    """What merging and the page need of a statistics.json."""

    captions: _Count
    captions_with_triplet: _Count
    lines_without_tab: _Count
    lines_not_utf8: _Count
    mentions: _Count
    min_count: Annotated[int, Field(ge=1, strict=True)]
    vocabulary: Names
    objects_not_mined: list[StrictStr] = []
    predicates_not_mined: list[StrictStr] = []
    backend: StrictStr
    shard: Record | None = None

    @property
    def names(self) -> Vocabulary:
        """The vocabulary that the folder was mined with."""
        return Vocabulary(tuple(self.vocabulary.objects), tuple(self.vocabulary.predicates))

    @property
    def not_mined(self) -> Vocabulary:
        """The names that no caption can state."""
        return Vocabulary(tuple(self.objects_not_mined), tuple(self.predicates_not_mined))


def described(folder: Path) -> Described:
    """Read the statistics.json of a mined folder. Raises ContractError where it is absent, damaged or older."""
    absent = "give a folder that python -m relclip.kb has finished"
    return read_description(folder / "statistics.json", Described, absent, "mine this folder again")


def evidence_file(folder: Path, mentions: int) -> Path:
    """The evidence of a mined folder, `mentions` rows. Raises ContractError where it is not what was announced."""
    path = folder / "evidence.parquet"
    with readable(path, "mine this folder again"), pq.ParquetFile(path) as file:
        rows, schema = file.metadata.num_rows, file.schema_arrow
    if not schema.remove_metadata().equals(EVIDENCE):
        raise ContractError(
            f"{path} lacks the columns {EVIDENCE.names} in their types; mine this folder again"
        )
    if rows != mentions:
        raise ContractError(
            f"{path} has {rows} rows where its statistics.json says {mentions}; mine this folder again"
        )
    return path


def merge_shards(folders: Sequence[Path], output: Path, min_count: int | None = None) -> dict[str, Any]:
    """Merge mined folders (`mine` of parts of a corpus, with or without `shard`) into `output`; return its statistics.

    triplets.parquet, evidence.parquet and statistics.json are the bytes of mining all the captions at once, whatever
    the order of `folders`: `min_count` (by default that of the shards) counts after merging. Memory is bounded.
    Raises InputError where the folders do not belong together (another vocabulary, a shard missing or given twice,
    caption ids in two of them), ContractError where one is damaged.
    """
    if not folders:
        raise InputError("no shard is given; give the folders that were mined apart")
    check_elsewhere(folders, output)
    mined = [described(folder) for folder in folders]
    _check_together(folders, mined)
    files = [evidence_file(folder, one.mentions) for folder, one in zip(folders, mined, strict=True)]
    counts = {name: sum(getattr(one, name) for one in mined) for name in COUNTS.values()}
    if not counts["captions"]:
        raise InputError(f"no caption in any of the {len(folders)} shards; there is nothing to merge")
    scratch = output.parent / f".{output.name}.merge"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        _check_ids(files, folders, mined[0].names, scratch)
        if mined[0].shard is None:
            _check_apart(files, folders, scratch)
        settings = aggregate.Settings(
            vocabulary=mined[0].names,
            min_count=min_count or max(one.min_count for one in mined),
            backend=mined[0].backend,
            not_mined=mined[0].not_mined,
        )
        return aggregate.write(files, scratch, output, settings, counts)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_together(folders: Sequence[Path], mined: Sequence[Described]) -> None:
    """Raise InputError where these folders cannot be added up to one corpus mined at once."""
    places = [real(folder) for folder in folders]
    twice = next((folder for folder in folders if places.count(real(folder)) > 1), None)
    if twice is not None:
        raise InputError(f"the shard {twice} is given twice; give each once")
    for name in ("vocabulary", "backend"):
        other = next((n for n, one in enumerate(mined) if getattr(one, name) != getattr(mined[0], name)), 0)
        if other:
            raise InputError(
                f"{folders[0]} and {folders[other]} were mined with another {name}; mine all with the same"
            )
    for folder, one in zip(folders, mined, strict=True):
        if one.shard is None and one.min_count > 1:
            raise InputError(
                f"{folder} was mined with min_count {one.min_count}, so what was rarer is lost; mine it with "
                "min_count 1 or as --shard k/n, and give --min-count when merging"
            )
    if any(one.shard for one in mined):
        inputs = "the captions, the vocabulary, the aliases, kb.chunk"
        check_complete(folders, [one.shard for one in mined], inputs)
        if len({one.min_count for one in mined}) > 1:
            raise InputError(
                "the shards name different values of kb.min_count; mine all with the same params.yaml"
            )


def _check_ids(files: Sequence[Path], folders: Sequence[Path], vocabulary: Vocabulary, scratch: Path) -> None:
    """Every row names classes of the vocabulary and a caption."""
    bad = """SELECT count(*) FROM mentions WHERE NOT coalesce(subject_class BETWEEN 1 AND $objects
        AND object_class BETWEEN 1 AND $objects AND predicate_id BETWEEN 1 AND $predicates
        AND caption_id IS NOT NULL, false)"""
    sizes = {"objects": len(vocabulary.objects), "predicates": len(vocabulary.predicates)}
    for file, folder in zip(files, folders, strict=True):
        with aggregate.mentions([file], scratch) as database:
            number = (database.execute(bad, sizes).fetchone() or (0,))[0]
        if number:
            raise ContractError(
                f"{folder}: {number} rows of evidence.parquet name no class of its vocabulary or no caption; "
                "mine this folder again"
            )


def _check_apart(files: Sequence[Path], folders: Sequence[Path], scratch: Path) -> None:
    """No caption id in two folders: its sentence would count twice."""
    with aggregate.connect(scratch) as database:
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
