"""Where boxes lie in a picture's file: as annotated, or scaled or turned where the annotator saw it otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass

Box = tuple[float, float, float, float]
Size = tuple[int, int]
#: EXIF orientations that show a picture with its sides swapped.
SIDEWAYS = frozenset({5, 6, 7, 8})
#: Those that show stored columns, and rows, in reverse.
LEFTWARDS, UPWARDS = frozenset({2, 3, 7, 8}), frozenset({3, 4, 6, 7})
SAME, SCALED, TURNED, UNSAID, OTHER = "same", "scaled", "turned", "unsaid", "other"


@dataclass(frozen=True)
class Frame:
    """The annotation's pixels -> the file's. `kind`: same, scaled, turned; unsaid or other: left as it is.

    `size`: the file's (width, height); `annotated`: what the annotation says of it; `orientation`: EXIF's, 1 to 8.
    """

    kind: str
    size: Size
    annotated: Size
    orientation: int = 1

    def place(self, box: Box) -> Box:
        """A box as annotated -> in the file's pixels; both xyxy."""
        if self.kind == SCALED:
            return _scaled(box, self.annotated, self.size)
        if self.kind == TURNED:
            u1, v1, u2, v2 = _scaled(box, self.annotated, _shown(self.size, self.orientation))
            x1, y1, x2, y2 = (v1, u1, v2, u2) if self.orientation in SIDEWAYS else (u1, v1, u2, v2)
            width, height = self.size
            if self.orientation in LEFTWARDS:
                x1, x2 = width - x2, width - x1
            if self.orientation in UPWARDS:
                y1, y2 = height - y2, height - y1
            return x1, y1, x2, y2
        return box


def frame_of(annotated: Size | None, size: Size, orientation: int, upright: bool = False) -> Frame:
    """How a picture of `size` was annotated: `annotated` is what image_data.json says, None for nothing.

    Equal sides: as stored. The same proportions: a shrunk or grown copy. Sides swapped and an EXIF turn: the
    annotator's tool showed the picture upright. `upright`: so it did where the sides do not tell (`shown_upright`).
    """
    shown = _shown(size, orientation)
    known = annotated or (shown if upright else size)
    if orientation != 1 and _alike(known, shown) and (upright or not _alike(known, size)):
        return Frame(TURNED, size, known, orientation)
    if annotated is None or known == size:
        return Frame(UNSAID if annotated is None else SAME, size, known)
    return Frame(SCALED if _alike(known, size) else OTHER, size, known)


def shown_upright(pictures: Iterable[tuple[Size | None, Size, int]]) -> bool:
    """Whether most (annotated, size, orientation) whose sides tell it were annotated as EXIF shows them.

    One tool annotates a data set: what it did to sideways pictures it did to upside-down, mirrored and square ones.
    """
    turned = stored = 0
    for annotated, size, orientation in pictures:
        if annotated and orientation in SIDEWAYS and not _alike(size, size[::-1]):
            turned += _alike(annotated, size[::-1])
            stored += _alike(annotated, size)
    return turned > stored


def _shown(size: Size, orientation: int) -> Size:
    return size[::-1] if orientation in SIDEWAYS else size


def _alike(first: Size, second: Size) -> bool:
    """Whether two sizes have the same proportions, but for the rounding of a side to whole pixels."""
    return abs(first[0] * second[1] - first[1] * second[0]) <= max(*first, *second)


def _scaled(box: Box, annotated: Size, size: Size) -> Box:
    across, down = size[0] / annotated[0], size[1] / annotated[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down
