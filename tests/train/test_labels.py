"""Label distributions of the three supervisions, and the targets of a batch, against plain loops over the files."""

import math
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.numpy import save_file

from relclip.core.errors import ContractError, InputError
from relclip.core.params.train import Train
from relclip.core.parquet import EXT_SCORES, PROMPTS, RELATIONS, TRIPLETS, read_table
from relclip.core.vocabulary import load_vocabulary
from relclip.train import labels as train_labels
from relclip.train.labels import LEFT_OUT, full_labels, kb_ext_labels, kb_labels, of_pairs, read_scores
from relclip.train.language import load_phrases, load_prompts
from relclip.train.minibatch import choose_pairs
from relclip.train.targets import TrainingSet

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tables(tiny):
    return {
        "relations": read_table(tiny / "dataset" / "relations.parquet", RELATIONS),
        "triplets": read_table(tiny / "kb" / "triplets.parquet", TRIPLETS),
        "scores": read_table(tiny / "ext" / "scores.parquet", EXT_SCORES),
    }


def as_dicts(images, labels):
    """{(image id, subject id, object id): {predicate: weight}} of all labelled pairs."""
    found = {}
    for number, image in enumerate(images.image_ids):
        rows, ids = images.pairs_of(number), images.object_ids[images.objects_of(number)]
        for (i, j), row in zip(images.pairs[rows], labels.row[rows], strict=True):
            if row >= 0:
                part = slice(labels.start[row], labels.start[row + 1])
                values = zip(labels.predicates[part].tolist(), labels.weights[part].tolist(), strict=True)
                found[int(image), int(ids[i]), int(ids[j])] = dict(values)
    return found


def candidates(images, triplets):
    """The KB's predicates of every pair that has some."""
    found = {}
    for number, image in enumerate(images.image_ids):
        classes = images.class_ids[images.objects_of(number)]
        for i, j in images.pairs[images.pairs_of(number)]:
            rows = [
                row
                for row in triplets
                if (row["subject_class"], row["object_class"]) == (classes[i], classes[j])
            ]
            if rows:
                found[int(image), int(i), int(j)] = {row["predicate_id"] for row in rows}
    return found


def as_table(rows, schema):
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=schema)


def test_full_shares_the_weight_among_the_predicates_of_a_pair(images, tables):
    rows = tables["relations"].to_pylist()
    again, more = dict(rows[0]), {**rows[0], "predicate_id": rows[0]["predicate_id"] % 4 + 1}
    far = next(
        {"image_id": int(image), "subject_id": i, "predicate_id": 1, "object_id": j}
        for number, image in enumerate(images.image_ids)
        for i in range(3)
        for j in range(3)
        if i != j and [i, j] not in images.pairs[images.pairs_of(number)].tolist()
    )
    elsewhere = {**rows[0], "image_id": 999}  # of another split
    table = pa.Table.from_pylist([*rows, again, more, far, elsewhere], schema=RELATIONS)
    expected = {}
    for row in [*rows, more]:
        if row["image_id"] in images.image_ids:
            expected.setdefault((row["image_id"], row["subject_id"], row["object_id"]), set()).add(
                row["predicate_id"]
            )
    labels, dropped = full_labels(images, table)
    assert as_dicts(images, labels) == {
        pair: {p: 1 / len(found) for p in found} for pair, found in expected.items()
    }
    assert dropped == 1


def test_kb_gives_all_candidates_equal_weight(images, tables):
    expected = candidates(images, tables["triplets"].to_pylist())
    labels = kb_labels(images, tables["triplets"], 5, 4)
    assert as_dicts(images, labels) == {
        pair: {p: 1 / len(found) for p in found} for pair, found in expected.items()
    }
    assert {len(found) for found in expected.values()} == {1, 2}


def test_kb_ext_weighs_candidates_by_their_softmax(images, tables):
    logits = {
        (row["image_id"], row["subject_id"], row["object_id"], row["predicate_id"]): row["logit"]
        for row in tables["scores"].to_pylist()
    }
    here = as_dicts(
        images, kb_ext_labels(images, kb_labels(images, tables["triplets"], 5, 4), tables["scores"])
    )
    expected = candidates(images, tables["triplets"].to_pylist())
    assert here.keys() == expected.keys()
    for pair, found in expected.items():
        raised = {p: math.exp(logits[*pair, p]) if len(found) > 1 else 1.0 for p in found}
        assert here[pair] == pytest.approx({p: value / sum(raised.values()) for p, value in raised.items()})


