"""One look for all figures, in a light and a dark theme, and files that have the same bytes every time."""

import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from relclip.core.atomic import atomic_file

#: Inches. Narrow enough that a phone shows the letters nearly as large as a desk's screen does.
WIDTH = 4.8
#: An inch, in figures made of pixels.
PIXELS = 200


@dataclass(frozen=True)
class Theme:
    """Colours of one theme; `series` keeps the same order in both, so a line keeps its hue."""

    name: str
    text: str
    muted: str
    grid: str
    surface: str
    ramp: tuple[str, str]
    series: tuple[str, ...]

    @property
    def colours(self) -> tuple[str, ...]:
        """Every colour, all different, in the same order in both themes."""
        return (self.text, self.muted, self.grid, self.surface, *self.ramp, *self.series)

    def colour(self, number: int) -> str:
        """The colour of a series; past the last one they come again."""
        return self.series[number % len(self.series)]

    def dashes(self, number: int) -> str:
        """How the line of a series is drawn: the first four are whole, as all can tell their colours apart."""
        return ("-", "-", "-", "-", "--", ":", "--", ":")[number % len(self.series)]


LIGHT = Theme(
    name="light",
    text="#1f2933",
    muted="#5b6875",
    grid="#dfe4ea",
    surface="#ffffff",
    ramp=("#f1f6fc", "#114b8c"),
    series=("#1d6fd1", "#c2620a", "#12855f", "#a3359c", "#64717e", "#c22f2f", "#7a6a00", "#5b4bd6"),
)
DARK = Theme(
    name="dark",
    text="#e6eaf0",
    muted="#9aa7b5",
    grid="#333d49",
    surface="#14191f",
    ramp=("#1b2733", "#8fc3ff"),
    series=("#66aaff", "#f5a04a", "#45c79a", "#e48ade", "#a3b0bf", "#ff8585", "#d9c44a", "#a99fff"),
)


@contextmanager
def themed(theme: Theme) -> Iterator[None]:
    """Draw within this theme: no boxes round the axes, names never read as mathematics, fixed SVG ids."""
    with mpl.rc_context():
        mpl.rc("font", family="DejaVu Sans", size=8.5)
        mpl.rc("text", parse_math=False, color=theme.text)
        mpl.rc("svg", hashsalt="relclip", fonttype="path")
        mpl.rc("figure", facecolor="none")
        mpl.rc("savefig", facecolor="none")
        mpl.rc("axes", titlesize=9.5, titlelocation="left", titlecolor=theme.text, labelcolor=theme.muted)
        mpl.rc("axes", facecolor="none", edgecolor=theme.grid, linewidth=0.6, grid=True, axisbelow=True)
        mpl.rc("axes.spines", top=False, right=False)
        mpl.rc("grid", color=theme.grid, linewidth=0.6)
        mpl.rc("xtick", labelcolor=theme.text)
        mpl.rc("ytick", labelcolor=theme.text)
        mpl.rc("xtick.major", size=0)
        mpl.rc("ytick.major", size=0)
        mpl.rc("lines", linewidth=1.6)
        mpl.rc("legend", frameon=False)
        yield


@dataclass(frozen=True)
class Drawn:
    """A figure in its folder: the files for a light and a dark page; `text` says what it shows (its alt text)."""

    light: str
    dark: str
    title: str
    text: str


def save_themed(
    folder: Path,
    name: str,
    draw: Callable[[Theme], Figure],
    *,
    title: str = "",
    text: str = "",
    suffix: str = ".svg",
) -> Drawn:
    """Write `<name>.svg` and `<name>-dark.svg`; a figure full of pixels as `.jpg`, on the page's own ground.

    Laying a figure out takes most of the time, so a drawing of lines alone is laid out once and takes its other
    colours afterwards; one with pixels in it is drawn twice.
    """
    light = saved(draw, LIGHT, suffix)
    plain = suffix == ".svg" and b"<image" not in light
    dark = recoloured(light) if plain else saved(draw, DARK, suffix)
    drawn = Drawn(light=f"{name}{suffix}", dark=f"{name}-dark{suffix}", title=title, text=text)
    for file, content in ((drawn.light, light), (drawn.dark, dark)):
        with atomic_file(folder / file) as temporary:
            temporary.write_bytes(content)
    return drawn


def saved(draw: Callable[[Theme], Figure], theme: Theme, suffix: str = ".svg") -> bytes:
    """Draw in one theme; return the file."""
    content = BytesIO()
    with themed(theme):
        if suffix == ".svg":
            draw(theme).savefig(content, format="svg", metadata={"Date": None, "Creator": None})
        else:
            draw(theme).savefig(content, format="jpg", dpi=PIXELS, facecolor=theme.surface)
    return content.getvalue()


def recoloured(svg: bytes) -> bytes:
    """Give a drawing in the light theme the colours of the dark one."""
    turned = dict(zip(LIGHT.colours, DARK.colours, strict=True))
    return re.sub(rb"#[0-9a-f]{6}\b", lambda met: turned.get(met[0].decode(), met[0].decode()).encode(), svg)


def wrapped(text: str, letters: int) -> str:
    """Break a name into as few lines of at most so many letters as can be, about equally long."""
    every = [
        textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=width == letters)
        for width in range(1, letters + 1)
    ]
    fitting = [lines for lines in every if max(map(len, lines), default=0) <= letters]
    fewest = min(fitting, key=len)
    return "\n".join(fewest)


def blank(height: float, rows: int = 1, columns: int = 1, **options: object) -> tuple[Figure, list[Axes]]:
    """Return a figure of the common width, `height` inches, and its axes in reading order."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, **options)  # type: ignore[call-overload]
    return figure, list(axes.flat)
