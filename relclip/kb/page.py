"""python -m relclip.kb.page: for any triplet the sentences it came from, as one file, searchable, nothing fetched."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core import captions, command, page
from relclip.core.atomic import write_text
from relclip.core.errors import InputError, counted
from relclip.core.json_file import read_json
from relclip.core.parquet import TRIPLET, TRIPLETS, read_table
from relclip.core.sentences import explorer_data, sentences_of
from relclip.kb.folders import described, evidence_file

SENTENCES = 5
#: Sentences of the whole page, those of the most frequent triplets first: it stays below some tens of megabytes.
MOST = 100_000
_HERE = Path(__file__).parent / "template"
_KEY = [(name, "ascending") for name in TRIPLET.names]
_JUDGE_AGAIN = "give what python -m relclip.kb.judge wrote"


def write_page(
    kb: Path,
    files: Sequence[Path],
    output: Path,
    sentences: int = SENTENCES,
    judged: Mapping[str, Any] | None = None,
) -> dict[str, int]:
    """Write the page of a mined folder; at most `sentences` a triplet, found by their ids in the caption `files`.

    `judged`: what `judge` returned, shown beside the statistics. Returns the counts of triplets and sentences shown,
    and of ids that the files do not have. Raises InputError or ContractError where an input is not what it should be.
    """
    mined = described(kb)
    captions.check(files)
    evidence = evidence_file(kb, mined.mentions)
    table = read_table(kb / "triplets.parquet", TRIPLETS).sort_by([("count", "descending"), *_KEY])
    rows = list(zip(*table.to_pydict().values(), strict=True))
    ids, texts = sentences_of(evidence, files, [row[:3] for row in rows], sentences, MOST)
    content = explorer_data(mined.names, rows, ids, texts)
    filled = page.render(
        _HERE,
        "page.html",
        script=page.explorer_script(),
        data=content,
        statistics=read_json(kb / "statistics.json", "mine the captions again"),
        judged=judged or {"coverage": [], "gold": []},
        sentences=sentences,
    )
    write_text(output, filled)
    wanted = {caption for some in ids.values() for caption in some}
    return {"triplets": len(rows), "sentences": len(texts), "ids_not_found": len(wanted - texts.keys())}


def read_judged(path: Path) -> dict[str, Any]:
    """Read what `relclip.kb.judge` wrote. Raises InputError where it is something else."""
    content = read_json(path, _JUDGE_AGAIN, InputError)
    if not isinstance(content, dict) or not {"coverage", "gold"} <= content.keys():
        raise InputError(f"{path} is not what python -m relclip.kb.judge writes; {_JUDGE_AGAIN}")
    return content


def main() -> None:
    """Parse the command line and write the page."""
    parser = command.parser(
        "relclip.kb.page", "Write one HTML page with, for any triplet, the sentences it came from."
    )
    parser.add_argument(
        "--kb", type=Path, metavar="FOLDER", required=True, help="folder that relclip kb made"
    )
    parser.add_argument(
        "--captions", type=Path, nargs="+", metavar="FILE", required=True, help="the files it was mined from"
    )
    parser.add_argument(
        "--sentences", type=command.count, default=SENTENCES, help="most sentences of a triplet"
    )
    parser.add_argument("--judged", type=Path, metavar="FILE", help="JSON of relclip kb-judge")
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="the HTML file to write")
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
