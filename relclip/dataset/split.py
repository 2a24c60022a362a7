"""Which images train, which validate, which test: a seeded hash of the id (new images move no old one), or a list."""

import hashlib
from collections.abc import Sequence

from relclip.core.errors import InputError
from relclip.core.params.dataset import Split

SPLITS = ("train", "val", "test")


class Splitter:
    """Says the split of one image after the other, in the order of image_data.json."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self._train = 0

    def of(self, image_id: int, listed: object) -> str:
        """Return 'train', 'val' or 'test'; `listed` is what image_data.json says of the image.

        Raises InputError where the list must say it and does not.
        """
        if not self._split.listed:
            return split_of(image_id, self._split)
        if listed not in SPLITS:
            raise InputError(
                f"image {image_id} of image_data.json has the split {listed!r:.40}; allowed: {', '.join(SPLITS)}; "
                "correct it, or give dataset.split two fractions"
            )
        self._train += listed == "train"
        first = listed == "train" and self._train <= self._split.first_of_train
        return "val" if first else str(listed)

    def check(self) -> None:
        """Raise InputError where validation took all train images."""
        if 0 < self._train <= self._split.first_of_train:
            raise InputError(
                f"dataset.split.validation is {self._split.validation} and there are {self._train} train images "
                "in all; give a smaller number"
            )


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
