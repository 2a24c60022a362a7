"""Recall of each predicate of one run as a small SVG, written by hand: one a run, dozens of them in a moment.

One file serves a light and a dark page: its colours follow the reader's setting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from relclip.tables.figures.style import DARK, LIGHT, Theme

ROW, TOP, LEFT, SPAN, RIGHT = 19, 44, 118, 250, 108
#: Where a letter's foot stands below the middle of its row.
FOOT = 4


@dataclass(frozen=True)
class Recall:
    """One predicate: recalls in percent (None where it has no ground truth), how often it is annotated in test."""

    predicate: str
    at_50: float | None
    at_100: float | None
    count: int


def bars_svg(title: str, rows: Sequence[Recall]) -> str:
    """Draw R@100 as a bar and R@50 as a line across it, in the order given."""
    height, width = TOP + ROW * len(rows) + 30, LEFT + SPAN + RIGHT
    foot = TOP + ROW * len(rows)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, DejaVu Sans, sans-serif" font-size="11.5">',
        f"<title>{escape(title)}</title>",
        f"<style>{_colours(LIGHT)} @media (prefers-color-scheme: dark) {{ {_colours(DARK)} }}</style>",
        f'<text class="text" x="2" y="15" font-size="12.5" font-weight="600">{escape(title)}</text>',
        f'<rect class="bar" x="{LEFT}" y="26" width="16" height="9" rx="1.5"/>',
        f'<text class="muted" x="{LEFT + 21}" y="34.5">R@100</text>',
        f'<rect class="mark" x="{LEFT + 84}" y="23.5" width="2.4" height="14"/>',
        f'<text class="muted" x="{LEFT + 92}" y="34.5">R@50</text>',
        f'<text class="muted" x="{width - 2}" y="34.5" text-anchor="end">annotated</text>',
    ]
    for percent in (0, 25, 50, 75, 100):
        x = LEFT + SPAN * percent / 100
        lines.append(f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="{TOP}" y2="{foot}"/>')
        lines.append(f'<text class="muted" x="{x:g}" y="{foot + 15}" text-anchor="middle">{percent}</text>')
    for number, row in enumerate(rows):
        lines += _row(row, TOP + ROW * number, width)
    return "\n".join([*lines, "</svg>", ""])


def _row(row: Recall, top: int, width: int) -> list[str]:
    foot = top + ROW / 2 + FOOT
    name = f'<text class="text" x="{LEFT - 7}" y="{foot:g}" text-anchor="end">{escape(row.predicate)}</text>'
    count = f'<text class="muted" x="{width - 2}" y="{foot:g}" text-anchor="end">{row.count:,}</text>'
    if row.at_100 is None:
        return [name, count, f'<text class="muted" x="{LEFT + 5}" y="{foot:g}">not in test</text>']
    end = LEFT + SPAN * row.at_100 / 100
    bar = f'<rect class="bar" x="{LEFT}" y="{top + 4}" width="{end - LEFT:.1f}" height="{ROW - 8}" rx="1.5"/>'
    at = LEFT + SPAN * (row.at_50 or 0) / 100
    mark = f'<rect class="mark" x="{at - 1.2:.1f}" y="{top + 1.5}" width="2.4" height="{ROW - 3}"/>'
    value = f'<text class="text" x="{end + 6:.1f}" y="{foot:g}">{row.at_100:.0f}</text>'
    return [name, count, bar, *([mark] if row.at_50 is not None else []), value]


def _colours(theme: Theme) -> str:
    return (
        f".text {{ fill: {theme.text} }} .muted {{ fill: {theme.muted} }} .bar {{ fill: {theme.series[0]} }} "
        f".mark {{ fill: {theme.series[1]} }} .grid {{ stroke: {theme.grid} }}"
    )
