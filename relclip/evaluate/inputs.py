"""What is judged, and against what: the public Parquet contract (docs/design.md) as arrays, every fault named."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.errors import ContractError, InputError
from relclip.core.lookup import positions
from relclip.core.parquet import (
    IMAGES,
    OBJECTS,
    PREDICTED_OBJECTS,
    PREDICTED_RELATIONS,
    RELATIONS,
    read_table,
)
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.evaluate.checks import Floats, Ints, check_boxes, check_finite, check_ids, check_range

_IDS_AN_IMAGE = 1 << 32
_SIDES = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Objects:
    """Objects of many images, sorted by image and object id. boxes: (N, 4) xyxy pixels; all else (N,).

    `image` is a row number of the judged images; `score` is 1 where none is given.
    """

    image: Ints
    object_id: Ints
    class_id: Ints
    boxes: Floats
    score: Floats

    @cached_property
    def _key(self) -> Ints:
        return self.image * _IDS_AN_IMAGE + self.object_id

    @cached_property
    def _first(self) -> Ints:
        """The first row of each image, up to the last one that has objects."""
        return np.searchsorted(self.image, np.arange(self.image[-1] + 1))

    def rows(self, image: Ints, object_id: Ints) -> Ints:
        """Row numbers of objects by image and id, (M,); -1 where there is no such object."""
        wanted = image * _IDS_AN_IMAGE + object_id
        if not len(self._key):
            return np.full(len(wanted), -1)
        # Ids mostly run on from the first of their image: looked up where they would stand, searched for otherwise.
        first = self._first[np.minimum(image, len(self._first) - 1)]
        row = np.clip(first + object_id - self.object_id[first], 0, len(self._key) - 1)
        elsewhere = np.flatnonzero(self._key[row] != wanted)
        row[elsewhere] = positions(self._key, wanted[elsewhere])
        return row


@dataclass(frozen=True)
class Relations:
    """Triplets, all (M,): rows of the judged images, rows of `Objects`, predicate ids, predicate scores."""

    image: Ints
    subject: Ints
    predicate: Ints
    object: Ints
    score: Floats

    def where(self, kept: NDArray[np.bool_] | Ints) -> "Relations":
        """The same for some rows (a mask or row numbers)."""
        image, subject, predicate = self.image[kept], self.subject[kept], self.predicate[kept]
        return Relations(image, subject, predicate, self.object[kept], self.score[kept])


def pair_key(subject: Ints, other: Ints) -> Ints:
    """One number for two rows of objects, (M,); negative where the first is -1, no object."""
    return (subject << np.int64(31)) + other


@dataclass(frozen=True)
class GroundTruth:
    """The images that are judged (sorted ids), their objects and their relations as they were annotated."""

    vocabulary: Vocabulary
    images: Ints
    objects: Objects
    relations: Relations


def load_groundtruth(folder: Path, split: str | None) -> GroundTruth:
    """Read vocabulary.json, images, objects and relations of one split; of all images if `split` is None.

    Raises InputError without any image, ContractError where the files do not fit the contract.
    """
    if not folder.is_dir():
        raise InputError(
            f"the ground truth {folder} is not a folder; give one with vocabulary.json and Parquet files"
        )
    vocabulary = load_vocabulary(folder / "vocabulary.json")
    images, listed = _images(folder / "images.parquet", split)
    objects = load_objects(folder / "objects.parquet", OBJECTS, images, vocabulary, listed)
    path = folder / "relations.parquet"
    table = read_table(path, RELATIONS)
    _check_listed(table, listed, path)
    relations = relation_rows(table, images, objects, vocabulary, path)
    return GroundTruth(vocabulary, images, objects, relations)


def load_predicted_objects(folder: Path, truth: GroundTruth, *, pixel_inclusive: bool) -> Objects:
    """Read the predictions' objects.parquet for the judged images, with scores; `pixel_inclusive`: see `other_unit`."""
    if not folder.is_dir():
        raise InputError(
            f"the predictions {folder} are not a folder; give one with objects and relations.parquet"
        )
    path = folder / "objects.parquet"
    objects = load_objects(path, PREDICTED_OBJECTS, truth.images, truth.vocabulary)
    fault = other_unit(objects, truth.objects, pixel_inclusive=pixel_inclusive)
    if fault:
        raise ContractError(f"{path}: {fault}")
    return objects


def other_unit(found: Objects, true: Objects, *, pixel_inclusive: bool) -> str:
    """What to say where one side's boxes are shares of the image and the other's pixels, so that none would match.

    Or where both are shares and a box's width counts its last pixel, so that all would.
    """
    if not (len(found.image) and len(true.image)):
        return ""
    if _in_shares(found) == _in_shares(true):
        return _BOTH_IN_SHARES if pixel_inclusive and _in_shares(true) else ""
    whose = "these boxes are" if _in_shares(found) else "the ground truth's boxes are"
    return (
        f"{whose} all within 0..1, those of the other side are not; multiply x by the width and y by the"
        " height of the image, both sides are in pixels"
    )


_BOTH_IN_SHARES = (
    "the boxes of both sides are all within 0..1, where any two overlap once a width counts its last pixel; multiply x"
    " by the width and y by the height of the image, or set pixel_inclusive to false"
)


