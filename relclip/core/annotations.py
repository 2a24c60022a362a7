"""The dataset stage's tables as arrays, the detector's boxes, CLIP's labels: images in the order of their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.boxes import Boxes
from relclip.core.errors import ContractError
from relclip.core.lookup import positions, row_keys
from relclip.core.parquet import (
    IMAGES,
    OBJECT_SCORES,
    OBJECTS,
    PREDICTED_OBJECTS,
    RELATIONS,
    TRIPLET,
    TRIPLETS,
    read_table,
)
from relclip.core.vocabulary import Vocabulary, load_vocabulary

Ids = NDArray[np.int64]
_IDS_AN_IMAGE = 1 << 32


@dataclass(frozen=True)
class Annotations:
    """I images, N objects in the order of (image, object_id), R relations between rows of objects."""

    vocabulary: Vocabulary
    image_id: Ids  # (I,) ascending
    file: tuple[str, ...]  # (I,) relative to data/raw
    split: NDArray[np.str_]  # (I,)
    first: Ids  # (I+1,) objects of image i are the rows first[i]:first[i+1]
    object_id: Ids  # (N,)
    class_id: Ids  # (N,)
    boxes: Boxes  # (N, 4) xyxy pixels of the original image
    subject: Ids  # (R,) row of objects
    predicate: Ids  # (R,)
    object: Ids  # (R,) row of objects
    relation_image: Ids  # (R,) index of image_id

    def rows(self, image: int) -> slice:
        """The objects of image number `image`."""
        return slice(int(self.first[image]), int(self.first[image + 1]))

    def triplets(self, split: str | None = None) -> Ids:
        """(R, 3) subject class, predicate and object class of each relation, of one split or of all."""
        every = np.stack([self.class_id[self.subject], self.predicate, self.class_id[self.object]], axis=1)
        return every if split is None else every[self.split[self.relation_image] == split]


def load_annotations(folder: Path, spoken: Path | None = None) -> Annotations:
    """Read data/dataset; `spoken`: the file of other relations of its objects.

    Raises ContractError where tables disagree: unknown images, objects or classes, repeats.
    """
    spoken = spoken or folder / "relations.parquet"
    vocabulary = load_vocabulary(folder / "vocabulary.json")
    images = read_table(folder / "images.parquet", IMAGES).sort_by("image_id")
    objects = read_table(folder / "objects.parquet", OBJECTS).sort_by(
        [("image_id", "ascending"), ("object_id", "ascending")]
    )
    relations = read_table(spoken, RELATIONS)
    image_id, object_image = images["image_id"].to_numpy(), objects["image_id"].to_numpy()
    object_id = objects["object_id"].to_numpy().astype(np.int64)
    class_id = objects["class_id"].to_numpy().astype(np.int64)
    predicate = relations["predicate_id"].to_numpy().astype(np.int64)
    _known(class_id, "class_id", vocabulary.objects, folder)
    _known(predicate, "predicate_id", vocabulary.predicates, folder)
    place = _places(image_id, object_image, folder / "objects.parquet", "image_id")
    keys = np.stack([object_image, object_id], axis=1)
    _distinct(keys, folder / "objects.parquet")
    _distinct(image_id[:, None], folder / "images.parquet")
    subject, object_ = (_ends(keys, relations, name, spoken) for name in ("subject_id", "object_id"))
    return Annotations(
        vocabulary=vocabulary,
        image_id=image_id,
        file=tuple(images["file"].to_pylist()),
        split=np.array(images["split"].to_pylist(), dtype=np.str_),
        first=np.searchsorted(place, np.arange(len(image_id) + 1)),
        object_id=object_id,
        class_id=class_id,
        boxes=np.column_stack([objects[name].to_numpy() for name in ("x1", "y1", "x2", "y2")]),
        subject=subject,
        predicate=predicate,
        object=object_,
        relation_image=place[subject],
    )


def read_triplets(folder: Path, vocabulary: Vocabulary) -> Ids:
    """(K, 3) the knowledge base's subject class, predicate, object class. Raises ContractError on unknown ids."""
    table = read_table(folder / "triplets.parquet", TRIPLETS)
    triplets = np.column_stack([table[name].to_numpy().astype(np.int64) for name in TRIPLET.names])
    for column, name in enumerate(TRIPLET.names):
        names = vocabulary.predicates if name == "predicate_id" else vocabulary.objects
        _known(triplets[:, column], name, names, folder)
    return triplets


def _known(ids: Ids, name: str, names: Sequence[str], folder: Path) -> None:
    if len(ids) and not (ids.min() >= 1 and ids.max() <= len(names)):
        met = f"{ids.min()}..{ids.max()}"
        raise ContractError(
            f"{folder}: {name} must lie in 1..{len(names)}, met {met}; make that folder again"
        )


