"""A frozen CLIP: pictures and texts to unit vectors, pictures to maps of patch states. open_clip inside.

One folder form, whether the model was pre-trained here or came from elsewhere: open_clip_config.json,
open_clip_model.safetensors, and words.txt where the tokenizer is the small one of whole words.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

from relclip.compute.device import frozen_autocast
from relclip.compute.halving import Halving
from relclip.compute.seal import UNSEALED, check_seal, write_sealed
from relclip.core.atomic import write_json
from relclip.core.errors import ContractError, InputError, errors_as, no_file, one_line
from relclip.core.json_file import read_json
from relclip.core.ordered import batches_of, in_order
from relclip.core.process import say
from relclip.core.progress import progress
from relclip.encoder.known import check_texts
from relclip.encoder.tokenizer import WordTokenizer, load_words
from relclip.internals import open_clip as pooled_token

#: Of a picture: 128 x 128, which take ten seconds of a processor; the time grows with their square.
MOST_PATCHES = 1 << 14
CONFIG, WEIGHTS, WORDS = "open_clip_config.json", "open_clip_model.safetensors", "words.txt"


class Encoder:
    """CLIP's two towers in evaluation mode. On a CPU every method is deterministic; each is safe to call from several
    threads.

    A batch for which the device lacks memory is halved. On a GPU numbers come from float16, and from float32 after the
    first batch that float16 does not hold.
    """

    def __init__(self, model: Any, tokenizer: Callable[[list[str]], Tensor], device: torch.device) -> None:
        from open_clip.model import get_model_preprocess_cfg  # noqa: PLC0415

        self._model = model.to(device).eval().requires_grad_(False)
        self._tokenizer = tokenizer
        self.device = device
        preprocess = get_model_preprocess_cfg(model)
        self._mean, self._std = (_of_channels(preprocess, name).to(device) for name in ("mean", "std"))
        self._towers: dict[int, Any] = {}
        self._wide = False
        self.image_size: int = _side(model.visual.image_size)
        _check_patches(model.visual, self.image_size)
        self.logit_scale = float(model.logit_scale.exp())
        self._crops = Halving("CLIP on crops", "crop", "ext.batch")
        self._pictures = Halving("patch maps", "picture", "features.batch")
        self._texts = Halving("CLIP on texts", "text", "clip.batch")

    @torch.inference_mode()
    def encode_images(self, batch: Tensor) -> Tensor:
        """Embeddings of pictures: (B, 3, H, W) uint8 -> (B, D) float32, length 1, on the encoder's device."""
        return _joined(self._crops(self._image_batch, batch))

    def _image_batch(self, batch: Tensor) -> Tensor:
        pixels, tower = self._pixels(batch, self.image_size), self._model.visual
        short = pooled_token.fits_images(tower)
        embed = partial(pooled_token.embed_images, tower) if short else self._model.encode_image
        return F.normalize(self._computed(lambda: embed(pixels)).float(), dim=-1)

    @torch.inference_mode()
    def patch_map(self, batch: Tensor, size: int) -> Tensor:
        """V(I) of RelCLIP 3.1: (B, 3, H, W) uint8 -> (B, h, w, C), the final patch states before the projection.

        Pictures are squashed to `size` x `size`; the final layer norm is applied, as open_clip's output_tokens does,
        but for CoCa's, which norms what its attention has pooled.
        """
        return _joined(self._pictures(lambda part: self._map_batch(part, size), batch))

    def _map_batch(self, batch: Tensor, size: int) -> Tensor:
        tower, pixels = self._tower(size), self._pixels(batch, size)

        def last_states() -> Tensor:
            found = tower.forward_intermediates(
                pixels,
                indices=1,
                normalize_intermediates=getattr(tower, "attn_pool", None) is None,
                intermediates_only=True,
            )
            return found["image_intermediates"][-1]

        return self._computed(last_states).permute(0, 2, 3, 1)

    def check(self, name: str) -> None:
        """Raise InputError where the model `name` lacks what the pipeline needs of an encoder."""
        blank = torch.zeros((1, 3, self.image_size, self.image_size), dtype=torch.uint8)
        with errors_as(  # a tower is anybody's code: timm asserts
            lambda error: InputError(
                f"'{name}' cannot be the encoder ({one_line(error, 160)}): the pipeline needs patch states of pictures "
                "on a grid, a text tower, and one width of both towers' embeddings; take another clip.model"
            )
        ):
            width, shape = self.encode_images(blank).shape[1], self.patch_map(blank, self.image_size).shape
            if width != self.dimension:
                raise ValueError(f"pictures have {width} numbers and texts {self.dimension}")
            if len(shape) != 4:
                raise ValueError(f"its patch states are {tuple(shape)}")

    def last_states(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """What enters the image tower's last block, for gradients of what comes out of it.

        Pictures (B, 3, H, W) uint8 -> states (B, 1 + h * w, C), the class token's first, which require a gradient;
        embeddings (B, D), length 1, computed from them. Raises ContractError for a tower that is no open_clip ViT.
        """
        blocks = getattr(getattr(self._model.visual, "transformer", None), "resblocks", None)
        if blocks is None:
            raise ContractError(
                "heat maps of CLIP need a vision transformer of open_clip's own; give another clip"
            )
        entered: list[Tensor] = []

        def note(_block: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
            entered.append(inputs[0].detach().requires_grad_())
            return (entered[0], *inputs[1:])

        hook = blocks[-1].register_forward_pre_hook(note)
        try:
            with torch.enable_grad():  # in float32: gradients vanish in float16
                embeddings = self._model.encode_image(self._pixels(batch, self.image_size))
        finally:
            hook.remove()
        return entered[0], F.normalize(embeddings.float(), dim=-1)

    def encode_texts(
        self, texts: Sequence[str], batch: int = 512, workers: int = 1, *, shown: bool = True
    ) -> Tensor:
        """Embeddings of texts: T texts -> (T, D) float32, length 1, on the CPU; `workers` batches at a time.

        `shown`: with its progress, as long work is.
        """
        batches = batches_of(list(texts), batch)
        parts = in_order(self._text_batch, batches, workers)
        encoded = list(progress(parts, "texts", "part", len(batches)) if shown else parts)
        return torch.cat(encoded) if encoded else torch.zeros((0, self.dimension))

    def unknown_words(self, text: str) -> list[str]:
        """What of a text it cannot tell from other words: a tokenizer of whole words knows those of its training."""
        return self._tokenizer.unknown(text) if isinstance(self._tokenizer, WordTokenizer) else []

    @property
    def dimension(self) -> int:
        """D, the length of the embeddings both towers share."""
        return self._text_batch(["a"]).shape[1]

    def _text_batch(self, texts: list[str]) -> Tensor:
        return _joined(self._texts(self._few_texts, texts))

    @torch.inference_mode()
    def _few_texts(self, texts: list[str]) -> Tensor:
        model, tokens = self._model, self._tokenizer(texts).to(self.device)
        embed = (
            partial(pooled_token.embed_texts, model) if pooled_token.fits_texts(model) else model.encode_text
        )
        return F.normalize(self._computed(lambda: embed(tokens)).float(), dim=-1).cpu()

    def _computed(self, tower: Callable[[], Tensor]) -> Tensor:
        """What a tower says: on a GPU in float16, and in float32 once one has said what that cannot hold."""
        with nullcontext() if self._wide else frozen_autocast(self.device):
            found, narrow = tower(), torch.is_autocast_enabled(self.device.type)
        if not narrow or found.isfinite().all():
            return found
        self._wide = True
        say("float16 does not hold this CLIP's numbers; going on in float32, slower")
        return self._computed(tower)

    def _pixels(self, batch: Tensor, size: int) -> Tensor:
        resized = resize(batch.to(self.device), size)
        return (resized.float() / 255 - self._mean) / self._std

    def _tower(self, size: int) -> Any:
        """The image tower for pictures of `size` pixels: the same weights, position embeddings interpolated."""
        resizes = ("positional_embedding", "set_input_size")
        if size == self.image_size or not any(hasattr(self._model.visual, name) for name in resizes):
            return self._model.visual
        if size not in self._towers:
            self._towers[size] = _resized_tower(self._model.visual, size)
        return self._towers[size]


def encode_distinct(encoder: Encoder, texts: Sequence[str], **how: Any) -> tuple[Tensor, Tensor]:
    """`encoder.encode_texts` with equal texts encoded once: embeddings (U, D), and the row of each text (T,)."""
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    rows = torch.tensor([place[text] for text in texts], dtype=torch.int64)
    return encoder.encode_texts(list(place), **how), rows


def _joined(pieces: list[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def resize(batch: Tensor, size: int) -> Tensor:
    """Squash uint8 pictures (B, 3, H, W) to `size` x `size`, bicubic and antialiased, as CLIP was trained."""
    if batch.shape[-2:] == (size, size):
        return batch
    if batch.device.type == "cpu":
        return F.interpolate(batch, size=(size, size), mode="bicubic", antialias=True)
    resized = F.interpolate(batch.float(), size=(size, size), mode="bicubic", antialias=True)
    return resized.round_().clamp_(0, 255).byte()


def _of_channels(preprocess: Mapping[str, Any], name: str) -> Tensor:
    """What is taken off, or divided by, each channel: (3, 1, 1). Raises ValueError for what is no three numbers."""
    values = torch.tensor(preprocess[name], dtype=torch.float32)
    if values.shape != (3,) or not values.isfinite().all() or (name == "std" and not values.all()):
        raise ValueError(f"preprocess_cfg.{name} is no list of three numbers that pictures can be scaled by")
    return values[:, None, None]


def save_encoder(folder: Path, model: nn.Module, config: Mapping[str, Any], tokenizer: object) -> None:
    """Write the folder form of a CLIP. `config` holds open_clip's model_cfg and preprocess_cfg."""
    write_json(folder / CONFIG, dict(config))
    state = {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}
    write_sealed(folder / WEIGHTS, save(state, metadata={"format": "pt", **UNSEALED}))
    if isinstance(tokenizer, WordTokenizer):
        tokenizer.save(folder / WORDS)


def load_encoder(folder: Path, device: torch.device) -> Encoder:
    """Load a CLIP that `relclip.clip` wrote. Raises ContractError where the folder lacks a file or does not fit."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ContractError(
                f"{folder / name} {no_file(folder / name)}; run 'python -m relclip.clip' or give its folder"
            )
    with errors_as(
        lambda error: ContractError(
            f"{folder} holds no CLIP that open_clip can load ({one_line(error)}); make it again"
        )
    ):
        return Encoder(*_read(folder), device)


def _read(folder: Path) -> tuple[Any, Any]:
    import open_clip  # noqa: PLC0415

    check_seal(folder / WEIGHTS)
    config = read_json(folder / CONFIG, "make it again")
    if "text_cfg" in config["model_cfg"]:
        check_texts(str(folder), config["model_cfg"])
        return open_clip.create_model(f"local-dir:{folder}", pretrained_text=False), _tokenizer(folder)
    from relclip.encoder.labels_encoder import blank_tokens, build_labels_model  # noqa: PLC0415

    model = build_labels_model(config)
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model, blank_tokens


def _tokenizer(folder: Path) -> Any:
    import open_clip  # noqa: PLC0415

    text = read_json(folder / CONFIG, "make it again")["model_cfg"]["text_cfg"]
    if not (folder / WORDS).is_file():
        tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
        if getattr(tokenizer, "vocab_size", 0) > text.get("vocab_size", math.inf):
            raise ContractError(
                f"{folder / WORDS} is missing: the model knows {text['vocab_size']} tokens; make it again"
            )
        return tokenizer
    tokenizer = WordTokenizer(load_words(folder / WORDS), text["context_length"])
    if tokenizer.vocab_size != text["vocab_size"]:
        raise ContractError(
            f"{folder / WORDS} gives {tokenizer.vocab_size} tokens, the model has {text['vocab_size']}; make it again"
        )
    return tokenizer


def _resized_tower(tower: Any, size: int) -> Any:
    from open_clip.model import resize_pos_embed  # noqa: PLC0415

    patch = _patch(tower) or 1
    if size % patch:
        raise ContractError(
            f"features.image_size is {size}; this CLIP's patches have {patch} pixels, so take a multiple"
        )
    _check_patches(tower, size)
    clone = copy.deepcopy(tower)
    if not hasattr(tower, "positional_embedding"):
        if hasattr(tower, "set_input_size"):  # else it is convolutional and takes any size
            clone.set_input_size(size)
        return clone
    name = "visual.positional_embedding"
    state = {name: tower.positional_embedding.detach()}
    resize_pos_embed(state, SimpleNamespace(visual=SimpleNamespace(grid_size=(size // patch, size // patch))))
    clone.positional_embedding = nn.Parameter(state[name], requires_grad=False)
    return clone


def _check_patches(tower: Any, size: int) -> None:
    patch = _patch(tower)
    if patch and (size // patch) ** 2 > MOST_PATCHES:
        raise ContractError(
            f"a picture of {size} pixels is {(size // patch) ** 2:,} patches of {patch}, each of which attends to all, "
            f"and more than {MOST_PATCHES:,}; take a smaller features.image_size, or another encoder"
        )


def _patch(tower: Any) -> int | None:
    """The side of a tower's patches, pixels; none of a convolutional one, which has none."""
    embedded = getattr(getattr(tower, "trunk", None), "patch_embed", tower)
    size = getattr(embedded, "patch_size", getattr(tower, "patch_size", None))
    return size and _side(size)


def _side(size: int | tuple[int, int]) -> int:
    return size if isinstance(size, int) else size[0]
