"""Size and quality of the knowledge base (train.kb) against plain loops over its files."""

import json
import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from test_labels import as_dicts, candidates
from tiny_dataset import inputs_in

from relclip.core.errors import ContractError
from relclip.core.kb_filter import believed_captions, believed_triplets, count_shares, count_triplets
from relclip.core.params.train import KbLabels, Train
from relclip.core.parquet import EVIDENCE, EXT_SCORES, TRIPLETS, read_table, write_table
from relclip.train.labels import kb_ext_labels, kb_labels
from relclip.train.stage import train_run


def rows_of(table):
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.fixture(scope="module")
def said(tiny):
    """triplets.parquet of the tiny KB, its counts uneven, as rows."""
    return rows_of(read_table(tiny / "kb" / "triplets.parquet", TRIPLETS))


@pytest.fixture
def kb(said, tmp_path):
    """The same with the evidence it was counted from: a caption may say several triplets, and one twice."""
    random = np.random.default_rng(0)
    mentions = [(*row[:3], f"caption {random.integers(20)}") for row in said for _ in range(row[3])]
    write_table(tmp_path / "triplets.parquet", table(said, TRIPLETS), TRIPLETS)
    write_table(tmp_path / "evidence.parquet", table(mentions, EVIDENCE), EVIDENCE)
    return tmp_path


def table(rows, schema):
    columns = zip(*rows, strict=True) if rows else [[]] * len(schema)
    return pa.table([list(column) for column in columns], schema=schema)


def test_every_caption_gives_exactly_the_triplets(kb):
    whole = read_table(kb / "triplets.parquet", TRIPLETS)
    evidence = read_table(kb / "evidence.parquet", EVIDENCE)
    shuffled = evidence.take(np.random.default_rng(0).permutation(len(evidence)))
    assert count_triplets(shuffled).equals(count_triplets(evidence)) and count_triplets(evidence).equals(
        whole
    )
    (kb / "evidence.parquet").unlink()
    found, counts = believed_triplets(kb, KbLabels(), 0)  # needs no evidence
    assert found.equals(whole)
    assert counts["triplets"] == counts["triplets_in_all"] == len(whole)


def test_a_share_of_the_captions_is_counted_anew(kb):
    evidence = read_table(kb / "evidence.parquet", EVIDENCE)
    chosen = believed_captions(evidence["caption_id"], 0.32, seed=5)
    captions = [row[3] for row in rows_of(evidence)]
    kept = {caption for caption, here in zip(captions, chosen, strict=True) if here}
    assert len(kept) == 6 and not kept & {c for c, here in zip(captions, chosen, strict=True) if not here}
    expected = Counter(row[:3] for row in rows_of(evidence) if row[3] in kept)
    found, counts = believed_triplets(kb, KbLabels(captions=0.32), 5)
    assert rows_of(found) == [(*key, expected[key]) for key in sorted(expected)]
    assert (counts["captions"], counts["captions_in_all"]) == (6, 20)
    assert counts["mentions"] == sum(expected.values()) < counts["mentions_in_all"] == len(evidence)


def test_shares_are_seeded_and_nested_and_never_empty(kb):
    ids = read_table(kb / "evidence.parquet", EVIDENCE)["caption_id"]
    small, large = (believed_captions(ids, share, seed=1) for share in (0.2, 0.6))
    assert (small <= large).all()
    assert not np.array_equal(small, believed_captions(ids, 0.2, seed=2))
    assert len(set(ids.filter(pa.array(believed_captions(ids, 0.0001, seed=1))).to_pylist())) == 1
    assert believed_captions(ids[:0], 0.5, seed=1).tolist() == []


@pytest.mark.parametrize(("min_count", "min_share"), [(1, 0.0), (6, 0.0), (1, 0.4), (6, 0.4), (1000, 1.0)])
def test_rare_triplets_are_left_out(kb, said, min_count, min_share):
    """A share is of all that was said of the two classes, also of what `min_count` leaves out."""
    total = Counter()
    for subject, _, object_, count in said:
        total[subject, object_] += count
    expected = [row for row in said if row[3] >= min_count and row[3] / total[row[0], row[2]] >= min_share]
    found, counts = believed_triplets(kb, KbLabels(min_count=min_count, min_share=min_share), 0)
    assert rows_of(found) == expected
    assert counts["triplets"] == len(expected)
    assert count_shares(found[:0]).tolist() == []
    assert count_shares(table([(1, 2, 3, 1)], TRIPLETS)).tolist() == [1.0]


