"""RoIAlign against torchvision's."""

import pytest
import torch
from torchvision.ops import roi_align as torchvision_roi_align

from relclip.model.regions import roi_align

MAP = torch.randn(9, 14, 5, generator=torch.Generator().manual_seed(1))
BOXES = torch.tensor(
    [
        [0.0, 0.0, 14.0, 9.0],  # the whole map
        [3.2, 1.7, 4.9, 8.8],
        [5.0, 5.0, 5.01, 5.01],  # far smaller than a cell
        [13.5, 8.5, 14.0, 9.0],  # a corner
        [-3.1, -4.2, 2.0, 3.0],  # beyond the rim
        [12.0, 7.0, 19.0, 15.0],
    ]
)


@pytest.mark.parametrize("size", [1, 3, 4])
@pytest.mark.parametrize("sampling_ratio", [1, 2, 3])
def test_equals_torchvision(size, sampling_ratio):
    there = torchvision_roi_align(
        MAP.permute(2, 0, 1)[None], [BOXES], size, 1.0, sampling_ratio, aligned=True
    )
    here = roi_align(MAP, BOXES, size, sampling_ratio)
    torch.testing.assert_close(here, there.permute(0, 2, 3, 1))


def test_no_boxes():
    assert roi_align(MAP, torch.zeros(0, 4), 3).shape == (0, 3, 3, 5)
