"""A stage's work in shards, each a job of its own: which share is whose, and whether all shards of one whole are there.

A finished shard is a folder that ends with its record. What one job keeps of its own work, to go on after it was
killed, is called a chunk: a folder that an interrupted run left is taken up where its inputs are the same.
"""

import argparse
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field, StrictStr, ValidationError

from relclip.core.atomic import real, write_json, write_text
from relclip.core.errors import ContractError, InputError, first_fault
from relclip.core.json_file import read_text

RECORD = "shard.json"
Description = TypeVar("Description", bound=BaseModel)


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


def add_shard(arguments: argparse.ArgumentParser, whole: str, merge: str) -> None:
    """Add the option of a share of the `whole`, which the command `merge` puts together again."""
    arguments.add_argument(
        "--shard", type=Shard.parse, metavar="K/N", help=f"this share of the {whole}, for {merge}"
    )


class Record(BaseModel):
    """What a shard says of itself. `whole`: a digest of all inputs; `counts`: what the merged files repeat."""

    number: Annotated[int, Field(ge=1, strict=True)]
    of: Annotated[int, Field(ge=1, strict=True)]
    whole: StrictStr
    counts: dict[str, Any] = {}


def write_record(folder: Path, shard: Shard, whole: str, counts: dict[str, Any] | None = None) -> None:
    """Say in `folder` which shard it is: the last file of a finished one."""
    write_json(folder / RECORD, {**shard._asdict(), "whole": whole, "counts": counts or {}})


def read_shards(folders: Sequence[Path], inputs: str, whole: str | None = None) -> tuple[list[Path], Record]:
    """Shards' folders in the order of their numbers, and the first one's record: all say the same.

    `inputs` names what must be the same for all; `whole`: the digest that they must have. Raises ContractError where
    one is unfinished or damaged, InputError where they are no complete set.
    """
    hints = ("give the folder of a shard that is finished", "make this shard again")
    records = [read_description(folder / RECORD, Record, *hints) for folder in folders]
    check_complete(folders, records, inputs)
    ordered = sorted(zip(records, folders, strict=True), key=lambda pair: pair[0].number)
    first, folder_of_first = ordered[0]
    for record, folder in ordered:
        if record.counts != first.counts:
            raise ContractError(
                f"{folder} and {folder_of_first} disagree on {json.dumps(record.counts)} and "
                f"{json.dumps(first.counts)}; make both again"
            )
    if whole is not None and first.whole != whole:
        raise InputError(f"{folder_of_first} was made of other inputs: {inputs}; make these shards again")
    return [folder for _, folder in ordered], first


def check_complete(folders: Sequence[Path], records: Sequence[Record | None], inputs: str) -> None:
    """Raise InputError unless these are all shards of one whole, each once. None: the folder is no shard."""
    if not folders:
        raise InputError("no shard is given; give the folders that were made apart")
    first = records[0]
    for folder, record in zip(folders, records, strict=True):
        if first is None or record is None or (record.of, record.whole) != (first.of, first.whole):
            raise InputError(
                f"{folders[0]} and {folder} are no shards of one whole: {inputs}, n of k/n and the version of "
                "relclip must be the same for all"
            )
    numbers = [record.number for record in records if record]
    of = first.of if first else 1
    twice = next((number for number in numbers if numbers.count(number) > 1), 0)
    if twice:
        raise InputError(f"two folders hold shard {twice}/{of}; give each shard once")
    missing = sorted(set(range(1, of + 1)) - set(numbers))
    if missing:
        raise InputError(
            f"{len(missing)} of {of} shards are missing, the first is {missing[0]}/{of}; make it and give all of them"
        )


def check_elsewhere(folders: Sequence[Path], output: Path) -> None:
    """Raise InputError where the merged files would go into one of the shards."""
    if real(output) in [real(folder) for folder in folders]:
        raise InputError(f"{output} is one of the shards; write the merged files to another folder")


def read_description(path: Path, model: type[Description], absent: str, damaged: str) -> Description:
    """Read what a folder says of itself. Raises ContractError, which ends in what to do, where it cannot."""
    try:
        return model.model_validate_json(read_text(path))
    except FileNotFoundError:
        raise ContractError(f"{path} does not exist; {absent}") from None
    except UnicodeDecodeError:
        raise ContractError(f"{path} is not UTF-8; {damaged}") from None
    except ValidationError as error:
        raise ContractError(f"{path}: {first_fault(error)}; {damaged}") from None


def take_up(folder: Path, inputs: str) -> None:
    """Keep what an interrupted run of the same `inputs` (a digest) left in `folder`, else begin it anew."""
    record = folder / "inputs"
    if not record.is_file() or record.read_text("utf-8", "replace").strip() != inputs:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_text(record, inputs + "\n")
