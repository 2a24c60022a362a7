"""open_clip's vision transformer where only the class token is asked for: the last block computes no other."""

from typing import Any

import torch
from torch import Tensor


def fits(tower: Any) -> bool:
    """Whether `embed` computes what the tower computes: open_clip's own ViT, pooled at the class token."""
    from open_clip.transformer import ResidualAttentionBlock, VisionTransformer  # noqa: PLC0415

    if type(tower) is not VisionTransformer or tower.attn_pool is not None or tower.output_tokens:
        return False
    last = tower.transformer.resblocks[-1]
    plain = type(last) is ResidualAttentionBlock and not hasattr(last, "ln_1_kv")
    return tower.pool_type == "tok" and tower.transformer.batch_first and plain


def embed(tower: Any, pixels: Tensor) -> Tensor:
    """Embeddings (B, D) of normalised pictures (B, 3, S, S): `tower(pixels)` but for the rounding of floats.

    The class token looks at all tokens of the last block, none of which but itself is read afterwards: with three
    layers more than a quarter of the work is left out.
    """
    *blocks, last = tower.transformer.resblocks
    states = tower._embeds(pixels)
    for block in blocks:
        states = block(states)
    normed = last.ln_1(states)
    seen = last.attn(normed[:, :1].contiguous(), normed, normed, need_weights=False)[0]
    token = states[:, :1] + last.ls_1(seen)
    token = token + last.ls_2(last.mlp(last.ln_2(token)))
    pooled: Tensor = tower._pool(token)[0]
    return pooled if tower.proj is None else torch.matmul(pooled, tower.proj)
