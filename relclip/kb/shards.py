"""Parts of a corpus mined apart: what a mined folder says of itself, and which folders add up."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, Field, StrictInt, StrictStr, ValidationError

from relclip.core.errors import ContractError, InputError
from relclip.core.parquet import EVIDENCE
from relclip.core.shard import Shard, check_complete
from relclip.core.vocabulary import Vocabulary

_Count = Annotated[int, Field(ge=0, strict=True)]
_Names = Annotated[list[StrictStr], Field(min_length=1)]


class Part(BaseModel):
    """Which shard a folder is. `corpus`: one digest of all that shards of one corpus have in common."""

    number: StrictInt
    of: StrictInt
    corpus: StrictStr


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
    shard: Part | None = None

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
    path = folder / "statistics.json"
    try:
        return Described.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ContractError(
            f"{path} does not exist; give a folder that python -m relclip.kb has finished"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ContractError(f"{path}: {where}: {first['msg']}; mine this folder again") from None


def evidence_file(folder: Path, mentions: int) -> Path:
    """The evidence of a mined folder, `mentions` rows. Raises ContractError where it is not what was announced."""
    path = folder / "evidence.parquet"
    try:
        with pq.ParquetFile(path) as file:
            rows, schema = file.metadata.num_rows, file.schema_arrow
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(f"{path} is not readable as Parquet ({error}); mine this folder again") from None
    if not schema.remove_metadata().equals(EVIDENCE):
        raise ContractError(
            f"{path} lacks the columns {EVIDENCE.names} in their types; mine this folder again"
        )
    if rows != mentions:
        raise ContractError(
            f"{path} has {rows} rows where its statistics.json says {mentions}; mine this folder again"
        )
    return path


def check_together(folders: Sequence[Path], parts: Sequence[Described]) -> None:
    """Raise InputError where these folders cannot be added up to one corpus mined at once."""
    seen = [folder.resolve() for folder in folders]
    twice = next((folder for folder in folders if seen.count(folder.resolve()) > 1), None)
    if twice is not None:
        raise InputError(f"the shard {twice} is given twice; give each once")
    for name in ("vocabulary", "backend"):
        other = next((n for n, part in enumerate(parts) if getattr(part, name) != getattr(parts[0], name)), 0)
        if other:
            raise InputError(
                f"{folders[0]} and {folders[other]} were mined with another {name}; mine all with the same"
            )
    for folder, part in zip(folders, parts, strict=True):
        if part.shard is None and part.min_count > 1:
            raise InputError(
                f"{folder} was mined with min_count {part.min_count}, so what was rarer is lost; mine it with "
                "min_count 1 or as --shard k/n, and give --min-count when merging"
            )
    if any(part.shard for part in parts):
        _check_shards(folders, parts)


def _check_shards(folders: Sequence[Path], parts: Sequence[Described]) -> None:
    """Shards of one corpus, each once, none missing."""
    shards = [
        (Shard(part.shard.number, part.shard.of), part.shard.corpus) if part.shard else (None, "")
        for part in parts
    ]
    check_complete(folders, shards, "the captions, the vocabulary, the aliases, kb.chunk")
    if len({part.min_count for part in parts}) > 1:
        raise InputError(
            "the shards name different values of kb.min_count; mine all with the same params.yaml"
        )
