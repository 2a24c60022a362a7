"""Small things that a reader sees: rounded numbers, smoothed curves, labels that do not cover each other."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import LinearSegmentedColormap, to_hex
from PIL import Image, ImageDraw

from relclip.core.readable import contrast, readable
from relclip.tables.examples import Relation
from relclip.tables.figures import bars, scenes
from relclip.tables.figures.bars import Recall, bars_svg
from relclip.tables.figures.contrast import contrast_figure, predicates_figure
from relclip.tables.figures.learning_curves import smooth
from relclip.tables.figures.scenes import COLOURS, STRONGEST, WEAKEST, gradcam_figure, overlay
from relclip.tables.figures.style import DARK, LIGHT, PIXELS, WIDTH, recoloured, save_themed, saved, wrapped
from relclip.tables.page import compact, duration, signed
from relclip.tables.provenance import stage_times


@pytest.mark.parametrize(
    ("points", "text"), [(1.24, "+1.2"), (-1.26, "−1.3"), (-0.04, "0.0"), (0.04, "0.0"), (0.06, "+0.1")]
)
def test_signed(points, text):
    assert signed(points) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (95, "1 min 35 s")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "null"),
        (12345, "12,345"),
        (0.123456, "0.1235"),
        (12345.6, "12,346"),
        ([1, "a"], "1, a"),
    ],
)
def test_compact(value, text):
    assert compact(value) == text


@pytest.mark.parametrize("count", [0, 1, 60, 61, 125, 600])
def test_smoothing_equals_means_of_neighbours(count):
    steps, values = np.arange(count) * 10.0, np.sin(np.arange(count))
    size = max(1, -(-count // 60))
    pieces = [slice(first, first + size) for first in range(0, count, size)]
    short_steps, short_values = smooth(steps, values)
    assert len(short_steps) <= 60
    np.testing.assert_allclose(short_values, [values[piece].mean() for piece in pieces])
    np.testing.assert_allclose(short_steps, [steps[piece][-1] for piece in pieces])


def test_labels_of_relations_at_one_place_do_not_cover_each_other():
    relation = Relation("man", "riding", "horse", (60, 60, 110, 140), (80, 70, 130, 150))
    marks = scenes.numbered((relation,) * 6)
    pen, taken = ImageDraw.Draw(Image.new("RGB", (720, 540))), []
    for mark in marks:
        taken.append(scenes._draw_label(pen, scenes._arrow(mark, 2.25), taken, []))
    assert all(scenes._shared(one, two) == 0 for one in taken for two in taken if one is not two)
    assert scenes.draw_marked(Image.new("RGB", (320, 240)), marks).size == (720, 540)


def test_degenerate_scenes_are_drawn():
    same = Relation("a", "two\nlines of $\\frac{", "a", (-5, -5, 1, 1), (-5, -5, 1, 1))
    picture = Image.new("RGB", (1, 300))
    assert scenes.draw_marked(picture, scenes.numbered([same])).size == (2, 720)
    assert scenes.draw_marked(picture, []).size == (2, 720)


def test_names_are_never_read_as_mathematics(tmp_path):
    grid = np.array([[50.0, np.nan]])
    save_themed(
        tmp_path,
        "x",
        lambda theme: predicates_figure(theme, ["$\\frac{"], [("$^$", "a$b$"), ("", "c")], grid),
    )
    assert LIGHT.text in (tmp_path / "x.svg").read_text("utf-8")
    assert (tmp_path / "x.svg").read_bytes() != (tmp_path / "x-dark.svg").read_bytes()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Motif", ["Motif"]),
        ("VisualDS (semi-supervised)", ["VisualDS", "(semi-supervised)"]),
        ("a knowledge base of what was said", ["a knowledge base", "of what was said"]),
        ("", [""]),
        ("x" * 30, ["x" * 19, "x" * 11]),
    ],
)
def test_names_are_broken_into_lines_of_one_length(name, lines):
    assert wrapped(name, 19).split("\n") == lines


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_numbers_on_a_shaded_cell_can_be_read(theme):
    ramp = LinearSegmentedColormap.from_list("ramp", theme.ramp)
    for share in np.linspace(0, 1, 101):
        ground = to_hex(ramp(share))
        assert contrast(readable(ground, theme.text, theme.surface), ground) > 3.7


def test_a_table_of_recalls_names_its_rows_above_and_their_blocks_below():
    rows = [("Distant", "A"), ("Distant", "B"), ("Full", "C")]
    svg = saved(lambda theme: predicates_figure(theme, ["a"], rows, np.zeros((1, 3))), LIGHT).decode()
    assert re.findall("<!-- (A|B|C|Distant|Full) -->", svg) == ["A", "B", "C", "Distant", "Full"]


def test_lines_beyond_the_first_four_differ_by_more_than_their_colour():
    styles = [(theme.dashes(number), number // 4) for theme in (LIGHT, DARK) for number in range(8)]
    assert len(set(styles)) == 3
    assert LIGHT.dashes(3) != LIGHT.dashes(4) != LIGHT.dashes(5)


def test_benchmark_files_add_up_by_rule(tmp_path):
    for name, seconds in (("raw.tsv", "2.5"), ("train/a.tsv", "10"), ("train/b.tsv", "NA")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"s\tmax_rss\n{seconds}\t100\n", "utf-8")
    found = {time.rule: (time.jobs, time.seconds) for time in stage_times(tmp_path)}
    assert found == {"raw": (1, 2.5), "train": (2, 10.0)}
    assert stage_times(tmp_path / "absent") == stage_times(None) == []


def test_a_runs_bars_are_as_long_as_its_recall_and_names_stay_text():
    rows = [Recall("a<b>&", 25.0, 50.0, 1234), Recall("never", None, None, 0)]
    svg = ElementTree.fromstring(bars_svg("run <1>", rows))
    space = {"svg": "http://www.w3.org/2000/svg"}
    (bar,) = svg.findall("svg:rect[@class='bar']", space)[1:]
    (mark,) = svg.findall("svg:rect[@class='mark']", space)[1:]
    assert float(bar.get("width")) == bars.SPAN / 2
    assert float(mark.get("x")) + 1.2 == pytest.approx(bars.LEFT + bars.SPAN / 4)
    texts = [text.text for text in svg.findall("svg:text", space)]
    assert {"run <1>", "a<b>&", "1,234", "50", "never", "not in test"} <= set(texts)


def test_warm_places_take_the_warmest_colour_and_a_cold_map_is_even():
    picture = np.zeros((40, 60, 3))
    heat = np.zeros((4, 6))
    heat[:, 3:] = 7.0
    shown = overlay(picture, heat)
    np.testing.assert_allclose(shown[20, 59], STRONGEST * np.array(COLOURS(1.0)[:3]), atol=1e-6)
    np.testing.assert_allclose(shown[20, 0], WEAKEST * np.array(COLOURS(0.0)[:3]), atol=1e-6)
    cold = overlay(picture, np.zeros((1, 1)))
    assert np.ptp(cold, axis=(0, 1)).max() == 0
    assert np.isfinite(overlay(picture, np.full((2, 2), np.nan))).all()


@pytest.mark.parametrize("number", [1, 3])
def test_heat_maps_of_any_number_and_shape_are_drawn(tmp_path, number):
    pictures = [np.full((20 + 10 * n, 50, 3), 0.5) for n in range(number)]
    heat = [np.ones((2, 3))] * number
    texts = ["a $b$"] * number
    save_themed(
        tmp_path, "x", lambda theme: gradcam_figure(theme, pictures, heat, heat, texts), suffix=".jpg"
    )
    widths = {Image.open(tmp_path / name).size[0] for name in ("x.jpg", "x-dark.jpg")}
    assert widths == {round(WIDTH * PIXELS)}


def test_new_colours_are_what_drawing_again_gives():
    def draw(theme):
        return contrast_figure(
            theme, ["a", "b", "c"], np.array([1.0, 60, np.nan]), np.array([40.0, 2, np.nan])
        )

    def without_ids(svg):
        return re.sub(rb"m[0-9a-f]{10}", b"marker", svg)

    assert without_ids(recoloured(saved(draw, LIGHT))) == without_ids(saved(draw, DARK)) != saved(draw, LIGHT)
    assert len(set(LIGHT.colours)) == len(LIGHT.colours) == len(DARK.colours)
