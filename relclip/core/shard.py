"""A stage's work in parts, each a job of its own: which part is whose, and whether all parts of one whole are there."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, Field, StrictStr, ValidationError

from relclip.core.atomic import write_json
from relclip.core.errors import ContractError, InputError

RECORD = "shard.json"


class Shard(NamedTuple):
    """Number `number` (from 1) of `of` shards. 1/1 is the whole."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read `k/n`, 1 <= k <= n. Raises InputError on anything else.

        >>> Shard.parse("2/8")
        Shard(number=2, of=8)
        """
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        number, of = (int(match[1]), int(match[2])) if match else (0, 0)
        if not 1 <= number <= of:
            raise InputError(
                f"the shard '{text}' is no k/n with 1 <= k <= n; give for example 1/4, 2/4, 3/4, 4/4"
            )
        return cls(number, of)

    def share(self, count: int) -> range:
        """Its share of `count` things: the shares follow each other and differ by at most one; one may be empty.

        >>> [list(Shard(number, 3).share(7)) for number in (1, 2, 3)]
        [[0, 1], [2, 3], [4, 5, 6]]
        """
        return range(count * (self.number - 1) // self.of, count * self.number // self.of)


class Part(BaseModel):
    """What a shard's folder says of itself. `whole`: a digest of all inputs; `said`: what the merged files repeat."""

    number: Annotated[int, Field(ge=1, strict=True)]
    of: Annotated[int, Field(ge=1, strict=True)]
    whole: StrictStr
    said: dict[str, Any]

    @property
    def shard(self) -> Shard:
        """Which one it is."""
        return Shard(self.number, self.of)


def write_part(folder: Path, shard: Shard, whole: str, said: dict[str, Any] | None = None) -> None:
    """Say in `folder` which shard it is: the last file of a finished one."""
    write_json(folder / RECORD, {**shard._asdict(), "whole": whole, "said": said or {}})


def read_parts(folders: Sequence[Path], inputs: str) -> tuple[list[Path], Part]:
    """Shards' folders in the order of their numbers, and the first one's description: all say the same.

    `inputs` names what must be the same for all. Raises ContractError where one is unfinished or damaged, InputError
    where they are no complete set.
    """
    parts = [_read(folder) for folder in folders]
    check_complete(folders, [(part.shard, part.whole) for part in parts], inputs)
    ordered = sorted(zip(parts, folders, strict=True), key=lambda pair: pair[0].number)
    for part, folder in ordered:
        if part.said != ordered[0][0].said:
            raise ContractError(
                f"{folder} and {ordered[0][1]} disagree on {json.dumps(part.said)} and "
                f"{json.dumps(ordered[0][0].said)}; make both again"
            )
    return [folder for _, folder in ordered], ordered[0][0]


def check_complete(folders: Sequence[Path], shards: Sequence[tuple[Shard | None, str]], inputs: str) -> None:
    """Raise InputError unless these are all shards of one whole, each once. Each comes with the digest of its whole."""
    if not folders:
        raise InputError("no shard is given; give the folders that were made apart")
    first, whole = shards[0]
    for folder, (shard, other) in zip(folders, shards, strict=True):
        if first is None or shard is None or (shard.of, other) != (first.of, whole):
            raise InputError(
                f"{folders[0]} and {folder} are no shards of one whole: {inputs}, n of k/n and the version of "
                "relclip must be the same for all"
            )
    numbers = [shard.number for shard, _ in shards if shard]
    of = first.of if first else 1
    twice = next((number for number in numbers if numbers.count(number) > 1), 0)
    if twice:
        raise InputError(f"two folders hold shard {twice}/{of}; give each shard once")
    missing = sorted(set(range(1, of + 1)) - set(numbers))
    if missing:
        raise InputError(
            f"{len(missing)} of {of} shards are missing, the first is {missing[0]}/{of}; make it and give all of them"
        )


def _read(folder: Path) -> Part:
    path = folder / RECORD
    try:
        return Part.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ContractError(f"{path} does not exist; give the folder of a shard that is finished") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ContractError(f"{path}: {where}: {first['msg']}; make this shard again") from None
