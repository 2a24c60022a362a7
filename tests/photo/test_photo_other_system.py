"""A model handed over to a system that is not Linux, as other_system.py plays one: the same bytes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from photo_case import RUN

from relclip.core import command
from relclip.photo import __main__ as predict
from relclip.photo import export


def called(main, *words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["relclip", *map(str, words)])
        command.run(main)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(sys.platform != "linux", reason="it plays another system by what Linux tells in /proc")
def test_photos_on_another_system(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    called(export.main, RUN, "--output", "model", "--data", data)
    Path("photos").mkdir()
    for name in ("1.jpg", "2.jpg"):
        shutil.copy(data / "raw" / "images" / name, "photos")
    words = ("photos", "--model", "model", "--threads", "1", "--device", "cpu", "--output")
    there = [sys.executable, Path(__file__).with_name("other_system.py"), *words, "there"]
    done = subprocess.run(there, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    called(predict.main, *words, "here")
    assert contents(Path("there")) == contents(Path("here"))
