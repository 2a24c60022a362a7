"""Small things that a reader sees: rounded numbers, smoothed curves, labels that do not cover each other."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from relclip.tables.figures import scenes
from relclip.tables.figures.curves import smooth
from relclip.tables.figures.predicates import predicates_figure
from relclip.tables.figures.style import LIGHT, save_themed
from relclip.tables.page import compact, duration, signed
from relclip.tables.provenance import stage_times
from relclip.tables.samples import Relation, Scene


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
    scene = Scene(1, "1.jpg", (relation,) * 6, None)
    pen, taken = ImageDraw.Draw(Image.new("RGB", (720, 540))), []
    for number in range(6):
        arrow = scenes._arrow(number, relation, 2.25)
        taken.append(scenes._draw_label(pen, arrow, taken, []))
    assert all(scenes._shared(one, two) == 0 for one in taken for two in taken if one is not two)
    assert scenes.draw_scene(Image.new("RGB", (320, 240)), scene).size == (720, 540)


def test_degenerate_scenes_are_drawn():
    same = Relation("a", "two\nlines of $\\frac{", "a", (-5, -5, 1, 1), (-5, -5, 1, 1))
    assert scenes.draw_scene(Image.new("RGB", (1, 300)), Scene(1, "x", (same,), 0)).size == (2, 720)


def test_names_are_never_read_as_mathematics(tmp_path):
    grid = np.array([[50.0, np.nan]])
    save_themed(tmp_path, "x", lambda theme: predicates_figure(theme, ["$\\frac{"], ["a$b$", "c"], grid))
    assert LIGHT.text in (tmp_path / "x.svg").read_text("utf-8")
    assert (tmp_path / "x.svg").read_bytes() != (tmp_path / "x-dark.svg").read_bytes()


def test_benchmark_files_add_up_by_rule(tmp_path):
    for name, seconds in (("raw.tsv", "2.5"), ("train/a.tsv", "10"), ("train/b.tsv", "NA")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"s\tmax_rss\n{seconds}\t100\n", "utf-8")
    found = {time.rule: (time.jobs, time.seconds) for time in stage_times(tmp_path)}
    assert found == {"raw": (1, 2.5), "train": (2, 10.0)}
    assert stage_times(tmp_path / "absent") == stage_times(None) == []
