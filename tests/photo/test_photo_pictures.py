"""Labels and nodes that do not lie on each other, text that can be read, files that hostile names do not break."""

import itertools
import json
import random
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from photo_case import SAID, SENTENCES
from PIL import Image

from relclip.core.page import embedded
from relclip.core.readable import contrast
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.photo import Object, Relation, SceneGraph
from relclip.photo.about import About
from relclip.photo.colours import colours, text_on
from relclip.photo.diagram import to_dot, to_svg
from relclip.photo.drawing import curve, draw
from relclip.photo.evidence import Knowledge, load_knowledge
from relclip.photo.graph import two_digits
from relclip.photo.layout import layered
from relclip.photo.page import render_page
from relclip.photo.placing import Sheet, along, corners
from relclip.photo.results import described

ABOUT = About("r", "relclip", "kb", "run r: trained on <b>something</b>", "its answers mean little", 0.129)
HOSTILE = '</script><script>document.title="owned"</script>"\\]\x07'
PALETTE = colours(["riding", HOSTILE])


def make_graph(labels, relations, photo="p.jpg", size=(100, 80), seed=0):
    random = np.random.default_rng(seed)
    objects = []
    for label in labels:
        x, y = random.uniform(0, 60, 2)
        objects.append(Object(label, 0.5, x, y / 1.4, x + 35, y / 1.4 + 30))
    found = tuple(Relation(i, name, j, 0.9 - k / 20, 0.9) for k, (i, name, j) in enumerate(relations))
    return SceneGraph(photo, *size, "sgdet", tuple(objects), found, ABOUT)


def meet(first, second):
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


@pytest.mark.parametrize("seed", range(5))
def test_labels_do_not_meet_and_stay_on_the_picture(seed):
    random = np.random.default_rng(seed)
    sheet, placed = Sheet((900.0, 600.0)), []
    for _ in range(40):
        x, y = random.uniform(-20, 850), random.uniform(-20, 560)
        box, size = (x, y, x + 80, y + 60), (float(random.uniform(30, 160)), 24.0)
        wishes = (
            corners(box, size) if random.random() < 0.5 else along(curve(box, (400, 300, 460, 360)), size)
        )
        placed.append(sheet.place(size, wishes))
    kept = [rect for rect in placed if rect]
    assert len(kept) > 25
    assert not any(meet(first, second) for first, second in itertools.combinations(kept, 2))
    assert all(x1 >= 0 and y1 >= 0 and x2 <= 900 and y2 <= 600 for x1, y1, x2, y2 in kept)
    full = Sheet((50.0, 20.0))
    assert full.place((50, 20), [(0, 0)])
    assert full.place((10, 10), [(5, 5)]) is None


def test_predicates_have_one_colour_each_with_text_that_can_be_read():
    found = colours([f"p{number}" for number in range(60)])
    assert len(set(found.values())) == 60
    assert all(contrast(colour, text_on(colour)) >= 4.5 for colour in list(found.values())[:20])
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


def test_the_same_relations_are_laid_out_the_same():
    """Found so: a photo's page was another one each time (grandalf takes edges by their places in memory)."""
    rng, objects = random.Random(0), 8
    for _ in range(30):
        pairs = [rng.sample(range(objects), 2) for _ in range(10)]
        ways = [((one, objects + place), (objects + place, two)) for place, (one, two) in enumerate(pairs)]
        several = [layered([(60.0, 30.0)] * (objects + 10), [*itertools.chain(*ways)]) for _ in range(4)]
        assert several == several[:1] * 4


def test_the_layout_is_layered_and_nothing_meets():
    sizes = [(60.0, 30.0)] * 3 + [(90.0, 30.0)] * 4 + [(40.0, 30.0)]
    # two circles, one of them a loop
    edges = [
        (0, 3),
        (3, 1),
        (1, 4),
        (4, 0),
        (0, 5),
        (5, 2),
        (2, 6),
        (6, 2),
    ]
    found = layered(sizes, edges)
    assert found == layered(sizes, edges)
    rects = [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for (x, y), (w, h) in zip(found.centres, sizes, strict=True)
    ]
    assert not any(meet(first, second) for first, second in itertools.combinations(rects, 2))
    assert all(r[0] >= 0 and r[1] >= 0 and r[2] <= found.size[0] and r[3] <= found.size[1] for r in rects)
    for (first, second), line in zip(edges, found.lines, strict=True):
        for node, end in ((first, line[0]), (second, line[-1])):
            x1, y1, x2, y2 = rects[node]
            assert x1 - 1 <= end[0] <= x2 + 1
            assert y1 - 1 <= end[1] <= y2 + 1


@pytest.mark.parametrize("top", [1, 10])
def test_dot_svg_and_page_hold_any_name(top):
    graph = make_graph(
        ["man", HOSTILE, "man"], [(0, HOSTILE, 1), (1, "riding", 0), (2, "riding", 1)], HOSTILE
    )
    svg = to_svg(graph, PALETTE, top)
    shown = [node.text for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert shown.count("man") == min(top, 2)
    assert HOSTILE.replace("\x07", "\ufffd") in shown
    dot = to_dot(graph, PALETTE, top)
    assert dot.count("->") == min(top, 3)
    for line in dot.splitlines():  # strings end where they should
        assert line.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0
    content = described(graph, Knowledge())
    picture = Image.new("RGB", (100, 80))
    page = render_page(content, ABOUT, picture, svg=svg, palette=PALETTE, top=top)
    assert "<script>document.title" not in page
    assert "<b>something" not in page
    start = page.index('id="data">') + len('id="data">')
    assert json.loads(page[start : page.index("</script>", start)])["objects"][1]["label"] == HOSTILE
    assert json.loads(embedded({"a": HOSTILE})) == {"a": HOSTILE}
    assert draw(picture, graph, PALETTE, top).size == (960, 768)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_graph_without_relations_has_a_page_that_says_why(count):
    graph = make_graph(["man", "tree"][:count], [])
    page = render_page(
        described(graph, None),
        ABOUT,
        Image.new("RGB", (9, 9)),
        svg=to_svg(graph, PALETTE, 5),
        palette=PALETTE,
        top=5,
    )
    words = ("The detector found no object", "One object (man)", "no two of their boxes overlap")
    assert words[count] in page
    ET.fromstring(to_svg(graph, PALETTE, 5))
    assert draw(Image.new("L", (3000, 20)), graph, PALETTE, 5).width == 1600


def test_scores_show_two_digits():
    assert [two_digits(score) for score in (0, 1, 0.456, 0.0123, 0.03, 0.00061, -3.4)] == [
        "0.00", "1.00", "0.46", "0.012", "0.030", "0.00061", "-3.40",
    ]  # fmt: skip


def test_what_captions_said_is_found_again(data, tmp_path):
    vocabulary = load_vocabulary(data / "dataset" / "vocabulary.json")
    knowledge = load_knowledge(data, vocabulary)
    for (subject, predicate, object_), ids in SAID.items():
        names = (
            vocabulary.objects[subject - 1],
            vocabulary.predicates[predicate - 1],
            vocabulary.objects[object_ - 1],
        )
        assert knowledge.of(*names).sentences == tuple(SENTENCES[name] for name in ids)
        assert knowledge.of(*names).count == 1
    assert knowledge.of("man", "riding", "man").count == 0
    assert load_knowledge(tmp_path, Vocabulary(("a",), ("b",))) is None