def test_kb_ext_of_every_pair_whatever_else_was_scored(images, monkeypatch):
    """The first and the last, a few at a time, by a shuffled table; equal scores; nothing to choose from."""
    monkeypatch.setattr(train_labels, "PAIRS_AT_ONCE", 7)
    said = [(s, p, o, 1) for s in range(1, 6) for p in (1, 2) for o in range(1, 6)]
    kb, alone = (
        kb_labels(images, as_table(rows, TRIPLETS), 5, 4)
        for rows in (said, [row for row in said if row[1] == 1])
    )
    pairs = as_dicts(images, kb).keys()
    assert len(pairs) == len(images.pairs)
    random = np.random.default_rng(0)
    logits = {(*pair, p): float(random.normal()) for pair in pairs for p in (1, 2, 3, 4)}
    scores = as_table(
        [(*key, logits[tuple(key)]) for key in random.permutation(list(logits)).tolist()], EXT_SCORES
    )
    for pair, found in as_dicts(images, kb_ext_labels(images, kb, scores)).items():
        one, two = (math.exp(logits[*pair, p]) for p in (1, 2))
        assert found == pytest.approx({1: one / (one + two), 2: two / (one + two)})
    same = scores.set_column(4, "logit", pa.array(np.zeros(len(scores), np.float32)))
    assert all(
        found == {1: 0.5, 2: 0.5} for found in as_dicts(images, kb_ext_labels(images, kb, same, 0.5)).values()
    )
    assert all(
        found == {1: 1.0}
        for found in as_dicts(images, kb_ext_labels(images, alone, scores.slice(0, 0))).values()
    )


def test_kb_ext_reads_the_scores_of_its_own_images_alone(tiny, images, tables):
    """The file has val's too, which a training has no use for: the same labels as from the whole file."""
    scores = read_scores(tiny / "ext" / "scores.parquet", images)
    assert set(scores["image_id"].to_pylist()) <= set(images.image_ids.tolist())
    assert 0 < len(scores) < len(tables["scores"])
    kb = kb_labels(images, tables["triplets"], 5, 4)
    some, whole = (kb_ext_labels(images, kb, table) for table in (scores, tables["scores"]))
    for name in ("row", "start", "predicates", "weights"):
        np.testing.assert_array_equal(getattr(some, name), getattr(whole, name))


def test_kb_ext_says_what_is_missing(images, tables):
    kb = kb_labels(images, tables["triplets"], 5, 4)
    with pytest.raises(ContractError, match="lacks 1 scores"):
        kb_ext_labels(images, kb, tables["scores"].slice(1))
    with pytest.raises(ContractError, match="lacks"):
        kb_ext_labels(images, kb, tables["scores"].slice(0, 0))
    broken = tables["scores"].set_column(
        4, "logit", pa.array([math.nan] * len(tables["scores"]), pa.float32())
    )
    with pytest.raises(ContractError, match="not a number"):
        kb_ext_labels(images, kb, broken)


def test_ids_outside_are_refused(images, tables):
    for place, (name, size) in enumerate({"subject_class": 5, "predicate_id": 4, "object_class": 5}.items()):
        for wrong in (0, size + 1):
            ids = pa.array([wrong, *tables["triplets"][name].to_pylist()[1:]], pa.int16())
            with pytest.raises(ContractError, match=f"{name} .* outside the vocabulary's 1 to {size}"):
                kb_labels(images, tables["triplets"].set_column(place, name, ids), 5, 4)
    stray = {"image_id": int(images.image_ids[0]), "subject_id": 77, "predicate_id": 1, "object_id": 0}
    with pytest.raises(ContractError, match="object 77"):
        full_labels(images, pa.Table.from_pylist([stray], schema=RELATIONS))


def test_no_label_at_all(tiny, images, tables):
    labels = kb_labels(images, tables["triplets"].slice(0, 0), 5, 4)
    assert as_dicts(images, labels) == {}
    labels = kb_ext_labels(images, labels, tables["scores"])
    prompts = load_prompts(tiny / "prompts", load_vocabulary(tiny / "dataset" / "vocabulary.json"), CPU)
    with pytest.raises(InputError, match="no overlapping pair"):
        _ = TrainingSet(images, labels, prompts).numbers


def test_targets_of_a_batch(tiny, images, tables):
    """Distribution, fused and normalised t^r, t_i and t_j of a batch, one pair after another."""
    prompts = load_prompts(tiny / "prompts", load_vocabulary(tiny / "dataset" / "vocabulary.json"), CPU)
    labels = kb_ext_labels(images, kb_labels(images, tables["triplets"], 5, 4), tables["scores"])
    expected = as_dicts(images, labels)
    rows = {
        tuple(row.values())[:3]: row["row"]
        for row in pq.read_table(tiny / "prompts" / "triplets.parquet").to_pylist()
    }
    objects, triplets = (np.load(tiny / "prompts" / f"{name}.npy") for name in ("objects", "triplets"))
    numbers = [3, 11]
    pairs = np.concatenate([np.arange(images.pairs_of(n).start, images.pairs_of(n).stop) for n in numbers])
    labelled = np.flatnonzero(labels.row[pairs] >= 0)
    targets = TrainingSet(images, labels, prompts).targets(pairs, labelled, np.array([1]), CPU)
    longer = replace(prompts, objects=3 * prompts.objects, triplets=2 * prompts.triplets)
    text, distribution = targets.text(longer), targets.distribution(4)
    row = place = 0
    for number in numbers:
        classes = images.class_ids[images.objects_of(number)]
        for i, j in images.pairs[images.pairs_of(number)]:
            found = expected.get((int(images.image_ids[number]), int(i), int(j)))
            if found:
                assert targets.labelled[row] == place
                assert distribution[row].tolist() == pytest.approx(
                    [0.0, *(found.get(p, 0.0) for p in range(1, 5))]
                )
                fused = sum(w * triplets[rows[classes[i], p, classes[j]]] for p, w in found.items())
                np.testing.assert_allclose(text.relation[row], fused / np.linalg.norm(fused), atol=1e-6)
                np.testing.assert_allclose(text.subject[row], objects[classes[i]], atol=1e-6)
                np.testing.assert_allclose(text.object[row], objects[classes[j]], atol=1e-6)
                row += 1
            place += 1
    assert row == len(targets.labelled) > 0


