"""python -m relclip.kb.merge: folders mined apart -> the files of one run over all their captions."""

from pathlib import Path

from relclip.core import command
from relclip.core.errors import counted
from relclip.kb.folders import merge_shards


def main() -> None:
    """Parse the command line and merge."""
    parser = command.parser("relclip.kb.merge", "Merge what was mined apart; equals mining all at once.")
    parser.add_argument(
        "--shards", type=Path, nargs="+", required=True, help="folders made by python -m relclip.kb"
    )
    parser.add_argument(
        "--min-count", type=command.positive, help="keep triplets met so often in all; without it as mined"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the three files")
    options = parser.parse_args()
    statistics = merge_shards(options.shards, options.output, options.min_count)
    of = f"{statistics['captions_with_triplet']} of {counted(statistics['captions'], 'caption')}"
    print(
        f"{counted(statistics['triplets'], 'triplet')} from {of} in {counted(len(options.shards), 'shard')}"
    )


if __name__ == "__main__":
    command.run(main)
