"""Knowledge base: precision, recall, F1 on hand-corrected triples, and captions per second, beside a nearest-noun rule.

    python benchmarks/kb.py gold --gold factual_train.csv [--predicates FILE] [--show predicates]
    python benchmarks/kb.py speed --captions FILE... [--predicates FILE] [--workers 2]
    python benchmarks/kb.py scale --captions FILE... [--copies 7]      (linear? bounded memory?)
    python benchmarks/kb.py shard --captions FILE...                   (what a shard pays for the others' captions)

Gold: FACTUAL's scene graphs of Visual Genome's region captions, each half of the pictures
apart (relclip.kb.gold.read_gold); its nouns go through the same alignment as ours, its predicates through gold.Writing.
"""

import argparse
import gzip
import json
import os
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path

from measured import measured

from relclip.core.captions import blocks
from relclip.core.command import AsWritten
from relclip.core.forms import verb_forms, verb_lemmas
from relclip.core.params.kb import Kb
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import STANDARD, Miner, mine, mine_captions
from relclip.kb.align import RULES, SPACY, named
from relclip.kb.gold import HALVES, Fact, Writing, compare, read_gold
from relclip.kb.mining import BLOCK
from relclip.kb.objects import Objects

RUNS = 3
Find = Callable[[str], set[Fact]]


def nearest_noun(vocabulary: Vocabulary) -> Find:
    """The naive rule: a predicate's words, the nearest class name before and the nearest after them."""
    patterns = [(name, re.compile(rf"\b(?:{_pattern(name)})\b")) for name in vocabulary.predicates]
    objects = Objects(vocabulary.objects)

    def find(caption: str) -> set[Fact]:
        text, found = caption.lower(), set()
        for predicate, pattern in patterns:
            for match in pattern.finditer(text):
                left = [w for w in re.findall(r"[a-z]+", text[: match.start()]) if objects.find(w)]
                right = [w for w in re.findall(r"[a-z]+", text[match.end() :]) if objects.find(w)]
                if left and right:
                    subject, thing = objects.find(left[-1]), objects.find(right[0])
                    found.add((vocabulary.objects[subject - 1], predicate, vocabulary.objects[thing - 1]))
        return found

    return find


def _pattern(predicate: str) -> str:
    """Its own words, or another form of its verb with them."""
    first, _, rest = predicate.partition(" ")
    verbs = [] if first in ("on", "in", "of", "near", "over", "under") else verb_lemmas(first)[:1]
    forms = {
        first,
        *(form for verb in verbs for form in (verb, *verb_forms(verb)[1:3], *verb_forms(verb)[3])),
    }
    return "|".join(re.escape(f"{form} {rest}".strip()) for form in sorted(forms))


def ours(vocabulary: Vocabulary, backend: str = RULES) -> Find:
    """The project's miner on the same vocabulary."""
    miner = Miner(vocabulary, backend=backend)
    return lambda caption: set(named(miner.triplets(caption), vocabulary))


def score(path: Path, vocabulary: Vocabulary, rule: Find, half: str, show: str = "") -> dict[str, float]:
    """Precision, recall, F1 of a rule over a half of a gold file."""
    gold, writing, rule = list(read_gold(path, vocabulary, half=half)), Writing(vocabulary), cache(rule)
    for caption in gold if show in ("wrong", "missed") else ():
        found = writing.of(rule(caption.caption))
        differ = {"wrong": sorted(found - caption.facts), "missed": sorted(caption.facts - found)}
        if differ[show]:
            print(f"{caption.caption}\n    {differ}")
    result = compare(gold, rule, writing)
    if show == "predicates":
        for name, values in result.by_predicate().items():
            print(f"{name:14} {json.dumps(values)}")
    return result.shares()


def speed(files: list[Path], vocabulary: Vocabulary, workers: int) -> dict[str, float]:
    """Captions a second: the whole stage with a pool (best of RUNS), the parser without prefilter, the naive rule.

    Of the wall clock, and of processor time: what counts on a machine that others use too.
    """
    # first: workers share the memory of this process
    runs = [_stage(files, vocabulary, workers) for _ in range(RUNS)]
    captions = [line.split("\t")[0] for line in _lines(files)]
    ours = round(len(captions) / min(processor for _, processor in runs))
    naive = _per_second(partial(map, nearest_noun(vocabulary)), captions[::10])
    return {
        "captions": len(captions),
        "workers": workers,
        "stage_per_second": round(len(captions) / min(wall for wall, _ in runs)),
        "stage_per_processor_second": ours,
        "parser_alone_per_processor_second": _per_second(mine_captions, captions, vocabulary),
        "nearest_noun_per_processor_second": naive,
        "times_the_nearest_noun": round(ours / naive, 1),
    }


