"""What figures 2, 5 and 6 and the knowledge base's quality count, against slow and obvious counts."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from made_inputs import write_gradcam

from relclip.core import parquet
from relclip.core.annotations import Annotations
from relclip.core.atomic import write_json
from relclip.core.errors import ContractError
from relclip.core.params.whole import load_workflow
from relclip.core.parquet import IMAGES, OBJECTS, RELATIONS
from relclip.tables.draw_examples import COLOURS, draw_attention, draw_examples, marks
from relclip.tables.draw_recall import NONE, OTHER, draw_contrast, taken
from relclip.tables.examples import (
    CORRECT,
    MISSED,
    REASONABLE,
    TOP,
    WRONG,
    choose_pictures,
    ranking,
    read_examples,
    triplets_of,
    verdict,
)
from relclip.tables.gather import gather
from relclip.tables.knowledge import (
    knowledge_sizes,
    quality,
    quality_of_runs,
    quality_rows,
    triplets_of_runs,
)
from relclip.tables.results import Result
from relclip.tables.sources import DataSet, read_data_set, read_knowledge_base


@pytest.fixture(scope="module")
def data(inputs) -> DataSet:
    return read_data_set(inputs.dataset)


def slow_triplets(dataset: Path, relations: str, split: str) -> list[tuple[int, int, int]]:
    read = {
        schema: parquet.read_table(dataset / f"{name}.parquet", schema).to_pydict()
        for name, schema in (("images", IMAGES), ("objects", OBJECTS), (relations, RELATIONS))
    }
    splits = dict(zip(*(read[IMAGES][name] for name in ("image_id", "split")), strict=True))
    names = ("image_id", "object_id", "class_id")
    kind = {(i, o): c for i, o, c in zip(*(read[OBJECTS][n] for n in names), strict=True)}
    rows = zip(*(read[RELATIONS][name] for name in RELATIONS.names), strict=True)
    return [(kind[i, s], r, kind[i, o]) for i, s, r, o in rows if splits[i] == split]


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("judged", "file"), [("annotation", "relations"), ("truth", "truth/relations")])
def test_precision_and_coverage_against_a_slow_count(inputs, data, split, judged, file):
    knowledge, relations = read_knowledge_base(inputs.kb), data.judged_on[judged]
    names = ("subject_class", "predicate_id", "object_class")
    known = set(zip(*(knowledge.triplets[name].tolist() for name in names), strict=True))
    seen = slow_triplets(inputs.dataset, file, split)
    found = quality(knowledge.triplets, relations, split)
    assert [tuple(row) for row in relations.triplets(split).tolist()] == seen
    for place in range(len(data.vocabulary.predicates)):
        mine = [triplet for triplet in known if triplet[1] == place + 1]
        here = [triplet for triplet in seen if triplet[1] == place + 1]
        right, covered = sum(one in set(here) for one in mine), sum(one in known for one in here)
        counts = (found.triplets, found.right, found.relations, found.covered)
        assert [int(count[place]) for count in counts] == [len(mine), right, len(here), covered]
        if mine:
            assert found.precision[place] == right / len(mine)
        else:
            assert np.isnan(found.precision[place])
    assert found.whole[1] == pytest.approx(sum(one in known for one in seen) / len(seen))


def fewer_relations(data: Annotations, count: int) -> Annotations:
    names = ("subject", "predicate", "object", "relation_image")
    return replace(data, **{name: getattr(data, name)[:count] for name in names})


def test_no_triplets_and_no_relations_are_no_number(data):
    none = {name: np.zeros(0, np.int64) for name in parquet.TRIPLETS.names}
    found = quality(none, fewer_relations(data.annotation, 0))
    assert np.isnan(found.precision).all() and np.isnan(found.coverage).all() and np.isnan(found.whole).all()
    lines = list(quality_rows(data.vocabulary.predicates, {"all": {"truth": found}}))
    assert lines[1] == ("all", "truth", data.vocabulary.predicates[0], 0, 0, None, 0, 0, None)


@pytest.mark.parametrize("file", ["relations.parquet", "truth/relations.parquet"])
def test_a_relation_of_a_thing_that_is_not_there_is_one_sentence(inputs, tmp_path, file):
    shutil.copytree(inputs.dataset, tmp_path / "dataset")
    table = parquet.read_table(tmp_path / "dataset" / file, RELATIONS)
    broken = table.set_column(1, "subject_id", pa.array([9] * len(table), pa.int32()))
    parquet.write_table(tmp_path / "dataset" / file, broken, RELATIONS)
    with pytest.raises(ContractError, match=rf"dataset/{file} has subject_id .*, which is nowhere defined"):
        read_data_set(tmp_path / "dataset")


def test_a_share_of_the_captions_is_the_one_that_train_believes(inputs, data):
    params = load_workflow(inputs.params)
    triplets = triplets_of_runs(params, inputs.kb)
    assert set(triplets) == set(params.report.trainings("kb_size"))
    found = quality_of_runs(params, triplets, data.annotation)
    shares = {run: params.run(run).kb.captions for run in triplets}
    assert {run: result.metrics["captions"] for run, result in found.items()} == shares
    whole = read_knowledge_base(inputs.kb).triplets
    assert (
        len(triplets["relclip_kb"]["count"]) == len(whole["count"]) > len(triplets["kb_size_1"]["count"]) == 1
    )
    sizes = knowledge_sizes(params, inputs.evaluate, found)
    assert [size.share for size in sizes] == [1.0, 100.0]
    assert knowledge_sizes(params, inputs.evaluate, {"nobody": Result({})}) == []


def test_ranking_keeps_the_best_relation_of_a_pair_and_breaks_ties_by_ids():
    rows = [(1, 2, 5, 0.5), (1, 2, 3, 0.9), (2, 1, 4, 0.7), (1, 3, 2, 0.7), (1, 3, 1, 0.7)]
    names = ("subject_id", "object_id", "predicate_id", "score")
    columns = {name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    assert ranking(columns) == [(1, 3, 2), (1, 1, 3), (2, 4, 1)]
    assert ranking({name: values[:0] for name, values in columns.items()}) == []


@pytest.mark.parametrize(
    ("one", "true", "expected"),
    [
        ((1, 1, 2), {(1, 1, 2)}, CORRECT),
        ((1, 1, 2), set(), CORRECT),
        ((1, 3, 2), {(1, 3, 2)}, REASONABLE),
        ((1, 3, 2), {(1, 1, 2)}, WRONG),
        ((1, 3, 2), None, REASONABLE),
    ],
)
def test_verdicts(one, true, expected):
    assert verdict(one, {(1, 1, 2)}, true) == expected


def test_examples_account_for_every_annotated_relation(inputs, data):
    pictures = [int(image) for image in data.annotation.image_id[data.annotation.split == "test"]]
    for example in read_examples(data, inputs.predict, "no_rcl", pictures):
        annotated, true = (triplets_of(one, example.image_id) for one in data)
        said = [one for one in example.said if one.verdict != MISSED]
        assert [one.rank for one in said] == [1, 2, 3]
        # Every pair is predicted as riding, surest of all from the first thing.
        expected = {CORRECT: {(s, p, o) for s, p, o in annotated if p == 1}}
        expected[REASONABLE] = {(s, p, o) for s, p, o in true if p == 1} - expected[CORRECT]
        for kind, triplets in expected.items():
            assert sum(one.verdict == kind for one in said) == len(triplets)
        missed = [one for one in example.said if one.verdict == MISSED]
        assert len(missed) == len(annotated) - len(expected[CORRECT])
        assert {(one.rank, one.instead) for one in missed} <= {(None, data.vocabulary.predicates[0])}


def test_wrong_triplets_are_listed_and_not_drawn(inputs, data):
    (example, *_) = read_examples(data, inputs.predict, "no_rcl", [3, 7, 11])
    drawn = marks(list(enumerate(example.said, 1)))
    assert len(drawn) == sum(one.verdict in COLOURS for one in example.said) < len(example.said)
    order = [list(COLOURS.values()).index(mark.colour) for mark in drawn]
    assert order == sorted(order)


def test_pictures_are_drawn_by_lot_among_test_pictures_with_three_to_five(data):
    assert choose_pictures(data.annotation, 0) == [3, 7, 11]
    more = data.truth
    chosen = [choose_pictures(more, seed) for seed in range(4)]
    assert chosen[0] == choose_pictures(more, 0)
    assert len({tuple(one) for one in chosen}) > 1
    test = set(more.image_id[more.split == "test"].tolist())
    assert all(set(one) <= test and len(one) == 4 for one in chosen)
    names = ("subject", "predicate", "object", "relation_image")
    six = {name: np.tile(getattr(more, name), 2) for name in names}
    assert choose_pictures(replace(more, **six), 0) == []


def test_a_run_without_predictions_has_no_examples(inputs, data, tmp_path):
    assert read_examples(data, tmp_path, "no_rcl", [3]) == []
    params = load_workflow(inputs.params)
    assert draw_examples(params, data, inputs.raw, None, tmp_path) == []
    assert draw_examples(params, data, inputs.raw, tmp_path / "nothing", tmp_path) == []


def test_predictions_of_another_data_set_are_one_sentence(inputs, data, tmp_path):
    shutil.copytree(inputs.predict / "no_rcl", tmp_path / "no_rcl")
    fewer = replace(data.annotation, first=np.minimum(data.annotation.first, 1))
    with pytest.raises(ContractError, match="the data set lacks"):
        read_examples(data._replace(annotation=fewer), tmp_path, "no_rcl", [3])
    assert TOP == 10


def test_confusion_counts_what_a_relation_was_taken_for(data):
    counts = {(1, 1): 6, (1, 2): 3, (1, 5): 2, (1, 0): 1, (2, 1): 9}
    found = taken(data, "riding", "run", ("riding", "carrying"), counts)
    assert found.counts == (("riding", 6), ("carrying", 3), (OTHER, 2), (NONE, 1))


def test_figure_6_needs_both_runs(inputs, data, tmp_path):
    params = load_workflow(inputs.params)
    drawn = draw_contrast(params, data, inputs.evaluate, tmp_path)
    assert [one.light for one in drawn] == ["rcl.svg", "confusion.svg"]
    shutil.copytree(inputs.evaluate / "no_rcl", tmp_path / "evaluate" / "no_rcl")
    assert draw_contrast(params, data, tmp_path / "evaluate", tmp_path) == []
    shutil.copytree(inputs.evaluate / "relclip_kb_ext", tmp_path / "evaluate" / "relclip_kb_ext")
    (tmp_path / "evaluate" / "no_rcl" / "predcls" / "confusion.parquet").unlink()
    assert [one.light for one in draw_contrast(params, data, tmp_path / "evaluate", tmp_path)] == ["rcl.svg"]


def test_broken_heat_maps_are_one_sentence(inputs, tmp_path):
    assert draw_attention(None, inputs.raw, tmp_path) == draw_attention(tmp_path, inputs.raw, tmp_path) == []
    write_gradcam(tmp_path / "run")
    np.save(tmp_path / "run" / "heat_clip.npy", np.ones((3, 4)))
    with pytest.raises(ContractError, match="expected floats"):
        draw_attention(tmp_path, inputs.raw, tmp_path)
    np.save(tmp_path / "run" / "heat_clip.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(ContractError, match="not a file of heat maps"):
        draw_attention(tmp_path, inputs.raw, tmp_path)
    write_gradcam(tmp_path / "run")
    for broken in ({}, [], [{"subject": "man"}] * 2):
        write_json(tmp_path / "run" / "chosen.json", broken)
        with pytest.raises(ContractError, match=r"chosen\.json"):
            draw_attention(tmp_path, inputs.raw, tmp_path)


def test_what_the_trainings_believe_is_judged_beside_all_that_was_mined(inputs, tmp_path):
    content = yaml.safe_load(inputs.params.read_text("utf-8"))
    counts = parquet.read_table(inputs.kb / "triplets.parquet", parquet.TRIPLETS)["count"].to_pylist()
    least = sorted(counts)[-1]
    content["train"]["kb"]["min_count"] = least
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content), "utf-8")
    (tmp_path / "workflow").symlink_to(inputs.params.parent / "workflow")
    found = gather(replace(inputs, params=tmp_path / "params.yaml")).quality
    assert set(gather(inputs).quality) == {"all"}
    for base, expected in (("all", len(counts)), ("believed", sum(count >= least for count in counts))):
        assert {int(one.triplets.sum()) for one in found[base].values()} == {expected}
    lines = list(quality_rows(["riding"], {name: {"truth": by["annotation"]} for name, by in found.items()}))
    assert [line[0] for line in lines[1:]] == ["all", "believed"]
