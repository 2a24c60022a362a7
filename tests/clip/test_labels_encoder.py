"""Table 4's encoder: it learns classes, resumes to the same bits, gives patch maps, and knows no language."""

import json

import numpy as np
import pytest
import tiny_clip
import torch
from safetensors.torch import save_file

from relclip.clip import labels_stage
from relclip.clip.labels_stage import LabelsTrainer
from relclip.core.errors import ContractError, InputError
from relclip.core.params.clip import LabelsEncoder
from relclip.core.params.features import Features
from relclip.encoder.encoder import CONFIG, WEIGHTS, load_encoder
from relclip.features.stage import run as make_features

CPU = torch.device("cpu")
NAMES = (CONFIG, WEIGHTS, "curve.csv", "statistics.json")
SETTINGS = LabelsEncoder(steps=30)
TIMM = "test_vit.r160_in1k"  # timm's own smallest transformer: 160 pixels, patches of 16


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    output = tmp_path_factory.mktemp("labels") / "labels"
    labels_stage.run(SETTINGS, tiny.params.clip.pretrain, tiny.raw, output, threads=1)
    return output


def pictures(count: int, size: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=random)


def bytes_of(folder):
    return [(folder / name).read_bytes() for name in NAMES]


def test_it_is_trained_on_the_card_that_its_rule_asks_for(tiny, tmp_path, monkeypatch):
    def trainer(*_, device):
        raise InputError(f"trained on {device}")

    monkeypatch.setattr(labels_stage, "best_device", lambda: "the card")
    monkeypatch.setattr(labels_stage, "LabelsTrainer", trainer)
    with pytest.raises(InputError, match="trained on the card"):
        labels_stage.run(SETTINGS, tiny.params.clip.pretrain, tiny.raw, tmp_path / "labels", threads=1)


def test_it_learns_the_classes_of_held_out_crops_and_sees_no_relation(made):
    found = json.loads((made / "statistics.json").read_text())
    assert found["validation"]["objects"]["mean"] == 1.0
    assert found["validation"]["by_class"] == {"board": 1.0, "man": 1.0}
    assert found["counts"] == {"regions": 48, "trained": 38, "held_out": 10, "dropped": {}}
    losses = np.loadtxt(made / "curve.csv", delimiter=",", skiprows=1)[:, 1]
    assert len(losses) == 30 and losses[-3:].mean() < losses[:3].mean() / 2


def test_of_a_single_picture_nothing_is_held_out(tiny, tmp_path):
    tiny_clip.make_raw(tmp_path / "raw", count=1)
    settings = tiny.params.clip.pretrain
    labels_stage.run(LabelsEncoder(steps=1), settings, tmp_path / "raw", tmp_path / "labels", threads=1)
    found = json.loads((tmp_path / "labels/statistics.json").read_text())
    nothing = {"objects": {"mean": 0.0, "class_mean": 0.0, "count": 0}, "by_class": {}}
    assert found["validation"] == nothing and found["counts"]["trained"] == 2


def test_an_interrupted_run_ends_in_the_same_bytes(tiny, made, tmp_path, monkeypatch):
    step = LabelsTrainer.label_step
    seen = []

    def die_once(self, crops):
        seen.append(self.step)
        if seen.count(17) == 1 and self.step == 17:
            raise KeyboardInterrupt
        return step(self, crops)

    monkeypatch.setattr(LabelsTrainer, "label_step", die_once)
    given = (SETTINGS, tiny.params.clip.pretrain, tiny.raw, tmp_path / "labels", 1)
    with pytest.raises(KeyboardInterrupt):
        labels_stage.run(*given)
    assert not (tmp_path / "labels").exists()
    labels_stage.run(*given)
    assert seen[18] == 10, "it goes on from the checkpoint"
    assert bytes_of(tmp_path / "labels") == bytes_of(made)
    assert [path.name for path in tmp_path.iterdir()] == ["labels"], "the checkpoint is gone"


