"""A model handed over: the same numbers without the pipeline, a card the Hub reads, and folders from strangers."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from photo_case import RUN, call
from safetensors.torch import load_file, save_file

from relclip.core.digest import DIGESTS, file_digest
from relclip.core.errors import RelclipError
from relclip.photo import SceneGraphs, export
from relclip.photo import __main__ as predict


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "model"
    assert call(export.main, RUN, "--output", folder, "--data", data, "--licence", "cc-by-4.0") == 0
    return folder


@pytest.fixture
def model(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "model")


def numbers(graph):
    content = graph.to_dict()
    return content["objects"], content["relations"], content["about"]


def test_the_same_numbers_on_a_machine_without_the_pipeline(data, graphs, model, monkeypatch, capsys):
    photo = data / "raw" / "images" / "1.jpg"
    assert numbers(SceneGraphs.load(model, device="cpu")(photo)) == numbers(graphs(photo))
    monkeypatch.chdir(model.parent)
    assert call(predict.main, photo, "--model", "model", "--threads", "1", "--device", "cpu") == 0
    assert "procedurally drawn scenes" in capsys.readouterr().err
    content = json.loads((model.parent / "scene-graphs" / "1" / "graph.json").read_text())
    assert content["relations"][0]["score"] == pytest.approx(graphs(photo).relations[0].score, abs=1e-4)
    assert content["relations"][0]["said"]["count"] >= 0


def test_the_card_has_the_front_matter_of_the_hub(exported):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    card = huggingface_hub.ModelCard.load(exported / "README.md")
    assert (card.data.license, card.data.library_name) == ("cc-by-4.0", "relclip")
    assert "2 predicates: carrying, riding" in card.text
    assert "pip install 'relclip[photo]'" in card.text
    assert "- Encoder: the small CLIP of relclip (pretrain)" in card.text
    assert str(exported.parent) not in card.text
    _, front, _ = (exported / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(front)["tags"]


def test_the_command_it_prints_can_be_typed(data, tmp_path, capsys):
    folder = tmp_path / "my model; é"
    assert call(export.main, RUN, "--output", folder, "--data", data) == 0
    typed = shlex.split(capsys.readouterr().out.strip().rpartition(" MB; ")[2])
    assert typed == ["relclip", "predict", "--model", str(folder), "photo.jpg"]


def test_an_export_without_its_encoder_takes_the_same_one_only(data, graphs, tmp_path):
    folder, photo = tmp_path / "small", data / "raw" / "images" / "2.jpg"
    small = ("--output", folder, "--data", data, "--without-encoder", "--licence", "MIT")
    assert call(export.main, RUN, *small) == 0
    assert "license: mit\n" in (folder / "README.md").read_text()
    assert not (folder / "encoder").exists()
    own = data / "clip" / "model"
    assert numbers(SceneGraphs.load(folder, device="cpu", encoder=own)(photo)) == numbers(graphs(photo))
    with pytest.raises(RelclipError, match=r"holds no encoder.*--encoder"):
        SceneGraphs.load(folder)
    other = shutil.copytree(own, tmp_path / "other")
    (other / "open_clip_model.safetensors").write_bytes(b"another")
    with pytest.raises(RelclipError, match="has the SHA-256"):
        SceneGraphs.load(folder, encoder=other)


def test_a_folder_of_somebody_elses_is_never_replaced(data, exported, tmp_path, capsys):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/thesis.tex").touch()
    model = shutil.copytree(exported, tmp_path / "model")
    assert call(export.main, RUN, "--output", model, "--data", data) == 0  # its own may
    (model / "notes.txt").touch()
    for folder, held in ((tmp_path / "thesis", "thesis.tex"), (model, "notes.txt")):
        assert call(export.main, RUN, "--output", folder, "--data", data) == 2
        assert f"holds {held}, which would be replaced" in capsys.readouterr().err
        assert (folder / held).exists()


def set_json(path, *keys, value):
    content = place = json.loads(path.read_text())
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(content))


def leave(folder):
    (folder / "vocabulary.json").unlink()
    (folder / "vocabulary.json").symlink_to("/etc/hostname")


ENCODER = "encoder/open_clip_config.json"
STRANGERS = {
    "a link out": (leave, "is a link out of"),
    "an unknown key": (lambda f: set_json(f / "relclip.json", "run_this", value="x"), "run_this"),
    "another format": (lambda f: set_json(f / "relclip.json", "format", value=2), "newer relclip"),
    "a huge relation model": (
        lambda f: set_json(f / "relation" / "config.json", "model", "dimension", value=1 << 20),
        "does not hold what",
    ),
    "a relation model without a number": (
        lambda f: set_json(f / "relation" / "config.json", "model", "predicates", value=None),
        r"does not describe a model \(predicates: Input should be a valid integer\)",
    ),
    "heads that no weights show": (
        lambda f: set_json(f / "relation" / "config.json", "model", "heads", value=10**18),
        "heads do not divide the dimension",
    ),
    "a scale of pictures that is none": (
        lambda f: set_json(f / ENCODER, "preprocess_cfg", "std", value=["x", 1, 1]),
        "holds no CLIP that open_clip can load",
    ),
    "a scale of zero": (
        lambda f: set_json(f / ENCODER, "preprocess_cfg", "std", value=[0, 1, 1]),
        "preprocess_cfg.std is no list of three numbers",
    ),
    "links in a circle": (lambda f: (f / "more").symlink_to("more"), "does not exist"),
    "a huge text tower": (
        lambda f: set_json(f / ENCODER, "model_cfg", "text_cfg", "vocab_size", value=1 << 40),
        "more than the weights hold",
    ),
    "layers without end": (
        lambda f: set_json(f / ENCODER, "model_cfg", "text_cfg", "layers", value=10_000),
        "more than the weights hold",
    ),
    "a tower from elsewhere": (
        lambda f: set_json(f / ENCODER, "model_cfg", "text_cfg", "hf_model_name", value="a/b"),
        "names a tower that is not in the folder",
    ),
    "a tower by its address": (
        lambda f: set_json(f / ENCODER, "model_cfg", "vision_cfg", "timm_model_name", value="hf-hub:a/b"),
        "names a tower that is not in the folder",
    ),
    "a tokenizer's file": (
        lambda f: set_json(
            f / ENCODER, "model_cfg", "text_cfg", "tokenizer_kwargs", value={"bpe_path": "/etc/passwd"}
        ),
        "names a tower that is not in the folder",
    ),
    "other weights": (
        lambda f: save_file({"x": torch.zeros(1)}, f / "relation" / "model.safetensors"),
        "does not hold what",
    ),
    "no weights": (
        lambda f: (f / "detector" / "model.safetensors").write_bytes(b"\xff" * 64),
        "no safetensors",
    ),
    "a pickle's name": (
        lambda f: (f / "encoder" / "open_clip_model.safetensors").rename(
            f / "encoder" / "open_clip_model.bin"
        ),
        "is missing or no safetensors file",
    ),
    "a size that no layer has": (
        lambda f: set_json(f / "relation" / "config.json", "model", "dimension", value=10**9),
        "describes no network",
    ),
    "a patch of nothing": (
        lambda f: set_json(f / ENCODER, "model_cfg", "vision_cfg", "patch_size", value=0),
        "describes no network",
    ),
    "a picture of a million patches": (
        lambda f: set_json(f / "relclip.json", "map_size", value=4096),
        "map_size: .* less than or equal to 2048",
    ),
    "a detector of huge pictures": (
        lambda f: set_json(f / "detector/config.json", "model", "image_size", value=8192),
        "image_size: .* less than or equal to 2048",
    ),
    "boxes without end, related all with all": (
        lambda f: set_json(f / "detector/config.json", "detector", "per_image", value=10**6),
        "per_image: .* less than or equal to 300",
    ),
    "a prompt that is a book": (
        lambda f: set_json(f / "relclip.json", "triplet_prompt", value="{object}" * 10**6),
        r"triplet_prompt: .*the prompt '{object}\S* has more than 1,000 letters",
    ),
    "no words": (lambda f: (f / "encoder" / "words.txt").unlink(), "words.txt is missing"),
    "deep JSON": (lambda f: (f / "relclip.json").write_text("[" * 100_000), "nested too deeply"),
    "a digest of a file elsewhere": (
        lambda f: (f / DIGESTS).write_text(
            json.dumps({f"../{f.name}/README.md": file_digest(f / "README.md")})
        ),
        "README.md is missing, damaged or was changed since",
    ),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_a_folder_from_a_stranger_ends_in_a_sentence(model, what):
    change, sentence = STRANGERS[what]
    (model / DIGESTS).unlink()  # a stranger's are of his own files
    change(model)
    with pytest.raises(RelclipError, match=sentence):
        SceneGraphs.load(model, device="cpu")


def other_weights_of_its_kind(path):
    state = load_file(path)
    save_file({name: value + 1 for name, value in state.items()}, path)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("encoder/words.txt", lambda path: path.write_text(path.read_text().replace("man", "nam", 1))),
        ("encoder/open_clip_model.safetensors", other_weights_of_its_kind),
        ("relation/model.safetensors", other_weights_of_its_kind),
        ("relclip.json", lambda path: path.write_text(path.read_text().replace("sha256", "sha265"))),
        ("relation/config.json", Path.unlink),
        ("vocabulary.json", lambda path: path.write_text(path.read_text().replace("riding", "reding"))),
    ],
)
def test_a_file_that_is_not_as_it_was_exported_is_refused_by_its_name(model, file, damage):
    """Another word, or weights of the same shapes, gave other numbers without a word."""
    (model / "README.md").write_text("edited by its owner")
    SceneGraphs.load(model, device="cpu")
    damage(model / file)
    with pytest.raises(
        RelclipError, match=f"{file} is missing, damaged or was changed since; take the folder"
    ):
        SceneGraphs.load(model, device="cpu")


def test_an_export_of_before_has_no_digests(model):
    (model / DIGESTS).unlink()
    SceneGraphs.load(model, device="cpu")


def test_the_hubs_cache_of_links_is_a_folder_too(model, graphs, data, tmp_path):
    snapshot, blobs = tmp_path / "hub" / "snapshots" / "abc", tmp_path / "hub" / "blobs"
    blobs.mkdir(parents=True)
    for number, path in enumerate(path for path in model.rglob("*") if path.is_file()):
        place = snapshot / path.relative_to(model)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, blobs / str(number))
        place.symlink_to(os.path.relpath(blobs / str(number), place.parent))
    photo = data / "raw" / "images" / "1.jpg"
    assert numbers(SceneGraphs.load(snapshot, device="cpu")(photo)) == numbers(graphs(photo))


def test_what_a_folder_has_no_choice_of_is_refused(data, model):
    for folder, choice, words in (
        (model, {"run": RUN}, "is one$"),
        (model, {"params": "params.yaml"}, "is one$"),
        (data, {"encoder": model / "encoder"}, "has its own encoder"),
    ):
        with pytest.raises(RelclipError, match=words):
            SceneGraphs.load(folder, device="cpu", **choice)
