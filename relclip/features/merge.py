"""python -m relclip.features.merge: patch maps made apart -> the files of one run over all pictures."""

from pathlib import Path

from relclip.core import command
from relclip.features.merging import merge_shards


def main() -> None:
    """Parse the command line and merge."""
    arguments = command.parser("relclip.features.merge", "Merge patch maps made apart; equals one run.")
    arguments.add_argument(
        "--shards", type=Path, nargs="+", required=True, help="folders of python -m relclip.features --shard"
    )
    command.add_output(arguments, "features/clip")
    given = arguments.parse_args()
    merge_shards(given.shards, given.output)


if __name__ == "__main__":
    command.run(main)
