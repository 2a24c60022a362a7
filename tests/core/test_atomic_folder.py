"""A folder is replaced as a whole, through a link too; a file in its way, and the folder one is in, are left alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from relclip.core.atomic import atomic_folder, write_text
from relclip.core.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def test_a_link_to_a_folder_stays(tmp_path, monkeypatch):
    (tmp_path / "disk/raw").mkdir(parents=True)
    (tmp_path / "disk/raw/old").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/raw").symlink_to(tmp_path / "disk/raw")
    monkeypatch.chdir(tmp_path)
    with atomic_folder(tmp_path / "data/raw") as folder:
        (folder / "new").touch()
    assert (tmp_path / "data/raw").is_symlink()
    assert [path.name for path in (tmp_path / "disk/raw").iterdir()] == ["new"]
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["raw"]


def test_a_file_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "raw").write_text("mine")
    with pytest.raises(NotADirectoryError), atomic_folder(tmp_path / "raw"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["raw"] and (tmp_path / "raw").read_text() == "mine"


@pytest.mark.parametrize("output", [".", "..", "../mine"])
def test_the_folder_one_is_in_is_not_replaced(tmp_path, monkeypatch, output):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").touch()
    monkeypatch.chdir(tmp_path / "mine")
    with pytest.raises(OSError, match="one stands in this folder"), atomic_folder(Path(output)):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "thesis.tex"]


@pytest.mark.parametrize("output", [".", "made"])
def test_a_folder_in_the_way_of_a_file_is_said(tmp_path, monkeypatch, output):
    (tmp_path / "made").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IsADirectoryError, match="a folder where a file must be written"):
        write_text(Path(output), "text")
    assert [path.name for path in tmp_path.rglob("*")] == ["made"]


def test_a_folder_with_somebody_elses_files_is_not_replaced(tmp_path, monkeypatch):
    def made(place):
        with atomic_folder(place) as folder:
            write_text(folder / "images.parquet", "new")

    documents = tmp_path / "documents"
    documents.mkdir()
    made(documents)
    made(documents)  # its own
    write_text(documents / "thesis.tex", "years")
    with pytest.raises(InputError, match=r"documents holds thesis\.tex, which would be replaced"):
        made(documents)
    assert (documents / "thesis.tex").read_text() == "years"
    monkeypatch.chdir(tmp_path)
    write_text(Path("data/raw/truth"), "of another source")
    made(Path("data/raw"))  # a project's own
    assert [one.name for one in Path("data/raw").iterdir()] == ["images.parquet"]


#: Replaces a folder, killed once the first of its steps is done.
KILLED = """
import os, sys
from pathlib import Path
from relclip.core import atomic
place = Path(sys.argv[1])
if sys.argv[2] == "in two steps":
    atomic._exchanged = lambda one, other: False
    Path.replace = lambda old, new, move=Path.replace: (move(old, new), os.kill(os.getpid(), 9))
else:
    atomic.shutil.rmtree = lambda *_, **__: os.kill(os.getpid(), 9)
with atomic.atomic_folder(place) as new:
    (new / "file").write_text("new")
"""


@pytest.mark.parametrize(("how", "left"), [("in two steps", "old"), ("in one", "new")])
def test_a_kill_while_a_folder_is_replaced_loses_neither(tmp_path, how, left):
    place = tmp_path / "made"
    place.mkdir()
    (place / "file").write_text("old")
    script = [sys.executable, "-c", KILLED, str(place), how]
    assert subprocess.run(script, cwd=ROOT, check=False).returncode == -9
    assert place.is_dir() == (how == "in one") and len(list(tmp_path.iterdir())) == 2
    script[2] = (
        "import sys; from relclip.core.atomic import *; write_text(Path(sys.argv[1]).parent / 'next', '')"
    )
    assert subprocess.run(script, cwd=ROOT, check=False).returncode == 0
    assert (place / "file").read_text() == left
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "next"]
