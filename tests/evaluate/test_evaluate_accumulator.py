"""SceneGraphRecall in a loop: the same numbers as the command, tensors, both layouts of scores, faults."""

import doctest
import pickle
from importlib import import_module

import numpy as np
import pytest
import torch
from evaluate_reference import CLASSES, PREDICATES, random_case, write_case, write_triplets

from relclip.core.errors import InputError
from relclip.core.params.evaluate import Evaluate
from relclip.evaluate import SceneGraphRecall, accumulator, evaluate, metrics_from_hits

SEEN = [(1, 1, 1), (2, 3, 4), (4, 2, 1)]
EMPTY = {"boxes": [], "labels": [], "relations": [], "relation_scores": []}


def numbered(case):
    """The case with object ids that are rows: 0, 1, ... in the order of the objects."""
    for scene in case.values():
        rows = {key: number for number, key in enumerate(scene["objects"])}
        scene["objects"] = {rows[key]: value for key, value in scene["objects"].items()}
        scene["relations"] = [(rows[s], p, rows[o]) for s, p, o in scene["relations"]]
        rows = {key: number for number, key in enumerate(scene["predicted"])}
        scene["predicted"] = {rows[key]: value for key, value in scene["predicted"].items()}
        scene["rows"] = [(rows[s], rows[o], p, score) for s, o, p, score in scene["rows"]]
    return case


def fields(number, scene):
    objects, predicted = scene["objects"].values(), scene["predicted"].values()
    truth = {
        "image_id": number,
        "boxes": [box for _, box in objects],
        "labels": [label for label, _ in objects],
        "relations": scene["relations"],
    }
    found = {
        "boxes": torch.tensor([box for *_, box in predicted], dtype=torch.float32).requires_grad_(),
        "labels": torch.tensor([label for label, *_ in predicted]),
        "scores": torch.tensor([score for _, score, _ in predicted]),
        "relations": np.array([(s, p, o) for s, o, p, _ in scene["rows"]], np.int32).reshape(-1, 3),
        "relation_scores": np.array([score for *_, score in scene["rows"]], np.float32),
    }
    return found, truth


@pytest.mark.parametrize("task", ["predcls", "sgcls", "sgdet"])
def test_numbers_are_those_of_the_command(tmp_path, task):
    case = numbered(random_case(np.random.default_rng(6), images=30))
    write_triplets(tmp_path / "seen.parquet", SEEN)
    folders = write_case(tmp_path, case)
    for switches in (
        Evaluate(bootstrap=0),
        Evaluate(bootstrap=0, recall="pooled", empty_predictions="skip", dedup=False, require_overlap=True),
        Evaluate(bootstrap=0, pixel_inclusive=False),
    ):
        report = evaluate(*folders, task, switches=switches, train_triplets=tmp_path / "seen.parquet")
        recall = SceneGraphRecall(CLASSES, PREDICATES, task, switches, SEEN)
        pairs = [fields(*item) for item in case.items()]
        for found, truth in pairs[:7]:
            recall.update(found, truth)
        recall.update([found for found, _ in pairs[7:]], [truth for _, truth in pairs[7:]])
        assert recall.compute() == pytest.approx(report.content["metrics"], abs=1e-12)
        assert recall.hits.sort_by("image_id").num_rows == report.hits.num_rows


def test_dense_scores_equal_single_relations():
    boxes, scores = [[0, 0, 9, 9], [0, 5, 9, 14]], np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.6]])
    truth = {"boxes": boxes, "labels": [1, 2], "relations": [[0, 2, 1], [1, 3, 0]]}
    pairs, ids = [[0, 1], [1, 0]], range(1, 4)
    single = {
        "relations": [[s, p, o] for s, o in pairs for p in ids],
        "relation_scores": scores.ravel(),
    }
    background = {"pairs": pairs, "relation_scores": np.c_[[9.0, 9.0], scores]}
    values = []
    for given in (single, {"pairs": pairs, "relation_scores": scores}, background):
        recall = SceneGraphRecall(2, 3, "sgcls")
        recall.update({"boxes": boxes, "labels": [1, 2], **given}, truth)
        values.append(recall.hits)
    assert values[0].equals(values[1]) and values[0].equals(values[2])
    assert metrics_from_hits(values[0], 3)["recall_at_20"] == 1


def test_half_precision_and_images_with_nothing():
    recall = SceneGraphRecall(2, 3, "sgdet")
    truth = {"boxes": [[0, 0, 9, 9], [0, 5, 9, 14]], "labels": [1, 2], "relations": [[0, 2, 1]]}
    scores = torch.tensor([0.5], dtype=torch.bfloat16)
    recall.update({**truth, "scores": [1, 1], "relation_scores": scores}, truth)
    recall.update(EMPTY, truth)
    recall.update({"boxes": [], "labels": [], "pairs": [], "relation_scores": torch.zeros(0, 4)}, EMPTY)
    recall.update([], [])
    assert recall.compute()["recall_at_20"] == 0.5


def test_merge_of_two_processes_equals_one():
    case = numbered(random_case(np.random.default_rng(7), images=12))
    one, first, second = (SceneGraphRecall(CLASSES, PREDICATES, "sgdet") for _ in range(3))
    for place, item in enumerate(case.items()):
        one.update(*fields(*item))
        (first if place % 2 else second).update(*fields(*item))
    first.merge(pickle.loads(pickle.dumps(second)))
    assert first.compute() == one.compute()
    with pytest.raises(InputError, match="both have seen the image"):
        first.merge(second)


