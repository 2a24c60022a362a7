"""Hostile inputs of the evaluator's three commands: one sentence, bounded, and no input lost."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from evaluate_reference import random_case, write_case
from hypothesis import given, settings
from hypothesis import strategies as st

from relclip.__main__ import COMMANDS
from relclip.core import command, parquet
from relclip.core.atomic import atomic_file, atomic_folder, inputs_protected, write_json
from relclip.core.command import sentence, shown
from relclip.core.errors import ContractError, InputError, RelclipError
from relclip.core.forms import load_aliases
from relclip.core.json_file import read_json
from relclip.core.params.reading import read_content as read_params
from relclip.core.parquet import count_rows, read_table
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.evaluate import inert_pickle
from relclip.evaluate.__main__ import main as evaluate_main
from relclip.evaluate.compare_inputs import written_side
from relclip.evaluate.convert import load_image_ids
from relclip.evaluate.hits import HITS
from relclip.evaluate.inert_pickle import InertPickle
from relclip.evaluate.relation_batches import relation_batches
from relclip.evaluate.torch_file import torch_file
from relclip.evaluate.views import load_train_triplets
from relclip.kb.lexicon import known_verbs
from relclip.project.completion import _parser_of

SHARED = Path(__file__).resolve().parents[3] / "shared" / "cases" / "hostile"
CASES = sorted(path for path in SHARED.iterdir()) if SHARED.is_dir() else []


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(not CASES, reason="../shared/cases is not here")
def test_the_shared_cases_end_in_a_sentence_and_lose_nothing(tmp_path):
    for case in CASES:
        folder = tmp_path / case.name
        shutil.copytree(case, folder)
        before = contents(folder)
        command = (
            (case / "cmd").read_text("utf-8").strip().splitlines()[-1].replace("python", sys.executable, 1)
        )
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, capture_output=True, check=False, timeout=300, env=os.environ
        )
        assert done.returncode == 2, (case.name, done.stderr[-300:])
        assert b"Traceback" not in done.stderr, case.name
        assert contents(folder) == before, case.name


def unpickled(stream):
    return InertPickle(stream, 0, lambda *_: None, lambda saved: saved).load()


def doubling(times):
    """A pickle of a tuple that holds itself so far twice, again and again: 2 ** times items to print, few to hold."""
    return (
        b"K\x01"
        + b"".join(b"q" + bytes([one]) + b"h" + bytes([one]) + b"\x86" for one in range(times))
        + b"."
    )


@pytest.mark.parametrize(
    "stream",
    [
        b"(" * (1 << 21) + b".",
        b"N" * (1 << 21) + b".",
        b"}"
        + b"\x8a\x09"
        + ((1 << 61) - 1).to_bytes(9, "little")
        + b"K\x01s.",  # keys that fall onto one another
        b"}" + doubling(40)[:-1] + b"K\x01s.",
        b"ctorch\nSize\n(" + b"N" * 1000 + b"t\x85R.",
    ],
    ids=["marks", "values", "a key beyond 61 bits", "a doubling tuple as a key", "a shape of 1000 sides"],
)
def test_streams_without_end_are_refused(stream):
    with pytest.raises(InputError, match="cannot be read") as met:
        unpickled(stream)
    assert len(str(met.value)) < 1000


def test_a_doubling_tuple_is_held_and_never_printed():
    value = unpickled(doubling(60))
    assert value[0] is value[1]


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.lists(
        st.sampled_from([bytes([one]) for one in b"(}])N\x88JKMGXcRb\x81t\x85\x86aeusqrhjQ."]), max_size=30
    )
)
def test_any_stream_is_a_value_or_a_sentence(instructions):
    try:
        unpickled(b"".join(instructions) + bytes(16))
    except InputError as error:
        assert len(str(error)) < 1000


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_no_dump(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("dump") / "d"
    for start in (b"PK\x03\x04", b"\x80\x02", b""):
        path.write_bytes(start + content)
        with pytest.raises(InputError), torch_file(path) as value:
            assert value is None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[1.9, 2]",
        "[1e999, 2]",
        "[-1, 2]",
        "[true, 2]",
        '[{"img_file": 3}, 2]',
        "1 -2",
        "1 \xff",
        "1_0 2",
    ],
)
def test_ids_that_are_none(tmp_path, text):
    (tmp_path / "ids").write_bytes(text.encode("latin-1"))
    with pytest.raises(ContractError, match="give a number a line"):
        load_image_ids(tmp_path / "ids", 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(switches=JSON, per_predicate=JSON)
def test_any_metrics_beside_the_hits_is_read_or_named(tmp_path_factory, switches, per_predicate):
    folder = tmp_path_factory.mktemp("side")
    hits = pa.table([[1], [0], [1], [1], [0], [0], [False]], names=HITS.names).cast(HITS)
    pq.write_table(hits, folder / "hits.parquet")
    (folder / "metrics.json").write_text(json.dumps({"switches": switches, "per_predicate": per_predicate}))
    try:
        written_side([folder])
    except RelclipError as error:
        assert "metrics.json" in str(error)


def test_a_stream_of_small_instructions_ends(monkeypatch):
    monkeypatch.setattr(inert_pickle, "MOST_STEPS", 1000)
    with pytest.raises(InputError, match="more instructions"):
        unpickled(b"]" + b"K\x01a" * 1000 + b".")


@pytest.mark.parametrize(
    "read",
    [
        read_json,
        lambda path: read_table(path, pa.schema([("a", pa.int64())])),
        lambda path: load_image_ids(path, 1),
        load_aliases,
        known_verbs,
        lambda path: load_names(str(path)),
        read_params,
    ],
    ids=["json", "parquet", "ids", "aliases", "verbs", "vocabulary", "params"],
)
def test_neither_a_fifo_nor_a_device_is_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "f")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("f", "zero"):
        with pytest.raises(
            (RelclipError, OSError), match=r"no file|does not exist|is no list|neither built in"
        ):
            read(tmp_path / name)


@pytest.mark.parametrize("kind", ["rows", "filtered rows", "one long text"])
def test_a_small_file_of_a_large_table_is_refused_before_it_is_read(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(parquet, "LARGE", 1 << 20)  # in a test a megabyte is large
    column, value = ("split", "x" * 100_000) if kind == "one long text" else ("image_id", 7)
    table = pa.table(
        {column: pa.array([value]).take(pa.array(np.zeros(300_000 if value == 7 else 100, int)))}
    )
    pq.write_table(table, tmp_path / "bomb", compression="zstd")
    with pytest.raises(ContractError, match=r"rows, 0\.0 GB in memory, in a file of [\d,]+ bytes"):
        if kind == "filtered rows":
            list(relation_batches(tmp_path / "bomb", np.zeros(1, np.int64)))
        else:
            read_table(tmp_path / "bomb", table.schema)


def test_a_column_whose_name_is_no_text(tmp_path):
    pq.write_table(pa.table({"score": np.zeros(1)}), tmp_path / "t")
    (tmp_path / "t").write_bytes((tmp_path / "t").read_bytes().replace(b"score", b"sc\xff\xfee"))
    for read in (read_table, count_rows):
        with pytest.raises(ContractError, match="not readable as Parquet"):
            read(tmp_path / "t", pa.schema([("score", pa.float64())]))


@pytest.mark.parametrize("count", [[-5, 1], [(1 << 63) - 1, (1 << 63) - 1]])
def test_counts_of_train_that_cannot_be(tmp_path, count):
    table = pa.table([[1, 1], [1, 1], [1, 1], count], names=parquet.TRIPLETS.names).cast(parquet.TRIPLETS)
    pq.write_table(table, tmp_path / "t")
    with pytest.raises(ContractError, match="counts below 0 or beyond"):
        load_train_triplets(tmp_path / "t", Vocabulary(("a",), ("b",)))


def test_a_large_table_of_measurements_passes(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LARGE", 1 << 16)
    table = pa.table({"image_id": np.repeat(np.arange(2_000), 20), "split": ["train", "val"] * 20_000})
    pq.write_table(table, tmp_path / "t", compression="zstd")
    assert read_table(tmp_path / "t", table.schema).equals(table)


def test_text_in_parquet_is_utf8_and_columns_are_named_once(tmp_path):
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(struct.pack("<ii", 0, 1)), pa.py_buffer(b"\xff")]
    )
    pq.write_table(pa.table({"split": bad}), tmp_path / "bad")
    with pytest.raises(ContractError, match="'split' that is not UTF-8"):
        read_table(tmp_path / "bad", pa.schema([("split", pa.string())]))
    pq.write_table(pa.table([np.zeros(1), np.zeros(1)], names=["score", "score"]), tmp_path / "twice")
    with pytest.raises(ContractError, match="'score' more than once"):
        read_table(tmp_path / "twice", pa.schema([("score", pa.float64())]))


def parsed(read, *written):
    """What every command does: its parser says what it reads and what it writes."""
    parser = command.parser("relclip.anything", "")
    for name in ("in", "output", "hits"):
        parser.add_argument(f"--{name}", type=Path, nargs="+" if name == "in" else None)
    options = [word for pair in zip(("--output", "--hits"), written, strict=False) for word in pair]
    return parser.parse_args([*options, "--in", *map(str, read)])


def test_an_output_never_touches_an_input(tmp_path):
    held = tmp_path / "in" / "held"
    held.parent.mkdir()
    held.write_text("precious")
    (tmp_path / "link").symlink_to(held)
    os.mkfifo(tmp_path / "fifo")
    with inputs_protected():
        parsed([held], str(tmp_path / "out"))
        with pytest.raises(InputError, match="is read here"), atomic_file(held) as temporary:
            temporary.write_text("gone")
        with pytest.raises(InputError, match="is read here"), atomic_folder(tmp_path / "in"):
            pass
        for name in ("link", "fifo"):
            with pytest.raises(InputError, match="is a link or a device"):
                parsed([held], str(tmp_path / name))
        with pytest.raises(InputError, match="named for two outputs"):
            parsed([held], str(tmp_path / "out"), str(tmp_path / "in" / ".." / "out"))
    assert held.read_text() == "precious"


def test_what_was_read_below_an_input_stays_and_an_own_output_may_be_written_again(tmp_path):
    (tmp_path / "in" / "own").mkdir(parents=True)
    for path in (held := tmp_path / "in" / "held", own := tmp_path / "in" / "own" / "state"):
        path.write_text("{}")
    with inputs_protected():
        parsed([tmp_path / "in"], str(own.parent))
        for path in (held, own):
            read_json(path)
        write_json(own, "again")
        write_json(tmp_path / "in" / "new", "beside")
        with pytest.raises(InputError, match="is read here"):
            write_json(held, "gone")
    assert held.read_text() == "{}"


def test_every_command_is_inside_the_guard(tmp_path, monkeypatch):
    held = tmp_path / "held"
    held.write_text("precious")
    monkeypatch.setattr(sys, "argv", ["relclip", "--in", str(held)])

    def main():
        parser = command.parser("relclip.anything", "")
        parser.add_argument("--in", type=Path)
        parser.parse_args()
        write_json(held, "gone")

    with pytest.raises(SystemExit) as met:
        command.run(main)
    assert (met.value.code, held.read_text()) == (command.FAILED, "precious")


def test_options_that_write_are_known():
    """Whatever names an output is in WRITTEN: by the help that a command gives it."""
    unknown = []
    for module, _ in COMMANDS.values():
        parser = _parser_of(module)
        for action in parser._actions if parser else []:
            writes = re.search(r"\b(write|written|to make|output)\b", f"{action.dest} {action.help or ''}")
            if action.type is Path and action.dest not in command.WRITTEN and writes:
                unknown.append(f"{module} --{action.dest}: {action.help}")
    assert unknown == []


def test_control_characters_do_not_reach_the_terminal():
    assert shown("a\x1b[31mb\tc\n") == "a\\x1b[31mb\tc\n"
    assert sentence("a\x1b[31mb\tc\n") == "a\\x1b[31mb\\tc\\n"
    assert sentence("name " * 10_000).endswith("...") and len(sentence("name " * 10_000)) < 5_000


@pytest.mark.parametrize("output", ["folder", "groundtruth/objects.parquet/metrics.json"])
def test_an_output_that_cannot_be_written_is_said_before_the_other_one_is(
    tmp_path, monkeypatch, capsys, output
):
    truth, predictions = write_case(tmp_path, random_case(np.random.default_rng(0), 3))
    (tmp_path / "folder").mkdir()
    hits = tmp_path / "hits.parquet"
    where = ["--groundtruth", truth, "--predictions", predictions, "--task", "sgdet"]
    words = [*where, "--output", tmp_path / output, "--hits", hits]
    monkeypatch.setattr(sys, "argv", ["relclip evaluate", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        command.run(evaluate_main)
    assert ended.value.code == 2
    assert "must be written" in capsys.readouterr().err
    assert not hits.exists()