def _in_shares(objects: Objects) -> bool:
    """Whether all boxes lie within 0..1, as shares of the image do."""
    return bool((objects.boxes >= 0).all() and (objects.boxes <= 1).all())


def _images(path: Path, split: str | None) -> tuple[Ints, Ints]:
    """The ids of the images of a split, and of all that are listed, each sorted."""
    table = read_table(path, IMAGES)
    listed = np.sort(column(table, "image_id"))
    splits = sorted(set(table["split"].to_pylist()))
    if split is not None:
        table = table.filter(pa.compute.equal(table["split"], split))
    if not table.num_rows:
        wanted = (
            f"of the split '{split}'; it has the splits: {', '.join(splits) or 'none'}" if split else "at all"
        )
        raise InputError(f"{path} has no image {wanted}")
    images = np.sort(column(table, "image_id"))
    repeated = images[1:][images[1:] == images[:-1]]
    if len(repeated):
        raise ContractError(f"{path} has the image {repeated[0]} more than once; each image is one row")
    return images, listed


def _check_listed(table: pa.Table, listed: Ints, path: Path) -> None:
    """Raise ContractError for rows of an image that is none of `listed`: they would count nowhere."""
    ids = column(table, "image_id")
    unknown = ids[positions(listed, ids) < 0]
    if len(unknown):
        raise ContractError(
            f"{path} has the image {unknown[0]}, which images.parquet does not list; write these files together"
        )


def load_objects(
    path: Path, schema: pa.Schema, images: Ints, vocabulary: Vocabulary, listed: Ints | None = None
) -> Objects:
    """Read objects of the judged images; `listed`: no others than these may be there.

    Raises ContractError on boxes, classes or ids that cannot be.
    """
    table = read_table(path, _precise(schema))
    if listed is not None:
        _check_listed(table, listed, path)
    ids = column(table, "image_id")
    image = positions(images, ids)
    if (image < 0).any():
        table, ids, image = table.filter(pa.array(image >= 0)), ids[image >= 0], image[image >= 0]
    object_id, class_id = column(table, "object_id"), column(table, "class_id")
    boxes = np.stack([floats(table, side) for side in _SIDES], axis=1)
    score = floats(table, "score") if "score" in schema.names else np.ones(len(ids))
    check_range(class_id, len(vocabulary.objects), "class_id", "object classes", path)
    check_ids(object_id, ids, path)
    check_boxes(boxes, ids, object_id, path)
    check_finite(score, ids, path)
    objects = _sorted(Objects(image, object_id, class_id, boxes, score))
    same = (objects.image[1:] == objects.image[:-1]) & (objects.object_id[1:] == objects.object_id[:-1])
    if same.any():
        row = int(same.argmax())
        raise ContractError(
            f"{path}: image {images[objects.image[row]]} has the object {objects.object_id[row]} more than"
            " once; object ids are unique in their image"
        )
    return objects


def _sorted(objects: Objects) -> Objects:
    """By image and object id; files of the contract are so already."""
    image, object_id = objects.image, objects.object_id
    later = (image[1:] > image[:-1]) | ((image[1:] == image[:-1]) & (object_id[1:] >= object_id[:-1]))
    if later.all():
        return objects
    order = np.lexsort((object_id, image))
    class_id, boxes, score = objects.class_id[order], objects.boxes[order], objects.score[order]
    return Objects(image[order], object_id[order], class_id, boxes, score)


def relation_rows(
    table: pa.Table, images: Ints, objects: Objects, vocabulary: Vocabulary, path: Path
) -> Relations:
    """Turn a table of relations into rows of `images` and `objects`; relations of other images are left out.

    Raises ContractError for an unknown predicate, an object that does not exist, a score that is no number.
    """
    image = positions(images, column(table, "image_id"))
    if (image < 0).any():
        table, image = table.filter(pa.array(image >= 0)), image[image >= 0]
    predicate = column(table, "predicate_id")
    check_range(predicate, len(vocabulary.predicates), "predicate_id", "predicates", path)
    ends = []
    for name in ("subject_id", "object_id"):
        ids = column(table, name)
        rows = objects.rows(image, ids)
        if (rows < 0).any():
            first = int((rows < 0).argmax())
            raise ContractError(
                f"{path}: a relation of image {images[image[first]]} has {name} {ids[first]}, which"
                " objects.parquet of that image does not have; write both files together"
            )
        ends.append(rows)
    score = floats(table, "score") if "score" in table.column_names else np.ones(len(image))
    check_finite(score, images[image], path)
    return Relations(image, ends[0], predicate, ends[1], score)


def column(table: pa.Table, name: str) -> Ints:
    """One integer column as int64, (M,)."""
    return table[name].to_numpy().astype(np.int64, copy=False)


def floats(table: pa.Table, name: str) -> Floats:
    """One column of real numbers as float64, (M,)."""
    return table[name].to_numpy().astype(np.float64, copy=False)


def precise_relations() -> pa.Schema:
    """The contract of predicted relations with scores as precise as anybody wrote them."""
    return _precise(PREDICTED_RELATIONS)


def _precise(schema: pa.Schema) -> pa.Schema:
    wide = {pa.float32(): pa.float64()}
    return pa.schema([(field.name, wide.get(field.type, field.type)) for field in schema])
