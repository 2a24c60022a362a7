"""python -m relclip.kb.page: a mined folder and its captions -> one page to look triplets up in."""

from pathlib import Path

from relclip.core import command
from relclip.core.errors import counted
from relclip.kb.lookup import SENTENCES, read_judged, write_page


def main() -> None:
    """Parse the command line and write the page."""
    parser = command.parser("relclip.kb.page", "For any triplet, the sentences it came from: one HTML file.")
    parser.add_argument("--kb", type=Path, required=True, help="folder made by python -m relclip.kb")
    parser.add_argument("--captions", type=Path, nargs="+", required=True, help="the files it was mined from")
    parser.add_argument(
        "--sentences", type=command.count, default=SENTENCES, help="at most so many a triplet"
    )
    parser.add_argument("--judged", type=Path, help="JSON of python -m relclip.kb.judge")
    parser.add_argument("--output", type=Path, required=True, help="HTML file")
    options = parser.parse_args()
    judged = read_judged(options.judged) if options.judged else None
    counts = write_page(options.kb, options.captions, options.output, options.sentences, judged)
    print(
        f"{counted(counts['triplets'], 'triplet')}, {counted(counts['sentences'], 'sentence')} in {options.output}"
    )
    if counts["ids_not_found"]:
        missing = counted(counts["ids_not_found"], "caption id")
        print(f"not in the caption files: {missing}; give those that were mined")


if __name__ == "__main__":
    command.run(main)
