"""Relation networks and the batches they read, shared by `train` and `predict`. Needs torch and safetensors only."""

from relclip.core.model.batch import Batch, collate
from relclip.core.model.files import load_model, read_about, read_config, save_model
from relclip.core.model.fit import check_channels, check_vocabulary
from relclip.core.model.image_set import ImageSet
from relclip.core.model.motif import Motif, MotifConfig
from relclip.core.model.network import ModelConfig, RelCLIP
from relclip.core.model.output import LabelSource, Output
from relclip.core.model.regions import Regions
from relclip.core.model.registry import AnyConfig, Model, build_model
from relclip.core.model.roi import roi_align
from relclip.core.model.scores import RankBy, predicate_scores

__all__ = [
    "AnyConfig",
    "Batch",
    "ImageSet",
    "LabelSource",
    "Model",
    "ModelConfig",
    "Motif",
    "MotifConfig",
    "Output",
    "RankBy",
    "Regions",
    "RelCLIP",
    "build_model",
    "check_channels",
    "check_vocabulary",
    "collate",
    "load_model",
    "predicate_scores",
    "read_about",
    "read_config",
    "roi_align",
    "save_model",
]
