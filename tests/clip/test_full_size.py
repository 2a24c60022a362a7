"""OpenAI's ViT-B/32 at full size, with random weights: every way to load it computes what plain open_clip does."""

import gc

import open_clip
import psutil
import pytest
import torch
from safetensors.torch import save_file

from relclip.clip import elsewhere
from relclip.core.params.clip import Clip
from relclip.encoder.encoder import load_encoder

#: Two networks of 600 MB at a time, and what loads them.
MEMORY = 4 << 30
QUICK, PLAIN = "ViT-B-32-quickgelu", "ViT-B-32"
#: Way -> (clip.model, clip.weights); tags are answered with the file on the disk, as if it had been downloaded.
WAYS = {
    "a safetensors file": (QUICK, "clip.safetensors"),
    "OpenAI's plain state dict": (QUICK, "clip.pt"),
    "OpenAI's name": (QUICK, "openai"),
    "another name, with GELU": (PLAIN, "laion2b_s34b_b79k"),
}
TEXTS = ["a photo of a man", "a photo of a man riding a horse"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same random weights, whole in half precision, in the forms people have them."""
    if psutil.virtual_memory().available < MEMORY:
        pytest.skip(f"ViT-B/32 at full size needs {MEMORY >> 30} GB of free memory")
    folder = tmp_path_factory.mktemp("full_size")
    torch.manual_seed(0)
    halves = {name: value.half() for name, value in open_clip.create_model(QUICK).state_dict().items()}
    sizes = {"input_resolution": 224, "context_length": 77, "vocab_size": 49408}
    torch.save({**halves, **{name: torch.tensor(size) for name, size in sizes.items()}}, folder / "clip.pt")
    save_file({name: value.float() for name, value in halves.items()}, folder / "clip.safetensors")
    return folder


@pytest.fixture(scope="module")
def plain(files):
    """Model -> embeddings of pictures and texts and the patch states, by open_clip's own functions."""
    pictures = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8, generator=torch.manual_seed(1))
    found = {}
    for name in (QUICK, PLAIN):
        model = open_clip.create_model(name, pretrained=str(files / "clip.safetensors")).eval()
        mean, std = (torch.tensor(model.visual.preprocess_cfg[key])[:, None, None] for key in ("mean", "std"))
        pixels = (pictures / 255 - mean) / std
        with torch.inference_mode():
            images, texts = (
                model.encode_image(pixels, normalize=True),
                model.encode_text(open_clip.get_tokenizer(name)(TEXTS), normalize=True),
            )
            model.visual.output_tokens = True
            patches = model.visual(pixels)[1].unflatten(1, (7, 7))
        found[name] = images, texts, patches
    return pictures, found


@pytest.mark.full_size
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_load_it_is_plain_open_clip(way, files, plain, tmp_path, monkeypatch):
    name, weights = WAYS[way]
    monkeypatch.setattr(
        "open_clip.pretrained.download_pretrained", lambda tag: str(files / "clip.safetensors")
    )
    monkeypatch.setattr(elsewhere, "cached", lambda hub, file: True)
    at_hand = files / weights
    settings = Clip(source="open_clip", model=name, weights=str(at_hand) if at_hand.exists() else weights)
    elsewhere.load_elsewhere(settings, tmp_path)
    gc.collect()
    encoder = load_encoder(tmp_path, torch.device("cpu"))
    (tmp_path / "open_clip_model.safetensors").unlink()
    pictures, found = plain
    images, texts, patches = found[name]
    torch.testing.assert_close(encoder.encode_images(pictures), images, atol=2e-6, rtol=0)
    torch.testing.assert_close(encoder.encode_texts(TEXTS), texts, atol=2e-6, rtol=0)
    torch.testing.assert_close(encoder.patch_map(pictures, 224), patches, atol=2e-5, rtol=1e-4)


@pytest.mark.full_size
def test_the_activations_are_told_apart(plain):
    _, found = plain
    far = [(quick - other).abs().max().item() for quick, other in zip(*found.values(), strict=True)]
    assert min(far) > 2e-4, far  # a hundred times what rounding does above
