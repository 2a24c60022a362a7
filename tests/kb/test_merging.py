"""Shards merged are the bytes of one run; what cannot be added up is refused in one sentence."""

import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from relclip.core.errors import ContractError, InputError
from relclip.core.params.kb import Kb
from relclip.core.shard import read_description
from relclip.core.vocabulary import Vocabulary
from relclip.kb import Shard, merge_shards, mine, mining

SENTENCES = [
    "a man riding a horse",
    "snow covered mountain",
    "two men sitting on a bench",
    "nothing to see here",
    "a dog and a cat lying on a bed",
    "a bird flying in the sky with a kite",
]


@pytest.fixture
def lines():
    bad = {7: "no tab here\n", 30: "man riding bike\tid \u00e9\n"}
    return [bad.get(n, f"{SENTENCES[(n + n // 6) % 6 if n % 4 else 0]}\tc{n}\n") for n in range(101)]


@pytest.fixture
def captions(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(mining, "BLOCK", 7)
    path = tmp_path / "captions.tsv"
    path.write_text("".join(lines), "utf-8")
    return path


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("of", [1, 3, 18])  # 15 blocks: some of the 18 have none
@pytest.mark.parametrize("least", [1, 20])
def test_shards_of_one_file_merge_to_one_run(tmp_path, captions, vocabulary, of, least):
    params = Kb(workers=1, chunk=20, min_count=least)
    whole = mine([captions], vocabulary, tmp_path / "whole", params)
    folders = [tmp_path / f"shard{n}" for n in range(1, of + 1)]
    for number, folder in enumerate(folders, 1):
        mine([captions], vocabulary, folder, params, shard=Shard(number, of))
    merged = merge_shards(folders[::-1], tmp_path / "merged")
    assert merged == whole
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole")
    assert not list(tmp_path.glob(".*"))
    assert whole["triplets"] == {1: 6, 20: 1}[least]


def test_captions_mined_file_by_file_merge_to_one_run(tmp_path, captions, lines, vocabulary):
    mine([captions], vocabulary, tmp_path / "whole", Kb(min_count=20))
    folders = []
    for number, cut in enumerate([slice(0, 1), slice(1, 60), slice(60, None)]):
        (tmp_path / f"{number}.tsv").write_text("".join(lines[cut]), "utf-8")
        folders.append(tmp_path / f"part{number}")
        mine([tmp_path / f"{number}.tsv"], vocabulary, folders[-1])
    for order in ([0, 1, 2], [2, 0, 1]):
        merge_shards([folders[n] for n in order], tmp_path / "merged", min_count=20)
        assert contents(tmp_path / "merged") == contents(tmp_path / "whole")
    # What was merged can be merged again: a tree of merges.
    merge_shards(folders[:2], tmp_path / "first")
    merge_shards([tmp_path / "first", folders[2]], tmp_path / "merged", min_count=20)
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole")


def test_what_does_not_belong_together_is_refused(tmp_path, captions, vocabulary):
    def mined(name, *arguments, **options):
        mine([captions], vocabulary, tmp_path / name, *arguments, **options)
        return tmp_path / name

    first, second = (mined(f"s{n}", shard=Shard(n, 3)) for n in (1, 2))
    again, coarse = mined("again", shard=Shard(2, 3)), mined("coarse", Kb(chunk=5), shard=Shard(3, 3))
    whole, filtered = mined("whole"), mined("filtered", Kb(min_count=2))
    other = tmp_path / "other"
    small = tmp_path / "small.json"
    Vocabulary(("man", "horse"), ("riding",)).save(small)
    mine([captions], small, other)
    for folders, message in (
        ([], "no shard is given"),
        ([whole, whole], "is given twice"),
        ([first, second], "1 of 3 shards are missing, the first is 3/3"),
        ([first, second, again], "two folders hold shard 2/3"),
        ([first, second, coarse], "no shards of one whole"),
        ([whole, first], "no shards of one whole"),
        ([whole, other], "mined with another vocabulary"),
        ([filtered], "mined with min_count 2"),
    ):
        with pytest.raises(InputError, match=message):
            merge_shards(folders, tmp_path / "merged")
    with pytest.raises(InputError, match="is one of the shards"):
        merge_shards([whole], whole)
    assert not (tmp_path / "merged").exists()


def test_caption_ids_in_two_shards_are_named(tmp_path, captions, vocabulary):
    mine([captions], vocabulary, tmp_path / "whole")
    captions.write_text("man riding horse\tc1\nman riding horse\tnew\n")
    mine([captions], vocabulary, tmp_path / "more")
    with pytest.raises(
        InputError, match=r"1 caption ids are in two shards, such as 'c1' in .*whole and .*more"
    ):
        merge_shards([tmp_path / "whole", tmp_path / "more"], tmp_path / "merged")
    assert not list(tmp_path.glob(".*"))


def test_damaged_shards_are_refused(tmp_path, captions, vocabulary):
    folder = tmp_path / "whole"
    statistics = mine([captions], vocabulary, folder)

    def refused(message):
        with pytest.raises(ContractError, match=message):
            merge_shards([folder], tmp_path / "merged")

    (folder / "statistics.json").write_text(json.dumps(statistics | {"mentions": 3}))
    refused("rows where its statistics.json says 3")
    few = {"objects": ["man"], "predicates": ["riding"]}
    (folder / "statistics.json").write_text(json.dumps(statistics | {"vocabulary": few}))
    refused("name no class of its vocabulary")
    (folder / "statistics.json").write_text("{")
    refused("mine this folder again")
    (folder / "statistics.json").write_text(json.dumps(statistics))
    pq.write_table(pq.read_table(folder / "triplets.parquet"), folder / "evidence.parquet")
    refused("lacks the columns")
    (folder / "evidence.parquet").write_bytes(b"PAR1")
    refused("not readable as Parquet")
    refused_folder = tmp_path / "absent"
    with pytest.raises(ContractError, match="does not exist"):
        merge_shards([refused_folder], tmp_path / "merged")


def test_a_description_that_would_be_waited_for_is_none(tmp_path):
    os.mkfifo(tmp_path / "statistics.json")
    with pytest.raises(OSError, match="is no file"):
        read_description(tmp_path / "statistics.json", BaseModel, "", "")
    (tmp_path / "odd.json").write_bytes(b"\xff")
    with pytest.raises(ContractError, match="is not UTF-8"):
        read_description(tmp_path / "odd.json", BaseModel, "", "")


def test_commands(tmp_path, captions, vocabulary):
    def run(module, *arguments):
        command = [sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    given = ("--captions", captions, "--vocabulary", vocabulary)
    for number in (1, 2):
        done = run("relclip.kb", *given, "--shard", f"{number}/2", "--output", tmp_path / str(number))
        assert done.returncode == 0, done.stderr
    done = run(
        "relclip.kb.merge", "--shards", tmp_path / "1", tmp_path / "2", "--output", tmp_path / "merged"
    )
    assert done.returncode == 0, done.stderr
    mine([captions], vocabulary, tmp_path / "whole")
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole")
    done = run("relclip.kb", *given, "--shard", "3/2", "--output", tmp_path / "bad")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", "1/0"])
def test_a_shard_is_k_of_n(text):
    with pytest.raises(InputError, match="no k/n"):
        Shard.parse(text)