def scale(files: list[Path], copies: int) -> list[dict[str, float]]:
    """The command in a process of its own on the corpus `copies` times, twice and four times as often.

    Each line gets a word of its own, so no caption is met twice. peak_MiB: of the largest of its processes.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        words, big = Path(folder) / "vocabulary.json", Path(folder) / "captions.tsv"
        STANDARD.save(words)
        for times in (copies, 2 * copies, 4 * copies):
            with big.open("w", encoding="utf-8") as out:
                for copy in range(times):
                    out.writelines(f"{copy}{number} , {line}" for number, line in enumerate(_lines(files)))
            where = ["--captions", big, "--vocabulary", words, "--output", Path(folder) / "kb"]
            used = measured(["-m", "relclip.kb", *where])
            captions = json.loads((Path(folder) / "kb" / "statistics.json").read_text())["captions"]
            found.append({"captions": captions, **used})
    return found


def shard(files: list[Path]) -> dict[str, float]:
    """What a shard pays for the captions of the others: processor seconds to read all and give none out."""
    begin = time.process_time()
    captions = sum(block.lines for block in blocks(files, BLOCK))
    used = time.process_time() - begin
    return {"captions": captions, "passed_over_per_processor_second": round(captions / used)}


def _stage(files: list[Path], vocabulary: Vocabulary, workers: int) -> tuple[float, float]:
    """Wall and processor seconds of the stage, without the start of Python."""
    with tempfile.TemporaryDirectory() as folder:
        vocabulary.save(Path(folder) / "vocabulary.json")
        begin, used = time.perf_counter(), sum(os.times()[:4])
        mine(files, Path(folder) / "vocabulary.json", Path(folder) / "kb", Kb(workers=workers))
        return time.perf_counter() - begin, sum(os.times()[:4]) - used


def _per_second(rule: Callable[..., Iterator[object]], captions: list[str], *others: object) -> int:
    begin = time.process_time()
    deque(rule(captions, *others), maxlen=0)
    return round(len(captions) / (time.process_time() - begin))


def _lines(files: list[Path]) -> Iterator[str]:
    for path in files:
        zipped = path.read_bytes()[:2] == b"\x1f\x8b"
        with gzip.open(path, "rt", encoding="utf-8") if zipped else path.open(encoding="utf-8") as file:
            yield from file


def gold(
    files: list[Path], vocabulary: Vocabulary, backends: Sequence[str], halves: Sequence[str], show: str
) -> None:
    """Print a line for each file, half and rule."""
    rules = {backend: ours(vocabulary, backend) for backend in backends} | {
        "nearest": nearest_noun(vocabulary)
    }
    for path, half, (name, rule) in product(files, halves, rules.items()):
        shown = show if name == RULES else ""
        result = score(path, vocabulary, rule, half, shown)
        print(json.dumps({"gold": path.name, "half": half, "rule": name, **result}))


def main() -> None:
    """Parse the command line and print JSON."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    arguments.add_argument("what", choices=["gold", "speed", "scale", "shard"])
    arguments.add_argument("--gold", type=Path, nargs="*", default=[], help="FACTUAL's CSV files, for gold")
    arguments.add_argument("--half", choices=HALVES, nargs="+", default=HALVES, help="halves of the pictures")
    arguments.add_argument(
        "--predicates", default="vg20", help="a built-in list, or a file with a name a line"
    )
    arguments.add_argument(
        "--show",
        choices=["", "wrong", "missed", "predicates"],
        default="",
        help="what gold lists",
    )
    arguments.add_argument(
        "--captions", type=Path, nargs="*", default=[], help="caption files, for speed, scale and shard"
    )
    arguments.add_argument(
        "--backends",
        nargs="+",
        choices=[RULES, SPACY],
        default=[RULES],
        help="readers of gold",
    )
    arguments.add_argument("--workers", type=int, default=2, help="processes of speed")
    arguments.add_argument(
        "--copies",
        type=int,
        default=7,
        help="times the captions are copied for scale, each made new",
    )
    given = arguments.parse_args()
    vocabulary = Vocabulary(STANDARD.objects, load_names(given.predicates))
    if given.what == "gold":
        gold(given.gold, vocabulary, given.backends, given.half, given.show)
        return
    if not given.captions:
        arguments.error("give --captions FILE...")
    if given.what == "speed":
        found: object = speed(given.captions, vocabulary, given.workers)
    else:
        found = scale(given.captions, given.copies) if given.what == "scale" else shard(given.captions)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
