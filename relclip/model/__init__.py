"""Relation networks and the batches they read, shared by `train` and `predict`. Needs torch and safetensors only."""

from relclip.model.base import LabelSource, Model, Output, RankBy, RelationConfig, predicate_scores
from relclip.model.batch import Batch, collate
from relclip.model.contrast import Projections, Triplets
from relclip.model.files import (
    check_channels,
    check_vocabulary,
    load_contrast,
    load_model,
    read_about,
    read_config,
    save_model,
)
from relclip.model.image_set import ImageSet, object_numbers, pair_classes, pair_numbers
from relclip.model.motif import Motif, MotifConfig
from relclip.model.network import ModelConfig, RelCLIP
from relclip.model.regions import Regions, roi_align, with_room
from relclip.model.registry import MODELS, build_model, model_class

__all__ = [
    "MODELS",
    "Batch",
    "ImageSet",
    "LabelSource",
    "Model",
    "ModelConfig",
    "Motif",
    "MotifConfig",
    "Output",
    "Projections",
    "RankBy",
    "Regions",
    "RelCLIP",
    "RelationConfig",
    "Triplets",
    "build_model",
    "check_channels",
    "check_vocabulary",
    "collate",
    "load_contrast",
    "load_model",
    "model_class",
    "object_numbers",
    "pair_classes",
    "pair_numbers",
    "predicate_scores",
    "read_about",
    "read_config",
    "roi_align",
    "save_model",
    "with_room",
]
