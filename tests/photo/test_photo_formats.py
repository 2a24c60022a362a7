"""Scene graphs in COCO's format and networkx's: what is read back is what graph.json says."""

import json
import shutil
from collections import Counter
from pathlib import Path

import networkx

from relclip.photo import Object, Relation, SceneGraph
from relclip.photo.about import About
from relclip.photo.photos import shown_names
from relclip.raw.formats import reader


def test_objects_are_nodes_and_relations_edges():
    about = About("run", "relclip", "full", "trained on nothing", "", None)
    objects = (Object("man", 0.9, 1, 2, 30, 40), Object("man", 0.8, 5, 5, 9, 9))
    relations = (Relation(0, "riding", 1, 0.5, 0.7, (("on", 0.2),)), Relation(1, "on", 0, 0.4, 0.6))
    graph = SceneGraph("a.jpg", 60, 50, "sgdet", objects, relations, about)
    made = graph.to_networkx()
    assert made.nodes[1] == {"label": "man", "score": 0.8, "x1": 5, "y1": 5, "x2": 9, "y2": 9}
    assert list(made.edges(keys=True, data="score")) == [(0, 1, "riding", 0.5), (1, 0, "on", 0.4)]
    assert made.graph["width"] == 60
    assert SceneGraph.from_dict(json.loads(json.dumps(graph.to_dict()))) == graph


def test_photos_as_coco_and_networkx_are_read_again(data, predict, tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    shutil.copy(data / "raw" / "images" / "2.jpg", tmp_path / "in" / "a" / "same.jpg")
    shutil.copy(data / "raw" / "images" / "3.jpg", tmp_path / "in" / "same.jpg")
    formats = ("--format", "coco", "--format", "networkx")
    status, said, _ = predict("in", "--output", "out", *formats)
    assert (status, said) == (0, "out/coco.json\nout/*/networkx.json\nout/index.html\n")
    out, counts = tmp_path / "out", Counter()
    pictures = {picture.file: picture for picture in reader("coco")(out, counts)}
    assert set(pictures) == {"a/same.jpg", "same.jpg"}
    assert {key for key, count in counts.items() if count} == {
        "JSON files passed over: without rel_annotations"
    }
    scores = []
    for folder in ("same", "same-2"):
        graph = json.loads((out / folder / "graph.json").read_text())
        picture = pictures[str(Path(graph["photo"]).relative_to("in"))]
        objects, relations = graph["objects"], graph["relations"]
        boxes = [(one["x1"], one["y1"], one["x2"] - one["x1"], one["y2"] - one["y1"]) for one in objects]
        assert picture.objects == list(zip((one["label"] for one in objects), boxes, strict=True))
        triplets = [(one["subject"], one["predicate"], one["object"]) for one in relations]
        assert picture.relations == triplets
        assert picture.size == (graph["width"], graph["height"])
        read = networkx.node_link_graph(
            json.loads((out / folder / "networkx.json").read_text()), edges="edges"
        )
        assert dict(read.nodes(data=True)) == dict(enumerate(objects))
        edges = {(one["subject"], one["object"], one["predicate"]): one["score"] for one in relations}
        assert {tuple(ends): score for *ends, score in read.edges(keys=True, data="score")} == edges
        scores += [one["score"] for one in relations]
    assert scores
    content = json.loads((out / "coco.json").read_text())
    assert [one["score"] for one in content["rel_annotations"]] == scores
    vocabulary = json.loads((data / "dataset" / "vocabulary.json").read_text())
    assert [one["name"] for one in content["rel_categories"]] == vocabulary["predicates"]


def test_a_new_graph_replaces_the_one_that_networkx_was_written_of(data, predict, tmp_path):
    """It was taken for somebody else's file, in the middle of the work."""
    photo = data / "raw" / "images" / "1.jpg"
    assert predict(photo, "--output", "out", "--format", "networkx")[0] == 0
    (tmp_path / "out/1/notes.txt").touch()
    assert predict(photo, "--output", "out", "--top", "3")[0] == 2
    assert (tmp_path / "out/1/networkx.json").exists()
    (tmp_path / "out/1/notes.txt").unlink()
    assert predict(photo, "--output", "out", "--top", "3")[0] == 0
    assert not (tmp_path / "out/1/networkx.json").exists()


def test_a_coco_file_that_is_not_ours_stays(data, predict, tmp_path):
    (tmp_path / "coco.json").write_text("{}")
    photo = data / "raw" / "images" / "1.jpg"
    status, _, told = predict(photo, "--output", ".", "--format", "coco")
    assert status == 2
    assert "coco.json exists and was not written by relclip predict" in told
    assert [path.name for path in tmp_path.iterdir()] == ["coco.json"]


def test_names_are_shown_below_the_folder_that_holds_all(tmp_path):
    photos = [tmp_path / "a" / "x.jpg", tmp_path / "b" / ".." / "a" / "c" / "y.jpg"]
    assert shown_names(photos) == ["x.jpg", "c/y.jpg"]
    assert shown_names([tmp_path / "one.jpg"]) == ["one.jpg"]


def test_a_file_in_the_place_of_the_output_is_refused_before_a_model_is_loaded(data, predict, tmp_path):
    (tmp_path / "mine").write_text("years")
    photo = next(data.glob("raw/images/*.jpg"))
    status, said, told = predict(photo, "--output", "mine")
    assert (status, said, told) == (2, "", "relclip: mine is a file; --output is a folder\n")