def test_images_with_a_label_have_it_first_or_last_or_alone(tiny, images, tables):
    prompts = load_prompts(tiny / "prompts", load_vocabulary(tiny / "dataset" / "vocabulary.json"), CPU)
    kept = np.zeros(len(images.pairs), bool)
    kept[[0, images.pairs_of(2).start, images.pairs_of(5).stop - 1, -1]] = True
    said = [(s, 1, o, 1) for s in range(1, 6) for o in range(1, 6)]
    labels = of_pairs(kb_labels(images, as_table(said, TRIPLETS), 5, 4), kept)
    assert TrainingSet(images, labels, prompts).numbers.tolist() == [0, 2, 5, len(images) - 1]


def test_background_is_drawn_from_pairs_without_label():
    rows = np.array([0, -1, -1, 1, LEFT_OUT, -1, -1, -1])

    def drawn(per_foreground, step=0, rows=rows):
        params = Train(background_per_foreground=per_foreground)
        foreground, background = choose_pairs(params, step, rows, np.array([len(rows)]))
        assert foreground.tolist() == np.flatnonzero(rows >= 0).tolist()
        return background.tolist()

    draws = {tuple(drawn(1.75, step)) for step in range(50)}
    assert {len(draw) for draw in draws} == {3}
    assert {place for draw in draws for place in draw} == {1, 2, 5, 6, 7}
    assert drawn(100.0) == [1, 2, 5, 6, 7]
    assert drawn(0.0) == []
    assert drawn(3.0, rows=np.full(3, -1)) == []


def test_language_that_does_not_fit(tiny, tmp_path):
    vocabulary = load_vocabulary(tiny / "dataset" / "vocabulary.json")
    prompts = load_prompts(tiny / "prompts", vocabulary, CPU)
    prompts.row[1, 2, 3] = -1
    assert prompts.rows(np.array([1]), np.array([1]), np.array([1])) == [0]
    with pytest.raises(ContractError, match="classes 1, 3 and predicate 2"):
        prompts.rows(np.array([1, 1]), np.array([1, 2]), np.array([1, 3]))
    with pytest.raises(ContractError, match="missing or broken"):
        load_prompts(tmp_path, vocabulary, CPU)
    rows = pq.read_table(tiny / "prompts" / "triplets.parquet").to_pydict()
    objects = np.load(tiny / "prompts" / "objects.npy")
    spoilt = [
        ({**rows, name: [wrong, *ids[1:]]}, objects, "names ids outside")
        for name, ids in rows.items()
        for wrong in (-1, 100)
    ]
    spoilt += [(rows, wrong, "do not fit 5 classes") for wrong in (objects[:, 1:], objects[1:])]
    no_numbers = objects.astype(float), objects[0], np.where(objects, objects, np.nan)
    spoilt += [(rows, wrong, "expected finite float32") for wrong in no_numbers]
    spoilt += [(rows, np.array([{}]), "missing or broken")]
    shutil.copytree(tiny / "prompts", tmp_path / "prompts")
    for table, array, said in spoilt:
        pq.write_table(pa.table(table, schema=PROMPTS), tmp_path / "prompts" / "triplets.parquet")
        np.save(tmp_path / "prompts" / "objects.npy", array)
        with pytest.raises(ContractError, match=said):
            load_prompts(tmp_path / "prompts", vocabulary, CPU)
    pq.write_table(pa.table(rows, schema=PROMPTS).slice(1), tmp_path / "prompts" / "triplets.parquet")
    np.save(tmp_path / "prompts" / "objects.npy", objects)
    one = np.array([1])
    with pytest.raises(ContractError, match="classes 1, 1 and predicate 1"):
        load_prompts(tmp_path / "prompts", vocabulary, CPU).rows(one, one, one)
    (tmp_path / "phrases.safetensors").write_bytes((tiny / "words" / "phrases.safetensors").read_bytes()[:50])
    with pytest.raises(ContractError, match="missing or broken"):
        load_phrases(tmp_path, vocabulary, CPU)
    save_file({"predicate": np.zeros((5, 3), np.float32)}, tmp_path / "phrases.safetensors")
    with pytest.raises(ContractError, match="expected"):
        load_phrases(tmp_path, vocabulary, CPU)
    larger = type(vocabulary)((*vocabulary.objects, "sun"), vocabulary.predicates)
    with pytest.raises(ContractError, match="do not fit 6 classes"):
        load_prompts(tiny / "prompts", larger, CPU)
    with pytest.raises(ContractError, match="expected"):
        load_phrases(tiny / "words", larger, CPU)
