"""One colour a predicate, the same in the picture, the graph and the page, with text on it that can be read."""

import colorsys
from collections.abc import Sequence

from relclip.core.readable import readable

#: Twenty that people tell apart (Trubetskoy 2017, without white, grey and black), some made darker.
_FIRST = (
    "#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#42d4f4", "#f032e6", "#a8c813", "#ff9ab5", "#469990",
    "#b48cf2", "#9a6324", "#ffd84a", "#b3262f", "#7fe0a8", "#a3a322", "#ffb37a", "#2a3fa8", "#c2185b", "#00a6a6",
)  # fmt: skip
_GOLDEN = 0.618033988749895
DARK, LIGHT = "#14191f", "#ffffff"


def colours(predicates: Sequence[str]) -> dict[str, str]:
    """Predicate -> #rrggbb, by its place in the vocabulary; beyond twenty, hues spread by the golden ratio."""
    return {
        name: _FIRST[place] if place < len(_FIRST) else _hue(place) for place, name in enumerate(predicates)
    }


def text_on(colour: str) -> str:
    """Dark or white, whichever has more contrast with `colour`."""
    return readable(colour, DARK, LIGHT)


def _hue(place: int) -> str:
    red, green, blue = colorsys.hls_to_rgb(place * _GOLDEN % 1, 0.45 if place % 2 else 0.65, 0.7)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
