"""The readers of `compare` and `convert` meet spoilt files: a result, or one sentence and nothing written."""

import io
import json
import shutil
from contextlib import redirect_stdout

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_evaluate_convert
import torch
from evaluate_reference import random_case, write_case
from hypothesis import given
from hypothesis import strategies as st
from mutated import SMALL, VALUES, as_json, contents, documents, ends_well, tried
from test_evaluate_convert import NAMES, dumped, full

from relclip.core.atomic import inputs_protected
from relclip.core.vocabulary import load_vocabulary
from relclip.evaluate import compare, evaluate
from relclip.evaluate.convert import convert

peer = test_evaluate_convert.peer
SIDE = ("hits.parquet", "metrics.json")


def as_bytes(write, value):
    file = io.BytesIO()
    write(value, file)
    return file.getvalue()


def spoilt_tables(table):
    """Parquet's bytes with a column of another value or type, or changed themselves."""

    def spoilt(name, value, times, kind):
        values = [value] * times + table[name].to_pylist()[times:]
        column = pa.array(values, table[name].type if kind == "the same" else None)
        return as_bytes(pq.write_table, table.set_column(table.column_names.index(name), name, column))

    drawn = st.tuples(
        st.sampled_from(table.column_names),
        st.sampled_from(VALUES),
        st.sampled_from([1, table.num_rows]),
        st.sampled_from(["the same", "another"]),
    )
    written = drawn.map(lambda one: tried(lambda: spoilt(*one))).filter(bool)
    return contents(as_bytes(pq.write_table, table)) | written


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """Two folders as `relclip evaluate` writes them, and what is in each."""
    folder = tmp_path_factory.mktemp("judged")
    report = evaluate(*write_case(folder, random_case(np.random.default_rng(3), images=4)), "sgdet")
    for name in "ab":
        (folder / name).mkdir()
        pq.write_table(report.hits, folder / name / SIDE[0])
        (folder / name / SIDE[1]).write_text(json.dumps(report.content))
    small = {key: report.content[key] for key in ("switches", "per_predicate")}
    return (
        folder,
        spoilt_tables(report.hits),
        documents(small) | documents(small["switches"]).map(lambda switches: {**small, "switches": switches}),
    )


@SMALL
@given(data=st.data())
def test_compare_with_a_spoilt_side(sides, monkeypatch, data):
    folder, tables, metrics = sides
    which = data.draw(st.sampled_from(SIDE))
    spoilt = tables if which == SIDE[0] else metrics.map(lambda one: as_json(one).encode())
    whole = (folder / "b" / which).read_bytes()
    words = [str(folder / "a"), str(folder / "b"), "--bootstrap", "3", "--output", str(folder / "o.json")]
    monkeypatch.setattr("sys.argv", ["relclip evaluate", *words])

    def act():
        with inputs_protected():
            compare.main()

    screen = io.StringIO()
    try:
        (folder / "b" / which).write_bytes(data.draw(spoilt))
        with redirect_stdout(screen):
            said = ends_well(act, folder / "o.json")
    finally:
        (folder / "b" / which).write_bytes(whole)
        (folder / "o.json").unlink(missing_ok=True)
    lines = screen.getvalue().splitlines()
    assert bool(lines) == (said is None)
    assert all(line.isprintable() and len(line) < 1000 for line in lines)


TENSORS = (
    *(torch.tensor([1, -2]), torch.tensor([[float("nan"), 1, 2, 3]]), torch.tensor([1e38] * 4).reshape(1, 4)),
    *(
        torch.zeros(0, 3),
        torch.zeros(2, 2, 2),
        torch.tensor(True),
        torch.full((1, 4), -7),
        torch.zeros(1, 4).half(),
    ),
    torch.tensor([[0, 0], [1 << 40, -1]]),
)


@SMALL
@given(data=st.data())
def test_convert_of_a_spoilt_dump(tmp_path_factory, peer, data):
    folder = tmp_path_factory.mktemp("dump")
    dump = dumped(peer, full(random_case(np.random.default_rng(12), images=2)))
    if data.draw(st.booleans()):
        one = data.draw(st.sampled_from(dump["groundtruths"] + dump["predictions"]))
        holder = data.draw(st.sampled_from([one.extra_fields, one.__dict__]))
        holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(st.sampled_from((*VALUES, *TENSORS)))
        written = as_bytes(torch.save, dump)
    else:
        written = data.draw(contents(as_bytes(torch.save, dump)))
    (folder / "dump").write_bytes(written)
    ends_well(lambda: convert(folder / "dump", NAMES, folder / "out"), folder / "out")
    shutil.rmtree(folder)


@SMALL
@given(data=st.data())
def test_names_and_ids_beside_a_spoilt_dump(tmp_path_factory, peer, data):
    folder = tmp_path_factory.mktemp("dump")
    dump = dumped(peer, full(random_case(np.random.default_rng(12), images=2)))
    (folder / "dump").write_bytes(as_bytes(torch.save, dump))
    vocabulary = {"objects": list(NAMES.objects), "predicates": list(NAMES.predicates)}
    for name, whole in (("names", vocabulary), ("ids", [{"img_file": "/a/7.jpg"}, {"img_file": "/a/5.jpg"}])):
        spoilt = documents(whole).map(lambda one: as_json(one).encode()) | contents(
            json.dumps(whole).encode()
        )
        (folder / name).write_bytes(data.draw(spoilt | st.just(json.dumps(whole).encode())))
    ends_well(
        lambda: convert(folder / "dump", load_vocabulary(folder / "names"), folder / "out", folder / "ids"),
        folder / "out",
    )
    shutil.rmtree(folder)
