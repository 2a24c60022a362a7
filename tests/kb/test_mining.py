"""The stage: same bytes whatever the workers and chunks, resumable, counted drops, clear refusals."""

import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relclip.core import command
from relclip.core.errors import ContractError, InputError
from relclip.core.forms import verb_forms
from relclip.core.params.kb import Kb
from relclip.core.parquet import EVIDENCE, TRIPLETS, read_table, table_of
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.kb import Language, Miner, aggregate, mine, mine_caption, mining
from relclip.kb import __main__ as command_line
from relclip.kb.align import named

SENTENCES = [
    "a man riding a horse",
    "snow covered mountain",
    "two men sitting on a bench",
    "nothing to see here",
    "a dog and a cat lying on a bed",
]


@pytest.fixture
def captions(tmp_path):
    path = tmp_path / "captions.tsv"
    path.write_text("".join(f"{SENTENCES[n % 5]}\tc{n}\n" for n in range(103)), "utf-8")
    return path


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_equals_counting_caption_by_caption(tmp_path, captions, vocabulary):
    mine([captions], vocabulary, tmp_path / "kb")
    miner = Miner(load_vocabulary(vocabulary))
    expected = [
        (*triplet, line.split("\t")[1])
        for line in captions.read_text().splitlines()
        for triplet in miner.triplets(line.split("\t")[0])
    ]
    evidence = read_table(tmp_path / "kb" / "evidence.parquet", EVIDENCE).to_pydict()
    assert list(zip(*evidence.values(), strict=True)) == sorted(expected)
    triplets = read_table(tmp_path / "kb" / "triplets.parquet", TRIPLETS).to_pydict()
    counted = Counter(row[:3] for row in expected)
    assert list(zip(*triplets.values(), strict=True)) == [(*key, counted[key]) for key in sorted(counted)]


