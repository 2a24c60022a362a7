"""A scene graph as a networkx graph: nodes and edges say what graph.json says."""

from relclip.photo import Object, Relation, SceneGraph
from relclip.photo.about import About


def test_objects_are_nodes_and_relations_edges():
    about = About("run", "relclip", "full", "trained on nothing", "", None)
    objects = (Object("man", 0.9, 1, 2, 30, 40), Object("man", 0.8, 5, 5, 9, 9))
    relations = (Relation(0, "riding", 1, 0.5, 0.7), Relation(1, "on", 0, 0.4, 0.6))
    graph = SceneGraph("a.jpg", 60, 50, "sgdet", objects, relations, about).to_networkx()
    assert graph.nodes[1] == {"label": "man", "score": 0.8, "x1": 5, "y1": 5, "x2": 9, "y2": 9}
    assert list(graph.edges(keys=True, data="score")) == [(0, 1, "riding", 0.5), (1, 0, "on", 0.4)]
    assert graph.graph["width"] == 60
