"""A network with random weights on disk."""

from pathlib import Path

import torch
from tiny_dataset import CHANNELS, CLASSES, DIMENSION, PREDICATES

from relclip.model import Model, ModelConfig, Motif, MotifConfig, RelCLIP, save_model


def untrained(folder: Path, **changed) -> Path:
    """Save a network with random weights, as `train` would."""
    torch.manual_seed(0)
    sizes = {"object_classes": len(CLASSES), "predicates": len(PREDICATES), "channels": CHANNELS}
    shape = {"text_dimension": DIMENSION, "dimension": 16, "roi_size": 2, "dropout": 0.5}
    network = _network({**sizes, **shape, **changed})
    if network.config.use_labels == "text":
        network.label_text.normal_()
    with torch.no_grad():
        network.predicate_classifier.weight *= 8
    save_model(network, folder)
    return folder


def _network(options: dict) -> Model:
    if options.pop("motif", False):
        network = Motif(MotifConfig(**options))
        torch.nn.init.normal_(network.frequency_bias)
        return network
    return RelCLIP(ModelConfig(heads=2, **options))