@pytest.mark.parametrize(("least", "shard"), [(1, None), (3, None), (3, {"number": 1})])
def test_files_and_statistics_equal_a_counter(tmp_path, monkeypatch, least, shard):
    """Of evidence in two files, in no order; written in rows of seven, whatever DuckDB's batches are."""
    monkeypatch.setattr(aggregate, "ROWS", 7)
    monkeypatch.setattr(aggregate, "TOP", 2)
    draw = np.random.default_rng(0)
    rows = [(*ids, f"c{place}") for place, ids in enumerate((draw.integers(0, 3, (60, 3)) + 1).tolist())]
    folder = tmp_path / "predicate_id=1"  # a column, where folders are partitions
    folder.mkdir()
    for place, name in enumerate(("0", "[01]")):  # as a pattern the second would be the first
        table = table_of(list(zip(*rows[place::2], strict=True)), EVIDENCE)
        pq.write_table(table, folder / f"{name}.parquet")
    names = Vocabulary(("man", "horse", "bike"), ("on", "by", "at", "never said"))
    mined = aggregate.Settings(names, least, "rules", Vocabulary(("bike",), ()))
    files = sorted(folder.iterdir())
    found = aggregate.write(
        files, tmp_path / "scratch", tmp_path / "kb", mined, {"captions": 60}, shard=shard
    )
    times = Counter(row[:3] for row in rows)
    kept = sorted(key for key, count in times.items() if shard or count >= least)
    triplets = pq.read_table(tmp_path / "kb" / "triplets.parquet").to_pylist()
    assert [tuple(row.values()) for row in triplets] == [
        (
            *key,
            times[key],
            *(
                names.predicates[number - 1] if place == 1 else names.objects[number - 1]
                for place, number in enumerate(key)
            ),
        )
        for key in kept
    ]
    evidence = pq.ParquetFile(tmp_path / "kb" / "evidence.parquet")
    expected = sorted(row for row in rows if row[:3] in kept)
    assert [tuple(row.values()) for row in evidence.read().to_pylist()] == expected
    groups = [evidence.metadata.row_group(number).num_rows for number in range(evidence.num_row_groups)]
    assert groups[:-1] == [7] * (len(expected) // 7) and sum(groups) == len(expected)
    for number, name in enumerate(names.predicates, 1):
        of = sorted((key for key in kept if key[1] == number), key=lambda key: (-times[key], key))
        top = [
            {"subject": names.objects[s - 1], "object": names.objects[o - 1], "count": times[s, p, o]}
            for s, p, o in of[:2]
        ]
        counts = {"triplets": len(of), "mentions": sum(map(times.get, of)), "top": top}
        assert found["predicates"][name] == counts
    totals = [found[name] for name in ("triplets", "mentions", "predicates_with_triplets", "captions")]
    assert totals == [len(kept), len(expected), 3, 60] and found.get("shard") == shard
    assert (found["min_count"], found["objects_not_mined"]) == (least, ["bike"])
    assert json.loads((tmp_path / "kb" / "statistics.json").read_text()) == found


@pytest.mark.parametrize("sizes", [(3, 1), (7, 2), (50, 3), (1000, 2)])
def test_same_bytes_for_any_chunk_and_workers(tmp_path, captions, vocabulary, monkeypatch, sizes):
    monkeypatch.setattr(mining, "BLOCK", 5)
    mine([captions], vocabulary, tmp_path / "one", Kb(chunk=1000, workers=1))
    mine([captions], vocabulary, tmp_path / "other", Kb(chunk=sizes[0], workers=sizes[1]))
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_a_killed_run_goes_on_from_its_finished_chunks(tmp_path, captions, vocabulary, monkeypatch):
    params = Kb(chunk=10, workers=1)
    mine([captions], vocabulary, tmp_path / "whole", params)
    original = mining.mine_block
    calls = []

    def dies_at_the_fifth(block, miner):
        calls.append(block)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(block, miner)

    monkeypatch.setattr(mining, "mine_block", dies_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        mine([captions], vocabulary, tmp_path / "kb", params)
    assert contents(tmp_path / "kb") == {}
    mine([captions], vocabulary, tmp_path / "kb", params)
    assert len(calls) == 5 + 11 - 4
    assert contents(tmp_path / "kb") == contents(tmp_path / "whole")
    assert not list(tmp_path.glob(".kb*"))


def test_kill_9_then_the_same_command_gives_the_same_bytes(tmp_path, captions, vocabulary):
    slow = (
        "import sys, time; from pathlib import Path\n"
        "from relclip.core.params.kb import Kb; from relclip.kb import mining\n"
        "fast = mining.mine_block\n"
        "def slowly(block, miner): time.sleep(0.2); return fast(block, miner)\n"
        "mining.mine_block = slowly\n"
        "mining.mine([Path(sys.argv[1])], Path(sys.argv[2]), Path(sys.argv[3]), Kb(workers=2, chunk=10))"
    )
    command = [sys.executable, "-c", slow, str(captions), str(vocabulary), str(tmp_path / "kb")]
    third = tmp_path / ".kb.work" / "chunk-000002.json"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as parent:
        while not third.exists():
            assert parent.poll() is None
            time.sleep(0.01)
        parent.kill()
    assert contents(tmp_path / "kb") == {}
    mine([captions], vocabulary, tmp_path / "kb", Kb(chunk=10, workers=1))
    mine([captions], vocabulary, tmp_path / "whole", Kb(chunk=1000, workers=1))
    assert contents(tmp_path / "kb") == contents(tmp_path / "whole")


def test_other_captions_do_not_reuse_the_work_of_a_killed_run(tmp_path, captions, vocabulary, monkeypatch):
    params = Kb(chunk=10, workers=1)
    with monkeypatch.context() as patch:
        patch.setattr(mining.aggregate, "write", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            mine([captions], vocabulary, tmp_path / "kb", params)
    captions.write_text("a cat riding a horse\tx\n")
    mine([captions], vocabulary, tmp_path / "kb", params)
    assert read_table(tmp_path / "kb" / "evidence.parquet", EVIDENCE)["caption_id"].to_pylist() == ["x"]


def test_gzip_parquet_and_several_files_give_the_same(tmp_path, captions, vocabulary):
    zipped = tmp_path / "captions.tsv.gz"
    zipped.write_bytes(gzip.compress(captions.read_bytes()))
    rows = [line.split("\t") for line in captions.read_text().splitlines()]
    table = pa.table({"caption_id": [row[1] for row in rows], "caption": [row[0] for row in rows]})
    pq.write_table(table, tmp_path / "captions.parquet")
    for name in ("captions.tsv", "captions.tsv.gz", "captions.parquet"):
        mine([tmp_path / name], vocabulary, tmp_path / "kb" / name)
    both = mine([zipped, captions], vocabulary, tmp_path / "both")
    first = contents(tmp_path / "kb" / "captions.tsv")
    assert (
        first
        == contents(tmp_path / "kb" / "captions.tsv.gz")
        == contents(tmp_path / "kb" / "captions.parquet")
    )
    assert both["captions"] == 206


def test_bad_lines_are_counted(tmp_path, vocabulary):
    path = tmp_path / "bad.tsv"
    path.write_bytes(
        b"a man riding a horse\t1\r\nno tab here\n\n\xff\xfe man riding a bike\t\xff2\na cat\t3\textra"
    )
    statistics = mine([path], vocabulary, tmp_path / "kb")
    assert statistics["captions"] == 3
    assert statistics["captions_with_triplet"] == 2
    assert statistics["lines_without_tab"] == 1
    assert statistics["lines_not_utf8"] == 1
    ids = read_table(tmp_path / "kb" / "evidence.parquet", EVIDENCE)["caption_id"].to_pylist()
    assert sorted(ids) == ["1", "\ufffd2"]


def test_min_count_drops_rare_triplets_and_their_evidence(tmp_path, captions, vocabulary):
    captions.write_text("man riding horse\t1\nman riding horse\t2\nman riding bike\t3\n")
    statistics = mine([captions], vocabulary, tmp_path / "kb", Kb(min_count=2))
    assert statistics["triplets"] == 1
    assert statistics["predicates"]["riding"]["top"] == [{"subject": "man", "object": "horse", "count": 2}]
    assert read_table(tmp_path / "kb" / "evidence.parquet", EVIDENCE).num_rows == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"no tab\n"])
def test_a_file_without_captions_is_refused(tmp_path, vocabulary, content):
    path = tmp_path / "empty.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no caption in"):
        mine([path], vocabulary, tmp_path / "kb")
    assert not list(tmp_path.glob("*kb*"))


