"""The search of triplets in a real Chromium: what is typed is found, sentences stay text, nothing is sent."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from relclip.core.vocabulary import Vocabulary
from relclip.kb import mine
from relclip.kb.page import write_page

OWN = "document.title='owned'"
EVIL = f"a man riding a horse . <img src=x onerror={OWN}></script><script>{OWN}</script>"


@pytest.fixture
def page(browser, tmp_path):
    words = Vocabulary(("man", "woman", "horse", "bike"), ("riding",))
    words.save(tmp_path / "vocabulary.json")
    said = [EVIL, *(f"a {one} riding a {other}" for one in ("man", "woman") for other in ("horse", "bike"))]
    (tmp_path / "captions.tsv").write_text("".join(f"{text}\tc{n}\n" for n, text in enumerate(said)))
    mine([tmp_path / "captions.tsv"], tmp_path / "vocabulary.json", tmp_path / "kb")
    write_page(tmp_path / "kb", [tmp_path / "captions.tsv"], tmp_path / "kb.html")
    browser.get((tmp_path / "kb.html").as_uri())
    yield browser
    assert browser.get_log("browser") == []
    assert browser.title == "Knowledge base: triplets and their sentences"


def found(page):
    return [one.text for one in page.find_elements(By.CSS_SELECTOR, "#kb-results summary")]


def test_the_search_finds_what_is_typed(page):
    assert page.find_element(By.ID, "kb-summary").text == "4 triplets, 5 mentions"
    page.find_element(By.ID, "subject").send_keys("man")  # woman holds it, but a man is known
    page.find_element(By.ID, "object").send_keys("HOR", Keys.ENTER)
    assert page.current_url.endswith("kb.html") and len(found(page)) == 1
    assert found(page)[0].startswith("man · riding · horse")
    sentences = [one.text for one in page.find_elements(By.CSS_SELECTOR, "#kb-results li")]
    assert sentences == [f"{EVIL}c0", "a man riding a horsec1"]
