"""What an encoder lacks, and classes that are none, are said before any stage runs."""

import json
from contextlib import nullcontext

import pytest
from test_pipeline import ROOT, copy_of_the_project
from test_profiles import counts, plan

from relclip.core.errors import RelclipError
from relclip.core.params.whole import check_params
from relclip.encoder import known
from relclip.project.checks import check_classes, check_encoder, check_files
from relclip.project.preset import preset_content, preset_text

PRESETS = ROOT / "workflow/presets"


def of(name="full", **sections):
    """The params of a preset with some values changed."""
    content = preset_content(name, PRESETS)
    for section, values in sections.items():
        content[section] = {**content[section], **values}
    return check_params(content)


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.yaml")))
def test_every_preset_has_an_encoder_that_serves_it_and_classes(name):
    check_encoder(check_params(preset_content(name, PRESETS)))
    check_classes(check_params(preset_content(name, PRESETS)))
    check_files(check_params(preset_content(name, PRESETS)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"predicates": "vg51"}, r"'vg51' is neither built in \(.*vg50, found\) nor a readable text file"),
        ({"objects": ["man", "man"]}, "'dataset.objects' holds 'man' more than once"),
        ({"predicates": ["on_top", "On top"]}, "predicate class 'On top' stands twice"),
        ({"predicates": ["on", "A_b"], "held_out": ["A_B"]}, "'A_B' for the run 'relclip_full'.*mean 'A_b'"),
        ({"predicates": ["on", "A_b"], "held_out": ["A_b"]}, None),
        ({"predicates": "found", "held_out": ["nobody knows yet"]}, None),
    ],
)
def test_classes_that_are_none_are_one_sentence(changes, said):
    params = of(dataset=changes, train={"held_out": changes.pop("held_out", [])})
    with pytest.raises(RelclipError, match=said) if said else nullcontext():
        check_classes(params)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (of(clip={"source": "open_clip", "model": "ViT-L-14"}), "set train.dimension to 768"),
        (of("smoke", train={"dimension": 128}), "the encoder has embeddings of 64 numbers"),
        (of(clip={"source": "open_clip", "model": "ViT-B-33"}), "nearest: ViT-B-32"),
        (of(clip={"source": "open_clip", "model": "convnext_base"}), r"set gradcam.runs to \[\]"),
        (of(clip={"source": "open_clip", "model": "RN50"}), r"set gradcam.runs to \[\]"),
        (
            of(clip={"weights": "laion2b_s34b_b79"}),
            r"b79', .* tag of ViT-B-32-quickgelu \(did you mean 'laion2b_s34b_b79k'\?\); its tags: openai",
        ),
        (of(clip={"model": "ViT-B-16-SigLIP-i18n-256", "weights": "openai"}), "transformers|its tags: webli"),
        (
            of(clip={"model": "ViT-B-32", "weights": "openai"}),
            "'openai' was trained with QuickGELU.*set clip.model to 'ViT-B-32-quickgelu'",
        ),
        (of(clip={"weights": "laion2b_s34b_b79k"}), "was trained with GELU, .*set clip.model to 'ViT-B-32'"),
        (of(clip={"model": "ViT-S-32-alt", "weights": "openai"}), "its tags: none"),
        (of(clip={"weights": ""}), "clip.weights is '', neither"),
    ],
)
def test_an_encoder_that_serves_no_run_is_one_sentence(params, said):
    with pytest.raises(RelclipError, match=said) as met:
        check_encoder(params)
    assert "\n" not in str(met.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"clip": {"weights": "nothing.pt"}},
            "clip.weights is 'nothing.pt', which does not exist; give .* tag",
        ),
        ({"clip": {"weights": f"{ROOT}/tests"}}, "clip.weights is .* is a folder"),
        (
            {"labels": {"make": ["labels"], "source": "timm", "weights": "a/b"}},
            "labels.weights is 'a/b', which does not exist",
        ),
        ({"words": {"source": "vectors.bin"}}, "words.source is .* or a name of gensim's downloads"),
        ({"clip": {"weights": "openai"}}, None),
        ({"clip": {"weights": __file__}}, None),
        ({"name": "smoke", "clip": {"weights": "nothing.pt"}}, None),
        ({"labels": {"weights": "a/b"}}, None),
    ],
)
def test_a_file_that_is_not_there_is_one_sentence_before_anything_runs(changes, said):
    with pytest.raises(RelclipError, match=said) if said else nullcontext():
        check_files(of(**changes))


def test_a_file_that_nobody_may_read_is_one_sentence(monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(RelclipError, match="which cannot be read; give weights"):
        check_files(of(clip={"weights": __file__}))


def test_runs_without_a_contrast_take_any_width():
    check_encoder(of(clip={"source": "open_clip", "model": "ViT-L-14"}, train={"dimension": 768}))
    check_encoder(of(runs={"relclip_full": {"rcl": {"level": "none"}}}, clip={"model": "ViT-L-14"}))


def test_tags_are_those_of_open_clip():
    """Read off its source, for importing it takes seconds; a new version may write them otherwise."""
    listed = pytest.importorskip("open_clip.pretrained")
    wanted = {
        model: {tag: bool(about.get("quick_gelu")) for tag, about in tags.items()}
        for model, tags in listed._PRETRAINED.items()
        if not model.endswith(known.QUICK)
    }
    assert known.pretrained_tags() == wanted


def test_tags_that_are_written_otherwise_are_left_to_the_job(tmp_path, monkeypatch):
    monkeypatch.setattr(known, "_places", lambda: [str(tmp_path)])
    for text in ("_PRETRAINED = load()", "_PRETRAINED = {", "_PRETRAINED = {**{}}", "a = b.c = 1"):
        (tmp_path / "pretrained.py").write_text(text)
        assert known.pretrained_tags() is None
    known.check_weights("ViT-B-32", "a new tag", {})


def test_a_tower_called_siglip_names_its_tokenizer(tmp_path):
    """open_clip took SigLIP's by the name, and the model's folder, which has another name, CLIP's own."""
    path = tmp_path / "my-SigLIP-mini.json"
    content = {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {}}
    path.write_text(json.dumps(content))
    with pytest.raises(RelclipError, match="names no hf_tokenizer_name"):
        known.read_config(path)
    path.write_text(json.dumps(content | {"text_cfg": {"hf_tokenizer_name": "a/b"}}))
    assert known.read_config(path)["embed_dim"] == 8


def test_where_open_clip_is_not_nothing_is_said_of_it(monkeypatch):
    monkeypatch.setattr(known, "find_spec", lambda name: None)
    check_encoder(of(clip={"source": "open_clip", "model": "ViT-B-33"}))


@pytest.mark.workflow
def test_an_encoder_from_elsewhere_waits_for_no_stage(tmp_path):
    house = copy_of_the_project(tmp_path)
    (house.folder / "params.yaml").write_text(preset_text("full", PRESETS))
    assert counts(plan(house.folder, "data/clip/model/open_clip_config.json")) == {
        "clip_model": 1,
        "total": 1,
    }


@pytest.mark.workflow
def test_a_file_of_vectors_is_an_input_of_the_words(tmp_path):
    house = copy_of_the_project(tmp_path)
    (tmp_path / "vectors.txt").write_text("1 2\nman 0 1\n")
    house.change_params(lambda content: content["words"].update(source="vectors.txt"))
    output = plan(tmp_path, "--workflow-profile", "profiles/slurm", "data/words/phrases.safetensors")
    assert "vectors.txt" in output[output.index("rule words:") :].split("output:")[0]
