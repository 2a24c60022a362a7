"""A relation model is its file, a line of the registry and a word of `train.model`; what is forgotten is said."""

from typing import get_args

import pytest
from pydantic import ValidationError

from relclip.core.errors import ParamsError
from relclip.core.params.train import NETWORKS, REFINEMENTS, SUPERVISIONS, Refined, Train
from relclip.model import MODELS, Model, build_model
from relclip.model.motif import MotifConfig
from relclip.train.refine.stage import METHODS

SIZES = {"object_classes": 3, "predicates": 2, "channels": 4, "text_dimension": 6}


@pytest.mark.parametrize(
    ("section", "key", "described", "built"),
    [
        (Train, "model", NETWORKS, MODELS),
        (Train, "supervision", SUPERVISIONS, SUPERVISIONS),
        (Refined, "method", REFINEMENTS, METHODS),
    ],
)
def test_what_params_may_name_is_there_and_described(section, key, described, built):
    assert set(get_args(section.model_fields[key].annotation)) == set(described) == set(built)


@pytest.mark.parametrize("kind", MODELS)
def test_every_model_is_built_from_params_and_again_from_its_config(kind):
    model = MODELS[kind].from_params(Train(model=kind, dimension=8, heads=2, roi_size=1), **SIZES)
    assert model.config.kind == kind
    again = build_model(type(model).Config.model_validate(model.config.model_dump()))
    assert type(again) is type(model)
    assert again.state_dict().keys() == model.state_dict().keys()


def test_a_model_that_is_not_registered_is_no_relclip():
    config = MotifConfig(**SIZES, dimension=8, roi_size=1, dropout=0.0).model_copy(update={"kind": "new"})
    with pytest.raises(ParamsError, match=r"train\.model is 'new'; .*registry\.py knows: relclip, motif"):
        build_model(config)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [*((size, 0) for size in (*SIZES, "dimension", "roi_size")), ("dropout", -0.1), ("dropout", 1.0)],
)
def test_a_stored_config_has_one_of_each_at_least(name, wrong):
    least = {**dict.fromkeys(SIZES, 1), "dimension": 2, "roi_size": 1, "dropout": 0.0}
    assert MotifConfig(**least).predicates == 1
    with pytest.raises(ValidationError, match=name):
        MotifConfig(**least | {name: wrong})


def test_a_model_without_its_parts_cannot_be_built():
    class Forgetful(Model):
        Config = MotifConfig

    with pytest.raises(TypeError, match="answers"):
        Forgetful(MotifConfig(**SIZES, dimension=8, roi_size=1, dropout=0.0))