def _ends(keys: Ids, relations: pa.Table, name: str, path: Path) -> Ids:
    """Rows of objects that one end of each relation names."""
    wanted = row_keys(relations["image_id"], relations[name])
    return _places(row_keys(*keys.T), wanted, path, name)


def _places(known: NDArray, wanted: NDArray, path: Path, name: str) -> Ids:
    """Where each of `wanted` stands in the ascending `known`."""
    place = positions(known, wanted)
    if (place < 0).any():
        raise ContractError(
            f"{path} has {name} {wanted[place < 0][0]}, which is nowhere defined; make the dataset again"
        )
    return place


def _distinct(keys: Ids, path: Path) -> None:
    same = (keys[1:] == keys[:-1]).all(axis=1)
    if same.any():
        raise ContractError(f"{path} holds {keys[1:][same][0].tolist()} twice; make the dataset again")


def zero_shot_labels(
    tables: Sequence[Path], annotations: Annotations, images: Ids
) -> tuple[Ids, NDArray[np.float32]]:
    """CLIP's best class (N,) of the objects of `images`, and its score (N,); 0 for those of other images.

    tables: what the ext stage scored, some images each. `images`: positions in `annotations.image_id`. Equal scores:
    the lower class id. Raises ContractError where an object of these images has no score, or a class is unknown.
    """
    read = [read_table(path, OBJECT_SCORES) for path in tables]
    image, object_id, label, score = (
        np.concatenate([table[name].to_numpy() for table in read]) for name in OBJECT_SCORES.names
    )
    _known(label, "class_id", annotations.vocabulary.objects, tables[0])
    image_of = np.repeat(np.arange(len(annotations.image_id)), np.diff(annotations.first))
    key = np.searchsorted(annotations.image_id, image) * _IDS_AN_IMAGE + object_id
    order = np.lexsort((label, -score, key))
    order = order[np.isin(image[order], annotations.image_id[images])]
    scored, first = np.unique(key[order], return_index=True)
    wanted = image_of * _IDS_AN_IMAGE + annotations.object_id
    inside = np.isin(image_of, images)
    missing = inside & ~np.isin(wanted, scored)
    if missing.any():
        row = int(missing.argmax())
        raise ContractError(
            f"{tables[0]} has no score for object {annotations.object_id[row]} of image"
            f" {annotations.image_id[image_of[row]]}; run the ext stage again"
        )
    best = order[first[np.searchsorted(scored, wanted[inside])]]
    labels, scores = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.float32)
    labels[inside], scores[inside] = label[best], score[best]
    return labels, scores


@dataclass(frozen=True)
class Proposals:
    """N boxes of I images, image after image, each image's in the order of their ids."""

    first: Ids  # (I + 1,) those of image i are the rows first[i]:first[i + 1]; an image may have none
    object_id: NDArray[np.int32]  # (N,)
    class_id: Ids  # (N,) the detector's class
    score: NDArray[np.float32]  # (N,) and how sure it is
    boxes: Boxes  # (N, 4) xyxy pixels

    def rows(self, image: int) -> slice:
        """The boxes of image number `image`."""
        return slice(int(self.first[image]), int(self.first[image + 1]))


def load_proposals(path: Path, dataset: Path, image_ids: Ids, classes: int) -> Proposals:
    """Read proposals.parquet for these images (ascending ids); those of the data set's other images are left out.

    Raises ContractError where an image is not the data set's, a class not of this vocabulary, an object comes twice, a
    box is empty or a score is no number.
    """
    table = read_table(path, PREDICTED_OBJECTS)
    known = read_table(dataset / "images.parquet", IMAGES)["image_id"].to_numpy()
    met = table["image_id"].to_numpy()
    _refuse(met, ~np.isin(met, known), f"as image_id, which {dataset} lacks", path)
    table = table.filter(pa.array(np.isin(met, image_ids)))
    table = table.sort_by([("image_id", "ascending"), ("object_id", "ascending")])
    image, object_id, class_id, score, *sides = (table[name].to_numpy() for name in PREDICTED_OBJECTS.names)
    boxes = np.stack(sides, axis=1)
    _refuse(class_id, (class_id < 1) | (class_id > classes), f"as class_id; ids are 1 to {classes}", path)
    _refuse(object_id[1:], (image[1:] == image[:-1]) & (object_id[1:] == object_id[:-1]), "twice", path)
    _refuse(score, ~np.isfinite(score), "as a score", path)
    whole = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    _refuse(boxes, ~whole, "as a box; expected x1 < x2 and y1 < y2", path)
    first = np.searchsorted(image, np.append(image_ids, np.iinfo(np.int64).max))
    return Proposals(first, object_id, class_id.astype(np.int64), score, boxes)


def _refuse(values: NDArray, wrong: NDArray[np.bool_], what: str, path: Path) -> None:
    if wrong.any():
        raise ContractError(f"{path} has {values[wrong][0].tolist()} {what}; run the detector stage again")
