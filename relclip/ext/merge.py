"""python -m relclip.ext.merge: EXT's shards -> the files of one run, byte for byte."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.errors import InputError
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, readable, sorted_writer
from relclip.core.shard import check_elsewhere, read_shards
from relclip.ext.check import report
from relclip.ext.pairs import load
from relclip.ext.sections import INPUTS, INPUTS_DETECTED, SCORES


def main() -> None:
    """Parse the command line and merge."""
    parser = command.parser(
        "relclip.ext.merge", "Merge shards of CLIP's scores into data/ext: the bytes of one run."
    )
    command.add_path(
        parser,
        "--shards",
        "FOLDER",
        "folders of step pairs, or of relclip.ext.detected --shard",
        nargs="+",
        required=True,
    )
    command.add_path(
        parser, "--objects", "FOLDER", "folders of step objects; none for relclip.ext.detected", nargs="+"
    )
    command.add_folders(parser, "dataset", "kb")
    command.add_output(parser, "ext")
    options = parser.parse_args()
    if options.objects:
        merge_shards(
            options.shards, options.objects, dataset=options.dataset, kb=options.kb, output=options.output
        )
    elif (options.shards[0] / "sgcls_scores.parquet").exists():
        raise InputError(
            f"{options.shards[0]} is a shard of pairs; give the shards of objects too: --objects DIR..."
        )
    else:
        merge_detected(options.shards, options.output)


def merge_shards(
    shards: Sequence[Path], objects: Sequence[Path], *, dataset: Path, kb: Path, output: Path
) -> None:
    """Write what `stage.run` writes, from the folders of `run_pairs` and `run_objects`, in any order.

    Raises InputError where they are no complete set of the same inputs, ContractError where one is damaged.
    """
    ordered, record = read_shards(shards, INPUTS)
    ordered_objects, _ = read_shards(objects, INPUTS, record.whole)
    check_elsewhere([*ordered, *ordered_objects], output)
    annotations, candidates = load(dataset, kb)
    join(ordered_objects, "objects", OBJECT_SCORES, output)
    for name in SCORES:
        join(ordered, name, EXT_SCORES, output)
    report(annotations, candidates, output, record.counts)


def merge_detected(shards: Sequence[Path], output: Path) -> None:
    """Write what `stage.run_detected` writes without a shard, from the folders that it writes with one."""
    ordered, record = read_shards(shards, INPUTS_DETECTED)
    check_elsewhere(ordered, output)
    join(ordered, SCORES[0], EXT_SCORES, output)
    write_json(output / "statistics.json", {"counts": record.counts})


def join(folders: Sequence[Path], name: str, schema: pa.Schema, output: Path) -> None:
    """Write the tables `name` of the folders, which follow each other in the total order, as one file.

    Row groups stay: each is a chunk of images, as in the file of one run.
    """
    with sorted_writer(output / f"{name}.parquet", schema) as write:
        for folder in folders:
            path = folder / f"{name}.parquet"
            with readable(path, "make this shard again"), pq.ParquetFile(path) as file:
                for number in range(file.num_row_groups):
                    write(file.read_row_group(number).combine_chunks())


if __name__ == "__main__":
    command.run(main)
