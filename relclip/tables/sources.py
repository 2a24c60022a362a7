"""What other stages wrote as the figures and the page need it: data set, account, knowledge base, training curves."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, load_annotations
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.params.base import SPLITS
from relclip.core.parquet import TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary

Counted = list[tuple[str, int]]


@contextmanager
def written_by(stage: str, path: Path) -> Iterator[None]:
    """Raise ContractError where what is read of `path` inside has another shape than `stage` writes."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ContractError(
            f"{path} is not what {stage} writes ({type(error).__name__}: {error}); run it again"
        ) from None


def columns_of(table: pa.Table) -> dict[str, NDArray[Any]]:
    """The columns of a table as NumPy arrays."""
    return {name: table[name].to_numpy() for name in table.column_names}


class DataSet(NamedTuple):
    """What was annotated, and every true relation of the same objects; None: only the annotation is known."""

    annotation: Annotations
    truth: Annotations | None

    @property
    def vocabulary(self) -> Vocabulary:
        """The classes."""
        return self.annotation.vocabulary

    @property
    def judged_on(self) -> dict[str, Annotations]:
        """By what is judged against."""
        return {name: one for name, one in self._asdict().items() if one}


def relations_per_predicate(data: Annotations) -> dict[str, NDArray[np.int64]]:
    """Split -> (P,) number of relations of each predicate."""
    size = len(data.vocabulary.predicates) + 1
    return {split: np.bincount(data.triplets(split)[:, 1], minlength=size)[1:] for split in SPLITS}


def read_data_set(folder: Path) -> DataSet:
    """Read `dataset`'s output. Raises ContractError where a file is absent or broken."""
    truth = folder / "truth" / "relations.parquet"
    return DataSet(load_annotations(folder), load_annotations(folder, truth) if truth.is_file() else None)


@dataclass(frozen=True)
class KnowledgeBase:
    """(T,) columns subject_class, predicate_id, object_class, count."""

    triplets: Mapping[str, NDArray[Any]]

    def top(self, vocabulary: Vocabulary, predicate_id: int, number: int = 10) -> list[tuple[str, str, int]]:
        """The most frequent (subject, object, count) of a predicate; ties by class ids."""
        here = np.flatnonzero(self.triplets["predicate_id"] == predicate_id)
        keys = [self.triplets[name][here] for name in ("object_class", "subject_class")]
        best = here[np.lexsort([*keys, -self.triplets["count"][here]])][:number]
        classes = zip(
            *(self.triplets[name][best].tolist() for name in ("subject_class", "object_class", "count")),
            strict=True,
        )
        return [(vocabulary.objects[s - 1], vocabulary.objects[o - 1], count) for s, o, count in classes]


def read_knowledge_base(folder: Path) -> KnowledgeBase:
    """Read `kb`'s triplets."""
    return KnowledgeBase(columns_of(read_table(folder / "triplets.parquet", TRIPLETS)))


@dataclass(frozen=True)
class Curve:
    """One training's curves.csv: column -> values, NaN where a cell is empty."""

    columns: Mapping[str, NDArray[np.float64]]

    def points(self, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(steps, values) where the column has a value."""
        values = self.columns.get(column, np.empty(0))
        there = ~np.isnan(values)
        return (self.columns["step"][there], values[there]) if len(values) else (values, values)


def read_curve(path: Path) -> Curve | None:
    """Read a training's curves; None where that run was not trained. Raises ContractError on other things."""
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        names: Sequence[str] = list(rows[0]) if rows else ["step"]
        columns = {
            name: np.array([float("nan" if row[name] == "" else row[name]) for row in rows]) for name in names
        }
    except (ValueError, TypeError, UnicodeDecodeError, csv.Error) as error:
        raise ContractError(f"{path} is not a table of numbers ({error}); train that run again") from None
    if "step" not in columns:
        raise ContractError(f"{path} lacks the column 'step'; it has: {', '.join(columns)}")
    return Curve(columns)


@dataclass(frozen=True)
class Account:
    """What `dataset` kept and dropped, by section (images, objects, relations, truth), in the order of the page."""

    read: Counted
    kept: Mapping[str, int]
    dropped: Mapping[str, Counted]
    noted: Counted
    splits: list[tuple[str, Mapping[str, int]]]
    outside: list[tuple[str, int, Counted]]


def read_account(path: Path) -> Account:
    """Read account.json. Raises ContractError where it has another shape."""
    content = read_json(path)
    with written_by("dataset", path):
        return _account(content)


def _account(content: Mapping[str, Any]) -> Account:
    outside = content.get("outside_vocabulary", {})
    return Account(
        read=[(name, int(number)) for name, number in content["read"].items()],
        kept=content["kept"],
        dropped={section: _most_first(reasons) for section, reasons in content["dropped"].items()},
        noted=_most_first(content["noted"]),
        splits=[(name, counts) for name, counts in content["splits"].items() if _by_split(counts)],
        outside=[
            (kind, int(words["distinct"]), _most_first(words["most_common"]))
            for kind, words in outside.items()
        ],
    )


def _most_first(counts: Mapping[str, int]) -> Counted:
    return sorted(
        ((name, int(number)) for name, number in counts.items()), key=lambda item: (-item[1], item[0])
    )


def _by_split(counts: Mapping[str, Any]) -> bool:
    """Whether these are numbers by split, and not a table by predicate, which the figure shows."""
    return all(isinstance(number, int) for number in counts.values())
