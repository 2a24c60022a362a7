"""The images of one split as arrays: boxes, classes, ordered overlapping pairs, union boxes, frozen maps."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.boxes import Boxes, overlapping_pairs, union
from relclip.core.errors import ContractError
from relclip.core.lookup import positions
from relclip.core.parquet import IMAGES, MAP_ROWS, OBJECTS, read_table


@dataclass(frozen=True, eq=False)
class ImageSet:
    """I images with N objects, P ordered pairs and U distinct union boxes, image after image.

    The pairs are the overlapping ones (RelCLIP section 3.1) unless `with_pairs` chose others. The rows of image k are
    `start[k]:start[k + 1]` of the arrays it belongs to. Rows of `pairs` and `pair_union` count within their image: they
    name its first object (first union box) 0.
    """

    image_ids: NDArray[np.int64]  # (I,), ascending
    sizes: NDArray[np.float32]  # (I, 2) width, height in pixels
    maps: NDArray[np.float16]  # (rows, h, w, C), may be memory-mapped
    map_rows: NDArray[np.int64]  # (I,) row of each image in `maps`
    object_start: NDArray[np.int64]  # (I + 1,)
    object_ids: NDArray[np.int32]  # (N,)
    class_ids: NDArray[np.int64]  # (N,) 1-based, 0 where unknown
    boxes: Boxes  # (N, 4) xyxy pixels
    pair_start: NDArray[np.int64]  # (I + 1,)
    pairs: NDArray[np.int32]  # (P, 2) subject, object
    pair_union: NDArray[np.int32]  # (P,) (i, j) and (j, i) share one
    union_start: NDArray[np.int64]  # (I + 1,)
    unions: Boxes  # (U, 4) xyxy pixels

    def __len__(self) -> int:
        return len(self.image_ids)

    def objects_of(self, image: int) -> slice:
        """Rows of `boxes`, `class_ids` and `object_ids` that are image number `image`'s."""
        return slice(int(self.object_start[image]), int(self.object_start[image + 1]))

    def pairs_of(self, image: int) -> slice:
        """Rows of `pairs` and `pair_union` that are image number `image`'s."""
        return slice(int(self.pair_start[image]), int(self.pair_start[image + 1]))

    def unions_of(self, image: int) -> slice:
        """Rows of `unions` that are image number `image`'s."""
        return slice(int(self.union_start[image]), int(self.union_start[image + 1]))

    @classmethod
    def load(cls, dataset: Path, features: Path, *splits: str) -> "ImageSet":
        """Read splits of the `dataset` stage with the maps of the `features` stage; images in the order of their ids.

        Raises ContractError where a file is missing or broken, a box is empty, or an image has no map.
        """
        images = read_table(dataset / "images.parquet", IMAGES, pc.field("split").isin(splits)).sort_by(
            "image_id"
        )
        image_ids = _column(images, "image_id")
        objects = read_table(
            dataset / "objects.parquet",
            OBJECTS,
            pc.field("image_id").isin(images["image_id"].combine_chunks()),
        )
        objects = objects.sort_by([("image_id", "ascending"), ("object_id", "ascending")])
        image_of = np.searchsorted(image_ids, _column(objects, "image_id"))
        return cls.from_arrays(
            image_ids=image_ids,
            sizes=np.stack([_column(images, "width"), _column(images, "height")], axis=1).astype(np.float32),
            maps=read_maps(features / "maps.npy"),
            map_rows=_map_rows(features, image_ids),
            object_counts=np.bincount(image_of, minlength=len(image_ids)),
            object_ids=_column(objects, "object_id"),
            class_ids=_column(objects, "class_id").astype(np.int64),
            boxes=np.stack([_column(objects, name) for name in ("x1", "y1", "x2", "y2")], axis=1),
        )

    @classmethod
    def from_arrays(
        cls,
        *,
        image_ids: NDArray[np.int64],
        sizes: NDArray[np.float32],
        maps: NDArray[np.float16],
        map_rows: NDArray[np.int64],
        object_counts: NDArray[np.int64],
        object_ids: NDArray[np.int32],
        class_ids: NDArray[np.int64],
        boxes: Boxes,
    ) -> "ImageSet":
        """Build a set from arrays (boxes of a detector, a photograph); `object_counts` (I,) objects of each image."""
        _check_boxes(boxes, sizes)
        object_start = _starts(object_counts)
        nothing = _starts(np.zeros(len(image_ids), np.int64))
        pairs, pair_union, unions = _EMPTY
        alone = cls(
            image_ids=image_ids,
            sizes=sizes,
            maps=maps,
            map_rows=map_rows,
            object_start=object_start,
            object_ids=object_ids,
            class_ids=class_ids,
            boxes=boxes,
            pair_start=nothing,
            pairs=pairs,
            pair_union=pair_union,
            union_start=nothing,
            unions=unions,
        )
        return alone.with_pairs(overlapping_pairs(boxes[rows]) for rows in alone.object_rows())

    def object_rows(self) -> list[slice]:
        """Rows of the objects of each image, (I,)."""
        return list(map(self.objects_of, range(len(self))))

    def with_pairs(self, pairs: Iterable[NDArray[np.int64]]) -> "ImageSet":
        """Return the same images with these ordered pairs (P, 2) instead, row numbers within each image."""
        by_image = [
            _joined(self.boxes[rows], some) for rows, some in zip(self.object_rows(), pairs, strict=True)
        ]
        all_pairs, pair_union, unions = (
            np.concatenate([empty, *(one[column] for one in by_image)]) for column, empty in enumerate(_EMPTY)
        )
        return replace(
            self,
            pair_start=_starts(np.array([len(one[0]) for one in by_image], np.int64)),
            pairs=all_pairs,
            pair_union=pair_union,
            union_start=_starts(np.array([len(one[2]) for one in by_image], np.int64)),
            unions=unions,
        )


