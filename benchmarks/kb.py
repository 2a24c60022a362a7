"""Knowledge base: precision, recall, F1 on hand-corrected triples, and captions per second, beside a nearest-noun rule.

    python benchmarks/kb.py gold --gold factual_train.csv [--show wrong|missed|predicates] [--backends rules spacy]
    python benchmarks/kb.py speed --captions FILE... [--workers 2]
    python benchmarks/kb.py scale --captions FILE... [--copies 10]     (linear? bounded memory?)

Gold: FACTUAL's scene graphs of Visual Genome's region captions. Its verbs are lemmas and so map to the 20 predicates
(`sit on` -> sitting on); its nouns go through the same alignment as ours; (x, covered in, y) and (y, covering, x) count
as the same, because it writes `cover` for both.
"""

import argparse
import gzip
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

from relclip.core.params import Kb
from relclip.kb import STANDARD as VOCABULARY
from relclip.kb import Miner, mine
from relclip.kb.align import RULES, SPACY, named
from relclip.kb.gold import LEMMAS, LENIENT, Fact, GoldCaption, compare, read_gold
from relclip.kb.objects import Objects

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
    """Captions a second: the whole stage with a pool, the parser alone without prefilter, and the naive rule."""
    captions = [line.split("\t")[0] for line in _lines(files)]
    parser = _per_second(Miner(VOCABULARY).triplets, captions)
    naive = _per_second(nearest_noun, captions[::10])
    return {
        "captions": len(captions),
        **_stage(files, workers),
        "parser_alone": parser,
        "nearest_noun": naive,
    }


def scale(files: list[Path], copies: int, workers: int) -> dict[str, float]:
    """The stage on the corpus `copies` times, each line with a word of its own: no caption is met twice."""
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder) / "captions.tsv"
        with big.open("w", encoding="utf-8") as out:
            for copy in range(copies):
                out.writelines(f"{copy}{number} , {line}" for number, line in enumerate(_lines(files)))
        rates = _stage([big], workers)
    peaks = [
        resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return {**rates, "peak_MiB_parent": peaks[0], "peak_MiB_worker": peaks[1]}


def _stage(files: list[Path], workers: int) -> dict[str, float]:
    """Captions a second of the wall clock, and of processor time (what counts on a machine that others use too)."""
    with tempfile.TemporaryDirectory() as folder:
        VOCABULARY.save(Path(folder) / "vocabulary.json")
        begin, used = time.perf_counter(), sum(os.times()[:4])
        captions = mine(files, Path(folder) / "vocabulary.json", Path(folder) / "kb", Kb(workers=workers))[
            "captions"
        ]
        wall, processor = time.perf_counter() - begin, sum(os.times()[:4]) - used
    return {"stage": round(captions / wall), "stage_per_processor_second": round(captions / processor)}


def _per_second(rule: Callable[[str], object], captions: list[str]) -> int:
    begin = time.process_time()
    for caption in captions:
        rule(caption)
    return round(len(captions) / (time.process_time() - begin))


def _lines(files: list[Path]) -> Iterator[str]:
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from file


def rules(backends: Sequence[str]) -> dict[str, Callable[[str], set[Fact]]]:
    """The nearest-noun rule and the backends that are asked for."""
    return {**{backend: ours(backend) for backend in backends}, "nearest": nearest_noun}


def main() -> None:
    """Parse the command line and print JSON."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("what", choices=["gold", "speed", "scale"])
    arguments.add_argument("--gold", type=Path, nargs="*", default=[])
    arguments.add_argument("--show", choices=["", "wrong", "missed", "predicates"], default="")
    arguments.add_argument("--captions", type=Path, nargs="*", default=[])
    arguments.add_argument("--backends", nargs="+", choices=[RULES, SPACY], default=[RULES])
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--copies", type=int, default=10)
    given = arguments.parse_args()
    if given.what == "gold":
        for path, (name, lemmas) in product(given.gold, (("exact", LEMMAS), ("lenient", LEMMAS | LENIENT))):
            show = given.show if name == "exact" else ""
            for rule, find in rules(given.backends).items():
                result = score(path, find, lemmas, show if rule == RULES else "")
                print(json.dumps({"gold": path.name, "lemmas": name, "rule": rule, **result}))
    elif given.what == "speed":
        json.dump(speed(given.captions, given.workers), sys.stdout)
    else:
        json.dump(scale(given.captions, given.copies, given.workers), sys.stdout)


if __name__ == "__main__":
    main()
