"""The page in a real Chromium: judged by keys and by touch, undone, closed and resumed, without an error in its log."""

from annotate_case import OBJECTS, served
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait


class Page:
    """What a person sees and does."""

    def __init__(self, browser):
        self.browser = browser

    def text(self, element):
        return self.browser.find_element(By.ID, element).text

    def wait(self, condition):
        return WebDriverWait(self.browser, 60, 0.05).until(lambda _: condition())

    def enter(self, port, name):
        self.browser.get(f"http://127.0.0.1:{port}/")
        self.browser.find_element(By.ID, "name").send_keys(name, Keys.ENTER)
        self.settle()

    def settle(self):
        script = "return Boolean(document.body && !('busy' in document.body.dataset)) && document.readyState"
        self.wait(lambda: self.browser.execute_script(script) == "complete")
        self.wait(lambda: "answered" in self.text("progress"))

    def press(self, key):
        self.browser.find_element(By.TAG_NAME, "body").send_keys(key)
        self.settle()

    def statement(self):
        return tuple(self.text(f"word{place}") for place in range(3))


def test_judged_by_keys_undone_closed_and_resumed(browser, case, tmp_path):
    total = len(case.asked.questions)
    with served(case.desk(tmp_path / "a.db")) as port:
        page = Page(browser)
        page.enter(port, "Ada")
        first = page.statement()
        assert first[0] in OBJECTS and page.text("progress") == f"0 of {total} answered"
        assert browser.find_element(By.ID, "tag0").text == first[0]
        for key in ("r", Keys.ARROW_LEFT, "s", "w"):
            page.press(key)
        assert page.text("progress") == f"4 of {total} answered"
        assert page.text("place").startswith("Statement 5,")
        page.press("u")
        assert page.text("progress") == f"3 of {total} answered"
        assert page.text("place").startswith("Statement 4,")
        page.press("b")
        assert "bare" in browser.find_element(By.ID, "frame").get_attribute("class")
        page.press("g")
        browser.find_element(By.ID, "number").send_keys("1", Keys.ENTER)
        page.wait(lambda: page.text("place").startswith("Statement 1,"))
        assert page.statement() == first
        pressed = browser.find_element(By.CSS_SELECTOR, "[aria-pressed=true][data-answer]")
        assert pressed.get_attribute("data-answer") == "right"
    page.press("w")  # nobody listens any more
    assert "Start it again" in page.text("message")
    with served(case.desk(tmp_path / "a.db")) as port:
        browser.get(f"http://127.0.0.1:{port}/judge")  # the cookie of yesterday
        page.settle()
        assert page.text("place").startswith("Statement 4,")
        assert sorted(case.desk(tmp_path / "a.db").store.answers("Ada").values()) == [
            "right",
            "skip",
            "wrong",
        ]


def test_on_a_phone_by_touch_in_the_dark_to_the_end(browser, case, tmp_path):
    browser.get_log("browser")
    emulate = browser.execute_cdp_cmd
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    emulate("Emulation.setDeviceMetricsOverride", metrics)
    emulate("Emulation.setTouchEmulationEnabled", {"enabled": True})
    emulate("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    desk = case.desk(tmp_path / "a.db")
    with served(desk) as port:
        page = Page(browser)
        page.enter(port, "Bob")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 390
        boxes = [one.rect for one in browser.find_elements(By.CSS_SELECTOR, ".answers button, .tools button")]
        assert min(one["height"] for one in boxes) >= 44
        assert all(one["y"] + one["height"] <= 844 for one in boxes)
        keys = [one.key for one in desk.order("Bob").questions]
        for key in keys[:-2]:
            desk.store.add("Bob", case.asked.questions[key], "right")
        browser.refresh()
        page.settle()
        for _ in range(2):
            browser.find_element(By.CSS_SELECTOR, "[data-answer=right]").click()
            page.settle()
        assert "Thank you" in page.text("done")
        assert set(desk.store.answers("Bob").values()) == {"right"}
        assert browser.get_log("browser") == []
    emulate("Emulation.clearDeviceMetricsOverride", {})
