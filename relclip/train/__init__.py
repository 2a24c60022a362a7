"""Training RelCLIP: a run of params.yaml becomes model.safetensors. Also a library for one's own features.

>>> import torch
>>> from relclip.train import info_nce, sampling_weights
>>> phrases = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])  # word vectors of three relations
>>> sampling_weights(phrases, epsilon=0.7, eta=0.0)  # the first two are synonyms of each other: out
tensor([[1.0000, 0.0000, 0.0000],
        [0.0000, 1.0000, 0.6000],
        [0.0000, 0.6000, 1.0000]])
>>> visual = text = torch.eye(3)
>>> round(info_nce(visual, text, torch.ones(3, 3), temperature=1.0, gamma=0.5).item(), 4)  # log(1 + 2 / e)
0.5514
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relclip.model.contrast import LEVELS, Triplets, relation_embedding
    from relclip.train.contrast import Memory, Negatives, RelationalContrast, info_nce, sampling_weights
    from relclip.train.targets import weighted_mean
    from relclip.train.trainer import soft_cross_entropy

__all__ = [
    "LEVELS",
    "Memory",
    "Negatives",
    "RelationalContrast",
    "Triplets",
    "info_nce",
    "relation_embedding",
    "sampling_weights",
    "soft_cross_entropy",
    "weighted_mean",
]


def __getattr__(name: str) -> Any:
    """Import torch when something of it is asked for: `relclip train --help` needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'relclip.train' has no attribute {name!r}")
    from relclip.model import contrast as embeddings  # noqa: PLC0415
    from relclip.train import contrast, targets, trainer  # noqa: PLC0415

    modules = (embeddings, contrast, targets, trainer)
    return next(getattr(module, name) for module in modules if hasattr(module, name))
