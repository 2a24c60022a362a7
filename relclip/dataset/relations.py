"""Relations: predicate aligned to the vocabulary, both ends found among the kept objects."""

from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core.entries import Entry, identifier
from relclip.core.parquet import RELATIONS
from relclip.dataset.account import Account
from relclip.dataset.names import PredicateWords
from relclip.dataset.pictures import Picture, things_by_picture

Add = Callable[[Picture, Entry], int | None]
Relation = tuple[int, int, int]
_MISSING = -1


class RelationTable:
    """Collects the kept relations of all images. `section` is where the account counts them."""

    def __init__(self, words: PredicateWords, drop_duplicates: bool, account: Account, section: str) -> None:
        self._words, self._drop_duplicates = words, drop_duplicates
        self._account, self._section = account, section
        self._columns = array("q"), array("i"), array("i"), array("i")

    def read(self, path: Path, pictures: dict[int, Picture], add: Add | None) -> None:
        """Read a relationships.json. An object that only it holds goes to `add`; without, it is missing."""
        for picture, things in things_by_picture(path, "relationships", pictures, self._account):
            kept: set[Relation] = set()
            picture.related |= bool(things)
            for thing in things:
                self._account.read[self._section] += 1
                relation = self._relation(picture, thing, add)
                if relation in kept and self._drop_duplicates:
                    relation = "duplicate"
                if isinstance(relation, str):
                    self._account.drop(self._section, relation)
                    continue
                kept.add(relation)
                for column, value in zip(self._columns, (picture.image_id, *relation), strict=True):
                    column.append(value)

    def table(self) -> pa.Table:
        """All kept relations as the contract's table."""
        self._account.kept[self._section] = len(self._columns[0])
        return pa.table([pa.array(np.asarray(column)) for column in self._columns], RELATIONS.names)

    def _relation(self, picture: Picture, thing: Entry, add: Add | None) -> Relation | str:
        """Return (subject id, predicate id, object id), or why the relation is dropped."""
        subject_id, object_id = (_end(picture, thing, side, add) for side in ("subject", "object"))
        words = thing.get("predicate")
        if not isinstance(words, str):
            return "without a predicate"
        predicate_id = self._words.find(words)
        if predicate_id is None:
            self._account.leave_outside("predicates", words)
            return "predicate outside the vocabulary"
        self._account.write_down(self._section, predicate_id, words)
        if _MISSING in (subject_id, object_id):
            return "subject or object missing"
        if subject_id is None or object_id is None:
            return "subject or object dropped"
        return "subject is its object" if subject_id == object_id else (subject_id, predicate_id, object_id)


def _end(picture: Picture, thing: Entry, side: str, add: Add | None) -> int | None:
    """Return the object's id in the image, None if it was dropped, _MISSING if nobody knows it.

    Files name an end as an object (`object_id`, perhaps name and box) or as `subject_id` / `object_id`.
    """
    end = thing.get(side)
    raw_id = identifier(end, "object_id", "id") if isinstance(end, dict) else identifier(thing, f"{side}_id")
    if raw_id is None:
        return _MISSING
    known = raw_id if raw_id in picture.objects else picture.merged.get(raw_id, raw_id)
    if known in picture.objects:
        return picture.objects[known]
    if add is None or not isinstance(end, dict) or "x" not in end:
        return _MISSING
    return add(picture, end)
