"""Whether an encoder serves the runs that params.yaml asks for, said before anything runs."""

from collections.abc import Mapping
from typing import Any

from relclip.core.errors import ParamsError
from relclip.core.params.whole import Params
from relclip.encoder.known import check_texts, check_weights, listed


def check_encoder(params: Params) -> None:
    """Raise InputError or ParamsError where no run could be trained with the encoder, or its heat maps not be drawn."""
    name, width = "the encoder", params.clip.pretrain.dimension
    if params.clip.source != "pretrain":
        config = listed(params.clip.model)
        if config is None:
            return
        check_texts(params.clip.model, config)
        if params.clip.weights is not None:
            check_weights(params.clip.model, params.clip.weights, config)
        if params.gradcam.runs and not _own_transformer(config["vision_cfg"]):
            raise ParamsError(
                f"gradcam.runs names {', '.join(params.gradcam.runs)}, and heat maps of CLIP need a vision transformer "
                f"of open_clip's own, which '{params.clip.model}' is not; set gradcam.runs to []"
            )
        name, width = f"'{params.clip.model}'", config["embed_dim"]
    for run in params.trained:
        settings = params.run(run)
        if settings.rcl.level != "none" and settings.dimension != width:
            raise ParamsError(
                f"train.dimension is {settings.dimension} for the run '{run}', but {name} has embeddings of {width} "
                f"numbers, and RelCLIP compares the two; set train.dimension to {width} (or rcl.level to none)"
            )


def _own_transformer(vision: Mapping[str, Any]) -> bool:
    return "timm_model_name" not in vision and isinstance(vision.get("layers", 0), int)
