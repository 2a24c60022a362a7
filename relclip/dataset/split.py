"""Which images train, which validate, which test: a seeded hash of the id (new images move no old one), or a list."""

import hashlib
from collections.abc import Sequence
from itertools import accumulate

from relclip.core.errors import InputError
from relclip.core.params.base import SPLITS
from relclip.core.params.dataset import Split


def listed_split(image_id: int, listed: object, split: Split) -> str:
    """Return 'train', 'val' or 'test' for one image: what image_data.json says of it (`listed`), or `split_of`.

    Raises InputError where the list must say it and does not.
    """
    if not split.listed:
        return split_of(image_id, split)
    if listed not in SPLITS:
        raise InputError(
            f"image {image_id} of image_data.json has the split {listed!r:.40}; allowed: {', '.join(SPLITS)}; "
            "correct it, or give dataset.split two fractions"
        )
    return str(listed)


def carve_validation(splits: Sequence[str], related: Sequence[bool], split: Split) -> list[str]:
    """The splits with validation taken out of train as `split` says, in the order of image_data.json.

    `related`: whether relationships.json lists a relation of the image. Raises InputError where nothing is left.
    """
    if not split.first_of_train:
        return list(splits)
    may = [
        name == "train" and (some or not split.with_relations)
        for name, some in zip(splits, related, strict=True)
    ]
    if 0 < sum(may) <= split.first_of_train:
        raise InputError(
            f"dataset.split.validation is {split.validation} and there are {sum(may)} train images "
            f"{'with a relation ' if split.with_relations else ''}in all; give a smaller number"
        )
    chosen = accumulate(may)
    return [
        "val" if allowed and count <= split.first_of_train else name
        for name, allowed, count in zip(splits, may, chosen, strict=True)
    ]


def check_every(splits: Sequence[str]) -> None:
    """Raise InputError where no image is left to train, validate or test: later stages need some of each."""
    count = {name: splits.count(name) for name in SPLITS}
    empty = [name for name, images in count.items() if not images]
    if empty:
        raise InputError(
            f"dataset.split leaves no image for {' and '.join(empty)} ({len(splits)} images: "
            f"{', '.join(f'{name} {images}' for name, images in count.items())}); give larger fractions, another "
            "dataset.split.seed, or more images"
        )


def split_of(image_id: int, split: Split) -> str:
    """Return 'train', 'val' or 'test' for one image by its fractions; id, seed and fractions alone decide."""
    assert isinstance(split.validation, float | int) and split.test is not None
    digest = hashlib.sha256(f"{split.seed}/{image_id}".encode()).digest()
    place = int.from_bytes(digest[:8]) / 2**64
    if place < split.test:
        return "test"
    return "val" if place < split.test + split.validation else "train"
