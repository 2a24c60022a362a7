"""Which regions a step trains on: a pure function of seed and step, so that any step can be resumed; their crops."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from relclip.clip.regions import Codes, Regions
from relclip.core.images import read_image
from relclip.core.ordered import in_order
from relclip.core.progress import progress
from relclip.core.seeds import stream
from relclip.encoder.crops import cut


class _Pool:
    """Regions to draw from, balanced: each label equally likely, then each of its members equally likely."""

    def __init__(self, members: Codes, labels: Codes) -> None:
        self._members = members[np.argsort(labels, kind="stable")]
        _, self._firsts, self._counts = np.unique(np.sort(labels), return_index=True, return_counts=True)

    def __len__(self) -> int:
        return len(self._members)

    def draw(self, size: int, random: np.random.Generator) -> Codes:
        if not len(self) or not size:
            return np.zeros(0, np.int64)
        label = random.integers(len(self._firsts), size=size)
        return self._members[self._firsts[label] + random.integers(self._counts[label])]


class Sampler:
    """Random batches, or batches of groups that share their object class, so that only the relation tells them apart.

    docs/scenes.md, row d: grouping after a random start is what made CLIP's predicate scores worth having.
    """

    def __init__(self, regions: Regions, rows: Codes, seed: int) -> None:
        """`rows` are the regions that may be drawn."""
        self._seed = seed
        relations = rows[regions.predicate[rows] >= 0]
        others = rows[regions.predicate[rows] < 0]
        self._relations = _Pool(relations, regions.predicate[relations])
        self._objects = _Pool(others, regions.subject[others])
        shared = regions.object[relations]
        keys, counts = np.unique(shared, return_counts=True)
        self._groups = [
            _Pool(relations[shared == key], regions.predicate[relations[shared == key]]) for key in keys
        ]
        self._weights = np.sqrt(counts) / np.sqrt(counts).sum()

    def random(self, step: int, batch: int, objects: float) -> Codes:
        """(batch,) regions of a step: the share `objects` of single objects, by class; relations by predicate."""
        random = stream(self._seed, "clip", "random", step)
        share = objects if len(self._relations) else 1.0
        count = round(batch * share) if len(self._objects) else 0
        return np.concatenate(
            [self._objects.draw(count, random), self._relations.draw(batch - count, random)]
        )

    def grouped(self, step: int, batch: int, groups: int, objects: float) -> Codes:
        """(batch,) regions of a step: the share `objects` of single objects, the rest in `groups` groups.

        A group has relations of one object class, by predicate. The single objects keep CLIP from forgetting them.
        """
        if not self._groups:
            return self.random(step, batch, 1.0)
        random = stream(self._seed, "clip", "grouped", step)
        count = round(batch * objects) if len(self._objects) else 0
        sizes = np.full(groups, (batch - count) // groups)
        sizes[: (batch - count) % groups] += 1
        chosen = random.choice(len(self._groups), size=groups, p=self._weights)
        relations = [
            self._groups[key].draw(int(size), random) for key, size in zip(chosen, sizes, strict=True)
        ]
        return np.concatenate([self._objects.draw(count, random), *relations])


def cut_regions(regions: Regions, folder: Path, size: int, workers: int) -> Tensor:
    """Crops of every region in order, (R, 3, size, size) uint8: training then touches no file.

    Raises InputError on a missing or broken picture.
    """
    firsts = np.searchsorted(regions.image, np.arange(len(regions.files) + 1))
    crops = torch.empty((len(regions), 3, size, size), dtype=torch.uint8)

    def fill(number: int) -> None:
        first, end = firsts[number], firsts[number + 1]
        crops[first:end] = cut(read_image(folder / regions.files[number]), regions.boxes[first:end], size)

    done = in_order(fill, range(len(regions.files)), workers, ahead=8)
    for _ in progress(done, "cropping", "image", total=len(regions.files)):
        pass
    return crops