def read_maps(path: Path) -> NDArray[np.float16]:
    """Memory-map the `features` stage's maps.npy, float16 (rows, h, w, C). Raises ContractError if it is not that."""
    try:
        maps = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise ContractError(f"{path} does not exist; run the `features` stage first") from None
    except (ValueError, EOFError, OSError) as error:
        raise ContractError(
            f"{path} is not a readable .npy file ({error}); run the `features` stage again"
        ) from None
    if maps.ndim != 4 or maps.dtype != np.float16:
        raise ContractError(
            f"{path} holds {maps.dtype} {maps.shape}; expected float16 (rows, height, width, channels)"
        )
    return maps


_EMPTY = (np.zeros((0, 2), np.int32), np.zeros(0, np.int32), np.zeros((0, 4), np.float32))


def _joined(boxes: Boxes, pairs: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32], Boxes]:
    """The pairs (P, 2) of one image, the union box of each (P,), the union boxes (U, 4); both orders share one."""
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    known, number = np.unique(low * len(boxes) + high, return_inverse=True)
    low, high = np.divmod(known, max(len(boxes), 1))
    return pairs.astype(np.int32), number.astype(np.int32), union(boxes[low], boxes[high])


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _column(table: pa.Table, name: str) -> NDArray:
    return table[name].to_numpy()


def _map_rows(features: Path, image_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    path = features / "images.parquet"
    table = read_table(path, MAP_ROWS).sort_by("image_id")
    known = _column(table, "image_id")
    missing = np.setdiff1d(image_ids, known)
    if len(missing):
        raise ContractError(
            f"{path} has no map for image {missing[0]} ({len(missing)} missing); run the `features` stage again"
        )
    return _column(table, "row")[np.searchsorted(known, image_ids)]


def _check_boxes(boxes: Boxes, sizes: NDArray[np.float32]) -> None:
    bad = ~(np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    if bad.any():
        raise ContractError(
            f"the box {boxes[bad][0].tolist()} is empty or not a number; expected x1 < x2 and y1 < y2 in pixels"
        )
    if (sizes <= 0).any():
        raise ContractError("an image has no width or height; run the `dataset` stage again")


def pair_classes(images: ImageSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Classes of the subject and of the object of every pair: (P,), (P,)."""
    first = np.repeat(images.object_start[:-1], np.diff(images.pair_start))
    return images.class_ids[images.pairs[:, 0] + first], images.class_ids[images.pairs[:, 1] + first]


def pair_numbers(
    images: ImageSet, image_id: NDArray, subject_id: NDArray, object_id: NDArray, what: str
) -> NDArray[np.int64]:
    """Return the number of each ordered pair among the P pairs of the set, -1 where its boxes do not overlap: (K,)."""
    subject = object_numbers(images, image_id, subject_id, what)
    object_ = object_numbers(images, image_id, object_id, what)
    total = len(images.boxes)
    first = np.repeat(images.object_start[:-1], np.diff(images.pair_start))
    known = (images.pairs[:, 0] + first) * total + images.pairs[:, 1] + first  # ascending
    return positions(known, subject * total + object_)


def object_numbers(images: ImageSet, image_id: NDArray, object_id: NDArray, what: str) -> NDArray[np.int64]:
    """Return the number of each object among the N objects of the set: (K,). ContractError where there is none."""
    span = int(images.object_ids.max(initial=0)) + 1
    known = np.repeat(np.arange(len(images)), np.diff(images.object_start)) * span + images.object_ids
    wanted = positions(images.image_ids, image_id) * span + object_id
    found = np.where((object_id >= 0) & (object_id < span), positions(known, wanted), -1)
    if (found < 0).any():
        bad = int(np.argmax(found < 0))
        raise ContractError(
            f"{what} names object {object_id[bad]} of image {image_id[bad]}, which objects.parquet does not have"
        )
    return found
