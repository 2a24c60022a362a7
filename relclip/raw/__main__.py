"""python -m relclip.raw: procedural scenes, a folder in one of the formats, or Visual Genome's download -> data/raw."""

from collections import Counter
from pathlib import Path

from relclip.core import command
from relclip.core.params.raw import Raw
from relclip.core.params.reading import load_section
from relclip.raw.folder import take_folder
from relclip.raw.hub import local_folder

ABOUT = (
    "Make data/raw as the section `raw` of params.yaml says. raw.source: scenes (drawn), folder (raw.folder, of yours "
    "or of the Hugging Face Hub, in the format raw.format) or vg (Visual Genome and Conceptual Captions: fetched into "
    "raw.vg.folder, 31 GB with the unpacked pictures; stopped downloads go on; raw.vg.have names files you have)."
)


def main() -> None:
    """Make data/raw from the source that params.yaml names."""
    arguments = command.parser("relclip.raw", ABOUT)
    command.add_params(arguments)
    arguments.add_argument("--output", type=Path, default=Path("data/raw"), help="folder to write")
    given = arguments.parse_args()
    raw = load_section(given.params, "raw", Raw)
    for what, number in make_raw(raw, given.output).items():
        print(f"{number:>9} {what}")


def make_raw(raw: Raw, output: Path) -> Counter[str]:
    """Make `output` from the source; return counts in words. Each source imports what it needs itself."""
    if raw.source == "scenes":
        from relclip.raw.scenes import make_scenes  # noqa: PLC0415

        make_scenes(raw.scenes, output)
        return Counter()
    if raw.source == "vg":
        from relclip.raw.vg.stage import take_visual_genome  # noqa: PLC0415

        return take_visual_genome(raw.vg, raw.captions, output)
    return take_folder(local_folder(raw.folder or ""), raw.captions, output, raw.format)


if __name__ == "__main__":
    command.run(main)
