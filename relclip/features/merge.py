"""python -m relclip.features.merge: patch maps made apart -> the files of one run over all pictures, byte for byte."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from relclip.core import command
from relclip.core.annotations import Ids
from relclip.core.atomic import make_folder
from relclip.core.errors import ContractError
from relclip.core.parquet import MAP_ROWS, read_table
from relclip.core.progress import progress
from relclip.core.shard import check_elsewhere, read_shards
from relclip.features.rows import MAPS, Maps, new_maps, place_maps, write_images

#: Rows copied at a time.
BLOCK = 256


def main() -> None:
    """Parse the command line and merge."""
    parser = command.parser(
        "relclip.features.merge", "Merge shards of patch maps into data/features/clip: the bytes of one run."
    )
    command.add_path(
        parser,
        "--shards",
        "FOLDER",
        "folders of python -m relclip.features --shard",
        nargs="+",
        required=True,
    )
    command.add_output(parser, "features/clip")
    options = parser.parse_args()
    merge_shards(options.shards, options.output)


def merge_shards(folders: Sequence[Path], output: Path) -> None:
    """Write maps.npy, maps.sha256 and images.parquet of all shards' pictures, whatever the order of `folders`.

    Memory is bounded; the disk must hold the maps twice. Raises InputError where the folders are no complete set,
    ContractError where one is damaged.
    """
    ordered, _ = read_shards(folders, "the data set, the encoder, the section features")
    check_elsewhere(ordered, output)
    shards = [_read(folder) for folder in ordered]
    shapes = {maps.shape[1:] for _, maps in shards}
    if len(shapes) > 1:
        raise ContractError(f"the maps of the shards have the shapes {sorted(shapes)}; make them again")
    image_id = np.concatenate([ids for ids, _ in shards])
    make_folder(output)
    partial = output / ".maps.npy.partial"
    merged = new_maps(partial, (len(image_id), *shapes.pop()))
    start = 0
    for _, maps in progress(shards, "merge", "shard", total=len(shards)):
        for first in range(0, len(maps), BLOCK):
            merged[start + first : start + min(first + BLOCK, len(maps))] = maps[first : first + BLOCK]
        start += len(maps)
    merged.flush()  # type: ignore[attr-defined]
    write_images(output, image_id)
    place_maps(output, partial)


def _read(folder: Path) -> tuple[Ids, Maps]:
    """A shard's image ids and its maps, row for row."""
    image_id = read_table(folder / "images.parquet", MAP_ROWS)["image_id"].to_numpy()
    try:
        maps = open_memmap(folder / MAPS, mode="r")
    except (OSError, ValueError) as error:
        raise ContractError(f"{folder / MAPS} is not readable ({error}); make this shard again") from None
    if maps.dtype != np.float16 or maps.ndim != 4 or len(maps) != len(image_id):
        raise ContractError(
            f"{folder / MAPS} holds {maps.dtype} {maps.shape} for {len(image_id)} images; make this shard again"
        )
    return image_id, maps


if __name__ == "__main__":
    command.run(main)
