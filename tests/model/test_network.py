"""The network: packed equals image by image, awkward sizes, options, files."""

import numpy as np
import pytest
import torch

from relclip.core.errors import ContractError
from relclip.model import ImageSet, ModelConfig, Regions, RelCLIP, collate, load_model, save_model

CPU = torch.device("cpu")
CONFIG = {
    "object_classes": 5,
    "predicates": 4,
    "channels": 12,
    "text_dimension": 16,
    "dimension": 16,
    "heads": 2,
    "roi_size": 2,
    "dropout": 0.1,
}
OPTIONS = [
    {},
    {"use_labels": "text"},
    {"object_features": True},
    {"use_labels": "text", "object_features": True},
]


def build(**options):
    torch.manual_seed(0)
    model = RelCLIP(ModelConfig(**CONFIG, **options)).eval()
    if options.get("use_labels") == "text":
        model.label_text.normal_()
    model.set_channels(torch.full((12,), 0.1), torch.full((12,), 2.0))
    return model


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("labels", ["given", "predicted"])
@torch.no_grad()
def test_packed_equals_image_by_image(regions, options, labels):
    model, numbers = build(**options), [4, 1, 9]
    together = model(collate(regions, numbers), labels)
    apart = [model(collate(regions, [number]), labels) for number in numbers]
    for name in ("object_logits", "predicate_logits", "objects", "relations"):
        torch.testing.assert_close(getattr(together, name), torch.cat([getattr(one, name) for one in apart]))


@torch.no_grad()
def test_fully_connected_layer_in_parts_equals_one_over_the_concatenation(regions):
    """Eq. 1: the sum of the parts is one linear layer over [f_ROI; p_ij; v_i; v_j], attention against torch's own."""
    model, batch = build(object_features=True), collate(regions, [2])
    out = model(batch)
    pooled = ((batch.union_regions.float().reshape(-1, 4, 12) - 0.1) / 2).flatten(1)[batch.pair_union]
    position = model.pair_position[:4](batch.pair_geometry)
    joined = torch.cat([pooled, position, out.objects[batch.subjects], out.objects[batch.objects]], dim=1)
    parts = [model.union_region, model.pair_position[4], model.subject_part, model.object_part]
    rows = torch.relu(joined @ torch.cat([part.weight for part in parts], dim=1).T + model.union_region.bias)
    for layer in model.relation_attention.layers:
        plain = torch.nn.MultiheadAttention(16, 2, batch_first=True)
        plain.in_proj_weight.copy_(layer.query_key_value.weight)
        plain.in_proj_bias.copy_(layer.query_key_value.bias)
        plain.out_proj.load_state_dict(layer.output.state_dict())
        rows = layer.norm(rows + plain(rows[None], rows[None], rows[None])[0][0])
    torch.testing.assert_close(out.relations, rows)
    torch.testing.assert_close(out.predicate_logits, model.predicate_classifier(rows))


@pytest.mark.parametrize("options", OPTIONS)
def test_empty_and_single(tiny, options):
    """An image without objects, one with one object, one with two boxes that do not meet."""
    boxes = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [20, 20, 30, 30]], np.float32)
    maps = np.zeros((1, 8, 8, 12), np.float16)
    zeros = np.zeros(3, np.int64)
    images = ImageSet.from_arrays(
        image_ids=np.arange(3),
        sizes=np.full((3, 2), 80, np.float32),
        maps=maps,
        map_rows=zeros,
        object_counts=np.array([0, 1, 2]),
        object_ids=zeros,
        class_ids=zeros,
        boxes=boxes,
    )
    model, regions = build(**options), Regions(images, 2, CPU)
    for numbers, count in (([0], 0), ([1], 1), ([0, 1, 2], 3), ([], 0)):
        out = model(collate(regions, numbers))
        assert out.object_logits.shape == (count, 6)
        assert out.predicate_logits.shape == (0, 5)
        assert torch.isfinite(out.object_logits).all()


@torch.no_grad()
def test_labels_enter_only_where_asked(regions):
    batch = collate(regions, [3])
    plain, text = build(), build(use_labels="text")
    assert torch.equal(plain(batch).predicate_logits, plain(batch, "predicted").predicate_logits)
    given, predicted = text(batch), text(batch, "predicted")
    assert torch.equal(given.relations, predicted.relations)
    assert not torch.allclose(given.predicate_logits, predicted.predicate_logits)


@pytest.mark.parametrize("labels", ["given", "predicted"])
@torch.no_grad()
def test_labels_join_the_relations_those_predicted_by_their_expectation(regions, labels):
    """D7: the embeddings of all classes by the chances of these."""
    model, batch = build(use_labels="text"), collate(regions, [3])
    out, text = model(batch, labels), model.label_text[batch.classes]
    if labels == "predicted":
        raised = out.object_logits[:, 1:].exp()
        text = (raised / raised.sum(dim=1, keepdim=True)) @ model.label_text[1:]
    ends = torch.cat([text[batch.subjects], text[batch.objects]], dim=1)
    weight = torch.cat([model.join_subject.weight, model.join_object.weight], dim=1)
    rows = torch.relu(model.join_relation(out.relations) + ends @ weight.T)
    torch.testing.assert_close(out.predicate_logits, model.predicate_classifier(rows))


def test_files_round_trip_and_say_what_is_wrong(tmp_path, regions):
    model = build(use_labels="text")
    save_model(model, tmp_path, {"run": "one"})
    again = load_model(tmp_path, CPU)
    assert torch.equal(
        model(collate(regions, [0])).predicate_logits, again(collate(regions, [0])).predicate_logits
    )
    first = (tmp_path / "model.safetensors").read_bytes()
    save_model(again, tmp_path, {"run": "one"})
    assert (tmp_path / "model.safetensors").read_bytes() == first
    (tmp_path / "model.safetensors").write_bytes(first[:100])
    with pytest.raises(ContractError, match="broken"):
        load_model(tmp_path, CPU)
    (tmp_path / "config.json").write_text('{"model": {"dimension": 3}}')
    with pytest.raises(ContractError, match="does not describe a model"):
        load_model(tmp_path, CPU)
    with pytest.raises(ContractError, match="does not exist"):
        load_model(tmp_path / "absent", CPU)
