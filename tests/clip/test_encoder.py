"""The encoder: the folder form, both tokenizers, maps at other sizes; crops cut as Pillow cuts them."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from relclip.compute.device import frozen_autocast
from relclip.core.errors import ContractError
from relclip.encoder.crops import cut, pixel_boxes
from relclip.encoder.encoder import CONFIG, WEIGHTS, WORDS, Encoder, load_encoder
from relclip.encoder.tokenizer import WordTokenizer, collect_words

CPU = torch.device("cpu")


def _pictures(count: int, size: int = 16) -> torch.Tensor:
    return torch.randint(
        0, 256, (count, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def test_images_as_open_clip_embeds_them(tiny):
    import open_clip
    from torchvision.transforms.functional import normalize

    model = open_clip.create_model(f"local-dir:{tiny.model}").eval()
    pictures = _pictures(5)
    pixels = normalize(pictures / 255, open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    with torch.no_grad():
        expected = model.encode_image(pixels, normalize=True)
        model.visual.output_tokens = True
        tokens = model.visual(pixels)[1]
    encoder = load_encoder(tiny.model, CPU)
    assert torch.allclose(encoder.encode_images(pictures), expected, atol=1e-5)
    assert torch.allclose(encoder.patch_map(pictures, 16).reshape(5, 4, -1), tokens, atol=1e-5)
    assert torch.allclose(
        encoder.encode_images(pictures)[1:2], encoder.encode_images(pictures[1:2]), atol=1e-5
    )


def test_a_larger_map_keeps_the_trained_one_unharmed(tiny):
    encoder = load_encoder(tiny.model, CPU)
    before = encoder.patch_map(_pictures(2), 16)
    assert encoder.patch_map(_pictures(2, 40), 32).shape == (2, 4, 4, 32)
    assert torch.equal(encoder.patch_map(_pictures(2), 16), before)
    with pytest.raises(ContractError, match="multiple"):
        encoder.patch_map(_pictures(1), 20)
    with pytest.raises(ContractError, match=r"is 16,900 patches of 8, .*smaller features.image_size"):
        encoder.patch_map(_pictures(1), 8 * 130)
    encoder._model.visual.image_size = 8 * 130  # as a stranger's folder may say
    with pytest.raises(ContractError, match=r"16,900 patches of 8"):
        Encoder(encoder._model, str, CPU)


def test_texts_by_one_worker_or_several_and_none_at_all(tiny):
    encoder = load_encoder(tiny.model, CPU)
    texts = [f"a photo of a {word}" for word in ("man", "board", "tree", "unheard")]
    found = encoder.encode_texts(texts, batch=2)
    assert torch.equal(found, encoder.encode_texts(texts, batch=2, workers=3))
    assert torch.allclose(found.norm(dim=1), torch.ones(4)) and not torch.equal(found[0], found[1])
    assert encoder.encode_texts([]).shape == (0, 16)


def test_word_tokenizer():
    tokenizer = WordTokenizer(collect_words(["A dog's bed!", "a man"]), 6)
    assert tokenizer.words == ("a", "bed", "dog's", "man")
    assert tokenizer(["a man", "what a bed a man a dog's"]).tolist() == [
        [1, 3, 6, 7, 0, 0],
        [1, 2, 3, 4, 3, 7],
    ]
    assert tokenizer("").tolist() == [[1, 7, 0, 0, 0, 0]]
    assert tokenizer.vocab_size == 8
    assert [tokenizer.unknown(text) for text in ("A man!", "a cat's bed", "人", "")] == [
        [],
        ["cat's"],
        ["人"],
        [""],
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [(CONFIG, "{"), (WEIGHTS, "no weights"), (WORDS, "one\n"), (WORDS, "two words\n"), (CONFIG, None)],
)
def test_a_broken_folder_is_one_sentence(tiny, tmp_path, name, content):
    shutil.copytree(tiny.model, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    if content:
        (tmp_path / "model" / name).write_text(content)
    with pytest.raises(ContractError, match=r"again|run 'python"):
        load_encoder(tmp_path / "model", CPU)


def test_crops_are_pillows_crops():
    random = np.random.default_rng(0)
    picture = np.array(
        Image.fromarray(random.integers(0, 256, (12, 15, 3), np.uint8)).resize((90, 70), Image.BICUBIC)
    )
    boxes = np.array([[3.2, 4.0, 60.0, 50.4], [-9, -9, 200, 200], [40, 40, 40.2, 41]], np.float32)
    found = cut(picture, boxes, 24)
    for crop, box in zip(found, [(3, 4, 60, 50), (0, 0, 90, 70), (40, 40, 41, 41)], strict=True):
        expected = np.asarray(Image.fromarray(picture).crop(box).resize((24, 24), Image.BICUBIC), int)
        assert np.abs(crop.permute(1, 2, 0).numpy() - expected).mean() < 1.0
    assert cut(picture, boxes[:0], 24).shape == (0, 3, 24, 24)
    assert pixel_boxes(np.float32([[-1e38, 5, 1e38, 1e30]]), 10, 20).tolist() == [[0, 5, 10, 20]]
    assert pixel_boxes(np.array([[10, 10, 20, 30]], np.float32), 25, 100, margin=0.5).tolist() == [
        [5, 0, 25, 40]
    ]


def test_the_config_is_open_clips(tiny):
    assert set(json.loads((tiny.model / CONFIG).read_text())) == {"model_cfg", "preprocess_cfg"}


def test_half_precision_of_a_gpu_stays_near_and_nearer_than_bfloat16(tiny, monkeypatch):
    """What autocast does on a GPU, here on the CPU; cosines times CLIP's largest scale, 100."""
    encoder, pictures = load_encoder(tiny.model, torch.device("cpu")), _pictures(16)
    texts = ["a photo of a man", "a photo of a dog", "a photo of a man riding a horse"]

    def logits() -> torch.Tensor:
        return 100 * encoder.encode_images(pictures) @ encoder.encode_texts(texts).T

    exact, errors = logits(), {}
    for kind in (torch.float16, torch.bfloat16):
        monkeypatch.setattr(
            "relclip.encoder.encoder.frozen_autocast",
            lambda device, kind=kind: torch.autocast("cpu", dtype=kind),
        )
        errors[kind] = (logits() - exact).abs().max().item()
    assert 0 < errors[torch.float16] < 0.05 and errors[torch.float16] < errors[torch.bfloat16] / 3


