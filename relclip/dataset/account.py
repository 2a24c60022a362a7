"""What was kept, what was dropped and why: the numbers of account.json and the table on the screen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from relclip.core.command import shown
from relclip.core.params.base import SPLITS
from relclip.dataset.expected import expected_table

NAMED = 10
LISTED = 20
LONGEST = 60


class Account:
    """Counts by section (images, objects, relations, truth) and reason, with the names of the first ten."""

    def __init__(self, predicates: Sequence[str]) -> None:
        self.read: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self._predicates = predicates
        self._dropped: dict[str, Counter[str]] = {}
        self._named: dict[str, list[str]] = {}
        self._outside: dict[str, Counter[str]] = {}
        self._as_written: dict[str, dict[str, Counter[str]]] = {}
        self._splits: dict[str, dict[str, Any]] = {}
        self.expected: dict[str, dict[str, int]] = {}

    def drop(self, section: str, reason: str, name: str | None = None) -> None:
        """Count one thing left out; the first ten `name`s of a reason are kept for the log."""
        self._dropped.setdefault(section, Counter())[reason] += 1
        names = self._named.setdefault(reason, [])
        if name is not None and len(names) < NAMED:
            names.append(name)

    def leave_outside(self, kind: str, words: str) -> None:
        """Count words (`names`, `predicates`) that the vocabulary does not have."""
        self._outside.setdefault(kind, Counter())[_short(words)] += 1

    def write_down(self, section: str, predicate_id: int, words: str) -> None:
        """Count the words that were read as a predicate, whatever becomes of the relation."""
        written = self._as_written.setdefault(section, {})
        written.setdefault(self._predicates[predicate_id - 1], Counter())[_short(words)] += 1

    def why(self, section: str) -> str:
        """Return the reasons for what a section lost, in one clause."""
        reasons = _top(self._dropped.get(section, Counter()))
        return ", ".join(f"{number} x {reason}" for reason, number in reasons) or "the files list none"

    def outside(self, kind: str) -> str:
        """Return the words that the vocabulary lacks, the most frequent first, to end a sentence; or nothing."""
        words = _top(self._outside.get(kind, Counter()))[:NAMED]
        return ": " + ", ".join(f"{name} {number}" for name, number in words) if words else ""

    def tally(self, images: pa.Table, objects: pa.Table, relations: Mapping[str, pa.Table]) -> None:
        """Count what was kept, by split; relations (section -> table) also by predicate."""
        self.kept["images"] = images.num_rows
        split = dict(zip(images["image_id"].to_pylist(), images["split"].to_pylist(), strict=True))
        self._splits = {"images": _by_split(images, split), "objects": _by_split(objects, split)}
        for section, table in relations.items():
            self._splits[section] = _by_split(table, split)
            self._splits[f"{section} per predicate"] = self._per_predicate(table, split)
            without = len(split) - len(set(table["image_id"].to_pylist()))
            self.noted[f"images without {section}"] = without

    def summary(self) -> dict[str, Any]:
        """Return the content of account.json."""
        return {
            "read": self.read,
            "kept": self.kept,
            "dropped": self._dropped,
            "first_dropped": {reason: names for reason, names in self._named.items() if names},
            "noted": {what: number for what, number in self.noted.items() if number},
            "splits": self._splits,
            "predicates_as_written": {
                section: {name: dict(_top(words)) for name, words in written.items()}
                for section, written in self._as_written.items()
            },
            "outside_vocabulary": {
                kind: {"distinct": len(words), "most_common": dict(_top(words))}
                for kind, words in self._outside.items()
            },
            **({"expected": self.expected} if self.expected else {}),
        }

    def table(self) -> str:
        """Return the account as lines of text: sections with reasons, then counts by split."""
        lines: list[str] = []
        for section in self.read:
            lines.append(f"{section:<10}{self.read[section]:>9} read, {self.kept[section]} kept")
            for reason, number in _top(self._dropped.get(section, Counter())):
                lines.append(f"{number:>19} dropped: {reason}{_names(self._named.get(reason, []), number)}")
        lines += [f"{number:>19} {what}" for what, number in self.noted.items() if number]
        lines += [
            f"{len(words):>19} {kind} outside the vocabulary: "
            f"{', '.join(f'{name} {number}' for name, number in _top(words)[:NAMED])}{', ...' * (len(words) > NAMED)}"
            for kind, words in self._outside.items()
        ]
        empty = [name for name in SPLITS if not self._splits["images"][name]]
        lines += [
            f"{'':>19} the split '{name}' is empty: add images or change dataset.split" for name in empty
        ]
        lines.append(_row("", SPLITS))
        for what, counts in self._splits.items():
            if "per predicate" not in what:
                lines.append(_row(what, [counts[name] for name in SPLITS]))
                inner = self._splits.get(f"{what} per predicate", {})
                lines += [_row(f"  {name}", [inner[name][split] for split in SPLITS]) for name in inner]
        lines += expected_table(self.expected)
        return "\n".join(lines)

    def _per_predicate(self, table: pa.Table, split: Mapping[int, str]) -> dict[str, Counter[str]]:
        counts = {name: Counter(dict.fromkeys(SPLITS, 0)) for name in self._predicates}
        columns = (table[name].to_pylist() for name in ("image_id", "predicate_id"))
        for image_id, predicate_id in zip(*columns, strict=True):
            counts[self._predicates[predicate_id - 1]][split[image_id]] += 1
        return counts


def _by_split(table: pa.Table, split: Mapping[int, str]) -> Counter[str]:
    counts = Counter(dict.fromkeys(SPLITS, 0))
    counts.update(split[image_id] for image_id in table["image_id"].to_pylist())
    return counts


def _row(name: str, values: Sequence[object]) -> str:
    return "".join([f"{name:<20}", *(f"{value:>9}" for value in values)])


def _short(words: str) -> str:
    """Cut long words and write out control characters, and half ones, which JSON can spell and UTF-8 cannot."""
    return shown(words if len(words) <= LONGEST else words[:LONGEST] + "...")


def _top(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LISTED]


def _names(names: list[str], number: int) -> str:
    return f" ({', '.join(names)}{', ...' * (number > len(names))})" if names else ""
