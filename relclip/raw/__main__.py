"""python -m relclip.raw: procedural scenes, a folder in one of the formats, or Visual Genome's download -> data/raw."""

from relclip.core import command
from relclip.core.params.raw import Raw
from relclip.core.params.reading import load_section
from relclip.raw.sources import SOURCES

ABOUT = (
    "Write images, annotation and captions into data/raw, as the section `raw` of params.yaml says. raw.source is "
    "scenes (drawn), folder (raw.folder, of yours or of the Hugging Face Hub, in the format raw.format) or vg (Visual "
    "Genome and Conceptual Captions, fetched into raw.vg.folder, 31 GB with the unpacked images). A stopped download "
    "goes on; raw.vg.have names the files that you have."
)


def main() -> None:
    """Make data/raw from the source that params.yaml names."""
    parser = command.parser("relclip.raw", ABOUT)
    command.add_params(parser)
    command.add_output(parser, "raw")
    options = parser.parse_args()
    raw = load_section(options.params, "raw", Raw)
    for what, number in (+SOURCES[raw.source].make(raw, options.output)).items():
        print(f"{number:>9} {what}")


if __name__ == "__main__":
    command.run(main)
