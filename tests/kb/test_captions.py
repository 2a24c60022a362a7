"""Blocks of captions equal a plain reading line by line; whatever a file holds, memory is bounded."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relclip.core import captions
from relclip.core.captions import blocks, split_lines
from relclip.core.errors import InputError


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
    lines = [pair for block in found for pair in split_lines(block).captions]
    assert len(lines) == 201 and lines[0][0].startswith("a man x") and lines[0][1] == "1"


def test_columns_cannot_break_lines(tmp_path):
    path = tmp_path / "captions.parquet"
    table = {"caption": ["a\tman\nriding", None], "caption_id": pa.array([11, 12]).cast(pa.int32())}
    pq.write_table(pa.table(table), path)
    (block,) = blocks([path], 10)
    assert split_lines(block).captions == [("a man riding", "11"), ("", "12")]


@pytest.mark.parametrize("text", ["a\t1".encode("utf-16"), b"PK\x03\x04..", b"BZh9.."])
def test_other_kinds_of_files_are_named(tmp_path, text):
    (tmp_path / "other").write_bytes(text)
    with pytest.raises(InputError, match="give UTF-8 text"):
        list(blocks([tmp_path / "other"], 10))
