"""python -m relclip.kb.merge: folders mined apart -> the files of one run over all their captions."""

from pathlib import Path

from relclip.core import command
from relclip.core.errors import counted
from relclip.kb.folders import merge_shards


def main() -> None:
    """Parse the command line and merge."""
    parser = command.parser(
        "relclip.kb.merge",
        "Merge shards of captions that were mined apart into one knowledge base: the bytes of one run.",
    )
    parser.add_argument(
        "--shards",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        required=True,
        help="folders that relclip kb --shard made",
    )
    parser.add_argument(
        "--min-count",
        type=command.positive,
        help="leave out triplets met less often in all (default: as mined)",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="the folder to make")
    options = parser.parse_args()
    statistics = merge_shards(options.shards, options.output, options.min_count)
    of = f"{statistics['captions_with_triplet']} of {counted(statistics['captions'], 'caption')}"
    print(
        f"{counted(statistics['triplets'], 'triplet')} from {of} in {counted(len(options.shards), 'shard')}"
    )


if __name__ == "__main__":
    command.run(main)
