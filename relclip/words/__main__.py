"""python -m relclip.words: captions (or a file of word vectors) -> phrases.safetensors, statistics.json."""

from relclip.core import command
from relclip.core.params.reading import load_section
from relclip.core.params.words import Words
from relclip.words.build import build


def main() -> None:
    """Parse the command line and build."""
    parser = command.parser(
        "relclip.words",
        "Train word vectors on captions, or read them, and write a vector for each phrase (class, predicate): RelCLIP "
        "eq. 7.",
    )
    command.add_params(parser)
    command.add_path(
        parser,
        "--captions",
        "FILE",
        "TSV caption<TAB>id (gzip or not) or Parquet files",
        nargs="+",
        required=True,
    )
    command.add_path(parser, "--vocabulary", "FILE", "vocabulary.json: objects and predicates", required=True)
    command.add_path(parser, "--output", "FOLDER", "the folder to make", required=True)
    options = parser.parse_args()
    params = load_section(options.params, "words", Words)
    statistics = build(options.captions, options.vocabulary, options.output, params)
    print(
        f"{statistics['phrases']} phrases, {statistics['phrases_without_known_word']} without any known word"
    )


if __name__ == "__main__":
    command.run(main)
