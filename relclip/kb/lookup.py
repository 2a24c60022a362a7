"""The page that lists, for any triplet, the sentences it came from: one file, searchable, nothing fetched."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core import captions, page
from relclip.core.atomic import write_text
from relclip.core.errors import InputError
from relclip.core.json_file import read_json
from relclip.core.parquet import TRIPLET, TRIPLETS, read_table
from relclip.kb import aggregate
from relclip.kb.folders import described, evidence_file

SENTENCES = 5
#: Sentences of the whole page, those of the most frequent triplets first: it stays below some tens of megabytes.
MOST = 100_000
NOTHING: Mapping[str, Any] = {"coverage": [], "gold": []}
_HERE = Path(__file__).parent / "template"


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
    chosen = _chosen(evidence, output, sentences)
    texts = captions.texts(files, {caption for ids in chosen.values() for caption in ids})
    places = {caption: place for place, caption in enumerate(texts)}
    table = read_table(kb / "triplets.parquet", TRIPLETS).sort_by([("count", "descending"), *_KEY])
    rows = [
        [
            *triplet,
            count,
            [places[caption] for caption in chosen.get(tuple(triplet), []) if caption in places],
        ]
        for *triplet, count in zip(*table.to_pydict().values(), strict=True)
    ]
    content = {
        "objects": mined.vocabulary.objects,
        "predicates": mined.vocabulary.predicates,
        "captions": [[caption, text[: page.LETTERS_SHOWN]] for caption, text in texts.items()],
        "triplets": rows,
    }
    statistics = read_json(kb / "statistics.json", "mine the captions again")
    write_text(output, _render(content, statistics, judged or NOTHING, sentences))
    wanted = {caption for ids in chosen.values() for caption in ids}
    return {"triplets": len(rows), "sentences": len(texts), "ids_not_found": len(wanted - texts.keys())}


_KEY = [(name, "ascending") for name in TRIPLET.names]


def _chosen(evidence: Path, output: Path, sentences: int) -> dict[tuple[int, ...], list[str]]:
    """Triplet -> the first ids of its captions, in the order of ids; MOST in all, frequent triplets first."""
    scratch = output.parent / f".{output.name}.work"
    key = aggregate.KEY
    query = f"""SELECT {key}, caption_id FROM
        (SELECT *, count(*) OVER (PARTITION BY {key}) AS many,
         row_number() OVER (PARTITION BY {key} ORDER BY caption_id) AS place FROM mentions)
        WHERE place <= $sentences ORDER BY many DESC, {key}, place LIMIT $most"""
    chosen: dict[tuple[int, ...], list[str]] = {}
    with aggregate.mentions([evidence], scratch) as database:
        for *triplet, caption in database.execute(query, {"sentences": sentences, "most": MOST}).fetchall():
            chosen.setdefault(tuple(triplet), []).append(caption)
    return chosen


_JUDGE_AGAIN = "give what python -m relclip.kb.judge wrote"


def read_judged(path: Path) -> dict[str, Any]:
    """Read what `relclip.kb.judge` wrote. Raises InputError where it is something else."""
    content = read_json(path, _JUDGE_AGAIN, InputError)
    if not isinstance(content, dict) or not {"coverage", "gold"} <= content.keys():
        raise InputError(f"{path} is not what python -m relclip.kb.judge writes; {_JUDGE_AGAIN}")
    return content


def _render(content: Any, statistics: Any, judged: Mapping[str, Any], sentences: int) -> str:
    """Fill page.html: every value is escaped; the script is allowed by its hash alone."""
    return page.render(
        _HERE,
        "page.html",
        script=page.explorer_script(),
        data=content,
        statistics=statistics,
        judged=judged,
        sentences=sentences,
    )
