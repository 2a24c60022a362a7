"""A CLIP from elsewhere: a weights file of either kind, an unknown model, a tag, no weights at all."""

import json
import shutil

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from relclip.clip import elsewhere
from relclip.clip.stage import run
from relclip.core.errors import InputError
from relclip.encoder import known
from relclip.encoder.encoder import CONFIG, load_encoder

CPU = torch.device("cpu")
MODEL = "tiny-test-clip"


@pytest.fixture(scope="module")
def open_clip_model(tmp_path_factory):
    """A tiny model under its own name, as open_clip knows ViT-B-32, and its weights in two kinds of files."""
    folder = tmp_path_factory.mktemp("configs")
    vision = {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16}
    text = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    (folder / f"{MODEL}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder / f"{MODEL}.json")
    torch.manual_seed(5)
    model = open_clip.create_model(MODEL)
    save_file(model.state_dict(), folder / "weights.safetensors")
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in model.state_dict().items()}},
        folder / "weights.pt",
    )
    return folder, model.eval()


def _run(params, output, **clip):
    changed = params.clip.model_copy(update={"source": "open_clip", "model": MODEL, **clip})
    run(params.model_copy(update={"clip": changed}), output, output, threads=1)
    return load_encoder(output, CPU)


def test_both_kinds_of_files_give_the_models_own_embeddings(tiny, tmp_path, open_clip_model):
    folder, model = open_clip_model
    pictures = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8)
    encoders = [
        _run(tiny.params, tmp_path / kind, weights=str(folder / f"weights.{kind}"))
        for kind in ("safetensors", "pt")
    ]
    assert torch.equal(encoders[0].encode_images(pictures), encoders[1].encode_images(pictures))
    texts = ["a dog", "a man riding a horse"]
    with torch.no_grad():
        expected = model.encode_text(open_clip.get_tokenizer(MODEL)(texts), normalize=True)
    assert torch.allclose(encoders[0].encode_texts(texts), expected, atol=1e-5)
    assert encoders[0].patch_map(pictures, 64).shape == (3, 4, 4, 64)
    assert json.loads((tmp_path / "pt" / "statistics.json").read_text())["untrained"] is False


def test_without_weights_it_warns_and_says_so(tiny, tmp_path, open_clip_model, capsys):
    _run(tiny.params, tmp_path / "model", weights=None)
    assert "UNTRAINED" in capsys.readouterr().err
    assert json.loads((tmp_path / "model" / "statistics.json").read_text())["untrained"] is True


def test_what_cannot_be_loaded_is_one_sentence_and_leaves_nothing(
    tiny, tmp_path, open_clip_model, monkeypatch
):
    folder, _ = open_clip_model
    torch.save({"code": print}, folder / "code.pt")
    (folder / "text.safetensors").write_text("no weights")
    (folder / "weights.npz").write_text("no weights")
    save_file({"a": torch.zeros(1)}, folder / "other.safetensors")
    for name, what in (
        ("code.pt", r"\(it is no file of plain weights\).*refused"),
        ("text.safetensors", "load"),
        ("weights.npz", "end in"),
        ("other.safetensors", "load"),
    ):
        with pytest.raises(InputError, match=what):
            _run(tiny.params, tmp_path / "model", weights=str(folder / name))
    with pytest.raises(InputError, match="neither a file nor"):
        _run(tiny.params, tmp_path / "model", weights="nowhere.safetensors")
    with pytest.raises(InputError, match="ViT-B-32"):
        _run(tiny.params, tmp_path / "model", model="ViT-B-33")
    monkeypatch.setattr("open_clip.pretrained.download_pretrained", _no_network)
    with pytest.raises(InputError, match=r"open_clip_model.safetensors .* clip.weights"):
        _run(tiny.params, tmp_path / "model", model="ViT-B-32", weights="openai")
    assert not list(tmp_path.iterdir())


def _no_network(*arguments: object) -> None:
    raise OSError("Network is unreachable")


def _openai(folder, model, **sizes):
    """A plain state dict as OpenAI's files hold it: half precision, and three sizes beside the weights."""
    state = {name: value.half() for name, value in model.state_dict().items()}
    sizes = {"input_resolution": 32, "context_length": 12, "vocab_size": 49408, **sizes}
    torch.save(
        {**state, **{name: torch.tensor(value) for name, value in sizes.items()}}, folder / "openai.pt"
    )
    return str(folder / "openai.pt")


def test_openais_state_dict_loads_where_the_activation_is_its_own(tiny, tmp_path, open_clip_model):
    folder, _ = open_clip_model
    quick = {**json.loads((folder / f"{MODEL}.json").read_text()), "quick_gelu": True}
    (folder / f"{MODEL}-quickgelu.json").write_text(json.dumps(quick))
    open_clip.add_model_config(folder / f"{MODEL}-quickgelu.json")
    model = open_clip.create_model(f"{MODEL}-quickgelu").eval()
    weights, texts = _openai(tmp_path, model), ["a dog", "a man riding a horse"]
    found = _run(tiny.params, tmp_path / "model", model=f"{MODEL}-quickgelu", weights=weights).encode_texts(
        texts
    )
    with torch.no_grad():
        wanted = model.encode_text(open_clip.get_tokenizer(MODEL)(texts), normalize=True)
    assert torch.allclose(found, wanted, atol=1e-2)
    with pytest.raises(InputError, match=f"QuickGELU, '{MODEL}' computes with GELU.*'{MODEL}-quickgelu'"):
        _run(tiny.params, tmp_path / "gelu", weights=weights)
    with pytest.raises(InputError, match="beyond the model: strange"):
        _run(tiny.params, tmp_path / "gelu", weights=_openai(tmp_path, model, strange=1))
    assert not (tmp_path / "gelu").exists()


