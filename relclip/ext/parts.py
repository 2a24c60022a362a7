"""Work done part by part, each part's tables on the disk as soon as they are made, merged in order at the end."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from relclip.core.annotations import Ids
from relclip.core.atomic import write_text
from relclip.core.errors import ContractError
from relclip.core.ordered import in_order
from relclip.core.parquet import read_table, write_sorted, write_table
from relclip.core.progress import progress

IMAGES_A_PART = 64


def split_images(images: Ids) -> list[list[int]]:
    """Numbers of images, IMAGES_A_PART at a time."""
    return [images[first : first + IMAGES_A_PART].tolist() for first in range(0, len(images), IMAGES_A_PART)]


class Parts:
    """A hidden folder of finished parts; parts of other inputs are thrown away."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        record = folder / "key"
        if not record.is_file() or record.read_text("utf-8").strip() != key:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_text(record, key + "\n")

    def make(
        self,
        what: str,
        work: Callable[[Sequence[int]], Sequence[pa.Table]],
        parts: Sequence[Sequence[int]],
        schemas: Mapping[str, pa.Schema],
        workers: int,
    ) -> None:
        """Run `work` on each part of the images that is not there yet, or damaged.

        It returns one table for each of `schemas`.
        """
        missing = [
            number
            for number in range(len(parts))
            if not all(_is_sound(self._path(name, number), schema) for name, schema in schemas.items())
        ]

        def one(number: int) -> None:
            for (name, schema), table in zip(schemas.items(), work(parts[number]), strict=True):
                write_table(self._path(name, number), table, schema)

        done = in_order(one, missing, workers)
        for _ in progress(done, what, "part", total=len(parts), start=len(parts) - len(missing)):
            pass

    def merge(self, name: str, schema: pa.Schema, parts: int, path: Path) -> None:
        """Write the tables `name` of all parts, which follow each other in the total order, as one file."""
        write_sorted(path, self._batches(name, schema, parts), schema)

    def read(self, name: str, schema: pa.Schema, parts: int) -> pa.Table:
        """The tables `name` of all parts as one."""
        return pa.Table.from_batches(self._batches(name, schema, parts), schema=schema)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number:06d}.parquet"

    def _batches(self, name: str, schema: pa.Schema, parts: int) -> Iterator[pa.RecordBatch]:
        for number in range(parts):
            yield from read_table(self._path(name, number), schema).combine_chunks().to_batches()


def _is_sound(path: Path, schema: pa.Schema) -> bool:
    try:
        read_table(path, schema)
    except ContractError:
        return False
    return True
