"""The parts of the page and beside it: summary, search of triplets, digests, model cards, names for MLflow."""

import hashlib
import json
import subprocess
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from made_inputs import OBJECTS, PREDICATES, RELEASED

from relclip.core import parquet
from relclip.core.atomic import write_text
from relclip.core.origin import Origin, read_origin
from relclip.core.page import embedded
from relclip.core.params.tables import Figures
from relclip.core.params.whole import load_workflow
from relclip.core.vocabulary import Vocabulary
from relclip.tables import provenance, values
from relclip.tables.cards import card
from relclip.tables.claims import Claim, Difference
from relclip.tables.gather import gather
from relclip.tables.layout import rows_of, run_names
from relclip.tables.plain import NO_BREAK
from relclip.tables.provenance import OTHER, RECORDED, UNKNOWN, artifacts
from relclip.tables.results import released
from relclip.tables.sources import KnowledgeBase
from relclip.tables.stage import data_digests, entries
from relclip.tables.summary import groups, leaders, whether_rcl_helped

WORDS = Vocabulary(tuple(OBJECTS), tuple(PREDICATES))


@pytest.fixture
def knowledge(tmp_path):
    """Three triplets said 3, 5 and 1 times, and their captions a0, a1, ..."""
    triplets = [(1, 1, 2, 3), (1, 2, 2, 5), (3, 1, 4, 1)]
    rows = [(*key, f"a{n}") for *key, count in triplets for n in range(count)]
    lists = [pa.array(column) for column in zip(*rows, strict=True)]
    table = pa.table(lists, names=parquet.EVIDENCE.names)
    parquet.write_table(tmp_path / "evidence.parquet", table, parquet.EVIDENCE)
    write_text(tmp_path / "captions.tsv", "".join(f"</script> {n}\ta{n}\n" for n in range(4)))
    columns = np.array(triplets).T
    return KnowledgeBase(dict(zip(parquet.TRIPLETS.names, columns, strict=True)))


def test_the_search_has_the_most_frequent_triplets_and_their_first_sentences(tmp_path, knowledge):
    found = values.kb_explorer(knowledge, WORDS, tmp_path, tmp_path / "captions.tsv")
    sentences = [[found["captions"][place][0] for place in places] for *_, places in found["triplets"]]
    assert [row[:4] for row in found["triplets"]] == [[1, 2, 2, 5], [1, 1, 2, 3], [3, 1, 4, 1]]
    assert sentences == [["a0", "a1", "a2"], ["a0", "a1", "a2"], ["a0"]]
    text = embedded(found)
    assert "</script>" not in text
    assert json.loads(text)["captions"][0] == ["a0", "</script> 0"]


def test_the_search_is_bounded(tmp_path, knowledge, monkeypatch):
    monkeypatch.setattr(values, "MOST_TRIPLETS", 2)
    monkeypatch.setattr(values, "MOST_SENTENCES", 4)
    found = values.kb_explorer(knowledge, WORDS, tmp_path, tmp_path / "captions.tsv")
    assert [len(row[4]) for row in found["triplets"]] == [3, 1]
    without = values.kb_explorer(knowledge, WORDS, tmp_path, None)
    assert [row[4] for row in without["triplets"]] == [[], []]


def test_artifacts_are_compared_with_the_lock(tmp_path):
    for name, content in (("one/a", "1"), ("one/b/c", "2"), ("other", "3"), ("new", "4")):
        write_text(tmp_path / name, content)
    write_text(tmp_path / "one/.snakemake_timestamp", "not counted")
    md5 = [hashlib.md5(text.encode()).hexdigest() for text in "12"]
    listed = f'[{{"md5": "{md5[0]}", "relpath": "a"}}, {{"md5": "{md5[1]}", "relpath": "b/c"}}]'
    folder = hashlib.md5(listed.encode()).hexdigest() + ".dir"
    paths = [tmp_path / name for name in ("one", "other", "new", "absent")]
    assert {one.recorded for one in artifacts(tmp_path, paths)} == {UNKNOWN}
    lock = f"stages:\n  s:\n    outs:\n    - {{path: one, md5: {folder}}}\n    - {{path: other, md5: '0'}}\n"
    write_text(tmp_path / "dvc.lock", lock)
    found = artifacts(tmp_path, paths)
    assert [(one.path, one.recorded) for one in found] == [
        ("one", RECORDED),
        ("other", OTHER),
        ("new", UNKNOWN),
    ]
    assert (found[0].md5, found[0].size) == (folder, 2)
    write_text(tmp_path / "dvc.lock", "- no lock")
    assert {one.recorded for one in artifacts(tmp_path, paths)} == {UNKNOWN}


