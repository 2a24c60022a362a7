"""Knowledge base: precision, recall, F1 on hand-corrected triples, and captions per second, beside a nearest-noun rule.

    python benchmarks/kb.py gold --gold factual_train.csv [--show wrong|missed|predicates] [--backends rules spacy]
    python benchmarks/kb.py speed --captions FILE... [--workers 2]
    python benchmarks/kb.py scale --captions FILE... [--copies 7]      (linear? bounded memory?)
    python benchmarks/kb.py shard --captions FILE...                   (what a shard pays for the others' captions)

Gold: FACTUAL's scene graphs of Visual Genome's region captions. Its verbs are lemmas and so map to the 20 predicates
(`sit on` -> sitting on); its nouns go through the same alignment as ours; (x, covered in, y) and (y, covering, x) count
as the same, because it writes `cover` for both.
"""

import argparse
import gzip
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

from measured import measured

from relclip.core.captions import blocks
from relclip.core.params.kb import Kb
from relclip.kb import STANDARD as VOCABULARY
from relclip.kb import Miner, mine
from relclip.kb.align import RULES, SPACY, named
from relclip.kb.gold import LEMMAS, LENIENT, Fact, GoldCaption, compare, read_gold
from relclip.kb.mining import BLOCK
from relclip.kb.objects import Objects

RUNS = 3
OBJECTS = Objects(VOCABULARY.objects)
NAIVE = {
    "carrying": r"carry(?:ing)?|carries|carried",
    "covered in": r"covered (?:in|with|by)",
    "covering": r"cover(?:ing|s)",
    "eating": r"eat(?:ing|s)?|ate",
    "flying in": r"(?:flying|flies|flew|fly) in",
    "growing on": r"gr(?:owing|ows|ew|ow) on",
    "hanging from": r"h(?:anging|angs|ang|ung) (?:down )?from",
    "lying on": r"(?:lying|laying|lies|lays|lay) (?:down )?on",
    "mounted on": r"mounted on",
    "painted on": r"painted on",
    "parked on": r"parked on",
    "playing": r"play(?:ing|s)|played",
    "riding": r"riding|rides?|rode",
    "says": r"says",
    "sitting on": r"(?:sitting|sits?|sat|seated) (?:down )?on",
    "standing on": r"(?:standing|stands?|stood) on",
    "using": r"using|uses|used",
    "walking in": r"walk(?:ing|s|ed)? in",
    "walking on": r"walk(?:ing|s|ed)? on",
    "watching": r"watch(?:ing|es|ed)",
}
_NAIVE = [(name, re.compile(rf"\b(?:{pattern})\b")) for name, pattern in NAIVE.items()]


def nearest_noun(caption: str) -> set[Fact]:
    """The naive rule: a predicate's words, the nearest class name before and the nearest after them."""
    text, found = caption.lower(), set()
    for predicate, pattern in _NAIVE:
        for match in pattern.finditer(text):
            left = [w for w in re.findall(r"[a-z]+", text[: match.start()]) if OBJECTS.find(w)]
            right = [w for w in re.findall(r"[a-z]+", text[match.end() :]) if OBJECTS.find(w)]
            if left and right:
                found.add((_name(left[-1]), predicate, _name(right[0])))
    return found


def ours(backend: str = RULES) -> Callable[[str], set[Fact]]:
    """The project's miner on the same vocabulary."""
    miner = Miner(VOCABULARY, backend=backend)
    return lambda caption: set(named(miner.triplets(caption), VOCABULARY))


def _name(phrase: str) -> str:
    return VOCABULARY.objects[OBJECTS.find(phrase) - 1]


def score(
    path: Path, rule: Callable[[str], set[Fact]], lemmas: dict[str, str], show: str = ""
) -> dict[str, float]:
    """Precision, recall, F1 of a rule over a gold file."""

    def differences(caption: GoldCaption, found: set[Fact]) -> None:
        wrong, missed = sorted(found - caption.facts), sorted(caption.facts - found)
        if {"wrong": wrong, "missed": missed}[show]:
            print(f"{caption.caption}\n    wrong {wrong} missed {missed}\n    gold {caption.graph}")

    found = compare(
        read_gold(path, VOCABULARY, lemmas), rule, differences if show in ("wrong", "missed") else None
    )
    if show == "predicates":
        for name, values in found.by_predicate().items():
            print(f"{name:14} {json.dumps(values)}")
    return found.shares()


