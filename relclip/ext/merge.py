"""python -m relclip.ext.merge: EXT's shards -> the files of one run."""

from pathlib import Path

from relclip.core import command
from relclip.core.errors import InputError


def main() -> None:
    """Parse the command line and merge."""
    arguments = command.parser("relclip.ext.merge", "Merge shards of EXT; equals one run.")
    arguments.add_argument(
        "--shards",
        type=Path,
        nargs="+",
        required=True,
        help="folders of step pairs, or of relclip.ext.detected --shard",
    )
    arguments.add_argument(
        "--objects", type=Path, nargs="+", help="folders of step objects; none for relclip.ext.detected"
    )
    command.add_folders(arguments, "dataset", "kb")
    command.add_output(arguments, "ext")
    given = arguments.parse_args()
    from relclip.ext import merging  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    if given.objects:
        merging.merge_shards(
            given.shards, given.objects, dataset=given.dataset, kb=given.kb, output=given.output
        )
    elif (given.shards[0] / "sgcls_scores.parquet").exists():
        raise InputError(
            f"{given.shards[0]} is a shard of pairs; give the shards of objects too: --objects DIR..."
        )
    else:
        merging.merge_detected(given.shards, given.output)


if __name__ == "__main__":
    command.run(main)
