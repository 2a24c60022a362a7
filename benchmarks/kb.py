"""Knowledge base: precision, recall, F1 on hand-corrected triples, and captions per second, beside a nearest-noun rule.

    python benchmarks/kb.py gold --gold factual_train.csv [--show wrong|missed]
    python benchmarks/kb.py speed --captions FILE... [--workers 2]
    python benchmarks/kb.py scale --captions FILE... [--copies 10]     (linear? bounded memory?)

Gold: FACTUAL's scene graphs of Visual Genome's region captions. Its verbs are lemmas and so map to the 20 predicates
(`sit on` -> sitting on); its nouns go through the same alignment as ours; (x, covered in, y) and (y, covering, x) count
as the same, because it writes `cover` for both.
"""

import argparse
import csv
import gzip
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from relclip.core.params import Kb
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import Miner, mine
from relclip.kb.objects import Objects

VOCABULARY = Vocabulary(load_names("vg150"), load_names("vg20"))
OBJECTS = Objects(VOCABULARY.objects)
LEMMAS = {
    "carry": "carrying", "cover": "covering", "eat": "eating", "fly in": "flying in", "grow on": "growing on",
    "hang from": "hanging from", "lay on": "lying on", "lie on": "lying on", "mount on": "mounted on",
    "paint on": "painted on", "park on": "parked on", "play": "playing", "ride": "riding", "say": "says",
    "sit on": "sitting on", "stand on": "standing on", "use": "using", "walk in": "walking in", "walk on": "walking on",
    "watch": "watching",
}  # fmt: skip
#: What a lenient reader also takes for the predicate.
LENIENT = {
    "ride on": "riding", "sit on top of": "sitting on", "stand on top of": "standing on", "lay on top of": "lying on",
    "grow on top of": "growing on", "mount on top of": "mounted on", "observe": "watching",
}  # fmt: skip
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
Fact = tuple[str, str, str]


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


def ours() -> Callable[[str], set[Fact]]:
    """The project's miner on the same vocabulary."""
    miner = Miner(VOCABULARY)
    objects, predicates = VOCABULARY.objects, VOCABULARY.predicates
    return lambda caption: {
        (objects[s - 1], predicates[p - 1], objects[o - 1]) for s, p, o in miner.triplets(caption)
    }  # fmt: skip


def _name(phrase: str) -> str:
    return VOCABULARY.objects[OBJECTS.find(phrase) - 1]


def gold(path: Path, lemmas: dict[str, str]) -> Iterator[tuple[str, set[Fact], str]]:
    """Yield caption, its triples inside the vocabulary, and the graph as written."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            facts = set()
            for text in re.findall(r"\(([^()]*)\)", row["scene_graph"]):
                parts = [part.strip() for part in text.split(" , ")]
                if (
                    len(parts) == 3
                    and parts[1] in lemmas
                    and OBJECTS.find(parts[0])
                    and OBJECTS.find(parts[2])
                ):
                    facts.add((_name(parts[0]), lemmas[parts[1]], _name(parts[2])))
            yield row["caption"], _one_way(facts), row["scene_graph"]


def _one_way(facts: set[Fact]) -> set[Fact]:
    return {(o, "covering", s) if p == "covered in" else (s, p, o) for s, p, o in facts}


def score(
    path: Path, rule: Callable[[str], set[Fact]], lemmas: dict[str, str], show: str = ""
) -> dict[str, float]:
    """Precision, recall, F1 of a rule over a gold file."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for caption, expected, graph in gold(path, lemmas):
        found = _one_way(rule(caption))
        for counter, facts in (
            (right, found & expected),
            (wrong, found - expected),
            (missed, expected - found),
        ):
            counter.update(predicate for _, predicate, _ in facts)
        if (show == "wrong" and found - expected) or (show == "missed" and expected - found):
            print(
                f"{caption}\n    wrong {sorted(found - expected)} missed {sorted(expected - found)}\n    gold {graph}"
            )
    if show == "predicates":
        for name in sorted(set(right) | set(wrong) | set(missed)):
            print(f"{name:14} right {right[name]:4} wrong {wrong[name]:4} missed {missed[name]:4}")
    r, w, m = right.total(), wrong.total(), missed.total()
    values = {
        "precision": r / max(r + w, 1),
        "recall": r / max(r + m, 1),
        "f1": 2 * r / max(2 * r + w + m, 1),
    }
    return {name: round(value, 4) for name, value in values.items()} | {"right": r, "wrong": w, "missed": m}


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


def main() -> None:
    """Parse the command line and print JSON."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("what", choices=["gold", "speed", "scale"])
    arguments.add_argument("--gold", type=Path, nargs="*", default=[])
    arguments.add_argument("--show", choices=["", "wrong", "missed", "predicates"], default="")
    arguments.add_argument("--captions", type=Path, nargs="*", default=[])
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--copies", type=int, default=10)
    given = arguments.parse_args()
    if given.what == "gold":
        for path in given.gold:
            for name, lemmas in (("exact", LEMMAS), ("lenient", LEMMAS | LENIENT)):
                show = given.show if name == "exact" else ""
                print(
                    json.dumps(
                        {
                            "gold": path.name,
                            "lemmas": name,
                            "rule": "ours",
                            **score(path, ours(), lemmas, show),
                        }
                    )
                )
                print(
                    json.dumps(
                        {
                            "gold": path.name,
                            "lemmas": name,
                            "rule": "nearest",
                            **score(path, nearest_noun, lemmas),
                        }
                    )
                )
    elif given.what == "speed":
        json.dump(speed(given.captions, given.workers), sys.stdout)
    else:
        json.dump(scale(given.captions, given.copies, given.workers), sys.stdout)


if __name__ == "__main__":
    main()
