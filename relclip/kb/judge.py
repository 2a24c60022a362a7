"""python -m relclip.kb.judge: a mined folder -> its coverage of annotated relations, its precision on gold triples."""

from pathlib import Path

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.errors import InputError
from relclip.core.forms import load_aliases
from relclip.kb.quality import judge


def main() -> None:
    """Parse the command line, judge, write JSON."""
    parser = command.parser(
        "relclip.kb.judge", "Measure coverage and precision of a mined knowledge base, into a JSON."
    )
    parser.add_argument(
        "--kb", type=Path, metavar="FOLDER", required=True, help="folder that relclip kb made"
    )
    for name, given, what in (
        ("dataset", "FOLDER", "folders of the stage dataset: coverage of their relations"),
        ("relationships", "FILE", "Visual Genome's relationships.json: coverage of its relations"),
        ("gold", "FILE", "FACTUAL's CSV of captions and scene graphs: precision and coverage"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar=given, nargs="+", default=[], help=what)
    parser.add_argument(
        "--object-aliases", type=Path, metavar="FILE", help="Visual Genome's object_alias.txt"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        required=True,
        help="the JSON to write, for relclip kb-page --judged",
    )
    options = parser.parse_args()
    if not (options.dataset or options.relationships or options.gold):
        raise InputError("nothing to judge by; give --dataset, --relationships or --gold")
    aliases = load_aliases(options.object_aliases)
    judged = judge(options.kb, options.dataset, options.relationships, options.gold, aliases=aliases)
    write_json(options.output, judged)
    for entry in judged["coverage"]:
        print(f"{entry['source']}: {entry['covered']} of {entry['relations']} relations covered")
    for entry in judged["gold"]:
        print(
            f"{entry['source']}: precision {entry['precision']}, recall {entry['recall']}, F1 {entry['f1']} ("
            + ", ".join(f"{half} {shares['f1']}" for half, shares in entry["halves"].items())
            + ")"
        )


if __name__ == "__main__":
    command.run(main)