def test_labels_by_counts(images, said):
    triplets = table(said, TRIPLETS)
    count = {row[:3]: row[3] for row in said}
    found = as_dicts(images, kb_labels(images, triplets, 5, 4, "counts"))
    assert found.keys() == candidates(images, triplets.to_pylist()).keys()
    classes = classes_of(images)
    for pair, labels in found.items():
        subject, object_ = classes[pair]
        counts = {p: count[subject, p, object_] for p in labels}
        assert labels == pytest.approx({p: c / sum(counts.values()) for p, c in counts.items()})


def classes_of(images):
    """{(image id, subject id, object id): (subject class, object class)}."""
    found = {}
    for number, image in enumerate(images.image_ids):
        ids, classes = (a[images.objects_of(number)].tolist() for a in (images.object_ids, images.class_ids))
        for i, j in images.pairs[images.pairs_of(number)]:
            found[int(image), ids[i], ids[j]] = classes[i], classes[j]
    return found


@pytest.mark.parametrize("weights", ["uniform", "counts"])
@pytest.mark.parametrize("min_clip", [0.0, 0.3, 0.45, 1.0])
def test_clips_shares_drop_and_meet_counts(tiny, images, said, min_clip, weights):
    """min_clip looks at CLIP's softmax alone; the best candidate stays whatever it is; the rest sums to 1."""
    scores = read_table(tiny / "ext" / "scores.parquet", EXT_SCORES)
    logits = {row[:4]: row[4] for row in rows_of(scores)}
    kb = kb_labels(images, table(said, TRIPLETS), 5, 4, weights)
    prior, found = (
        as_dicts(images, labels) for labels in (kb, kb_ext_labels(images, kb, scores, min_clip, weights))
    )
    assert found.keys() == prior.keys()
    for pair, before in prior.items():
        raised = {p: math.exp(logits[*pair, p]) if len(before) > 1 else 1.0 for p in before}
        clip = {p: value / sum(raised.values()) for p, value in raised.items()}
        kept = [p for p in before if clip[p] >= min_clip] or [max(clip, key=clip.get)]
        weighed = {p: clip[p] * before[p] if weights == "counts" else clip[p] for p in kept}
        expected = {p: value / sum(weighed.values()) for p, value in weighed.items()}
        assert found[pair] == pytest.approx(expected, rel=1e-5)


def test_nothing_to_drop(tiny, images):
    scores = read_table(tiny / "ext" / "scores.parquet", EXT_SCORES)
    empty = kb_labels(images, table([], TRIPLETS), 5, 4, "counts")
    assert as_dicts(images, kb_ext_labels(images, empty, scores, 0.5, "counts")) == {}


def test_a_training_says_what_it_believed_and_depends_on_the_evidence(tiny, kb, tmp_path):
    inputs = inputs_in(tiny, kb=kb)
    params = Train(iterations=2, dimension=16, heads=2, roi_size=1, supervision="kb+ext")
    some = params.model_copy(update={"kb": KbLabels(captions=0.5, min_clip=0.45, weights="counts")})
    evidence = kb / "evidence.parquet"
    assert evidence in inputs.files(some) and evidence not in inputs.files(params)
    assert evidence not in inputs.files(some.model_copy(update={"supervision": "full"}))
    train_run("one", some, inputs, tmp_path / "checkpoints", tmp_path / "out", threads=1)
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert statistics["kb"]["captions"] == 10
    assert statistics["kb"]["candidates"] > statistics["possible_labels"] >= statistics["labelled_pairs"]
    evidence.unlink()
    with pytest.raises(ContractError, match=r"evidence\.parquet does not exist"):
        train_run("one", some, inputs, tmp_path / "checkpoints", tmp_path / "again", threads=1)