def test_the_summary_names_the_leader_and_the_next(inputs):
    gathered = gather(inputs)
    table = gathered.annotation[0]
    for (heading, best), block in zip(leaders(gathered.annotation), table.blocks, strict=True):
        assert heading == block.title
        cells = [(line.cells[0].ours, line.name) for line in block.lines if line.cells[0].ours is not None]
        ranked = sorted(cells, reverse=True)
        assert (best[0].cell.ours, best[0].name, best[0].rows) == (*ranked[0], len(ranked))
        assert best[0].second == (ranked[1][1] if len(ranked) > 1 else "")


def test_who_is_level_is_said_by_the_paired_difference_or_the_intervals(inputs):
    table = gather(inputs).annotation[0]
    (block, *_), cells = table.blocks, table.blocks[0].lines[0].cells

    def line(name, ours, low, high):
        cell = replace(cells[0], ours=ours, low=low, high=high)
        return replace(block.lines[0], name=name, cells=(cell, *cells[1:]), runs=(name,))

    def claim(better, worse, low, high):
        one = Difference("annotation", "recall_at_50", (low + high) / 2, low, high, (0.0,))
        return Claim("c", "predcls", (better, f"{better}_seed1"), (worse, f"{worse}_seed1"), (one,))

    lines = (line("a", 50, 48, 52), line("b", 49, 47, 51), line("c", 45, 44, 46), line("d", 40, 39, 49))
    table = replace(table, blocks=(replace(block, lines=lines),))

    def level(*claims):
        return leaders([table], claims)[0][1][0].level

    assert level() == ("b", "d")
    assert level(claim("a", "b", 0.5, 1.5), claim("c", "a", -6, 1), claim("x", "d", 1, 2)) == ("c", "d")


@pytest.mark.parametrize(
    ("low", "high", "seeds", "words"),
    [
        (0.5, 1.5, (1, 1), "RCL helped: with"),
        (0.5, 1.5, (1,), "RCL helped at one seed: with"),
        (-0.5, 1.5, (1,), "Whether RCL helped is undecided: with"),
        (-2.0, -1.0, (1, 1), "RCL did not help, it was worse: with"),
    ],
)
def test_the_first_sentence_says_whether_rcl_helped(low, high, seeds, words):
    one = Difference("annotation", "recall_at_50", 0.5, low, high, seeds)
    claim = Claim("any words", "predcls", ("with",), ("without",), (one,))
    said = whether_rcl_helped([claim], Figures(rcl="with", no_rcl="without"))
    assert said.startswith(words) and f"R@50 +0.5 [{low:+.1f}, {high:+.1f}].".replace("-", "−") in said
    assert whether_rcl_helped([claim], Figures(rcl="with", no_rcl="another")) == ""


def test_claims_are_grouped_by_verdict():
    def claim(name, low, high, seeds):
        one = Difference("annotation", "recall_at_50", (low + high) / 2, low, high, seeds)
        return Claim(name, "predcls", ("a",), ("b",), (one,))

    found = groups(
        [
            claim("open", -1, 1, (0,)),
            claim("yes", 1, 2, (1, 2)),
            claim("once", 1, 2, (1,)),
            claim("no", -2, -1, (1, 2)),
        ]
    )
    assert [(group.verdict, [name for name, _ in group.claims]) for group in found] == [
        ("holds", ["yes"]),
        ("holds at one seed", ["once"]),
        ("undecided", ["open"]),
        ("does not hold", ["no"]),
    ]


