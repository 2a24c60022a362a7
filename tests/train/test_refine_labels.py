"""labels.parquet: each label leads back to where it came from."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from refine_runs import refiner, train_starts
from tiny_dataset import CLASSES, PREDICATES

from relclip.core.kb_filter import believed_captions
from relclip.core.parquet import EVIDENCE, EXT_SCORES, TRAINED_LABELS, TRIPLETS, read_table
from relclip.model import ImageSet
from relclip.train.labels import kb_ext_labels, kb_labels
from relclip.train.refine import artifact


@pytest.fixture(scope="module")
def starts(inputs, tmp_path_factory):
    return train_starts(inputs, tmp_path_factory.mktemp("starts"), iterations=5)


@pytest.fixture(scope="module")
def rows(inputs, starts, tmp_path_factory):
    """labels.parquet, as rows, of a refinement of each kind."""
    folder = tmp_path_factory.mktemp("refined")
    refine, made = refiner(inputs, starts, folder), {}
    for start, method in (("motif_kb", "visualds"), ("motif_kb_ext", "visualds"), ("motif_full", "ba_sgg")):
        refine(start, method, start, iterations=1, balance={"at_most": 5, "frequent": 1})
        table = pq.read_table(folder / start / "labels.parquet")
        assert table.schema.equals(TRAINED_LABELS)
        made[start] = table.to_pylist()
    made["folder"] = folder
    return made


def pairs_of(rows):
    """{(image, subject, object): {predicate: row}}."""
    found = {}
    for row in rows:
        found.setdefault((row["image_id"], row["subject_id"], row["object_id"]), {})[row["predicate_id"]] = (
            row
        )
    return found


def test_a_row_for_every_candidate_in_order(inputs, rows):
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    labels = kb_labels(images, read_table(inputs.kb / "triplets.parquet", TRIPLETS), 5, 4)
    made = rows["motif_kb"]
    keys = [tuple(row.values())[:4] for row in made]
    assert keys == sorted(set(keys))
    assert len(made) == len(labels.predicates)
    pairs = pairs_of(made)
    assert sum(next(iter(pair.values()))["kept"] for pair in pairs.values()) == round(0.25 * len(pairs))


@pytest.mark.parametrize("run", ["motif_kb", "motif_kb_ext"])
def test_weights_are_merged_from_model_and_clip(rows, run):
    for pair in pairs_of(rows[run]).values():
        assert len({row["kept"] for row in pair.values()}) == 1  # a pair is kept or cut as a whole
        assert sum(row["model"] for row in pair.values()) == pytest.approx(1)
        for row in pair.values():
            merged = row["model"] if row["clip"] is None else 0.9 * row["model"] + 0.1 * row["clip"]
            assert row["weight"] == pytest.approx(merged if row["kept"] else 0.0)
    assert all((row["clip"] is None) == (run == "motif_kb") for row in rows[run])


def test_clip_is_its_softmax_over_the_candidates(inputs, rows):
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    kb = kb_labels(images, read_table(inputs.kb / "triplets.parquet", TRIPLETS), 5, 4)
    expected = kb_ext_labels(images, kb, read_table(inputs.ext / "scores.parquet", EXT_SCORES))
    np.testing.assert_allclose([row["clip"] for row in rows["motif_kb_ext"]], expected.weights)
    assert expected.weights.std() > 0.05


def test_the_caption_says_the_label(inputs, rows):
    said = dict(
        line.split("\t")[::-1] for line in (inputs.kb.parent / "captions.tsv").read_text().splitlines()
    )
    count = {
        tuple(row.values())[:3]: row["count"]
        for row in read_table(inputs.kb / "triplets.parquet", TRIPLETS).to_pylist()
    }
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    classes = {
        (int(image), int(id_)): int(class_)
        for number, image in enumerate(images.image_ids)
        for id_, class_ in zip(
            images.object_ids[images.objects_of(number)],
            images.class_ids[images.objects_of(number)],
            strict=True,
        )
    }
    for row in rows["motif_kb"]:
        subject, object_ = (classes[row["image_id"], row[which]] for which in ("subject_id", "object_id"))
        sentence = (
            f"a {CLASSES[subject - 1]} is {PREDICATES[row['predicate_id'] - 1]} of a {CLASSES[object_ - 1]}"
        )
        assert said[row["caption_id"]] == sentence
        assert row["caption_id"] == min(id_ for id_, text in said.items() if text == sentence)
        assert row["count"] == count[subject, row["predicate_id"], object_]


def test_only_believed_captions_are_named(inputs, starts, tmp_path):
    """A tenth of the captions: counts and examples come from that tenth."""
    refiner(inputs, starts, tmp_path)("motif_kb", "visualds", iterations=1, kb={"captions": 0.1})
    made = pq.read_table(tmp_path / "a" / "labels.parquet").to_pylist()
    evidence = read_table(inputs.kb / "evidence.parquet", EVIDENCE)
    believed = evidence.filter(pa.array(believed_captions(evidence["caption_id"], 0.1, 0))).to_pylist()
    assert {row["caption_id"] for row in made} <= {row["caption_id"] for row in believed}
    assert max(row["count"] for row in made) < 10
    for row in made:
        triplet = next(tuple(one.values())[:3] for one in believed if one["caption_id"] == row["caption_id"])
        assert row["count"] == sum(tuple(one.values())[:3] == triplet for one in believed)


def test_annotation_has_no_sentence(rows):
    made = rows["motif_full"]
    assert all(
        (row["count"], row["caption_id"], row["clip"], row["model"]) == (0, None, None, None) for row in made
    )
    dropped = [row for row in made if not row["kept"]]
    assert len({row["predicate_id"] for row in dropped}) == 1  # one predicate is frequent here
    most = dropped[0]["predicate_id"]
    assert sum(row["kept"] for row in made if row["predicate_id"] == most) == 5
    assert {row["weight"] for row in dropped} == {0.0}
    assert {row["weight"] for row in made if row["kept"]} == {1.0}


def test_the_query_of_the_docstring(inputs, rows, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    query = re.search(r'duckdb -c "(.*?)"', artifact.__doc__, re.DOTALL)[1]
    query = query.replace("data/train/visualds_kb", str(rows["folder"] / "motif_kb"))
    query = query.replace("data/raw", str(inputs.kb.parent)).replace("= 13", "= 2")
    found = duckdb.sql(query).fetchall()
    assert found
    assert all(" is right of a " in row[-1] for row in found)
