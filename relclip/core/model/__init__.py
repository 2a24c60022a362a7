"""The RelCLIP network and the batches it reads, shared by `train` and `predict`. Needs torch and safetensors only."""

from relclip.core.model.batch import Batch, collate
from relclip.core.model.files import load_model, save_model
from relclip.core.model.image_set import ImageSet
from relclip.core.model.network import ModelConfig, Output, RelCLIP
from relclip.core.model.regions import Regions
from relclip.core.model.roi import roi_align

__all__ = [
    "Batch",
    "ImageSet",
    "ModelConfig",
    "Output",
    "Regions",
    "RelCLIP",
    "collate",
    "load_model",
    "roi_align",
    "save_model",
]