def test_a_card_says_what_was_measured_and_how_to_load(inputs):
    params = load_workflow(inputs.params)
    (model,) = released(params, inputs.train, inputs.predict, inputs.evaluate)
    text = card(read_origin(inputs.raw), model, [("Commit", "a" * 40), ("Packages", "torch 9.9|x")])
    result = model.results["predcls", "annotation"]
    low, high = (100 * bound for bound in result.intervals["recall_at_50"])
    assert f"| {100 * result.metrics['recall_at_50']:.1f} [{low:.1f},{NO_BREAK}{high:.1f}]" in text
    assert f'model = load_model(Path("{inputs.train / RELEASED}"))' in text
    assert "f" * 64 in text and "1,234 labelled pairs" in text and "unknown" in text
    weakest = min((one["recall_at_100"], name) for name, one in result.per_predicate.items() if len(one) > 1)
    assert f"| {100 * weakest[0]:.1f} | 5 |" in text
    assert "eating$_{x" not in text and "never*seen*" not in text
    assert "pairs come from what captions say of such pairs" in text and "Its labels are guesses" in text
    semi = replace(model, settings={**model.settings, "method": "visualds_semi"})
    both = card(read_origin(inputs.raw), semi, [])
    assert "pairs come from their annotation and what captions say of such pairs" in both
    assert "Its labels are guesses" not in both
    new = replace(model, settings={**model.settings, "model": "new"})
    other = card(Origin(about="The folder x|y."), new, [])
    assert "(subject, relation, object). The network is 'new'" in other
    assert "Licence of the data: unknown" in other and "drawn" not in other and "x\\|y" in other


@pytest.mark.parametrize(
    ("commit", "checkout", "changed"),
    [
        ("a" * 40, True, False),
        (f"{'a' * 40} with uncommitted changes", True, True),
        ("unknown: no git", False, False),
    ],
)
def test_a_card_says_how_to_make_it_again(inputs, commit, checkout, changed):
    params = load_workflow(inputs.params)
    (model,) = released(params, inputs.train, inputs.predict, inputs.evaluate)
    text = card(read_origin(inputs.raw), model, [("Commit", commit), ("Packages", "torch 9.9|x")])
    assert f"snakemake --cores all {inputs.train / RELEASED}/model.safetensors\n```" in text
    assert (f"git checkout {'a' * 40}\n" in text, "does not hold" in text) == (checkout, changed)
    assert f"| Commit | {commit} |" in text and "| torch 9.9\\|x |" in text


def test_runs_are_named_as_in_the_tables(inputs):
    params = load_workflow(inputs.params)
    rows, names = rows_of(params), run_names(params)
    assert names["relclip_kb_seed1"] == "RelCLIP (KB), labels as input, seed 1"
    assert names["ba_sgg_full"] == "BA-SGG, full supervision"
    assert names["epsilon_03"] == "Table 6: 0.3"
    assert rows["no_rcl_none"] == ["Table 2: RelCLIP (No RCL)", "Table 3: No RCL (table 2)"]
    assert names["kb_counts"] == "KB counts"
    assert len(set(names.values())) == len(names)


def test_what_mlflow_gets(inputs, tmp_path):
    params = load_workflow(inputs.params)
    drawn = tmp_path / "figures" / "predicates" / f"{RELEASED}.svg"
    write_text(drawn, "<svg/>")
    (one,) = entries(params, inputs.train, inputs.predict, tmp_path)
    assert one.of == {"run": RELEASED, "model_sha256": "f" * 64}
    assert one.name == "RelCLIP (KB), labels as input, seed 0"
    assert one.tags["row"].startswith(
        "Table 1: RelCLIP (KB), labels as input, seed 0; Table 5: Ours, labels as input"
    )
    config = inputs.train / RELEASED / "config.json"
    assert one.files == {"figures": [drawn], "": [config]}
    assert one.data == data_digests(config)
    expected = hashlib.sha256(b"dataset/images.parquet aa\ndataset/objects.parquet bb\n").hexdigest()
    assert one.data["dataset"] == expected and set(one.data) == {"dataset", "kb"}
    assert replace(one, name="x") != one


def test_provenance_names_the_commit_and_whether_files_differ(tmp_path):
    def git(*words):
        who = ["-c", "user.name=t", "-c", "user.email=t@t"]
        done = subprocess.run(["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    params = tmp_path / "params.yaml"
    metrics = tmp_path / "reports/metrics/a.json"
    write_text(params, "a: 1\n")
    metrics.parent.mkdir(parents=True)
    write_text(metrics, "{}")
    git("init", "--quiet")
    assert dict(provenance.facts(params))["Commit"].startswith("unknown")
    git("add", "--all")
    git("commit", "--quiet", "--message=one")
    head = git("rev-parse", "HEAD")
    metrics.unlink()  # as Snakemake does before the tables; each clean clone's page said that it was changed
    assert dict(provenance.facts(params))["Commit"] == head
    write_text(params, "a: 2\n")
    assert dict(provenance.facts(params))["Commit"] == f"{head} with uncommitted changes"
    assert len(dict(provenance.facts(params))["SHA-256 of params.yaml"]) == 64