def test_a_torchscript_archive_is_refused_unread(tiny, tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "ViT-B-32.pt"))
    with pytest.raises(InputError, match=r"TorchScript archive.*not run.*state_dict\(\)"):
        _run(tiny.params, tmp_path / "model", weights=str(tmp_path / "ViT-B-32.pt"))


@pytest.mark.parametrize(
    ("model", "tag", "right"),
    [("ViT-B-32", "openai", "ViT-B-32-quickgelu"), ("ViT-B-32-quickgelu", "laion2b_s34b_b79k", "ViT-B-32")],
)
def test_weights_of_another_activation_are_refused_with_the_right_name(model, tag, right):
    found = open_clip.pretrained.get_pretrained_cfg(model.removesuffix("-quickgelu"), tag)
    quick = bool(found.get("quick_gelu"))
    with pytest.raises(InputError, match=f"set clip.model to '{right}'"):
        elsewhere._same_activation(model, quick, tag)
    elsewhere._same_activation(right, quick, tag)


def test_a_model_that_has_no_twin_is_not_told_to_take_itself():
    with pytest.raises(InputError, match="'roberta-ViT-B-32' computes with QuickGELU; take other weights"):
        elsewhere._same_activation("roberta-ViT-B-32", False, "laion2b_s12b_b32k")


def test_a_pretrained_tag_of_another_activation_is_refused_by_the_stage(
    tiny, tmp_path, open_clip_model, monkeypatch
):
    """The tag's file is there, as after a download."""
    weights = open_clip_model[0] / "weights.safetensors"
    monkeypatch.setattr(elsewhere, "_weights", lambda model, tag: (weights, {"quick_gelu": tag == "openai"}))
    _run(tiny.params, tmp_path / "model", weights="laion2b_s34b_b79k")
    with pytest.raises(
        InputError, match=f"'openai' was trained with QuickGELU, '{MODEL}' computes with GELU"
    ):
        _run(tiny.params, tmp_path / "other", weights="openai")
    assert not (tmp_path / "other").exists()


def sigmoid_config(folder, name, width):
    """A tower like SigLIP's: no class token, attention pooling, texts read both ways, a bias of the logits."""
    vision = {"image_size": 64, "timm_model_name": "test_vit4", "timm_model_pretrained": False}
    vision |= {"timm_pool": "map", "timm_proj": "none"}
    text = {"context_length": 12, "vocab_size": 49408, "width": width, "heads": 2, "layers": 1}
    text |= {"no_causal_mask": True, "proj_bias": True, "pool_type": "last", "norm_kwargs": {"eps": 1e-6}}
    towers = {"custom_text": True, "vision_cfg": vision, "text_cfg": text}
    config = {"embed_dim": width, "init_logit_bias": -10, **towers}
    (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder / f"{name}.json")


def test_a_tower_without_class_token_is_an_encoder_too(tiny, tmp_path):
    sigmoid_config(tmp_path, "tiny-sigmoid", 96)
    encoder = _run(tiny.params, tmp_path / "model", model="tiny-sigmoid")
    model = open_clip.create_model(f"local-dir:{tmp_path / 'model'}").eval()
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    pixels = encoder._pixels(pictures, 64)
    texts = ["a dog", "a man riding a horse"]
    with torch.no_grad():
        image = model.encode_image(pixels, normalize=True)
        text = model.encode_text(open_clip.get_tokenizer("tiny-sigmoid")(texts), normalize=True)
        states = model.visual.trunk.forward_features(pixels)[:, -16:]
    assert torch.allclose(encoder.encode_images(pictures), image, atol=1e-5)
    assert torch.allclose(encoder.encode_texts(texts), text, atol=1e-5)
    assert torch.allclose(encoder.patch_map(pictures, 64).flatten(1, 2), states, atol=1e-4)
    assert encoder.patch_map(pictures, 96).shape == (2, 6, 6, 96)


def test_an_encoder_of_two_widths_is_refused_in_one_sentence(tiny, tmp_path):
    sigmoid_config(tmp_path, "tiny-two-widths", 64)
    with pytest.raises(InputError, match=r"pictures have 96 numbers and texts 64.*one width of both towers"):
        _run(tiny.params, tmp_path / "model", model="tiny-two-widths")
    assert not (tmp_path / "model").exists()


