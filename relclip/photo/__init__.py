"""A photo in, a scene graph out: the application above the stages, which it calls and never feeds.

    from relclip.photo import SceneGraphs

    graphs = SceneGraphs.load("data", run="relclip_kb_ext")
    graph = graphs("photo.jpg")

`graph.objects` are boxes (x1, y1, x2, y2 in pixels) with a label and a score, `graph.relations` name two of them and
the predicate between, best first; `graph.triplets(3)` is, for example, `[("man", "riding", "horse", 0.43), ...]`.
"""

from typing import TYPE_CHECKING, Any

from relclip.photo.graph import Object, Relation, SceneGraph

if TYPE_CHECKING:
    from relclip.photo.scene_graphs import SceneGraphs

__all__ = ["Object", "Relation", "SceneGraph", "SceneGraphs"]


def __getattr__(name: str) -> Any:
    """Import what needs torch only once it is asked for: `relclip predict --help` does not."""
    if name == "SceneGraphs":
        from relclip.photo.scene_graphs import SceneGraphs  # noqa: PLC0415

        return SceneGraphs
    raise AttributeError(f"module 'relclip.photo' has no attribute '{name}'")