@pytest.mark.parametrize(
    ("whose", "change", "sentence"),
    [
        (
            0,
            {"boxes": [[0, 0, 9]]},
            r"predictions of image 0: boxes has the shape \(1, 3\); expected \(any, 4\)",
        ),
        (0, {"labels": [1, 3]}, "labels has 3; allowed is 1 to 2"),
        (0, {"labels": [1.0, 2.0]}, "labels must hold whole numbers"),
        (0, {"scores": [1.0, float("nan")]}, "scores must hold finite numbers"),
        (0, {"relations": [[0, 4, 1]]}, "relations has 4; allowed is 1 to 3"),
        (0, {"relations": [[0, 1, 2]]}, "relations has 2; allowed is 0 to 1"),
        (
            0,
            {"pairs": [[0, 1]], "relation_scores": [[0.1, 0.2]]},
            "relation_scores has 2 columns; 3 predicates",
        ),
        (1, {"boxes": [[9, 0, 0, 9], [0, 0, 1, 1]]}, "groundtruth of image 0: boxes must be finite"),
        (1, {"relations": [[0, 1, -1]]}, "relations has -1"),
    ],
)
def test_arrays_that_do_not_fit(whose, change, sentence):
    boxes = [[0, 0, 9, 9], [0, 5, 9, 14]]
    given = [
        {"boxes": boxes, "labels": [1, 2], "relations": [[0, 2, 1]], "relation_scores": [0.5]} for _ in "ab"
    ]
    given[whose] |= change
    recall = SceneGraphRecall(2, 3, "sgdet")
    with pytest.raises(InputError, match=sentence):
        recall.update(*given)
    assert recall.hits.num_rows == 0


def test_faults_of_a_whole_update():
    recall = SceneGraphRecall(2, 3, "sgdet")
    with pytest.raises(InputError, match="1 predictions and 2 ground truths"):
        recall.update([EMPTY], [EMPTY, EMPTY])
    recall.update(EMPTY, {**EMPTY, "image_id": 4})
    with pytest.raises(InputError, match="image 4 was given more than once"):
        recall.update(EMPTY, {**EMPTY, "image_id": 4})
    with pytest.raises(InputError, match="image 5 was given more than once"):
        recall.update([EMPTY, EMPTY], [{**EMPTY, "image_id": 5}] * 2)
    with pytest.raises(InputError, match="labels is missing"):
        recall.update({"boxes": []}, EMPTY)


def test_an_unknown_task_is_refused():
    with pytest.raises(InputError, match="task is 'sgcl'; allowed: predcls, sgcls, sgdet"):
        SceneGraphRecall(objects=2, predicates=2, task="sgcl")


def test_documentation_examples():
    assert doctest.testmod(accumulator).failed == 0


@pytest.mark.parametrize("image_id", ["abc.jpg", 1.0, True, 1 << 63])
def test_an_image_id_that_is_no_whole_number_is_one_sentence(image_id):
    with pytest.raises(InputError, match="must be a whole number of 64 bits"):
        SceneGraphRecall(2, 3, "predcls").update(EMPTY, {**EMPTY, "image_id": image_id})


def test_older_names_answer_with_a_word():
    params = import_module("relclip.core.params")
    with pytest.warns(DeprecationWarning, match=r"params\.evaluate\.Evaluate now"):
        assert params.Evaluate is Evaluate
    with pytest.raises(AttributeError, match="has no attribute 'Evaluation'"):
        _ = params.Evaluation
    with pytest.warns(DeprecationWarning, match=r"train=\.\.\. now"):
        older = SceneGraphRecall(CLASSES, PREDICATES, "predcls", seen=SEEN)
    case = numbered(random_case(np.random.default_rng(5)))
    newer = SceneGraphRecall(CLASSES, PREDICATES, "predcls", train=SEEN)
    for item in case.items():
        older.update(*fields(*item))
        newer.update(*fields(*item))
    np.testing.assert_equal(older.compute(), newer.compute())


def test_boxes_in_shares_of_the_picture_are_refused():
    """They would match nothing, and recall would be 0 without a word."""
    boxes = np.array([[10.0, 10, 60, 90], [0, 50, 80, 120]])
    graph = {"labels": [1, 2], "relations": [[0, 1, 1]]}
    found = {**graph, "boxes": boxes / 200, "relation_scores": [0.5]}
    for shares, pixels in ((boxes / 200, boxes), (boxes, boxes / 200)):
        recall = SceneGraphRecall(2, 3, "sgdet")
        with pytest.raises(InputError, match=r"within 0\.\.1.*multiply x by the width"):
            recall.update({**found, "boxes": shares}, {**graph, "boxes": pixels})
        assert recall.hits.num_rows == 0
    both = {**found, "boxes": boxes / 200}, {**graph, "boxes": boxes / 200}
    with pytest.raises(InputError, match="or set pixel_inclusive to false"):
        SceneGraphRecall(2, 3, "sgdet", Evaluate(pixel_inclusive=True)).update(*both)
    recall = SceneGraphRecall(2, 3, "sgdet", Evaluate(pixel_inclusive=False))
    recall.update(*both)
    assert recall.compute()["recall_at_50"] == 1
