"""The whole stage: the same inputs give the same bytes, the page fetches nothing and runs nothing."""

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_inputs import BUILT, RELEASED, TRAINED, write_data_set

from relclip.core.atomic import write_json
from relclip.core.digest import write_digests
from relclip.core.errors import ContractError
from relclip.core.params.whole import load_workflow
from relclip.tables.content import CLIP_QUESTIONS, accuracies, detector_facts, untrained
from relclip.tables.draw import row_colours
from relclip.tables.examples import choose_scenes
from relclip.tables.gather import gather
from relclip.tables.sources import read_curve, read_data_set, read_knowledge_base
from relclip.tables.stage import make_report

FIGURES = (
    "claims",
    "rcl",
    "confusion",
    "predicates",
    "kb-size",
    "knowledge",
    "knowledge-quality",
    "relations",
)


@pytest.fixture(scope="module")
def report(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    make_report(inputs, folder)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_inputs_give_the_same_bytes(inputs, report, tmp_path):
    make_report(inputs, tmp_path)
    assert digests(tmp_path) == digests(report)
    names = (*(f"table{number}" for number in range(1, 7)), "beyond", "kb_size", "claims")
    expected = {f"tables/{name}.{kind}" for name in names for kind in ("csv", "md", "tex")}
    expected |= {f"figures/predicates/{run}.svg" for run in BUILT}
    expected |= {f"figures/{name}{theme}" for name in FIGURES for theme in (".svg", "-dark.svg")}
    expected |= {f"model_cards/{name}.md" for name in ("README", RELEASED)}
    expected |= {"index.html", f"metrics/{RELEASED}.json", "plots/validation.csv", "tables/knowledge.csv"}
    assert expected <= digests(report).keys()


def test_runs_come_in_one_order(inputs, report):
    page = (report / "index.html").read_text("utf-8")
    shown = re.findall(r'<details name="run" class="run"><summary>([\w-]+)', page)
    judged = load_workflow(inputs.params).judged
    assert len(shown) > 1 and shown == [run for run in judged if run in shown]
    assert set(shown) == set(BUILT)


def test_a_file_edited_since_its_stage_made_it_is_refused(inputs, tmp_path):
    copied = replace(inputs, evaluate=tmp_path / "evaluate")
    shutil.copytree(inputs.evaluate, copied.evaluate)
    folder = copied.evaluate / RELEASED / "predcls"
    write_digests(folder)
    gather(copied)
    path = folder / "annotation.json"
    path.write_text(path.read_text().replace("0.5", "0.9", 1))
    with pytest.raises(ContractError, match=rf"{path} is not what its stage made: .*dvc checkout {folder}\b"):
        gather(copied)


def test_the_page_says_how_well_the_detector_finds_the_test_images_objects(report):
    page = (report / "index.html").read_text("utf-8")
    assert "The detector, whose boxes SGDet starts from" in page
    assert re.search(r"mAP50 \(COCO[^<]*</t[hd]>\s*<td[^>]*>0\.5125<", page), "test's, not validation's"


@pytest.mark.parametrize("content", [{}, [], {"test": 3}])
def test_a_detector_that_says_nothing_of_test_is_one_sentence(tmp_path, content):
    write_json(tmp_path / "statistics.json", content)
    with pytest.raises(ContractError, match="says nothing of the test images; run the stage detector"):
        detector_facts(tmp_path)


def test_validation_curves_are_one_line_a_point(report):
    lines = (report / "plots" / "validation.csv").read_text("utf-8").splitlines()
    assert lines == ["run,step,recall_at_50,mean_recall_at_50", f"{TRAINED},20,0.4000,0.3000"]


class Page(HTMLParser):
    """Collects the tags, what they would fetch, and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [
            value or "" for name, value in attrs if name in {"src", "srcset", "href", "data", "action"}
        ]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def test_the_page_fetches_nothing_and_runs_its_one_script(report):
    html = (report / "index.html").read_text("utf-8")
    page = Page(html)
    assert page.fetched
    assert all(value.startswith(("data:image/", "#", "model_cards/")) for value in page.fetched)
    assert not {"b", "iframe", "link", "object"} & set(page.tags)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)
    assert [attributes for attributes, _ in scripts] == [' type="application/json" id="data"', ""]
    assert page.tags.count("script") == 2
    digest = base64.b64encode(hashlib.sha256(scripts[1][1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in html
    assert json.loads(scripts[0][1])["captions"]
    assert not re.search(r"https?://|@import|url\(", html)
    assert "<script>alert(1)</script>" in page.text
    assert "RCL <b>helps</b> & 50%|" in page.text
    anchors = {value[1:] for value in page.fetched if value.startswith("#")}
    assert anchors == set(re.findall(r'<h2 id="(\w+)"', html))


def test_every_heading_of_a_table_says_something(report):
    html = (report / "index.html").read_text("utf-8")
    assert "<thead" in html
    assert not re.search(r"<th[^>]*>\s*</th>", html)
    heads = re.findall(r"<thead>(.*?)</thead>", html, re.DOTALL)
    assert not [head for head in heads if re.search(r"<th(?! scope=)", head)]
    assert not re.search(r">-\d|\[-\d", html)


def test_images_in_the_page_are_whole(report):
    html = (report / "index.html").read_text("utf-8")
    images = re.findall(r'(?:src|srcset)="data:([a-z+/]+);base64,([^"]+)"', html)
    starts = {(kind, base64.b64decode(content, validate=True)[:4]) for kind, content in images}
    assert {(kind, start[:2]) for kind, start in starts} == {
        ("image/jpeg", b"\xff\xd8"),
        ("image/svg+xml", b"<?"),
        ("image/svg+xml", b"<s"),
    }
    drawn = {path.name for path in (report / "figures").rglob("*") if path.is_file()}
    assert {
        "example-1-relclip_kb_ext.jpg",
        "example-1-no_rcl.jpg",
        "attention-relclip_kb_ext-dark.jpg",
    } <= drawn
    assert len(images) == len(drawn)


def test_the_banner_shows_only_for_an_untrained_encoder(inputs, report, tmp_path):
    assert "NOT trained" in (report / "index.html").read_text("utf-8")
    write_json(tmp_path / "statistics.json", {"untrained": False})
    assert untrained(inputs.clip)
    assert not untrained(tmp_path)
    assert not untrained(None)


def test_accuracies_are_percent_and_strict(inputs, tmp_path):
    (one,) = accuracies(inputs.clip, CLIP_QUESTIONS)
    assert (one.mean, one.class_mean, one.count) == (50.0, 25.0, 4)
    write_json(tmp_path / "statistics.json", {"validation": {"objects": {"mean": "much"}}})
    with pytest.raises(ContractError, match="accuracies of another form"):
        accuracies(tmp_path, CLIP_QUESTIONS)


def test_a_missing_stage_is_one_sentence_and_leaves_nothing(inputs, tmp_path):
    with pytest.raises(ContractError, match=r"vocabulary\.json does not exist"):
        make_report(replace(inputs, dataset=tmp_path / "nowhere"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_top_triplets_come_most_frequent_first_and_ties_by_class(inputs):
    data, knowledge = read_data_set(inputs.dataset), read_knowledge_base(inputs.kb)
    found = knowledge.top(data.vocabulary, 1, 3)
    assert [(data.vocabulary.object_ids[s], data.vocabulary.object_ids[o], n) for s, o, n in found] == [
        (5, 2, 51),
        (5, 6, 51),
        (1, 2, 11),
    ]


def test_sample_pictures_are_seeded_test_pictures(inputs, tmp_path):
    write_data_set(tmp_path, images=60)
    data = read_data_set(tmp_path)
    first, again, other = (choose_scenes(data, seed) for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 8
    test = set(data.annotation.image_id[data.annotation.split == "test"].tolist())
    assert {scene.image_id for scene in first} <= test


def test_a_training_keeps_its_colour_in_all_tables(inputs):
    params = load_workflow(inputs.params)
    colours = row_colours(params)
    assert (
        colours["table1_distant"]["relclip_kb_none"]
        == colours["table5"]["relclip_kb_none"]
        == colours["table6"]["relclip_kb_none"]
    )
    assert all(len(set(table.values())) == len(table) for table in colours.values())


@pytest.mark.parametrize("content", ["step,loss\n1,x\n", "loss\n1\n", "step,loss\n1\n"])
def test_broken_curves_are_one_sentence(tmp_path, content):
    path = tmp_path / "curves.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(ContractError, match=r"curves\.csv"):
        read_curve(path)


def test_a_report_before_any_result_says_so(inputs, tmp_path):
    write_data_set(tmp_path / "dataset", images=0)
    empty = dict.fromkeys(
        ("raw", "train", "evaluate", "predict", "gradcam", "detector"), tmp_path / "nothing"
    )
    make_report(replace(inputs, dataset=tmp_path / "dataset", claims=None, clip=None, **empty), tmp_path)
    page = Page((tmp_path / "index.html").read_text("utf-8"))
    assert "No training has been run: not yet built" in page.text
    rows = (tmp_path / "tables" / "table1.csv").read_text("utf-8").splitlines()
    assert all(row.endswith("not yet built") for row in rows[1:])
    assert (tmp_path / "plots" / "validation.csv").read_text("utf-8").count("\n") == 1
