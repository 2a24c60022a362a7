"""P@K and agreement of people: by the oracle's own numbers, a published example, and by hand."""

import json
import math
import sys
from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from annotate_case import RUNS, SWITCHES, Visitor, served

from relclip.annotate.__main__ import main
from relclip.annotate.export import export, in_words
from relclip.annotate.pictures import first_pictures, hours, order_of, seconds_left
from relclip.annotate.store import Store
from relclip.core.errors import RelclipError
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.predict import Predict, Predictions
from relclip.core.params.train import Train
from relclip.people.judgements import fleiss_kappa, people_report, read_judgements
from relclip.people.questionnaire import Questionnaire, load_questionnaire


def test_kappa_of_a_published_example():
    """Fourteen people, ten subjects, five categories (the worked example of the English Wikipedia): 0.210."""
    counts = [
        *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
        *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
    ]
    kappa, agreed = fleiss_kappa(np.array(counts))
    assert kappa == pytest.approx(0.20993, abs=1e-5)
    assert agreed == pytest.approx(0.37802, abs=1e-5)
    alone = np.array([*counts, [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    assert fleiss_kappa(alone) == (kappa, agreed)


def test_kappa_without_anything_to_agree_on():
    assert fleiss_kappa(np.array([[1, 0], [0, 1]])) is None
    kappa, agreed = fleiss_kappa(np.array([[3, 0], [2, 0]]))
    assert math.isnan(kappa) and agreed == 1.0
    assert fleiss_kappa(np.array([[1, 1], [1, 1]])) == (-1.0, 0.0)


def test_who_answers_by_the_truth_gives_the_oracles_numbers(case):
    truth = case.true_answers()
    found = people_report(case.asked, {"one": truth, "two": truth}, SWITCHES)
    for run in RUNS:
        oracle, mine = case.oracle(run), found["runs"][run]
        assert mine["metrics"] == oracle["metrics"]
        assert mine["intervals"] == oracle["intervals"]
        assert {name: mine["counts"][name] for name in oracle["counts"]} == oracle["counts"]
    assert found["runs"]["plain"]["metrics"] != found["runs"]["better"]["metrics"]
    assert found["runs"]["plain"]["counts"]["images_without_prediction"] == 1
    assert found["agreement"]["fleiss_kappa"] == found["agreement"]["pairs_of_answers_that_agree"] == 1.0


def test_p_at_k_of_people_who_differ_against_a_slow_loop(case):
    random, asked = np.random.default_rng(3), case.asked
    people = {
        name: dict(
            zip(asked.questions, random.choice(["right", "wrong", "skip"], len(asked.questions)), strict=True)
        )
        for name in ("a", "b", "c")
    }
    dropped = asked.images.tolist()[-1]  # c has not finished this picture
    first = next(key for key, one in asked.questions.items() if one.image_id == dropped)
    del people["c"][first]
    for run in RUNS:
        expected = []
        ranks = {image: [] for image in asked.images.tolist()}
        for (image, rank), one in sorted(asked.runs[run].items()):
            ranks[image].append((rank, one.key))
        for rows in ranks.values():
            judges = [given for given in people.values() if all(key in given for _, key in rows)]
            said = [
                [given[key] for given in judges if given[key] != "skip"] for rank, key in rows if rank < 10
            ]
            shares = [votes.count("right") / len(votes) for votes in said if votes]
            expected.append(sum(shares) / len(shares) if shares else 0.0)
        found = people_report(asked, people, SWITCHES)["runs"][run]
        assert found["metrics"]["precision_at_10"] == pytest.approx(np.mean(expected))
    votes = [
        [given[key] for given in people.values() if given.get(key, "skip") != "skip"]
        for key in asked.questions
    ]
    several = [said for said in votes if len(said) > 1]
    agreed = np.mean([np.mean([one == other for one, other in combinations(said, 2)]) for said in several])
    right = np.mean([one == "right" for said in several for one in said])
    by_chance = right**2 + (1 - right) ** 2
    assert {len(said) for said in several} == {2, 3}
    assert people_report(asked, people, SWITCHES)["agreement"] == pytest.approx(
        {
            "fleiss_kappa": (agreed - by_chance) / (1 - by_chance),
            "pairs_of_answers_that_agree": agreed,
            "questions_with_several_answers": len(several),
        }
    )


def test_pictures_that_nobody_finished_do_not_count(case):
    asked = case.asked
    picture = asked.images.tolist()[0]
    keys = [key for key, one in asked.questions.items() if one.image_id == picture]
    done = people_report(asked, {"one": dict.fromkeys(keys, "right")}, SWITCHES)
    assert done["runs"]["better"]["metrics"] == {"precision_at_10": 1.0, "precision_at_20": 1.0}
    assert (done["runs"]["better"]["counts"]["images"], done["annotators"]) == (1, 1)
    begun = people_report(asked, {"one": dict.fromkeys(keys[1:], "right"), "two": {"old": "right"}}, SWITCHES)
    judged = {run: one["counts"]["images"] for run, one in begun["runs"].items()}
    assert min(judged.values()) <= 1 and begun["annotators"] == 1
    assert begun["agreement"]["fleiss_kappa"] is None


def test_who_answered_nothing_about_a_run_judges_none_of_its_pictures(case):
    """Not even the one of which it predicts nothing, so that nothing is asked there."""
    plain, better = ({one.key for one in case.asked.runs[run].values()} for run in ("plain", "better"))
    assert better - plain
    found = people_report(case.asked, {"one": dict.fromkeys(better - plain, "right")}, SWITCHES)["runs"]
    assert found["plain"]["counts"]["images"] == 0
    assert found["plain"]["metrics"]["precision_at_10"] is None


def test_answers_belong_to_pictures_not_to_models(case):
    """A later model is judged by what was said already; another data set is not."""
    asked, truth = case.asked, case.true_answers()
    swapped = Questionnaire(asked.images, {"later": asked.runs["better"]})
    later = people_report(swapped, {"one": truth}, SWITCHES)["runs"]["later"]
    assert later["metrics"] == case.oracle("better")["metrics"]
    first = next(iter(asked.questions.values()))
    assert first.key not in {one.key for one in asked.questions.values() if one is not first}
    elsewhere = people_report(
        swapped, {"one": {f"{key[1:]}0": said for key, said in truth.items()}}, SWITCHES
    )
    assert elsewhere["runs"]["later"]["metrics"]["precision_at_10"] is None


def test_an_order_is_a_persons_own_whole_and_kept(case):
    asked = case.asked
    ada, bob = (order_of(asked, 0, name) for name in ("ada", "bob"))
    assert ada == order_of(asked, 0, "ada") != bob
    assert {one.key for one in ada.questions} == set(asked.questions) == set(bob.place)
    assert len(asked.questions) < sum(map(len, asked.runs.values()))  # both models' triplets are asked once
    pictures = [one.image_id for one in ada.questions]
    assert [one for place, one in enumerate(pictures) if one not in pictures[:place]] == list(ada.pictures)
    assert sum(a != b for a, b in pairwise(pictures)) == len(ada.pictures) - 1
    keys = [one.key for one in ada.questions]
    assert (ada.next_open(set()), ada.next_open({keys[0]}), ada.next_open(set(keys[1:]), 3)) == (0, 1, 0)
    assert ada.next_open(set(keys)) is None


def test_all_people_begin_with_the_same_pictures_which_are_the_pilot(case, monkeypatch):
    pilot = first_pictures(case.asked, 0, 20)
    assert 20 <= len(pilot.questions) < len(case.asked.questions)
    some = {one.image_id for one in pilot.questions.values()}
    assert some == set(pilot.images.tolist())
    assert pilot.questions == {key: one for key, one in case.asked.questions.items() if one.image_id in some}
    assert first_pictures(pilot, 0, 20).questions == pilot.questions
    monkeypatch.setattr("relclip.annotate.pictures.CORE", 20)
    for name in ("ada", "bob"):
        pictures = order_of(case.asked, 0, name).pictures
        assert set(pictures[: len(some)]) == some and len(pictures) == 4
    assert order_of(pilot, 0, "ada").pictures != order_of(pilot, 0, "eve").pictures or len(some) == 1
    assert (hours(100), hours(4000)) == ("9 minutes", "6 hours")


def test_the_estimate_leaves_breaks_out():
    assert seconds_left([10.0, 8.0], 5) is None
    assert seconds_left([5010.0, 5008.0, 8.0, 6.0, 3.0], 10) == 20.0


def annotate(case, monkeypatch, *words):
    folders = {"--dataset": "dataset", "--raw": "raw", "--evaluate": "evaluate", "--params": "params.yaml"}
    line = [str(part) for name, place in folders.items() for part in (name, case.root / place)]
    monkeypatch.setattr(sys, "argv", ["relclip annotate", *line, "--runs", *RUNS, *map(str, words)])
    known = Predictions(train=Train(), runs={run: {"supervision": "full"} for run in RUNS}, predict=Predict())
    params = SimpleNamespace(evaluate=SWITCHES, predict=known.predict, prediction=known.prediction)
    monkeypatch.setattr("relclip.annotate.__main__.load_workflow", lambda path: params)
    main()


def test_export_of_two_machines_answers(case, tmp_path, monkeypatch, capsys):
    truth = case.true_answers()
    files = [tmp_path / "one.db", tmp_path / "two.db"]
    for file, names in zip(files, (["Ada Lovelace", "Bob"], ["Ada Lovelace"]), strict=True):
        with served(case.desk(file)) as port:
            for name in names:
                Visitor(port, name).answer_all(lambda state: truth[state["question"]])
    annotate(case, monkeypatch, "--export", tmp_path / "out", "--database", *files)
    written = json.loads((tmp_path / "out" / "precision.json").read_text())
    assert written["annotators"] == 2
    for run in RUNS:
        assert written["runs"][run]["metrics"] == case.oracle(run)["metrics"]
    people = read_judgements(tmp_path / "out" / "judgements.parquet")
    assert people == {"annotator 1": truth, "annotator 2": truth}
    assert b"Ada" not in (tmp_path / "out" / "judgements.parquet").read_bytes()
    assert people_report(case.asked, people, SWITCHES) == written
    out = capsys.readouterr().out
    assert "2 annotators; Fleiss' kappa 1.00" in out and "4 of 4 images" in out
    before = (tmp_path / "out" / "judgements.parquet").read_bytes()
    export(files, case.asked, SWITCHES, tmp_path / "out")
    assert (tmp_path / "out" / "judgements.parquet").read_bytes() == before
    columns = pq.read_table(tmp_path / "out" / "judgements.parquet").column_names
    assert columns[:5] == ["annotator", "image_id", "subject_id", "object_id", "predicate_id"]


def test_faults_are_one_sentence(case, tmp_path, monkeypatch):
    with pytest.raises(RelclipError, match=r"nobody has answered yet; run relclip annotate first"):
        annotate(case, monkeypatch, "--export", tmp_path, "--database", tmp_path / "absent.db")
    Store(tmp_path / "empty.db")
    with pytest.raises(RelclipError, match="nobody has answered yet"):
        annotate(case, monkeypatch, "--export", tmp_path, "--database", tmp_path / "empty.db")
    with pytest.raises(RelclipError, match=r"no entry 'absent'.*they have: "):
        annotate(case, monkeypatch, "--runs", "absent")
    with pytest.raises(
        RelclipError,
        match=r"asked\.parquet does not exist.*snakemake --cores all data/evaluate/\w+/predcls/asked",
    ):
        annotate(case, monkeypatch, "--evaluate", tmp_path)
    with pytest.raises(RelclipError, match=r"--host 0\.0\.0\.0 is refused.*no passwords"):
        annotate(case, monkeypatch, "--host", "0.0.0.0", "--database", tmp_path / "new.db")
    with pytest.raises(RelclipError, match="several are for --export"):
        annotate(case, monkeypatch, "--database", tmp_path / "a.db", tmp_path / "b.db")
    with (
        served(case.desk(tmp_path / "c.db")) as port,
        pytest.raises(RelclipError, match=f"port {port} cannot be used"),
    ):
        annotate(case, monkeypatch, "--port", port, "--database", tmp_path / "c.db")
    with pytest.raises(RelclipError, match=r"params\.yaml does not choose; evaluate that run again"):
        load_questionnaire(case.data, case.root / "evaluate", RUNS, Evaluate(precision_images=2))


def test_words_where_nothing_is_known(case):
    nothing = people_report(case.asked, {"a": {}}, SWITCHES)
    assert in_words(nothing).splitlines()[1] == "plain: P@10 –, P@20 –, incomplete: 0 of 4 images"
