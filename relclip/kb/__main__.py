"""python -m relclip.kb: captions -> triplets.parquet, evidence.parquet, statistics.json."""

import argparse
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.errors import InputError, counted
from relclip.core.params.kb import Kb
from relclip.core.params.reading import load_section
from relclip.core.shard import add_shard
from relclip.core.vocabulary import FOUND, Vocabulary, load_names
from relclip.kb.align import RULES, SPACY, Language
from relclip.kb.mining import mine

#: Counts of statistics.json that a user should see where they are not 0, and lists of names.
FAULTS = {
    "lines_without_tab": "without a tab, left out",
    "lines_not_utf8": "not UTF-8, of which what cannot be read became U+FFFD",
}
NOT_MINED = {
    "objects_not_mined": ("class", "that can never be met"),
    "predicates_not_mined": ("predicate", "that no rule finds"),
}


def main() -> None:
    """Parse the command line, mine, say what was found."""
    options = _options().parse_args()
    importlib.import_module("duckdb")  # where it is missing, that is said before minutes of mining
    params = load_section(options.params, "kb", Kb) if options.params else Kb()
    named = {name: getattr(options, name) for name in ("workers", "min_count")}
    statistics = mine(
        options.captions,
        _vocabulary(options.vocabulary),
        options.output,
        params.model_copy(update={name: value for name, value in named.items() if value is not None}),
        Language.read(options.object_aliases, options.predicate_aliases, options.verbs),
        shard=options.shard,
        backend=options.backend,
    )
    print("\n".join(_told(statistics)))


def _options() -> argparse.ArgumentParser:
    parser = command.parser(
        "relclip.kb",
        "Mine (subject, predicate, object) triplets from captions: writes triplets.parquet (counts), evidence.parquet "
        "(which captions) and statistics.json (also what cannot be mined).",
        "relclip kb --captions mine.tsv --vocabulary vg150 vg50 --output kb/",
    )
    parser.add_argument(
        "--captions",
        type=Path,
        nargs="+",
        metavar="FILE",
        required=True,
        help="TSV caption<TAB>id (gzip or not; a line without a tab is left out and counted) or Parquet files",
    )
    parser.add_argument(
        "--vocabulary",
        nargs="+",
        default=["vg150", "vg20"],
        metavar="NAMES",
        help="vocabulary.json; or two lists, of objects and of predicates, each built in (vg150; vg20, vg50) or a text "
        "file with a name a line",
    )
    parser.add_argument(
        "--object-aliases",
        type=Path,
        metavar="FILE",
        help="other names of objects, a group a line, as Visual Genome's object_alias.txt",
    )
    parser.add_argument(
        "--predicate-aliases",
        type=Path,
        metavar="FILE",
        help="the same of predicates, as relationship_alias.txt",
    )
    parser.add_argument(
        "--verbs",
        type=Path,
        metavar="FILE",
        help="which subjects and objects a verb takes, as relclip/kb/verbs.yaml",
    )
    parser.add_argument(
        "--params",
        type=Path,
        metavar="FILE",
        help="a params.yaml, for its section kb (default: its defaults)",
    )
    parser.add_argument(
        "--workers",
        type=command.positive,
        help="processes that read sentences (default: as in --params, or 2)",
    )
    parser.add_argument(
        "--min-count",
        type=command.positive,
        help="leave out triplets met less often (default: as in --params, or 1)",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", required=True, help="the folder to make")
    add_shard(parser, "captions", "relclip kb-merge")
    parser.add_argument(
        "--backend",
        default=RULES,
        choices=[RULES, SPACY],
        help="who reads the sentences; spacy wants spaCy and a model of English",
    )
    return parser


def _told(statistics: Mapping[str, Any]) -> Iterator[str]:
    """What a user should see of statistics.json, a line each."""
    of = f"{statistics['captions_with_triplet']} of {counted(statistics['captions'], 'caption')}"
    yield f"{counted(statistics['triplets'], 'triplet')} from {of}"
    for name, fault in FAULTS.items():
        if statistics[name]:
            yield f"{fault}: {counted(statistics[name], 'line')}"
    for name, (thing, fault) in NOT_MINED.items():
        if names := statistics[name]:
            yield f"{counted(len(names), thing)} {fault}: {', '.join(names)}"
    if statistics["captions"] and not statistics["captions_with_triplet"]:
        yield "no caption states anything in this vocabulary; the caption is a line's first field, its id the second"


def _vocabulary(given: list[str]) -> Path | Vocabulary:
    """The file, or the vocabulary of two lists. Raises InputError for what is neither."""
    if len(given) == 1 and Path(given[0]).exists():
        return Path(given[0])
    if len(given) != 2 or FOUND in given:
        raise InputError(
            f"--vocabulary is '{' '.join(given)}'; give a vocabulary.json that is there, or two lists, of objects "
            "and of predicates, such as vg150 vg50"
        )
    return Vocabulary(*map(load_names, given))


if __name__ == "__main__":
    command.run(main)
