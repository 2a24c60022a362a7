"""A picture encoder that knows class labels and no language (RelCLIP table 4), in the folder form of `encoder`.

open_clip_config.json then has no text_cfg: `model_cfg` holds embed_dim, the number of classes, and vision_cfg, which is
open_clip's own or names a model of timm: {"timm_model_name", "image_size"}. The weights are those of `LabelsModel`.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from relclip.core.errors import ContractError


class LabelsModel(nn.Module):
    """What `encoder` asks of a CLIP, from a tower trained on labels: pictures become class scores (or features)."""

    def __init__(self, visual: nn.Module) -> None:
        super().__init__()
        self.visual = visual
        self.register_buffer("logit_scale", torch.zeros(()), persistent=False)

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Class scores of normalised pixels, (B, 3, S, S) -> (B, classes); of a timm model its pooled features."""
        return self.visual(pixels)

    def encode_text(self, tokens: Tensor) -> NoReturn:
        """Refuse in one sentence."""
        raise ContractError(
            "this encoder was trained on class labels alone and knows no language, so it cannot read "
            f"{len(tokens)} texts; give a CLIP's folder (data/clip/model) where texts are needed"
        )


class TimmTower(nn.Module):
    """A model of timm without its classifier, called as open_clip calls its own towers."""

    def __init__(self, trunk: nn.Module, image_size: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.image_size = image_size
        self.patch_size: int | tuple[int, int] = getattr(getattr(trunk, "patch_embed", None), "patch_size", 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pooled features, (B, C)."""
        return self.trunk(pixels)

    def forward_intermediates(self, pixels: Tensor, indices: int, **options: bool) -> dict[str, Any]:
        """The last `indices` layers' maps, (B, C, h, w) each, under open_clip's names for these options."""
        trunk: Any = self.trunk
        maps = trunk.forward_intermediates(
            pixels,
            indices=indices,
            norm=options["normalize_intermediates"],
            intermediates_only=options["intermediates_only"],
        )
        return {"image_intermediates": maps}

    def set_input_size(self, size: int) -> None:
        """Take pictures of `size` pixels; position embeddings are interpolated. Convolutions take any size as it is."""
        if hasattr(self.trunk, "set_input_size"):
            self.trunk.set_input_size((size, size))  # type: ignore[operator]


def build_labels_model(config: Mapping[str, Any]) -> LabelsModel:
    """The model of a labels encoder's open_clip_config.json, with random weights."""
    from open_clip.model import _build_vision_tower, set_model_preprocess_cfg  # noqa: PLC0415

    vision = config["model_cfg"]["vision_cfg"]
    if "timm_model_name" in vision:
        import timm  # noqa: PLC0415

        trunk = timm.create_model(vision["timm_model_name"], pretrained=False, num_classes=0)
        model = LabelsModel(TimmTower(trunk, vision["image_size"]))
    else:
        model = LabelsModel(_build_vision_tower(config["model_cfg"]["embed_dim"], vision))
    set_model_preprocess_cfg(model, dict(config["preprocess_cfg"]))
    return model


def blank_tokens(texts: list[str]) -> Tensor:
    """Stands where a CLIP has its tokenizer: (T, 1) zeros, which nothing reads."""
    return torch.zeros((len(texts), 1), dtype=torch.int64)
