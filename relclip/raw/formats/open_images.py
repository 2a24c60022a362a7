"""Open Images V6: visual relationships as CSV, a file a split (oidv6-train-annotations-vrd.csv, validation-, test-).

A row is one relation: ImageID, LabelName1, LabelName2, XMin1, XMax1, YMin1, YMax1, XMin2, ..., RelationshipLabel; boxes
are shares of the picture's sides. An object is a label with a box, however many rows name it. `is` says an attribute of
one thing, no relation between two, and is left out. Names of labels stand in a file *class-descriptions*.csv.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relclip.core.atomic import note_read
from relclip.core.errors import InputError
from relclip.raw.formats import Box, Picture, annotation_files, split_of

ENDS = tuple(
    (f"LabelName{end}", *(f"{side}{end}" for side in ("XMin", "XMax", "YMin", "YMax"))) for end in (1, 2)
)
COLUMNS = ("ImageID", *ENDS[0], *ENDS[1], "RelationshipLabel")
ATTRIBUTE = "is"
LONGEST_LINE = 1 << 16
Thing = tuple[str, Box]


def read(folder: Path, counts: Counter[str]) -> Iterator[Picture]:
    """Yield the pictures of all files *vrd*.csv, in the order of their first rows."""
    files = annotation_files(folder, ".csv")
    relations = [path for path in files if "vrd" in path.stem.lower()]
    if not relations:
        raise InputError(
            f"{folder} holds no *-annotations-vrd.csv; give the folder with Open Images' relationships"
        )
    names = _class_names([path for path in files if "class-descriptions" in path.stem.lower()])
    if not names:
        counts[
            "files *class-descriptions*.csv missing: classes are called by their label, such as /m/01g317"
        ] += 1
    for path in relations:
        yield from _pictures(path, split_of(path, folder), names, counts)


def _pictures(
    path: Path, split: str | None, names: dict[str, str], counts: Counter[str]
) -> Iterator[Picture]:
    rows: dict[str, list[tuple[Thing, str, Thing]]] = defaultdict(list)
    for row in _rows(path):
        relation = _relation(row, names)
        if isinstance(relation, str):
            counts[relation] += 1
        else:
            rows[row["ImageID"]].append(relation)
    for name, found in rows.items():
        picture = Picture(name, f"{name}.jpg", split=split, relative=True, listing=path)
        place: dict[Thing, int] = {}
        for subject, words, object_ in found:
            ends = [place.setdefault(thing, len(place)) for thing in (subject, object_)]
            picture.relations.append((ends[0], words, ends[1]))
        picture.objects = list(place)
        yield picture


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a file with COLUMNS. Raises InputError where it lacks one, or is no CSV."""
    with _lines(path) as lines:
        rows = csv.DictReader(lines, restval="", strict=True)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise InputError(f"{path} lacks the column {missing[0]}; it must have {', '.join(COLUMNS)}")
        yield from rows


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    """The lines of a file; what is wrong with them as CSV is an InputError."""
    note_read(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield iter(lambda: file.readline(LONGEST_LINE), "")
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no table of comma-separated values ({error}); get a whole copy"
        ) from None


def _relation(row: dict[str, str], names: dict[str, str]) -> tuple[Thing, str, Thing] | str:
    """Subject, predicate and object of a row, or why it is left out, in words for the counts."""
    predicate = row["RelationshipLabel"].replace("_", " ").strip()
    if not predicate or not row["ImageID"]:
        return "rows without an ImageID or a RelationshipLabel"
    if predicate == ATTRIBUTE:
        return "rows left out: `is` names an attribute of one thing, no relation"
    ends: list[Thing] = []
    for label, *sides in ENDS:
        try:
            x1, x2, y1, y2 = (float(row[side]) for side in sides)
        except ValueError:
            return "rows without two boxes of four numbers"
        ends.append((names.get(row[label], row[label]), (x1, y1, x2 - x1, y2 - y1)))
    return ends[0], predicate, ends[1]


def _class_names(files: list[Path]) -> dict[str, str]:
    """Label (/m/01g317) -> name (Person), of all files: two columns, with or without a heading."""
    names: dict[str, str] = {}
    for path in files:
        with _lines(path) as lines:
            names.update({row[0]: row[1] for row in csv.reader(lines) if len(row) > 1 and row[1].strip()})
    return names
