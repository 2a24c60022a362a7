"""A layered layout (Sugiyama et al. 1981, by grandalf) of a small graph whose nodes have a size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relclip.photo.placing import Point, Size

BETWEEN, LAYERS, MARGIN = 22.0, 30.0, 14.0
#: Parts of the graph that hang together stand in rows about this wide.
ROW = 900.0


@dataclass(frozen=True)
class Layout:
    """Centres of the nodes, a line of points for each edge from its first node to its second, and the sheet's size."""

    centres: tuple[Point, ...]
    lines: tuple[tuple[Point, ...], ...]
    size: Size


class _View:
    """What grandalf asks of a node (w, h, xy) and of an edge (setpath)."""

    def __init__(self, size: Size = (0.0, 0.0)) -> None:
        self.w, self.h = size
        self.xy: Point = (0.0, 0.0)
        self.points: list[Point] = []

    def setpath(self, points: Sequence[Point]) -> None:
        self.points = list(points)


def layered(sizes: Sequence[Size], edges: Sequence[tuple[int, int]]) -> Layout:
    """Place nodes (width, height) so that edges point down and nodes do not meet; the same input, the same layout."""
    from grandalf.graphs import Edge, Graph, Vertex  # noqa: PLC0415
    from grandalf.routing import route_with_lines  # noqa: PLC0415
    from grandalf.utils import Poset  # noqa: PLC0415

    nodes = [Vertex(number) for number in range(len(sizes))]
    for node, size in zip(nodes, sizes, strict=True):
        node.view = _View(size)
    links = [Edge(nodes[first], nodes[second]) for first, second in edges]
    for link in links:
        link.view = _View()
    parts = Graph(nodes, links).C
    for part in parts:  # whose edges come out of a set, so by their places in memory
        part.sE = Poset([link for link in links if link in part.sE])
    pen = [MARGIN, MARGIN]  # where the next part goes
    lowest = widest = 0.0
    for part in sorted(parts, key=lambda part: min(node.data for node in part.sV)):
        views = _placed(part, route_with_lines)
        left, top, right, bottom = _bounds(views)
        if pen[0] > MARGIN and pen[0] + right - left > ROW:
            pen = [MARGIN, lowest + LAYERS]
        _move(views, pen[0] - left, pen[1] - top)
        pen[0] += right - left + BETWEEN
        widest, lowest = max(widest, pen[0] - BETWEEN), max(lowest, pen[1] + bottom - top)
    lines = [
        _directed(link.view.points, nodes[first].view.xy)
        for link, (first, second) in zip(links, edges, strict=True)
    ]
    return Layout(tuple(node.view.xy for node in nodes), tuple(lines), (widest + MARGIN, lowest + MARGIN))


def _placed(part: Any, route: Any) -> list[_View]:
    """Lay out one part; returns the views of its nodes and edges."""
    from grandalf.layouts import SugiyamaLayout  # noqa: PLC0415

    found = [node.view for node in part.sV]
    if len(found) > 1:
        sugiyama = SugiyamaLayout(part)
        sugiyama.xspace, sugiyama.yspace = BETWEEN, LAYERS
        sugiyama.route_edge = route
        sugiyama.init_all()
        sugiyama.draw(3)
    return found + [link.view for link in part.sE]


def _bounds(views: Sequence[_View]) -> tuple[float, float, float, float]:
    boxes = [(one.xy[0] - one.w / 2, one.xy[1] - one.h / 2, one.w, one.h) for one in views if one.w]
    points = [point for one in views for point in one.points]
    across = [side for x, _, w, _ in boxes for side in (x, x + w)] + [x for x, _ in points]
    down = [side for _, y, _, h in boxes for side in (y, y + h)] + [y for _, y in points]
    return min(across), min(down), max(across), max(down)


def _move(views: Sequence[_View], right: float, down: float) -> None:
    for one in views:
        one.xy = one.xy[0] + right, one.xy[1] + down
        one.points = [(x + right, y + down) for x, y in one.points]


def _directed(points: Sequence[Point], start: Point) -> tuple[Point, ...]:
    """The line from `start` on; an edge that was turned to break a circle comes the other way round."""
    if not points:
        return ()
    ends = [(x - start[0]) ** 2 + (y - start[1]) ** 2 for x, y in (points[0], points[-1])]
    return tuple(points if ends[0] <= ends[1] else reversed(points))
