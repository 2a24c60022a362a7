"""A scene graph: what was found in one picture, as plain values. No torch here."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from relclip.photo.about import About

if TYPE_CHECKING:
    import networkx

#: sgdet: the detector found the boxes; sgcls: boxes were given; predcls: boxes and labels were given.
Task = Literal["sgdet", "sgcls", "predcls"]


@dataclass(frozen=True)
class Object:
    """A box with its class. Pixels of the picture as it is shown (turned by its EXIF orientation), origin top left."""

    label: str
    score: float  # 1 where the label was given
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2."""
        return self.x1, self.y1, self.x2, self.y2


@dataclass(frozen=True)
class Relation:
    """The best predicate of one ordered pair of objects."""

    subject: int  # row of SceneGraph.objects
    predicate: str
    object: int  # row of SceneGraph.objects
    score: float  # the predicate's score times those of both objects: what relations are ranked by
    predicate_score: float
    others: tuple[tuple[str, float], ...] = ()  # the next best predicates of this pair, with their own scores


@dataclass(frozen=True)
class SceneGraph:
    """Objects and relations of one picture, relations by falling score: one predicate a pair (graph constraint)."""

    photo: str  # as it was named
    width: int
    height: int
    task: Task
    objects: tuple[Object, ...]
    relations: tuple[Relation, ...]
    about: About

    def triplets(self, top: int = 10) -> list[tuple[str, str, str, float]]:
        """The first `top` relations as (subject, predicate, object, score)."""
        return [
            (
                self.objects[one.subject].label,
                one.predicate,
                self.objects[one.object].label,
                one.score,
            )
            for one in self.relations[:top]
        ]

    def to_dict(self) -> dict[str, Any]:
        """What graph.json holds, as values that JSON knows."""
        return asdict(self)

    def to_networkx(self) -> "networkx.MultiDiGraph":
        """A node an object (its row; label, score, x1, y1, x2, y2), an edge a relation, keyed by its predicate."""
        import networkx  # noqa: PLC0415  # comes with torch

        graph = networkx.MultiDiGraph(photo=self.photo, width=self.width, height=self.height, task=self.task)
        graph.add_nodes_from((row, asdict(one)) for row, one in enumerate(self.objects))
        for one in self.relations:
            graph.add_edge(one.subject, one.object, key=one.predicate, score=one.score)
        return graph


def printable(text: str) -> str:
    """The text without what XML, JSON and terminals stumble over: control characters, half surrogates."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
