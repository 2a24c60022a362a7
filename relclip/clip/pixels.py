"""All region crops as one array in memory: each picture is decoded once, training then touches no file."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from relclip.clip.regions import Regions
from relclip.core.images import read_image
from relclip.core.ordered import in_order
from relclip.core.progress import progress
from relclip.encoder.crops import cut


def cut_regions(regions: Regions, folder: Path, size: int, workers: int) -> Tensor:
    """Crops of every region in order, (R, 3, size, size) uint8. Raises InputError on a missing or broken picture."""
    firsts = np.searchsorted(regions.image, np.arange(len(regions.files) + 1))
    crops = torch.empty((len(regions), 3, size, size), dtype=torch.uint8)

    def fill(number: int) -> None:
        first, end = firsts[number], firsts[number + 1]
        crops[first:end] = cut(read_image(folder / regions.files[number]), regions.boxes[first:end], size)

    done = in_order(fill, range(len(regions.files)), workers, ahead=8)
    for _ in progress(done, "cropping", "image", total=len(regions.files)):
        pass
    return crops
