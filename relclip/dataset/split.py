"""Which images train, which validate, which test: a seeded hash of the id: new images move no old one."""

import hashlib

from relclip.core.params import Split

SPLITS = ("train", "val", "test")


def split_of(image_id: int, split: Split) -> str:
    """Return 'train', 'val' or 'test' for one image; id, seed and fractions alone decide."""
    digest = hashlib.sha256(f"{split.seed}/{image_id}".encode()).digest()
    place = int.from_bytes(digest[:8]) / 2**64
    if place < split.test:
        return "test"
    return "val" if place < split.test + split.validation else "train"
