"""python -m relclip.raw: procedural scenes, or a folder in Visual Genome's formats -> data/raw."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params
from relclip.raw.folder import take_folder


def main() -> None:
    """Make data/raw from the source that params.yaml names."""
    arguments = command.parser("relclip.raw", "Draw scenes, or take a folder in Visual Genome's formats.")
    command.add_params(arguments)
    arguments.add_argument("--output", type=Path, default=Path("data/raw"), help="folder to write")
    given = arguments.parse_args()
    raw = load_params(given.params).raw
    if raw.source == "scenes":
        from relclip.raw.scenes import make_scenes  # noqa: PLC0415 (the folder needs none of the drawing)

        make_scenes(raw.scenes, given.output)
    else:
        for what, number in take_folder(Path(raw.folder or ""), raw.captions, given.output).items():
            print(f"{number:>9} {what}")


if __name__ == "__main__":
    command.run(main)
