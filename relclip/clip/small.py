"""The small CLIP that is pre-trained here: open_clip's own model class and configuration."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from relclip.compute.schedule import decay_matrices
from relclip.core.params.clip import Pretrain
from relclip.encoder.tokenizer import WordTokenizer
from relclip.internals.torch_optimizer import spare_torch_compile

LARGEST_SCALE = 100.0  # as in CLIP: logits are scaled by at most this


def model_config(settings: Pretrain, tokenizer: WordTokenizer) -> dict[str, Any]:
    """The content of open_clip_config.json."""
    text = {
        "context_length": tokenizer.context_length,
        "vocab_size": tokenizer.vocab_size,
        "width": settings.text_width,
        "heads": max(1, settings.text_width // 32),
        "layers": settings.text_layers,
    }
    towers = {"vision_cfg": _vision_config(settings), "text_cfg": text}
    return {"model_cfg": {"embed_dim": settings.dimension, **towers}, "preprocess_cfg": _preprocess_config()}


def labels_config(settings: Pretrain, classes: Sequence[str]) -> dict[str, Any]:
    """The same of an encoder with the same picture tower that knows `classes` and no language."""
    model = {"embed_dim": len(classes), "vision_cfg": _vision_config(settings)}
    return {"model_cfg": model, "preprocess_cfg": _preprocess_config(), "classes": list(classes)}


def _vision_config(settings: Pretrain) -> dict[str, Any]:
    return {
        "image_size": settings.image_size,
        "patch_size": settings.patch_size,
        "width": settings.width,
        "layers": settings.layers,
        "head_width": 32 if settings.width % 32 == 0 else settings.width,
        "patch_dropout": settings.patch_dropout,
    }


def _preprocess_config() -> dict[str, Any]:
    from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD  # noqa: PLC0415

    return {
        "mean": list(OPENAI_DATASET_MEAN),
        "std": list(OPENAI_DATASET_STD),
        "resize_mode": "squash",
    }


def build(config: dict[str, Any], seed: int) -> nn.Module:
    """open_clip.CLIP with random weights that depend on the seed alone."""
    from open_clip.model import CLIP  # noqa: PLC0415

    torch.manual_seed(seed)
    return CLIP(**config["model_cfg"])


def optimizer(model: nn.Module, rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW as CLIP uses it: no decay on gains, biases, embeddings of position and the logit scale."""
    spare_torch_compile()
    groups = decay_matrices(model.parameters(), weight_decay)
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