def test_patch_maps_are_the_towers_tokens_at_any_multiple_of_the_patch(made):
    encoder = load_encoder(made, CPU)
    shown = pictures(3, 16)
    tower = encoder._model.visual
    tower.output_tokens = True
    with torch.no_grad():
        tokens = tower(encoder._pixels(shown, 16))[1]
    tower.output_tokens = False
    assert torch.allclose(encoder.patch_map(shown, 16).reshape(3, 4, -1), tokens, atol=1e-5)
    assert encoder.patch_map(pictures(2, 40), 32).shape == (2, 4, 4, 32)
    with pytest.raises(ContractError, match="multiple"):
        encoder.patch_map(shown, 20)


def test_the_features_stage_reads_it(tiny, made, tmp_path):
    settings = Features(image_size=32, batch=4)
    make_features(settings, raw=tiny.raw, dataset=tiny.dataset, model=made, output=tmp_path, threads=1)
    assert np.load(tmp_path / "maps.npy").shape == (24, 4, 4, 32)


def test_it_says_that_it_knows_no_language(made):
    encoder = load_encoder(made, CPU)
    for texts in (["a man"], []):
        with pytest.raises(ContractError, match=r"knows no language.*data/clip/model"):
            encoder.encode_texts(texts)


def test_without_named_objects_there_is_nothing_to_learn(tiny, tmp_path):
    region = {"region_id": 1, "image_id": 1, "phrase": "a dog", "x": 0, "y": 0, "width": 4, "height": 3}
    (tmp_path / "region_descriptions.json").write_text(json.dumps([{"id": 1, "regions": [region]}]))
    with pytest.raises(InputError, match=r"hint 'subject'.*labels\.source to timm"):
        labels_stage.pretrain(tiny.params.clip.pretrain, tmp_path, tmp_path / "labels", 1)


@pytest.fixture(scope="module")
def timm_model():
    import timm

    torch.manual_seed(0)
    return timm.create_model(TIMM, pretrained=False).eval()


def test_a_timm_model_from_a_file_gives_its_last_blocks_patches(tiny, timm_model, tmp_path):
    save_file(timm_model.state_dict(), tmp_path / "weights.safetensors")
    settings = LabelsEncoder(source="timm", model=TIMM, weights=str(tmp_path / "weights.safetensors"))
    labels_stage.run(settings, tiny.params.clip.pretrain, tiny.raw, tmp_path / "labels", threads=1)
    encoder = load_encoder(tmp_path / "labels", CPU)
    shown = pictures(2, 160)
    with torch.no_grad():
        states = timm_model.forward_features(encoder._pixels(shown, 160))[:, timm_model.num_prefix_tokens :]
    assert torch.allclose(encoder.patch_map(shown, 160).reshape(2, 100, -1), states, atol=1e-5)
    before = encoder.patch_map(shown, 160)
    assert encoder.patch_map(shown, 64).shape == (2, 4, 4, states.shape[2])
    assert torch.equal(encoder.patch_map(shown, 160), before), "a smaller map leaves the trained one unharmed"
    with pytest.raises(ContractError, match="multiple"):
        encoder.patch_map(shown, 70)
    assert json.loads((tmp_path / "labels" / CONFIG).read_text())["preprocess_cfg"]["mean"][0] == 0.5


def test_what_cannot_be_loaded_is_one_sentence_and_leaves_nothing(tiny, timm_model, tmp_path, monkeypatch):
    half = {name: value for name, value in timm_model.state_dict().items() if "norm" not in name}
    save_file(half, tmp_path / "half.safetensors")
    (tmp_path / "code.pt").write_bytes(b"a pickle")

    def away(address):
        raise OSError("no such host")

    monkeypatch.setattr(labels_stage, "reach", away)
    monkeypatch.setattr(labels_stage, "cached", lambda hub, file: False)
    for values, sentence in (
        ({"model": "vit_hugest"}, "timm does not have; nearest: "),
        ({"model": TIMM, "weights": str(tmp_path / "half.safetensors")}, "does not load as timm's"),
        ({"model": TIMM, "weights": str(tmp_path / "code.pt")}, "not the path of a .safetensors file"),
        ({"model": TIMM}, r"timm/test_vit.r160_in1k \(no such host\); .* set labels\.weights"),
    ):
        settings = LabelsEncoder(source="timm", **values)
        with pytest.raises(InputError, match=sentence):
            labels_stage.run(settings, tiny.params.clip.pretrain, tiny.raw, tmp_path / "labels", threads=1)
    assert not (tmp_path / "labels").exists()
