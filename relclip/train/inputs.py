"""What of its inputs a training reads, by its model."""

from relclip.core.params.train import Train
from relclip.model import model_class


def contrast_level(params: Train) -> str:
    """The level of RCL that a training has; a model without a contrast has none, whatever `rcl` says."""
    return params.rcl.level if model_class(params.model).has_contrast else "none"


def needs_words(params: Train) -> bool:
    """Whether a training reads word vectors at all."""
    return contrast_level(params) != "none" and params.sampling.enabled
