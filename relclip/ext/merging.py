"""EXT's shards -> the files of one run, byte for byte."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relclip.core.atomic import write_json
from relclip.core.errors import ContractError, InputError
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, sorted_writer
from relclip.core.shard import read_parts
from relclip.ext.sharding import INPUTS, same_inputs
from relclip.ext.stage import load, report
from relclip.ext.work import SCORES


def merge_shards(
    shards: Sequence[Path], objects: Sequence[Path], *, dataset: Path, kb: Path, output: Path
) -> None:
    """Write what `stage.run` writes, from the folders of `run_pairs` and `run_objects`, in any order.

    Raises InputError where they are no complete set of the same inputs, ContractError where one is damaged.
    """
    ordered, part = read_parts(shards, INPUTS)
    ordered_objects, of_objects = read_parts(objects, INPUTS)
    same_inputs(ordered_objects, of_objects, part.whole)
    _not_in_place([*ordered, *ordered_objects], output)
    annotations, candidates = load(dataset, kb)
    join(ordered_objects, "objects", OBJECT_SCORES, output)
    for name in SCORES:
        join(ordered, name, EXT_SCORES, output)
    report(annotations, candidates, output, part.said)


def merge_detected(shards: Sequence[Path], output: Path) -> None:
    """Write what `stage.run_detected` writes without a shard, from the folders that it writes with one."""
    ordered, part = read_parts(shards, "the data set, the proposals, the encoder, the sections clip and ext")
    _not_in_place(ordered, output)
    join(ordered, SCORES[0], EXT_SCORES, output)
    write_json(output / "statistics.json", {"counts": part.said})


def join(folders: Sequence[Path], name: str, schema: pa.Schema, output: Path) -> None:
    """Write the tables `name` of the folders, which follow each other in the total order, as one file.

    Row groups stay: each is a part of the images (`Parts`), as in the file of one run.
    """
    with sorted_writer(output / f"{name}.parquet", schema) as write:
        for folder in folders:
            path = folder / f"{name}.parquet"
            try:
                with pq.ParquetFile(path) as file:
                    for number in range(file.num_row_groups):
                        write(file.read_row_group(number).combine_chunks())
            except (pa.ArrowInvalid, OSError) as error:
                raise ContractError(
                    f"{path} is not readable as Parquet ({error}); make this shard again"
                ) from None


def _not_in_place(folders: Sequence[Path], output: Path) -> None:
    if output.resolve() in [folder.resolve() for folder in folders]:
        raise InputError(f"{output} is one of the shards; write the merged files to another folder")