def test_a_tower_that_asserts_another_size_is_refused_in_one_sentence(tiny, tmp_path):
    sigmoid_config(tmp_path, "tiny-other-size", 96)
    config = json.loads((tmp_path / "tiny-other-size.json").read_text())
    config["vision_cfg"]["image_size"] = 60
    (tmp_path / "tiny-other-size.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"cannot be the encoder \(.*60"):
        _run(tiny.params, tmp_path / "model", model=str(tmp_path / "tiny-other-size.json"))
    assert not (tmp_path / "model").exists()


def test_a_configuration_file_of_ones_own_is_a_model(tiny, tmp_path, open_clip_model):
    folder, model = open_clip_model
    own = tmp_path / "own-tower.json"
    own.write_text((folder / f"{MODEL}.json").read_text())
    encoder = _run(
        tiny.params, tmp_path / "model", model=str(own), weights=str(folder / "weights.safetensors")
    )
    with torch.no_grad():
        expected = model.encode_text(open_clip.get_tokenizer(MODEL)(["a dog"]), normalize=True)
    assert torch.allclose(encoder.encode_texts(["a dog"]), expected, atol=1e-5)
    assert json.loads((tmp_path / "model" / "statistics.json").read_text())["model"] == "own-tower"
    for content, words in (
        ({"embed_dim": 24, "text_cfg": {}}, "it lacks vision_cfg"),
        ({"embed_dim": 24, "text_cfg": {}, "vision_cfg": [1]}, r"its vision_cfg is \[1\]"),
        ({"embed_dim": "24", "text_cfg": {}, "vision_cfg": {}}, "its embed_dim is '24'"),
    ):
        own.write_text(json.dumps(content))
        with pytest.raises(InputError, match=f"no configuration of open_clip: {words}"):
            _run(tiny.params, tmp_path / "none", model=str(own))


def test_a_convolutional_tower_has_states_on_a_grid_of_any_size(tiny, tmp_path, open_clip_model):
    folder, _ = open_clip_model
    config = json.loads((folder / f"{MODEL}.json").read_text())
    config["vision_cfg"] = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 32, "patch_size": None}
    (tmp_path / "tiny-resnet.json").write_text(json.dumps(config))
    encoder = _run(tiny.params, tmp_path / "model", model=str(tmp_path / "tiny-resnet.json"))
    pictures = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8)
    tower = open_clip.create_model(f"local-dir:{tmp_path / 'model'}").eval().visual
    with torch.no_grad():
        states = tower.layer4(
            tower.layer3(tower.layer2(tower.layer1(tower.stem(encoder._pixels(pictures, 96)))))
        )
    assert states.shape == (2, 1024, 3, 3)
    assert torch.allclose(encoder.patch_map(pictures, 96), states.permute(0, 2, 3, 1), atol=1e-4)


def test_patch_states_of_a_tower_that_pools_by_attention_are_those_it_pools(tiny, tmp_path, open_clip_model):
    """As CoCa's: the norm stands behind the pooling, in the pooled width."""
    folder, _ = open_clip_model
    config = json.loads((folder / f"{MODEL}.json").read_text())
    config["vision_cfg"] |= {"attentional_pool": True, "attn_pooler_heads": 2}
    (tmp_path / "tiny-coca.json").write_text(json.dumps(config))
    encoder = _run(tiny.params, tmp_path / "model", model=str(tmp_path / "tiny-coca.json"))
    pictures = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    tower = open_clip.create_model(f"local-dir:{tmp_path / 'model'}").eval().visual
    with torch.no_grad():
        states = tower.transformer(tower._embeds(encoder._pixels(pictures, 32)))[:, 1:]
    assert torch.allclose(encoder.patch_map(pictures, 32).flatten(1, 2), states, atol=1e-5)
    assert encoder.encode_images(pictures).shape == (2, 24)


def test_a_tokenizer_that_is_not_to_be_had_is_one_sentence_at_once(tiny, tmp_path, monkeypatch):
    """The Hub's client tried for a minute, after the model was built."""
    monkeypatch.setattr(known, "find_spec", lambda name: True)
    monkeypatch.setattr(elsewhere, "reach", _no_network)
    monkeypatch.setattr("open_clip.create_model", lambda *_, **__: pytest.fail("it was built"))
    with pytest.raises(
        InputError, match=r"the tokenizer of 'ViT-B-16-SigLIP', timm/ViT-B-16-SigLIP of .*hf download"
    ):
        _run(tiny.params, tmp_path / "model", model="ViT-B-16-SigLIP")
    elsewhere._check_tokenizer("mine", str(tmp_path))
    elsewhere._check_tokenizer("mine", None)


def test_a_tower_whose_texts_another_package_reads_is_refused_before_it_is_built(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(known, "find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"^the texts of 'ViT-B-16-SigLIP' .*timm/ViT-B-16-SigLIP.*relclip\[transformers\]"
    ):
        _run(tiny.params, tmp_path / "model", model="ViT-B-16-SigLIP")
    assert not list(tmp_path.iterdir())
    folder = shutil.copytree(tiny.model, tmp_path / "handed")
    config = json.loads((folder / CONFIG).read_text())
    config["model_cfg"]["text_cfg"]["hf_tokenizer_name"] = "me/words"
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"handed' are read by .*me/words.*relclip\[transformers\]"):
        load_encoder(folder, CPU)