def speed(files: list[Path], workers: int) -> dict[str, float]:
    """Captions a second: the whole stage with a pool (best of RUNS), the parser without prefilter, the naive rule.

    Of the wall clock, and of processor time: what counts on a machine that others use too.
    """
    runs = [_stage(files, workers) for _ in range(RUNS)]  # first: workers share the memory of this process
    captions = [line.split("\t")[0] for line in _lines(files)]
    ours = round(len(captions) / min(processor for _, processor in runs))
    naive = _per_second(nearest_noun, captions[::10])
    return {
        "captions": len(captions),
        "workers": workers,
        "stage_per_second": round(len(captions) / min(wall for wall, _ in runs)),
        "stage_per_processor_second": ours,
        "parser_alone_per_processor_second": _per_second(Miner(VOCABULARY).triplets, captions),
        "nearest_noun_per_processor_second": naive,
        "times_the_nearest_noun": round(ours / naive, 1),
    }


def scale(files: list[Path], copies: int) -> list[dict[str, float]]:
    """The command in a process of its own on the corpus `copies` times, twice and four times as often.

    Each line gets a word of its own, so no caption is met twice. peak_MiB: of the largest of its processes.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, big = Path(folder) / "vocabulary.json", Path(folder) / "captions.tsv"
        VOCABULARY.save(vocabulary)
        for times in (copies, 2 * copies, 4 * copies):
            with big.open("w", encoding="utf-8") as out:
                for copy in range(times):
                    out.writelines(f"{copy}{number} , {line}" for number, line in enumerate(_lines(files)))
            where = ["--captions", big, "--vocabulary", vocabulary, "--output", Path(folder) / "kb"]
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


def _stage(files: list[Path], workers: int) -> tuple[float, float]:
    """Wall and processor seconds of the stage, without the start of Python."""
    with tempfile.TemporaryDirectory() as folder:
        VOCABULARY.save(Path(folder) / "vocabulary.json")
        begin, used = time.perf_counter(), sum(os.times()[:4])
        mine(files, Path(folder) / "vocabulary.json", Path(folder) / "kb", Kb(workers=workers))
        return time.perf_counter() - begin, sum(os.times()[:4]) - used


def _per_second(rule: Callable[[str], object], captions: list[str]) -> int:
    begin = time.process_time()
    for caption in captions:
        rule(caption)
    return round(len(captions) / (time.process_time() - begin))


def _lines(files: list[Path]) -> Iterator[str]:
    for path in files:
        zipped = path.read_bytes()[:2] == b"\x1f\x8b"
        with gzip.open(path, "rt", encoding="utf-8") if zipped else path.open(encoding="utf-8") as file:
            yield from file


def rules(backends: Sequence[str]) -> dict[str, Callable[[str], set[Fact]]]:
    """The nearest-noun rule and the backends that are asked for."""
    return {**{backend: ours(backend) for backend in backends}, "nearest": nearest_noun}


def main() -> None:
    """Parse the command line and print JSON."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("what", choices=["gold", "speed", "scale", "shard"])
    arguments.add_argument("--gold", type=Path, nargs="*", default=[])
    arguments.add_argument("--show", choices=["", "wrong", "missed", "predicates"], default="")
    arguments.add_argument("--captions", type=Path, nargs="*", default=[])
    arguments.add_argument("--backends", nargs="+", choices=[RULES, SPACY], default=[RULES])
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--copies", type=int, default=7)
    given = arguments.parse_args()
    if given.what == "gold":
        for path, (name, lemmas) in product(given.gold, (("exact", LEMMAS), ("lenient", LEMMAS | LENIENT))):
            show = given.show if name == "exact" else ""
            for rule, find in rules(given.backends).items():
                result = score(path, find, lemmas, show if rule == RULES else "")
                print(json.dumps({"gold": path.name, "lemmas": name, "rule": rule, **result}))
        return
    if not given.captions:
        arguments.error("give --captions FILE...")
    found: object = shard(given.captions) if given.what == "shard" else None
    if given.what == "speed":
        found = speed(given.captions, given.workers)
    elif given.what == "scale":
        found = scale(given.captions, given.copies)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