def test_damaged_files_are_refused(tmp_path, vocabulary):
    for name, content in {"a.gz": b"\x1f\x8b\x08garbage", "b.parquet": b"PAR1garbage"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            mine([tmp_path / name], vocabulary, tmp_path / "kb")
    assert not list(tmp_path.glob("*kb*"))
    with pytest.raises(InputError, match="does not exist"):
        mine([tmp_path / "absent"], vocabulary, tmp_path / "kb")


def test_names_stand_beside_ids(tmp_path, captions, vocabulary):
    mine([captions], vocabulary, tmp_path / "kb")
    names = pq.read_table(tmp_path / "kb" / "triplets.parquet", columns=["subject", "predicate", "object"])
    assert {"subject": "mountain", "predicate": "covered in", "object": "snow"} in names.to_pylist()


def test_marks_and_markup_are_read_as_text(tmp_path, vocabulary):
    path = tmp_path / "marks.tsv"
    lines = [
        "<b>a man</b>\u2026 riding a \u201chorse\u201d \U0001f40e",
        "a man riding a horse &amp;#10; &lt;br&gt;\x00",
    ]
    path.write_text("".join(f"{line}\t{n}\n" for n, line in enumerate(lines)), "utf-8")
    assert mine([path], vocabulary, tmp_path / "kb")["captions_with_triplet"] == 2


def test_predicates_that_cannot_be_mined_are_named(tmp_path, captions):
    path = tmp_path / "vocabulary.json"
    predicates = ["riding", "and", "to", "for", "juggling", "xyzzy", "without", "made", "to the left of"]
    never = ["-", "---", "9", "is", "man's shoe", "no parking sign", "Kitchen & dining room table"]
    path.write_text(json.dumps({"objects": ["man", "horse", "back", *never], "predicates": predicates}))
    statistics = mine([captions], path, tmp_path / "kb")
    assert statistics["predicates_not_mined"] == ["and", "to", "for", "xyzzy", "without", "made"]
    assert statistics["objects_not_mined"] == never
    assert statistics["predicates"]["riding"]["triplets"] == 1
    path.write_text(json.dumps({"objects": ["...", "_"], "predicates": ["-"]}))
    assert mine([captions], path, tmp_path / "kb")["objects_not_mined"] == ["...", "_"]
    path.write_text(json.dumps({"objects": ["man"], "predicates": []}))
    with pytest.raises(ContractError, match="'predicates' is empty"):
        mine([captions], path, tmp_path / "kb")


@pytest.mark.parametrize("noun", ["ski", "skateboard", "surf", "bike", "saw", "horse"])
def test_a_class_that_is_a_predicates_verb_too_is_met(noun):
    """With skiing a ski was a verb alone: named as a class that can never be met, and its captions were lost."""
    words = Vocabulary((noun, "tree", "girl"), ("on", doing := verb_forms(noun).gerund))
    assert Miner(words).not_mined == Vocabulary((), ())
    assert mine_caption(f"two {noun}s on the tree", words) == [(noun, "on", "tree")]
    assert mine_caption(f"a girl on a {noun}", words) == [("girl", "on", noun)]
    assert mine_caption(f"a girl {doing} a tree", words) == [("girl", doing, "tree")]


def test_a_predicate_called_like_a_thing_hides_no_other():
    """Predicates were tried on a man and a horse alone, which are verbs then."""
    assert Miner(Vocabulary(("man", "horse"), ("riding", "man", "horse on"))).not_mined.predicates == ()


@pytest.mark.parametrize("predicates", [("inside of",), ("inside of", "inside"), ("inside", "inside of")])
def test_open_images_inside_of_is_inside_where_that_is_no_predicate(predicates):
    words = Vocabulary(("cup", "box"), predicates)
    own = "inside" if "inside" in predicates else "inside of"
    assert mine_caption("a cup inside a box", words) == [("cup", own, "box")]
    assert mine_caption("a cup inside of the box", words) == [("cup", own, "box")]


def test_an_alias_takes_no_predicate_s_own_word():
    words, aliases = (
        Vocabulary(("cup", "box"), ("in", "inside")),
        {"in": "inside", "sitting inside of": "inside"},
    )
    miner = Miner(words, Language(predicate_aliases=aliases))
    assert not miner.not_mined.predicates
    for caption, own in (("a cup in a box", "in"), ("a cup sitting inside of a box", "inside")):
        assert named(miner.triplets(caption), words) == [("cup", own, "box")]


def test_workers_end_with_a_killed_parent(tmp_path, captions, vocabulary):
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from relclip.core.params.kb import Kb; from relclip.kb import mining\n"
        "def wait(block, miner): os.write(1, b'%d\\n' % os.getpid()); time.sleep(60)\n"
        "mining.BLOCK, mining.mine_block = 5, wait\n"
        "mining.mine([Path(sys.argv[1])], Path(sys.argv[2]), Path(sys.argv[3]), Kb(workers=2))"
    )
    command = [sys.executable, "-c", script, str(captions), str(vocabulary), str(tmp_path / "kb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    for _ in range(100):
        if not any(running(worker) for worker in workers):
            return
        time.sleep(0.1)
    pytest.fail(f"workers {workers} outlived their parent")


def running(process):
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().split(") ")[1][0] != "Z"


def test_the_command_says_what_was_left_out(tmp_path, monkeypatch, capsys):
    path = tmp_path / "swapped.tsv"
    path.write_bytes(b"id1\ta man riding a horse\nno tab\nid\xff\tx\n")
    words = [
        "kb",
        "--captions",
        str(path),
        "--output",
        str(tmp_path / "kb"),
        "--min-count",
        "2",
        "--workers",
        "1",
    ]
    monkeypatch.setattr(sys, "argv", words)
    command_line.main()
    said = capsys.readouterr().out
    assert (
        "without a tab, left out: 1 line\n" in said
        and "not UTF-8, of which what cannot be read became U+FFFD: 1 line\n" in said
    )
    assert "the caption is a line's first field" in said
    assert json.loads((tmp_path / "kb" / "statistics.json").read_text())["min_count"] == 2


@pytest.mark.parametrize(
    ("given", "predicates"),
    [
        ([], 20),
        (["vg150", "vg50"], 50),
        (["vg150", "mine.txt"], 1),
        (["vg150"], "--vocabulary is 'vg150'; give a vocabulary.json that is there, or two lists"),
        (["found", "found"], "such as vg150 vg50"),
        (["vg150", "vg51"], r"'vg51' is neither built in \(vg150, vg20, vg50"),
        (["."], "is a folder; give a vocabulary.json"),
    ],
)
def test_a_vocabulary_is_a_file_or_two_lists(tmp_path, captions, monkeypatch, given, predicates):
    (tmp_path / "mine.txt").write_text("riding\n")
    monkeypatch.chdir(tmp_path)
    words = ["kb", "--captions", captions.name, "--workers", "1", "--output", "kb"]
    monkeypatch.setattr(sys, "argv", [*words, *(["--vocabulary", *given] if given else [])])
    with (
        nullcontext()
        if isinstance(predicates, int)
        else pytest.raises((InputError, ContractError), match=predicates)
    ):
        command_line.main()
        assert len(json.loads(Path("kb/statistics.json").read_text())["predicates"]) == predicates


def test_an_empty_shard_is_not_said_to_state_nothing(captions, tmp_path, monkeypatch, capsys):
    words = ["kb", "--captions", str(captions), "--output", str(tmp_path / "kb"), "--workers", "1"]
    monkeypatch.setattr(sys, "argv", [*words, "--shard", "2/2"])
    command_line.main()
    assert capsys.readouterr().out == "0 triplets from 0 of 0 captions\n"


def test_captions_are_never_replaced_by_what_was_mined(tmp_path, monkeypatch, capsys):
    path = tmp_path / "kb/triplets.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"caption": SENTENCES, "caption_id": list("abcde")}), path)
    before = path.read_bytes()
    words = ["relclip kb", "--captions", str(path), "--output", str(path.parent)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        command.run(command_line.main)
    assert ended.value.code == 2
    assert "which is read here" in capsys.readouterr().err
    assert path.read_bytes() == before
