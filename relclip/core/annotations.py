"""The dataset stage's tables as arrays: images in the order of their ids, each with its objects and relations."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core.boxes import Boxes
from relclip.core.errors import ContractError
from relclip.core.parquet import IMAGES, OBJECTS, RELATIONS, TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary, load_vocabulary

Ids = NDArray[np.int64]


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


def load_annotations(folder: Path) -> Annotations:
    """Read data/dataset. Raises ContractError where tables disagree: unknown images, objects or classes, repeats."""
    vocabulary = load_vocabulary(folder / "vocabulary.json")
    images = read_table(folder / "images.parquet", IMAGES).sort_by("image_id")
    objects = read_table(folder / "objects.parquet", OBJECTS).sort_by(
        [("image_id", "ascending"), ("object_id", "ascending")]
    )
    relations = read_table(folder / "relations.parquet", RELATIONS)
    image_id, object_image = images["image_id"].to_numpy(), objects["image_id"].to_numpy()
    object_id = objects["object_id"].to_numpy().astype(np.int64)
    class_id, predicate = (
        table[name].to_numpy().astype(np.int64)
        for table, name in ((objects, "class_id"), (relations, "predicate_id"))
    )
    _known(class_id, "class_id", vocabulary.objects, folder)
    _known(predicate, "predicate_id", vocabulary.predicates, folder)
    place = _places(image_id, object_image, folder / "objects.parquet", "image_id")
    keys = np.stack([object_image, object_id], axis=1)
    _distinct(keys, folder / "objects.parquet")
    _distinct(image_id[:, None], folder / "images.parquet")
    ends = {name: _ends(keys, relations, name, folder) for name in ("subject_id", "object_id")}
    return Annotations(
        vocabulary=vocabulary,
        image_id=image_id,
        file=tuple(images["file"].to_pylist()),
        split=np.array(images["split"].to_pylist(), dtype=np.str_),
        first=np.searchsorted(place, np.arange(len(image_id) + 1)),
        object_id=object_id,
        class_id=class_id,
        boxes=np.column_stack([objects[name].to_numpy() for name in ("x1", "y1", "x2", "y2")]).astype(
            np.float32
        ),
        subject=ends["subject_id"],
        predicate=predicate,
        object=ends["object_id"],
        relation_image=place[ends["subject_id"]],
    )


def read_triplets(folder: Path, vocabulary: Vocabulary) -> Ids:
    """(K, 3) the knowledge base's subject class, predicate, object class. Raises ContractError on unknown ids."""
    table = read_table(folder / "triplets.parquet", TRIPLETS)
    triplets = np.column_stack([table[name].to_numpy().astype(np.int64) for name in TRIPLETS.names[:3]])
    for column, name in enumerate(TRIPLETS.names[:3]):
        names = vocabulary.predicates if name == "predicate_id" else vocabulary.objects
        _known(triplets[:, column], name, names, folder)
    return triplets


def _known(ids: Ids, name: str, names: Sequence[str], folder: Path) -> None:
    if len(ids) and not (ids.min() >= 1 and ids.max() <= len(names)):
        met = f"{ids.min()}..{ids.max()}"
        raise ContractError(
            f"{folder}: {name} must lie in 1..{len(names)}, met {met}; make that folder again"
        )


def _ends(keys: Ids, relations: object, name: str, folder: Path) -> Ids:
    """Rows of objects that one end of each relation names."""
    wanted = np.column_stack([relations["image_id"].to_numpy(), relations[name].to_numpy()]).astype(np.int64)  # type: ignore[index]
    return _places(_joined(keys), _joined(wanted), folder / "relations.parquet", name)


def _joined(keys: Ids) -> NDArray[np.void]:
    """Rows of (image_id, object_id) as one sortable value each, in the same order."""
    return np.rec.fromarrays([keys[:, 0], keys[:, 1]])


def _places(known: NDArray, wanted: NDArray, path: Path, name: str) -> Ids:
    """Where each of `wanted` stands in the ascending `known`."""
    place = np.searchsorted(known, wanted)
    found = place < len(known)
    found[found] = known[place[found]] == wanted[found]
    if not found.all():
        raise ContractError(
            f"{path} has {name} {wanted[~found][0]}, which is nowhere defined; make the dataset again"
        )
    return place


def _distinct(keys: Ids, path: Path) -> None:
    same = (keys[1:] == keys[:-1]).all(axis=1)
    if same.any():
        raise ContractError(f"{path} holds {keys[1:][same][0].tolist()} twice; make the dataset again")
