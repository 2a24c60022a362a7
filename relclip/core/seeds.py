"""Random numbers: one seed, one independent stream per purpose, whatever the order of calls."""

import hashlib

import numpy as np


def stream(seed: int, *purpose: object) -> np.random.Generator:
    """Return a generator that depends on the seed and the words of its purpose alone."""
    text = "/".join([str(seed), *map(str, purpose)])
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16]))
