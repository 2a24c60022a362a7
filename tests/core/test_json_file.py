"""JSON from strangers ends in one sentence, whatever is wrong with it; so do vocabularies that cannot be."""

import json

import pytest

from relclip.core.errors import ContractError, InputError
from relclip.core.forms import load_aliases
from relclip.core.json_file import read_json
from relclip.core.vocabulary import MOST_NAMES, load_names, load_vocabulary


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist; make it"),
        (b"{", "is not valid JSON"),
        (b"\xff", "is not valid JSON"),
        (b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
        (b'["\\ud800"]', "surrogates not allowed"),
        (b'["\\uDFFF"]', "surrogates not allowed"),
    ],
)
def test_broken_json_is_one_sentence(tmp_path, content, said):
    path = tmp_path / "some.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=said) as met:
        read_json(path, "make it", InputError)
    assert "\n" not in str(met.value) and str(met.value).endswith("make it")


def test_a_zero_byte_names_no_file():
    with pytest.raises(InputError, match="neither built in"):
        load_names("vg\0")
    with pytest.raises(InputError, match="No such file"):
        load_aliases("aliases\0.txt")


def test_good_json_is_read_as_it_is(tmp_path):
    path = tmp_path / "some.json"
    path.write_bytes(b'{"a": ["\\ud83d\\ude00", "\xc3\xa9", null]}')
    assert read_json(path) == {"a": ["\U0001f600", "é", None]}


def test_the_mark_that_windows_puts_before_a_text_is_no_letter_of_it(tmp_path):
    path = tmp_path / "some.txt"
    path.write_text('{"a": 1}', "utf-8-sig")
    assert read_json(path) == {"a": 1}
    path.write_text("man,guy\n", "utf-8-sig")
    assert load_aliases(path) == {"guy": "man"}
    path.write_text("man\nhorse\n", "utf-8-sig")
    assert load_names(str(path)) == ("man", "horse")


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([str(number) for number in range(MOST_NAMES + 1)], "at most 32767 are possible"),
        (["cup", "pot", "pot", "cup"], "holds 'cup' more than once"),
        ([], "is empty"),
        (["cup", " "], "must be a list of names, its entry 2 is ' '"),
    ],
)
def test_impossible_vocabularies_are_refused(tmp_path, objects, said):
    path = tmp_path / "vocabulary.json"
    path.write_text(json.dumps({"objects": objects, "predicates": ["on"]}))
    with pytest.raises(ContractError, match=said):
        load_vocabulary(path)
    path.write_text(json.dumps({"objects": ["cup"], "predicates": ["on"]}))
    assert load_vocabulary(path).object_ids == {"cup": 1}
