"""The stage from files to files on the tiny CLIP: contracts, the same bytes, bad input in one sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny_clip
import torch

from relclip.core.annotations import load_annotations
from relclip.core.boxes import intersection
from relclip.core.errors import ContractError, InputError, ParamsError
from relclip.core.images import read_image
from relclip.encoder.crops import as_tensor
from relclip.encoder.encoder import load_encoder
from relclip.features import stage as features_stage
from relclip.gradcam.stage import Inputs, run
from relclip.model import ModelConfig, MotifConfig, build_model, save_model

NAMES = ("heat_clip.npy", "heat_relclip.npy", "chosen.json", "provenance.json", "digests.json")
PARAMS = tiny_clip.tiny_params(gradcam={"relations": 5, "seed": 3})
RUN = next(iter(PARAMS.runs))
SIZES = {"object_classes": 3, "predicates": 2, "channels": 32, "text_dimension": 16}
RELCLIP = ModelConfig(**SIZES, dimension=16, heads=2, roi_size=2, dropout=0.1, use_labels="text")
MOTIF = MotifConfig(**SIZES, dimension=16, roi_size=2, dropout=0.1)


def trained(folder, config=RELCLIP):
    torch.manual_seed(0)
    save_model(build_model(config), folder)
    return folder


@pytest.fixture(scope="module")
def inputs(tiny, tmp_path_factory) -> Inputs:
    root = tmp_path_factory.mktemp("gradcam")
    given = {"raw": tiny.raw, "dataset": tiny.dataset, "model": tiny.model}
    features_stage.run(tiny.params.features, output=root / "features", threads=1, **given)
    return Inputs(tiny.raw, tiny.dataset, root / "features", tiny.model, trained(root / "train"))


@pytest.mark.parametrize("config", [RELCLIP, MOTIF])
def test_files_keep_the_contract_and_come_out_the_same_again(inputs, tmp_path, config):
    inputs = replace(inputs, train=trained(tmp_path / "train", config))
    for name in ("one", "two"):
        run(PARAMS, RUN, inputs, tmp_path / name, threads=1)
    for name in NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(NAMES)
    for name in NAMES[:2]:
        heat = np.load(tmp_path / "one" / name, allow_pickle=False)
        assert heat.dtype == np.float32 and heat.shape == (5, 4, 4) and heat.min() >= 0
        assert set(heat.max(axis=(1, 2)).tolist()) <= {0.0, 1.0}
        assert heat.any()


def test_chosen_relations_are_annotated_test_relations_that_overlap(inputs, tmp_path):
    run(PARAMS, RUN, inputs, tmp_path / "out", threads=1)
    known = load_annotations(inputs.dataset)
    annotated = set()
    for image, subject, predicate, object_ in zip(
        known.relation_image, known.subject, known.predicate, known.object, strict=True
    ):
        names = [known.vocabulary.objects[known.class_id[end] - 1] for end in (subject, object_)]
        words = (names[0], known.vocabulary.predicates[predicate - 1], names[1])
        boxes = (*known.boxes[subject].tolist(), *known.boxes[object_].tolist())
        if known.split[image] == "test":
            annotated.add((int(known.image_id[image]), known.file[image], *words, *boxes))
    chosen = json.loads((tmp_path / "out" / "chosen.json").read_text())
    for one in chosen:
        words = [one[name] for name in ("subject", "predicate", "object")]
        found = (one["image_id"], one["file"], *words, *one["subject_box"], *one["object_box"])
        assert found in annotated
        assert intersection(*np.array([one["subject_box"], one["object_box"]])) > 0
        assert one["prompt"] == "a photo of a {} {} a {}".format(*words)
    assert {one["predicate"] for one in chosen[:2]} == {"carrying", "riding"}


def test_states_of_the_last_block_lead_to_the_embedding_of_encode_images(tiny):
    encoder = load_encoder(tiny.model, torch.device("cpu"))
    picture = as_tensor(read_image(tiny.raw / "images" / "1.jpg"))
    states, embeddings = encoder.last_states(picture)
    assert states.shape == (1, 1 + 2 * 2, 32)
    assert torch.allclose(embeddings, encoder.encode_images(picture).clone(), atol=1e-6)
    (gradient,) = torch.autograd.grad(embeddings[0, 0], states)
    assert gradient[0, 1:].abs().min(dim=0).values.any()
    assert not encoder._model.visual.transformer.resblocks[-1]._forward_pre_hooks


@pytest.mark.parametrize(
    ("broken", "error", "said"),
    [
        ("channels", ContractError, "was trained for 8 channels, the data have 32"),
        ("train", ContractError, "run the `train` stage first"),
        ("numbers", ContractError, "RelCLIP gives numbers that are not finite"),
        ("raw", InputError, "put the picture in place"),
        ("features", ContractError, "run the `features` stage first"),
        ("model", ContractError, "does not exist"),
    ],
)
def test_bad_input_ends_in_one_sentence_and_leaves_nothing(inputs, tmp_path, broken, error, said):
    wrong = {broken: tmp_path / "nowhere"}
    if broken == "channels":
        wrong = {"train": trained(tmp_path / "other", RELCLIP.model_copy(update={"channels": 8}))}
    if broken == "numbers":
        network = build_model(RELCLIP)
        torch.nn.init.constant_(network.predicate_classifier.weight, torch.nan)
        save_model(network, tmp_path / "other")
        wrong = {"train": tmp_path / "other"}
    with pytest.raises(error, match=said):
        run(PARAMS, RUN, replace(inputs, **wrong), tmp_path / "out" / "run", threads=1)
    assert not (tmp_path / "out").exists()


def test_an_unknown_run_is_named_with_those_there_are(inputs, tmp_path):
    with pytest.raises(ParamsError, match="runs has no entry 'relclop'"):
        run(PARAMS, "relclop", inputs, tmp_path / "out", threads=1)
