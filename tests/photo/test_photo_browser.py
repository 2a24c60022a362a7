"""The page in a real Chromium: what is pointed at or tapped lights up, names stay text, nothing is fetched."""

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_photo_pictures import ABOUT, HOSTILE, PALETTE, make_graph

from relclip.photo.diagram import to_svg
from relclip.photo.evidence import Knowledge, Support
from relclip.photo.page import render_index, render_page
from relclip.photo.results import described


def show(browser, folder, graph, knowledge, top):
    """Write the page of a graph and open it."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8))
    svg = to_svg(graph, PALETTE, top)
    text = render_page(described(graph, knowledge), ABOUT, picture, svg=svg, palette=PALETTE, top=top)
    (folder / "page.html").write_text(text, "utf-8")
    browser.get((folder / "page.html").as_uri())


@pytest.fixture
def page(browser, tmp_path):
    """The page of three relations, two of them shown."""
    graph = make_graph(
        ["man", HOSTILE, "dog", "cat"], [(0, "riding", 1), (1, HOSTILE, 2), (3, "riding", 0)], HOSTILE
    )
    knowledge = Knowledge({("man", "riding", HOSTILE): Support(2, ("a man <i>rides</i>",))})
    show(browser, tmp_path, graph, knowledge, 2)
    yield browser
    assert browser.get_log("browser") == []
    assert browser.title != "owned"


def lit(browser):
    """Rows of the boxes that are lit, and the words over the picture."""
    boxes = browser.find_elements(By.CSS_SELECTOR, "#figure rect.box.lit")
    words = browser.find_elements(By.CSS_SELECTOR, "#figure .lamp text")
    return sorted(int(box.get_attribute("data-object")) for box in boxes), sorted(word.text for word in words)


def summary(browser, number):
    return browser.find_element(By.CSS_SELECTOR, f'#relations [data-relation="{number}"] summary')


def test_pointing_at_a_relation_lights_its_boxes(page):
    assert lit(page) == ([], [])
    for number, rows in ((0, [0, 1]), (1, [1, 2])):
        ActionChains(page).move_to_element(summary(page, number)).perform()
        assert lit(page)[0] == rows
    pill = page.find_element(By.CSS_SELECTOR, '#graph g[data-relation="0"]')
    ActionChains(page).move_to_element(pill).perform()
    rows, words = lit(page)
    assert (rows, len(words)) == ([0, 1], 3)
    assert {"man", "riding"} < set(words)
    ActionChains(page).move_to_element(page.find_element(By.TAG_NAME, "h1")).perform()
    assert lit(page) == ([], [])


def test_tapping_opens_what_speaks_for_it_and_keeps_it_lit(page):
    summary(page, 0).click()
    ActionChains(page).move_to_element(page.find_element(By.TAG_NAME, "h1")).perform()
    assert lit(page)[0] == [0, 1]
    opened = page.find_element(By.CSS_SELECTOR, '#relations [data-relation="0"]')
    assert "Captions say this 2 times" in opened.text
    assert "a man <i>rides</i>" in opened.text
    summary(page, 1).click()
    assert [one.get_attribute("open") for one in page.find_elements(By.TAG_NAME, "details")] == [
        None,
        "true",
        None,
    ]
    assert "No caption of the knowledge base says this" in page.find_element(By.ID, "relations").text
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    ActionChains(page).move_to_element(page.find_element(By.TAG_NAME, "h1")).perform()
    assert lit(page) == ([], [])


def test_the_slider_shows_more_and_a_phone_needs_no_sideways_scrolling(page):
    assert not summary(page, 2).is_displayed()
    cat = page.find_element(By.CSS_SELECTOR, '#figure rect.box[data-object="3"]')
    assert not cat.is_displayed()
    slider = page.find_element(By.ID, "top")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert summary(page, 2).is_displayed()
    assert cat.is_displayed()
    assert page.find_element(By.ID, "count").text == "3"
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    for scheme, dark in (("light", False), ("dark", True)):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        colour = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, colour[4:-1].split(","))) < 200) == dark
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_wide_graph_can_be_read_on_a_phone(browser, tmp_path):
    graph = make_graph(["man"] * 9 + ["dog"], [(row, "riding", 9) for row in range(9)])
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    show(browser, tmp_path, graph, Knowledge({}), 9)
    words = browser.find_elements(By.CSS_SELECTOR, "#graph text")
    assert min(word.rect["height"] for word in words) > 12
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_index_of_several_photos(browser, tmp_path):
    card = {
        "name": HOSTILE,
        "link": "a%20b/page.html",
        "image": "data:,",
        "triplets": [("a", "on", "b", 0.1)],
    }
    (tmp_path / "index.html").write_text(
        render_index([card, card], ["x.jpg is <no> picture"], ABOUT), "utf-8"
    )
    browser.get((tmp_path / "index.html").as_uri())
    links = browser.find_elements(By.CSS_SELECTOR, ".cards a")
    assert [link.get_attribute("href") for link in links] == [(tmp_path / "a b" / "page.html").as_uri()] * 2
    assert "x.jpg is <no> picture" in browser.find_element(By.ID, "failures").text
    assert browser.title == "Scene graphs of 2 photos"
