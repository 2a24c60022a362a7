"""compare A B: differences, predicates, images; from written hits, from predictions; as text and as JSON."""

import doctest
import json
import os
import shutil
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from evaluate_reference import PREDICATES, random_case, write_case

from relclip.core import command
from relclip.core.errors import InputError, RelclipError
from relclip.core.metrics import MEASURES
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import write_table
from relclip.evaluate import (
    HITS,
    differences,
    evaluate,
    hit_changes,
    metrics_from_hits,
    text,
)
from relclip.evaluate import __main__ as public
from relclip.evaluate.compare_inputs import written_side
from relclip.evaluate.hit_changes import changed_images, compare_hits
from relclip.evaluate.hits import read_hits

NAMES = ("p0", "p1", "p2")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A ground truth, two folders of predictions (the second lost some rows), and the reports of both."""
    folder = tmp_path_factory.mktemp("two")
    random = np.random.default_rng(21)
    case = random_case(random, images=40)
    truth, first = write_case(folder / "a", case)
    for scene in case.values():
        scene["rows"] = [row for row in scene["rows"] if random.random() < 0.6]
    _, second = write_case(folder / "b", case)
    return truth, first, second, [evaluate(truth, one, "sgdet").hits for one in (first, second)]


def call(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["relclip evaluate", *map(str, words)])
    public.main()


def test_metrics_and_predicates_are_those_of_each_side(two):
    *_, (a, b) = two
    found = compare_hits([a], [b], NAMES, bootstrap=50, by="ng_recall_at_20")
    before, after = (metrics_from_hits(hits, PREDICATES) for hits in (a, b))
    left_out = {name for name in before if "accuracy" in name}  # of SGDet, which has no given pairs
    assert {name: one["a"] for name, one in found["metrics"].items()} | dict.fromkeys(left_out) == before
    assert {name: one["b"] for name, one in found["metrics"].items()} | dict.fromkeys(left_out) == after
    one = found["metrics"]["recall_at_100"]
    assert one["difference"] == pytest.approx(after["recall_at_100"] - before["recall_at_100"])
    assert one["difference"] < 0
    assert (one["verdict"], one["p"]) == ("B lower", pytest.approx(2 / 51))
    back, same = (
        compare_hits(*sides, NAMES, bootstrap=50)["metrics"] for sides in (([b], [a]), ([a, b], [b, a]))
    )
    assert back["recall_at_100"]["verdict"] == "B higher"
    assert {one["verdict"] for one in same.values()} == {"undecided"}
    for number, name in enumerate(NAMES, 1):
        rows = [row for row in a.to_pylist() if row["predicate_id"] == number]
        images = {row["image_id"] for row in rows}
        recall = np.mean(
            [np.mean([0 <= r["ng_rank"] < 20 for r in rows if r["image_id"] == i]) for i in images]
        )
        assert found["per_predicate"][name]["a"] == pytest.approx(recall)
        assert found["per_predicate"][name]["groundtruth"] == len(rows)


@pytest.mark.parametrize("listed", ["", "ng_"])
def test_changed_images_equal_a_plain_loop(two, listed):
    *_, (a, b) = two
    by = f"{listed}recall_at_20"
    assert 20 in {*a[f"{listed}rank"].to_pylist(), *b[f"{listed}rank"].to_pylist()} or not listed
    expected = {}
    for one, other in zip(a.to_pylist(), b.to_pylist(), strict=True):
        hit = [0 <= row[f"{listed}rank"] < 20 for row in (one, other)]
        if hit[0] != hit[1]:
            gained, lost = expected.setdefault(one["image_id"], ([], []))
            (gained if hit[1] else lost).append((one["subject_id"], one["predicate_id"], one["object_id"]))
    shuffled = b.take(np.random.default_rng(0).permutation(b.num_rows))
    found = changed_images([a], [shuffled], by)
    assert len(found) > 5
    assert {one.image_id: (one.gained, one.lost) for one in found} == expected
    sizes = [len(one.gained) + len(one.lost) for one in found]
    assert sizes == sorted(sizes, reverse=True)
    assert changed_images([a], [a], by) == []
    assert changed_images([a, b], [b, a], by) == []  # what one seed gains, the other loses


def test_predictions_and_written_hits_give_the_same(two, tmp_path, monkeypatch, capsys):
    truth, first, second, _ = two
    for name, folder in (("a", first), ("b", second)):
        files = ["--output", tmp_path / name / "metrics.json", "--hits", tmp_path / name / "hits.parquet"]
        call(monkeypatch, "--groundtruth", truth, "--predictions", folder, "--task", "sgdet", *files)
    capsys.readouterr()
    small = ["--bootstrap", 40, "--images", 3]
    call(monkeypatch, "compare", tmp_path / "a", tmp_path / "b", "--output", tmp_path / "1.json", *small)
    shown = capsys.readouterr().out
    given = ["--groundtruth", truth, "--task", "sgdet", "--output", tmp_path / "2.json"]
    call(monkeypatch, "compare", first, second, *given, *small)
    assert capsys.readouterr().out == shown
    content = json.loads((tmp_path / "1.json").read_text())
    assert content == json.loads((tmp_path / "2.json").read_text())
    assert set(content["per_predicate"]) == set(NAMES)
    assert len(content["images"]["most"]) == 3
    line = next(line for line in shown.splitlines() if line.startswith("mR@50"))
    assert f"{100 * content['metrics']['mean_recall_at_50']['b']:.2f}" in line
    assert all(len(line) <= 120 and line == line.rstrip() for line in shown.splitlines())


def test_several_seeds_are_paired_in_their_order(two, tmp_path, monkeypatch):
    *_, hits = two
    for name, table in zip("ab", hits, strict=True):
        write_table(tmp_path / f"{name}_hits.parquet", table, HITS)
    a, b = tmp_path / "a_hits.parquet", tmp_path / "b_hits.parquet"
    with pytest.raises(InputError, match="give --vocabulary"):
        call(monkeypatch, "compare", a, b)
    words = ["--vocabulary", two[0] / "vocabulary.json", "--output", tmp_path / "o.json", "--bootstrap", 5]
    call(monkeypatch, "compare", "--worse", a, a, "--better", b, a, *words)
    content = json.loads((tmp_path / "o.json").read_text())
    assert content["seeds"] == 2
    assert content["metrics"]["recall_at_50"]["seeds"][1] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a"], "give two sides"),
        (["a", "b", "--better", "c"], "give two sides"),
        (["--better", "c"], "give two sides"),
        (["{root}/a", "{root}/b"], "A was judged with recall: per_image, B with recall: pooled"),
        (["{first}", "{second}", "--groundtruth", "{truth}"], "give --task"),
    ],
)
def test_what_cannot_be_compared(two, tmp_path, monkeypatch, words, sentence):
    truth, first, second, _ = two
    for name, reading in (("a", "per_image"), ("b", "pooled")):
        report = evaluate(truth, first, "sgdet", switches=Evaluate(recall=reading, bootstrap=0))
        write_table(tmp_path / name / "hits.parquet", report.hits, HITS)
        (tmp_path / name / "metrics.json").write_text(json.dumps(report.content))
    given = {"root": tmp_path, "truth": truth, "first": first, "second": second}
    with pytest.raises(InputError, match=sentence):
        call(monkeypatch, "compare", *[word.format(**given) for word in words])


def test_nothing_to_compare_is_shown_as_nothing():
    empty = pa.table([pa.array([], field.type) for field in HITS], schema=HITS)
    content = compare_hits([empty], [empty], NAMES)
    assert content["metrics"]["recall_at_50"]["difference"] is None
    assert "No image changed" in text.comparison_text(content)


@pytest.mark.parametrize("module", [hit_changes, text, differences])
def test_documentation_examples(module):
    assert doctest.testmod(module).failed == 0


def test_hits_of_an_older_version_are_compared_by_what_they_have(two, tmp_path):
    *_, (a, b) = two
    older = a.select(HITS.names)
    write_table(tmp_path / "older.parquet", older, HITS)
    found = compare_hits([read_hits(tmp_path / "older.parquet")], [b], NAMES, bootstrap=0)["metrics"]
    whole = compare_hits([a], [b], NAMES, bootstrap=0)["metrics"]
    assert found == {name: one for name, one in whole.items() if MEASURES[name].metric.hits == "rank"}
    assert {"phrase_recall_at_50", "pair_recall_at_50"} < set(whole) - set(found)


def test_head_body_and_tail_follow_from_how_often_train_has_each(two):
    *_, (a, b) = two
    count = np.array([5, 90, 40])
    found = compare_hits([a], [b], NAMES, bootstrap=0, train_count=count)
    for part, name in (("head", "p1"), ("body", "p2"), ("tail", "p0")):
        of_predicate = found["per_predicate"][name]
        assert found["metrics"][f"{part}_mean_recall_at_50"]["a"] == of_predicate["a"]


def test_a_run_of_several_tasks_names_their_folders(tmp_path):
    for task in ("predcls", "sgcls"):
        (tmp_path / task).mkdir()
        (tmp_path / task / "annotation_hits.parquet").touch()
    with pytest.raises(InputError, match=rf"give the folder of one: {tmp_path}/predcls, {tmp_path}/sgcls"):
        written_side([tmp_path])


def names_other(side):
    edit(side, lambda content: content["per_predicate"].update(q=content["per_predicate"].pop("p0")))


def names_fewer(side):
    edit(side, lambda content: content["per_predicate"].pop("p2"))


def name_with_escape_codes(side):
    edit(
        side,
        lambda content: content["per_predicate"].update({"\x1b[31m": content["per_predicate"].pop("p0")}),
    )


def edit(side, change):
    content = json.loads((side / "metrics.json").read_text())
    change(content)
    (side / "metrics.json").write_text(json.dumps(content))


def other_ranks(rank):
    def act(side):
        hits = pq.read_table(side / "hits.parquet")
        pq.write_table(hits.set_column(4, "rank", pa.array([rank] * len(hits))), side / "hits.parquet")

    return act


def instead(name, put):
    def act(side):
        (side / name).unlink()
        put(side / name)

    return act


HOSTILE = {
    "no hits": (
        lambda side: (side / "hits.parquet").unlink(),
        "has neither hits.parquet nor annotation_hits",
    ),
    "other predicates": (names_other, "A and B name other predicates"),
    "fewer predicates": (names_fewer, "A and B name other predicates"),
    "escape codes": (name_with_escape_codes, "'per_predicate' holds a name with control characters"),
    "NaN ranks": (other_ranks(float("nan")), "has nan in the column 'rank'"),
    "ranks below never": (other_ranks(-2), "has a rank below -1"),
    "other schema": (
        lambda side: pq.write_table(pa.table({"x": [1]}), side / "hits.parquet"),
        "lacks the column",
    ),
    "hits a device": (instead("hits.parquet", lambda path: path.symlink_to("/dev/zero")), "is no file"),
    "hits a FIFO": (instead("hits.parquet", os.mkfifo), "is no file"),
    "metrics a device": (instead("metrics.json", lambda path: path.symlink_to("/dev/zero")), "is no file"),
    "metrics a FIFO": (instead("metrics.json", os.mkfifo), "is no file"),
    "split of lists": (
        lambda side: edit(side, lambda content: content["switches"].update(split=["long"] * 10_000)),
        "the switch 'split' is no name",
    ),
    "dedup banana": (
        lambda side: edit(side, lambda content: content["switches"].update(dedup="banana")),
        "'dedup' must be one of True, False",
    ),
}


@pytest.fixture(scope="module")
def written(two, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    truth, first, *_ = two
    report = evaluate(truth, first, "sgdet", switches=Evaluate(bootstrap=0))
    for side in "ab":
        write_table(folder / side / "hits.parquet", report.hits, HITS)
        (folder / side / "metrics.json").write_text(json.dumps(report.content))
    return folder


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_side_is_one_sentence(written, tmp_path, monkeypatch, case):
    spoil, sentence = HOSTILE[case]
    shutil.copytree(written, tmp_path / "both")
    a, b = (tmp_path / "both" / side for side in "ab")
    spoil(b)
    with pytest.raises(RelclipError, match=sentence) as met:
        call(monkeypatch, "compare", a, b, "--bootstrap", 2, "--output", tmp_path / "o.json")
    assert command.sentence(str(met.value)) == str(met.value) and len(str(met.value)) < 500
    assert not (tmp_path / "o.json").exists()


def test_seeds_of_one_side_are_judged_alike(written, tmp_path, monkeypatch):
    shutil.copytree(written, tmp_path / "both")
    a, b = (tmp_path / "both" / side for side in "ab")
    edit(b, lambda content: content["switches"].update(recall="pooled"))
    with pytest.raises(
        InputError, match=f"{a}/hits.parquet was judged with recall: per_image, {b}/hits.parquet with"
    ):
        call(monkeypatch, "compare", "--worse", a, b, "--better", a, a)


def test_a_side_that_says_no_switch_at_all_is_compared(written, tmp_path, monkeypatch, capsys):
    shutil.copytree(written, tmp_path / "both")
    a, b = (tmp_path / "both" / side for side in "ab")
    edit(b, lambda content: content["switches"].clear())
    call(monkeypatch, "compare", a, b, "--bootstrap", 2)
    assert "37 images, 1 pair of models" in capsys.readouterr().out
