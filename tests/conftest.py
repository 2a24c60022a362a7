"""Fixtures that several test folders share."""

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from relclip.core.params.whole import Params

ROOT = Path(__file__).resolve().parents[1]
# A shell that starts the tests in the background lets them ignore Ctrl-C, and all that they start: some wait for it.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Under `make test`, a make that a test starts would take itself for a part of that one, and say more.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photographs, captions and gold triples; absent outside the team's workplace."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the team's ../shared/data is not here")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A Chromium without a window, which keeps a log."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    switches = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1100,900",
    ]
    for switch in (*switches, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@dataclass(frozen=True)
class Tiny:
    """Where the tiny files are."""

    params: Params
    raw: Path
    dataset: Path
    kb: Path
    model: Path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Tiny:
    """The tiny files of tests/tiny_clip.py and a CLIP pre-trained on them for seconds, written once."""
    import tiny_clip

    from relclip.clip.stage import run

    root = tmp_path_factory.mktemp("tiny_clip")
    params = tiny_clip.tiny_params()
    raw = tiny_clip.make_raw(root / "raw")
    run(params, raw, root / "model", threads=1)
    dataset, kb = tiny_clip.make_dataset(root / "dataset"), tiny_clip.make_kb(root / "kb")
    return Tiny(params, raw, dataset, kb, root / "model")
