"""`found`: the vocabulary comes from the data, and nearly all relations stay."""

from pathlib import Path

import pytest

from relclip.core.errors import InputError, RelclipError
from relclip.core.params.dataset import Dataset, Split
from relclip.core.vocabulary import load_vocabulary
from relclip.dataset.build import make_dataset

PHOTOS = Path("../shared/data/photos")


def found(params, **changes):
    update = {"objects": "found", "predicates": "found", "object_min_count": 1, "predicate_min_count": 1}
    return params.model_copy(update=update | changes)


def test_names_and_predicates_met_often_enough_are_the_vocabulary(write_raw, thing, relation, params):
    objects = {1: [thing(1, "zebra"), thing(2, "the men"), thing(3, "man"), thing(4, "traffic_light")]}
    words = ["feeding", "is feeding a", "talk_on", "has", "is"]
    raw = write_raw({1: (40, 30)}, objects, {1: [relation(1, text, 3) for text in words]})
    account = make_dataset(found(params), raw, raw.parent / "made")
    vocabulary = load_vocabulary(raw.parent / "made" / "vocabulary.json")
    assert vocabulary.objects == ("man", "traffic light", "zebra")
    assert vocabulary.predicates == ("feeding", "has", "is", "talk on")
    assert account.kept["objects"] == 4 and account.kept["relations"] == 4  # the two 'feeding' are one
    make_dataset(found(params, object_min_count=2, predicate_min_count=2), raw, raw.parent / "fewer")
    fewer = load_vocabulary(raw.parent / "fewer" / "vocabulary.json")
    assert fewer.objects == ("man",) and fewer.predicates == ("feeding",)
    with pytest.raises(InputError, match=r"dataset.predicates: found met 0 names at least 9 times"):
        make_dataset(found(params, predicate_min_count=9), raw, raw.parent / "none")


def test_other_forms_of_a_verb_count_for_its_gerund_where_that_is_met(write_raw, thing, relation, params):
    words = ["lying on", "lies on", "lie on", "is lying on", "wears", "covered", "covering", "has", "near"]
    objects = {1: [thing(1, "man"), thing(2, "bed")]}
    raw = write_raw({1: (40, 30)}, objects, {1: [relation(1, text, 2) for text in words]})
    made = raw.parent / "made"
    assert make_dataset(found(params), raw, made).kept["relations"] == 6  # the four of 'lying on' are one
    assert load_vocabulary(made / "vocabulary.json").predicates == (
        "covered", "covering", "has", "lying on", "near", "wears"
    )  # fmt: skip


def test_a_name_that_is_no_plain_text_is_no_class(write_raw, thing, relation, params):
    names = ["do\x07g", "c\ud800at", "man", "h" * 61, "a\u202eb"]
    raw = write_raw({1: (40, 30)}, {1: [thing(number, name) for number, name in enumerate(names)]},
                    {1: [relation(2, text, 2) for text in ("on", "o\x1bn")] + [relation(0, "on", 2)]})  # fmt: skip
    account = make_dataset(found(params), raw, raw.parent / "made")
    vocabulary = load_vocabulary(raw.parent / "made" / "vocabulary.json")
    assert vocabulary.objects == ("man",) and vocabulary.predicates == ("on",)
    assert account.kept["objects"] == 1
    assert "4 names outside the vocabulary: a\\u202eb 1, c\\ud800at 1, do\\x07g 1, hhh" in account.table()
    assert "1 predicates outside the vocabulary: o\\x1bn 1" in account.table()


@pytest.mark.parametrize(("key", "names"), [("objects", [" "]), ("predicates", ["ri\x1bding"])])
def test_a_list_that_is_none_is_named_as_params_yaml_does(write_raw, params, key, names):
    with pytest.raises(RelclipError, match=rf"params.yaml: 'dataset.{key}' (must be|holds)"):
        make_dataset(params.model_copy(update={key: names}), write_raw({}, {}, {}), Path("made"))


def test_exact_takes_each_name_as_it_is_written(write_raw, thing, relation, params):
    objects = {1: [thing(1, "men"), thing(2, "man")]}
    raw = write_raw({1: (40, 30)}, objects, {1: [relation(1, text, 2) for text in ("feeds", "is feeding")]})
    make_dataset(found(params, object_match="exact", predicate_match="exact"), raw, raw.parent / "made")
    vocabulary = load_vocabulary(raw.parent / "made" / "vocabulary.json")
    assert vocabulary.objects == ("man", "men") and vocabulary.predicates == ("feeds", "is feeding")


@pytest.mark.parametrize("match", ["exact", "lemma"])
def test_a_name_that_is_an_alias_of_another_is_no_class(write_raw, thing, relation, params, match):
    """`next to` was counted for near and `nearby` for next to, which then had no relation of its own."""
    words = ["next to", "nearby", "nearby", "near"]
    raw = write_raw({1: (40, 30)}, {1: [thing(1, "man"), thing(2, "gents")]},
                    {1: [relation(1, text, 2) for text in words]})  # fmt: skip
    (raw.parent / "a.txt").write_text("near,next to\nnext to,nearby\n")
    (raw.parent / "o.txt").write_text("guy,gents\nman,guy\n")
    settings = found(params, predicate_match=match, object_match="exact", duplicates="keep").model_copy(
        update={"predicate_aliases": str(raw.parent / "a.txt"), "object_aliases": str(raw.parent / "o.txt")}
    )
    assert make_dataset(settings, raw, raw.parent / "made").kept["relations"] == 4
    vocabulary = load_vocabulary(raw.parent / "made" / "vocabulary.json")
    assert vocabulary.objects == ("man",) and vocabulary.predicates == ("near",)


@pytest.mark.parametrize("match", ["exact", "lemma"])
def test_what_is_found_is_met_however_it_is_written(write_raw, thing, relation, params, match):
    words = ["next_to", " Next  to", "next to.", "a\u0300 côté de", "à côté de"]
    raw = write_raw({1: (40, 30)}, {1: [thing(1, "fene\u0302tre"), thing(2, "fenêtre")]},
                    {1: [relation(1, text, 2) for text in words]})  # fmt: skip
    settings = found(params, predicate_match=match, duplicates="keep")
    assert make_dataset(settings, raw, raw.parent / "made").kept["relations"] == 5
    vocabulary = load_vocabulary(raw.parent / "made" / "vocabulary.json")
    assert vocabulary.objects == ("fenêtre",) and vocabulary.predicates == ("next to", "à côté de")


def test_a_list_in_params_is_a_vocabulary(write_raw, thing, relation, params):
    raw = write_raw({1: (40, 30)}, {1: [thing(1, "yak"), thing(2, "man")]}, {1: [relation(1, "licks", 2)]})
    listed = params.model_copy(update={"objects": ["yak", "man"], "predicates": ["licks"]})
    assert make_dataset(listed, raw, raw.parent / "made").kept["relations"] == 1


def test_of_the_photos_975_relations_nearly_all_survive(tmp_path):
    if not PHOTOS.is_dir():
        pytest.skip("../shared/data/photos is not there")
    split = Split(validation=0.2, test=0.4)
    kept = {}
    for name, params in {"vg20": Dataset(split=split), "found": found(Dataset(split=split))}.items():
        kept[name] = make_dataset(params, PHOTOS, tmp_path / name).kept["relations"]
    assert kept == {"vg20": 69, "found": 971}  # four relate a thing to itself
