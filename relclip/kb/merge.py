"""python -m relclip.kb.merge: folders mined apart -> the files of one run over all their captions."""

from pathlib import Path

from relclip.core import command
from relclip.core.errors import InputError, counted
from relclip.kb.folders import merge_shards


def main() -> None:
    """Parse the command line and merge."""
    arguments = command.parser("relclip.kb.merge", "Merge what was mined apart; equals mining all at once.")
    arguments.add_argument(
        "--shards", type=Path, nargs="+", required=True, help="folders made by python -m relclip.kb"
    )
    arguments.add_argument(
        "--min-count", type=command.count, help="keep triplets met so often in all; without it as mined"
    )
    arguments.add_argument("--output", type=Path, required=True, help="folder for the three files")
    given = arguments.parse_args()
    if given.min_count == 0:
        raise InputError("--min-count 0 is not allowed; give 1 to keep every triplet")
    statistics = merge_shards(given.shards, given.output, given.min_count)
    of = f"{statistics['captions_with_triplet']} of {counted(statistics['captions'], 'caption')}"
    print(f"{counted(statistics['triplets'], 'triplet')} from {of} in {counted(len(given.shards), 'shard')}")


if __name__ == "__main__":
    command.run(main)
