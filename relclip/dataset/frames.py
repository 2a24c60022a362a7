"""Where boxes lie in a picture's file: as annotated, or scaled or turned where the annotator saw it otherwise."""

from dataclasses import dataclass

Box = tuple[float, float, float, float]
Size = tuple[int, int]
#: EXIF orientations that show a picture with its sides swapped.
SIDEWAYS = frozenset({5, 6, 7, 8})
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
            u1, v1, u2, v2 = _scaled(box, self.annotated, self.size[::-1])
            width, height = self.size
            x1, x2 = (width - v2, width - v1) if self.orientation in {7, 8} else (v1, v2)
            y1, y2 = (height - u2, height - u1) if self.orientation in {6, 7} else (u1, u2)
            return x1, y1, x2, y2
        return box


def frame_of(annotated: tuple[object, object], size: Size, orientation: int) -> Frame:
    """How a picture of `size` was annotated: `annotated` is what image_data.json says, which may be nothing.

    Equal sides: as stored. The same proportions: a shrunk or grown copy. Sides swapped and an EXIF turn: the
    annotator's tool showed the picture upright.
    """
    width, height = annotated
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        return Frame(UNSAID, size, size)
    known = width, height
    if known == size:
        return Frame(SAME, size, known)
    if orientation in SIDEWAYS and _alike(known, size[::-1]):
        return Frame(TURNED, size, known, orientation)
    return Frame(SCALED if _alike(known, size) else OTHER, size, known)


def _alike(first: Size, second: Size) -> bool:
    """Whether two sizes have the same proportions, but for the rounding of a side to whole pixels."""
    return abs(first[0] * second[1] - first[1] * second[0]) <= max(*first, *second)


def _scaled(box: Box, annotated: Size, size: Size) -> Box:
    across, down = size[0] / annotated[0], size[1] / annotated[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down
