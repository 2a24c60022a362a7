"""open_clip's two towers where only the pooled token is asked for: no other is computed that nobody reads.

The class token of a picture and the end token of a text look at all tokens of the last block, none of which but
themselves is read afterwards: of a tower with three layers more than a quarter of the work is left out. What stands
behind the end token is hidden from it by the causal mask, so a text costs its own length and not the context's. The
towers' parts are as in the version KNOWN; of others the plain way is taken, `encode_image` and `encode_text`.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from relclip.internals import looked_into

KNOWN = "3.3"


@cache
def is_known(found: str | None = None) -> bool:
    """Whether open_clip, or a version `found`, is one that was looked into; else it is said, once."""
    otherwise = "its towers compute every token, a quarter more work"
    return looked_into("open_clip", found or version("open_clip_torch"), KNOWN, otherwise)


@contextmanager
def quiet() -> Iterator[None]:
    """Without open_clip's own warning that the weights are random, which they are only for a moment.

    In this thread alone: others may load theirs, and what somebody else disabled stays so.
    """
    thread = threading.get_ident()

    def passes(record: logging.LogRecord) -> bool:
        return record.thread != thread or record.levelno > logging.WARNING

    root = logging.getLogger()
    root.addFilter(passes)
    try:
        yield
    finally:
        root.removeFilter(passes)


def fits_images(tower: Any) -> bool:
    """Whether `embed_images` computes what the tower does: open_clip's own ViT, pooled at the class token."""
    from open_clip.transformer import VisionTransformer  # noqa: PLC0415

    if (
        not is_known()
        or type(tower) is not VisionTransformer
        or tower.attn_pool is not None
        or tower.output_tokens
    ):
        return False
    return tower.pool_type == "tok" and _plain(tower.transformer)


def fits_texts(model: Any) -> bool:
    """Whether `embed_texts` computes what the model does: open_clip's own CLIP, pooled at the highest token."""
    from open_clip.model import CLIP  # noqa: PLC0415

    if (
        not is_known()
        or type(model) is not CLIP
        or model.text_pool_type != "argmax"
        or model.attn_mask is None
    ):
        return False
    # attn_mask holds 0 where a token may look and -inf elsewhere
    causal = torch.equal(model.attn_mask == 0, torch.ones_like(model.attn_mask).tril().bool())
    return causal and _plain(model.transformer)


def embed_images(tower: Any, pixels: Tensor) -> Tensor:
    """Embeddings (B, D) of normalised pictures (B, 3, S, S): `tower(pixels)` but for the rounding of floats."""
    *blocks, last = tower.transformer.resblocks
    states = tower._embeds(pixels)
    for block in blocks:
        states = block(states)
    normed = last.ln_1(states)
    token = _finish(last, states[:, :1], normed[:, :1], normed)
    pooled: Tensor = tower._pool(token)[0]
    return pooled if tower.proj is None else torch.matmul(pooled, tower.proj)


def embed_texts(model: Any, tokens: Tensor) -> Tensor:
    """Embeddings (B, D) of texts (B, L) int: `model.encode_text(tokens)` but for the rounding of floats."""
    row, end = torch.arange(len(tokens), device=tokens.device), tokens.argmax(dim=1)
    length = int(end.max()) + 1
    *blocks, last = model.transformer.resblocks
    kind = model.transformer.get_cast_dtype()
    states = model.token_embedding(tokens[:, :length]).to(kind) + model.positional_embedding[:length].to(kind)
    for block in blocks:
        states = block(states, attn_mask=model.attn_mask[:length, :length])
    normed = last.ln_1(states)
    behind = torch.arange(length, device=tokens.device) > end[:, None]
    token = _finish(last, states[row, end][:, None], normed[row, end][:, None], normed, behind)
    pooled = model.ln_final(token)[:, 0]
    if model.text_projection is None:
        return pooled
    if isinstance(model.text_projection, nn.Linear):
        return model.text_projection(pooled)
    return torch.matmul(pooled, model.text_projection)


def _finish(block: Any, token: Tensor, query: Tensor, keys: Tensor, hidden: Tensor | None = None) -> Tensor:
    """One token (B, 1, C) through a block in which it looks at all `keys` (B, L, C) but the `hidden` (B, L)."""
    attended = block.attn(query.contiguous(), keys, keys, key_padding_mask=hidden, need_weights=False)[0]
    token = token + block.ls_1(attended)
    done: Tensor = token + block.ls_2(block.mlp(block.ln_2(token)))
    return done


def _plain(transformer: Any) -> bool:
    """Whether the last block is open_clip's usual one."""
    from open_clip.transformer import ResidualAttentionBlock  # noqa: PLC0415

    last = transformer.resblocks[-1]
    usual = type(last) is ResidualAttentionBlock and not hasattr(last, "ln_1_kv")
    return usual and bool(transformer.batch_first)
