"""read_entries equals json.load on whole lists, and ends in one sentence on everything else."""

import json

import pytest

from relclip.core import entries
from relclip.core.entries import identifier, read_entries
from relclip.core.errors import InputError


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 3])
def test_any_chunk_reads_what_json_reads(tmp_path, monkeypatch, chunk, indent):
    monkeypatch.setattr(entries, "CHUNK", chunk)
    value = [{}, {"a": [1, {"b": ']},{ü\\"'}], "c": None}, {"long": "x" * 300}, {"n": [-1.5e3, True]}]
    path = tmp_path / "a.json"
    for content in (value, value[:1], []):
        path.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n", "utf-8")
        assert list(read_entries(path)) == content


BROKEN = [
    "[",
    "[{}",
    "[{},",
    "[{},]",
    "[{} {}]",
    '[{"a": 1]',
    "[1]",
    "[null]",
    "[[]]",
    '[{"a"}]',
    "{}",
    "nonsense",
    "",
]
TOO_DEEP = "[" + '{"a":' * 100_000 + "1" + "}" * 100_000 + "]"
TOO_MANY_DIGITS = '[{"a": ' + "9" * 5000 + "}]"


@pytest.mark.parametrize("content", [*BROKEN, TOO_DEEP, TOO_MANY_DIGITS])
def test_anything_else_is_one_sentence(tmp_path, content):
    path = tmp_path / "objects.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"objects\.json"):
        list(read_entries(path))


def test_missing_file_and_other_encoding(tmp_path):
    (tmp_path / "latin.json").write_bytes('[{"a": "é"}]'.encode("latin-1"))
    for name in ("latin.json", "none.json"):
        with pytest.raises(InputError, match=name):
            list(read_entries(tmp_path / name))


@pytest.mark.parametrize(
    "value", [True, 1.5, 1e300, float("nan"), "x", "-1", "1.0", "9" * 5000, None, 2**63, [1]]
)
def test_an_id_is_a_whole_number(value):
    assert identifier({"image_id": value}, "image_id", "id") is None


@pytest.mark.parametrize("value", [7, 7.0, "7", "0007"])
def test_an_id_may_be_written_as_tools_write_it_that_know_floats_or_texts_alone(value):
    assert identifier({"id": value}, "image_id", "id") == 7
