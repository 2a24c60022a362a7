"""A scene graph: what was found in one picture, as plain values. No torch here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from relclip.core.recall import Task
from relclip.photo.about import About

if TYPE_CHECKING:
    import networkx

    from relclip.predict.writing import Prediction

#: How many further predicates of a pair a relation names.
OTHERS = 3


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
    task: Task  # sgdet: the detector found the boxes; sgcls: they were given; predcls: so were the labels
    objects: tuple[Object, ...]
    relations: tuple[Relation, ...]
    about: About

    def first(self, top: int) -> tuple[tuple[Relation, ...], list[int]]:
        """The first `top` relations and the rows of the objects they name; without relations, of all objects."""
        relations = self.relations[:top]
        rows = {row for one in relations for row in (one.subject, one.object)}
        return relations, sorted(rows) if relations else list(range(len(self.objects)))

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

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "SceneGraph":
        """What `to_dict` gave, or graph.json holds. Raises KeyError or TypeError where it is another's."""
        names = [field.name for field in fields(Relation) if field.name != "others"]
        relations = [
            Relation(**{name: one[name] for name in names}, others=tuple(map(tuple, one["others"])))
            for one in content["relations"]
        ]
        return cls(
            **{name: content[name] for name in ("photo", "width", "height", "task")},
            objects=tuple(Object(**one) for one in content["objects"]),
            relations=tuple(relations),
            about=About(**content["about"]),
        )

    def to_networkx(self) -> "networkx.MultiDiGraph":
        """A node an object (its row; label, score, x1, y1, x2, y2), an edge a relation, keyed by its predicate."""
        import networkx  # noqa: PLC0415  # slow to load

        graph = networkx.MultiDiGraph(photo=self.photo, width=self.width, height=self.height, task=self.task)
        graph.add_nodes_from((row, asdict(one)) for row, one in enumerate(self.objects))
        for one in self.relations:
            graph.add_edge(one.subject, one.object, key=one.predicate, score=one.score)
        return graph


def ranked(prediction: "Prediction", predicates: Sequence[str], keep: int) -> tuple[Relation, ...]:
    """The best predicate of each pair, by falling triplet score, the first `keep`; NaN is no prediction."""
    scores = np.where(np.isnan(prediction.scores), -np.inf, prediction.scores).astype(np.float64)
    if not scores.size:
        return ()
    subject, object_ = prediction.pairs.T
    order = np.argsort(-scores, axis=1, kind="stable")
    best = np.take_along_axis(scores, order[:, :1], axis=1)[:, 0]
    ends = prediction.object_score.astype(np.float64)
    triplet = best * ends[subject] * ends[object_]
    rows = [row for row in np.argsort(-triplet, kind="stable")[:keep].tolist() if np.isfinite(best[row])]
    return tuple(
        Relation(
            subject=int(subject[row]),
            predicate=predicates[order[row, 0]],
            object=int(object_[row]),
            score=float(triplet[row]),
            predicate_score=float(best[row]),
            others=tuple(
                (predicates[place], float(scores[row, place]))
                for place in order[row, 1 : OTHERS + 1].tolist()
                if np.isfinite(scores[row, place])
            ),
        )
        for row in rows
    )


def two_digits(score: float) -> str:
    """A score as it is shown: two decimals, of small ones two digits that count."""
    return f"{score:.2f}" if abs(score) >= 0.1 or score == 0 else f"{score:#.2g}"


def printable(text: str) -> str:
    """The text without what XML, JSON and terminals stumble over: control characters, half surrogates."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