def test_what_float16_does_not_hold_is_computed_in_float32(tiny, monkeypatch, capsys):
    encoder, pictures = load_encoder(tiny.model, torch.device("cpu")), _pictures(4)
    encoder._model.visual.proj.mul_(1e6)  # so are some towers that were trained in bfloat16
    exact = encoder.encode_images(pictures)
    monkeypatch.setattr(
        "relclip.encoder.encoder.frozen_autocast", lambda device: torch.autocast("cpu", dtype=torch.float16)
    )
    for _ in range(2):
        assert torch.equal(encoder.encode_images(pictures), exact)
    assert capsys.readouterr().err.count("float16 does not hold") == 1


def test_a_full_card_is_no_broken_clip(tiny, monkeypatch):
    """Its user was told to make CLIP again."""
    full = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
    monkeypatch.setattr("relclip.encoder.encoder.Encoder", lambda *_: (_ for _ in ()).throw(full))
    with pytest.raises(torch.OutOfMemoryError):
        load_encoder(tiny.model, torch.device("cpu"))


def test_a_frozen_network_computes_in_float16_on_a_gpu_alone(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch, "autocast", lambda kind, **options: chosen.append((kind, options)))
    for kind in ("cuda", "cpu"):
        frozen_autocast(torch.device(kind))
    assert chosen == [(kind, {"dtype": torch.float16, "enabled": kind == "cuda"}) for kind in ("cuda", "cpu")]
