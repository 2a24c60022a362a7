"""Blocks of captions equal a plain reading line by line; whatever a file holds, memory is bounded."""

import os
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relclip.core import captions
from relclip.core.captions import blocks
from relclip.core.errors import InputError, RelclipError


def plain(files):
    """Line by line: no byte order mark, no blank lines."""
    for path in files:
        for line in path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            if line.strip():
                yield line + b"\n"


@pytest.mark.parametrize("seed", range(40))
def test_blocks_equal_a_plain_reading(tmp_path, monkeypatch, seed):
    chance = random.Random(seed)
    monkeypatch.setattr(captions, "_BYTES_AT_ONCE", 7 + seed)
    files = [tmp_path / str(number) for number in range(3)]
    for path in files:
        words = chance.choices(["\n", "a", " ", "\t", "\r\n", "\u00e9", "bed\t7\n"], k=chance.randrange(60))
        path.write_text("".join([chance.choice(["", "\ufeff"]), *words]), "utf-8", newline="")
    size = chance.randrange(1, 5)
    found = list(blocks(files, size))
    assert b"".join(block.text for block in found) == b"".join(plain(files))
    assert [block.lines for block in found] == [block.text.count(b"\n") for block in found]
    assert all(block.lines == size for block in found[:-1])


def test_a_huge_line_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(captions, "_BYTES_AT_ONCE", 100)
    monkeypatch.setattr(captions, "_LONGEST_LINE", 100)
    monkeypatch.setattr(captions, "_LARGEST_BLOCK", 500)
    path = tmp_path / "long.tsv"
    path.write_bytes(b"a man " + b"x" * 100_000 + b"\t1\n" + b"a cat\t2\n" * 200)
    found = list(blocks([path], 1000))
    assert all(len(block.text) <= 500 for block in found)
    lines = [pair for block in found for pair in block.captions()]
    assert len(lines) == 201 and lines[0][0].startswith("a man x") and lines[0][1] == "1"


def test_columns_cannot_break_lines(tmp_path):
    path = tmp_path / "captions.parquet"
    table = {"caption": ["a\tman\nriding", None], "caption_id": pa.array([11, 12]).cast(pa.int32())}
    pq.write_table(pa.table(table), path)
    (block,) = blocks([path], 10)
    assert block.captions() == [("a man riding", "11"), ("", "12")]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_string(), pa.large_binary(), pa.int64()])
@pytest.mark.parametrize("seed", range(4))
def test_any_column_is_read_as_a_plain_loop_would(tmp_path, monkeypatch, kind, seed):
    monkeypatch.setattr(captions, "LONGEST_CAPTION", 9)
    chance = random.Random(seed)

    def text():
        bytes_ = chance.choices(
            [b"a", b"\t", b"\n", b"\r", b"\xff", "\u00e9".encode()], k=chance.randrange(14)
        )
        return chance.choice([None, b"".join(bytes_)])

    rows = [chance.choice([None, -3]) if kind == pa.int64() else text() for _ in range(50)]
    as_bytes = [str(row).encode() if isinstance(row, int) else row or b"" for row in rows]
    column = pa.array(rows, kind if kind == pa.int64() else pa.binary())
    if pa.types.is_large_unicode(kind) or pa.types.is_large_binary(kind):
        column = column.cast(pa.large_binary())
    if pa.types.is_string(kind) or pa.types.is_large_unicode(kind):
        column = column.view(kind)  # unlike cast takes what is not UTF-8, as other writers do
    pq.write_table(pa.table({"caption": column, "caption_id": range(50)}), tmp_path / "captions.parquet")
    blank = bytes.maketrans(b"\t\n\v\f\r", b" " * 5)
    wanted = [b"%b\t%d" % (row[:9].translate(blank), number) for number, row in enumerate(as_bytes)]
    found = b"".join(block.text for block in blocks([tmp_path / "captions.parquet"], 7))
    assert found.split(b"\n") == [*wanted, b""]


def test_long_text_said_often_does_not_fill_the_memory(tmp_path):
    """300 MB of text in a small file."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), ["x" * 1_000_000])
    pq.write_table(pa.table({"caption": column, "caption_id": range(300)}), tmp_path / "captions.parquet")
    before = pa.total_allocated_bytes()
    block = next(blocks([tmp_path / "captions.parquet"], 10_000))
    assert pa.total_allocated_bytes() - before < 1 << 27
    assert len(block.captions()[0][0]) == captions.LONGEST_CAPTION


@pytest.mark.parametrize("text", ["a\t1".encode("utf-16"), b"PK\x03\x04..", b"BZh9.."])
def test_other_kinds_of_files_are_named(tmp_path, text):
    (tmp_path / "other").write_bytes(text)
    with pytest.raises(InputError, match="give UTF-8 text"):
        list(blocks([tmp_path / "other"], 10))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["words", "caption_id"], "lacks the column 'caption'"),
        (["caption"] * 2, "'caption' more than once"),
    ],
)
def test_tables_without_the_two_columns_are_refused(tmp_path, names, said):
    path = tmp_path / "captions.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["a man"])] * 2, names), path)
    with pytest.raises(RelclipError, match=said):
        list(blocks([path], 10))


def test_a_pipe_is_no_caption_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is no file"):
        list(blocks([tmp_path / "pipe"], 10))
