"""Accuracy of choices, as statistics.json reports it: over all, and as the mean over the true labels."""

import numpy as np
from numpy.typing import NDArray


def accuracy(hit: NDArray[np.floating] | NDArray[np.bool_], label: NDArray[np.int64]) -> dict[str, float]:
    """Mean of `hit` (N,), the mean over the labels that occur of each label's mean, and N. No rows give zeros."""
    if not len(hit):
        return {"mean": 0.0, "class_mean": 0.0, "count": 0}
    by_label = [float(hit[label == value].mean()) for value in np.unique(label)]
    return {"mean": float(hit.mean()), "class_mean": float(np.mean(by_label)), "count": len(hit)}
