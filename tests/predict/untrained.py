"""A network with random weights on disk."""

from pathlib import Path

import torch
from tiny_dataset import CHANNELS, CLASSES, DIMENSION, PREDICATES

from relclip.core.model import ModelConfig, RelCLIP, save_model


def untrained(folder: Path, **changed) -> Path:
    """Save a network with random weights, as `train` would."""
    torch.manual_seed(0)
    sizes = {"object_classes": len(CLASSES), "predicates": len(PREDICATES), "channels": CHANNELS}
    shape = {"text_dimension": DIMENSION, "dimension": 16, "heads": 2, "roi_size": 2, "dropout": 0.5}
    network = RelCLIP(ModelConfig(**{**sizes, **shape, **changed}))
    if changed.get("use_labels") == "text":
        network.label_text.normal_()
    with torch.no_grad():
        network.predicate_classifier.weight *= 8
    save_model(network, folder)
    return folder
