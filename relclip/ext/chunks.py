"""Tables made chunk by chunk of images, each on the disk as soon as it is made, put together in order at the end."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from relclip.core.annotations import Ids
from relclip.core.errors import ContractError
from relclip.core.ordered import in_order
from relclip.core.parquet import read_table, write_sorted, write_table
from relclip.core.progress import progress
from relclip.core.shard import take_up

IMAGES_A_CHUNK = 64


def split_images(images: Ids) -> list[list[int]]:
    """Numbers of images, IMAGES_A_CHUNK at a time."""
    return [
        images[first : first + IMAGES_A_CHUNK].tolist() for first in range(0, len(images), IMAGES_A_CHUNK)
    ]


class Chunks:
    """A hidden folder of finished chunks; chunks of other inputs are thrown away."""

    def __init__(self, folder: Path, inputs: str) -> None:
        self.folder = folder
        take_up(folder, inputs)

    def make(
        self,
        what: str,
        tables: Callable[[Sequence[int]], Sequence[pa.Table]],
        chunks: Sequence[Sequence[int]],
        schemas: Mapping[str, pa.Schema],
        workers: int,
    ) -> None:
        """Make the `tables` of each chunk of images that is not there yet, or damaged: one for each of `schemas`."""
        missing = [
            number
            for number in range(len(chunks))
            if not all(_is_sound(self._path(name, number), schema) for name, schema in schemas.items())
        ]

        def one(number: int) -> None:
            for (name, schema), table in zip(schemas.items(), tables(chunks[number]), strict=True):
                write_table(self._path(name, number), table, schema)

        done = in_order(one, missing, workers)
        for _ in progress(done, what, "chunk", total=len(chunks), start=len(chunks) - len(missing)):
            pass

    def join(self, name: str, schema: pa.Schema, chunks: int, path: Path) -> None:
        """Write the tables `name` of all chunks, which follow each other in the total order, as one file."""
        write_sorted(path, self._batches(name, schema, chunks), schema)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number:06d}.parquet"

    def _batches(self, name: str, schema: pa.Schema, chunks: int) -> Iterator[pa.RecordBatch]:
        for number in range(chunks):
            yield from read_table(self._path(name, number), schema).combine_chunks().to_batches()


def _is_sound(path: Path, schema: pa.Schema) -> bool:
    try:
        read_table(path, schema)
    except ContractError:
        return False
    return True
