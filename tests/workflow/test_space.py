"""A disk that is too small is said before the work; where the largest part is there, nothing is asked."""

import shutil
from collections import namedtuple
from pathlib import Path
from typing import get_args

import pytest

from relclip.core.errors import InputError
from relclip.core.params.raw import Raw
from relclip.core.params.whole import check_params
from relclip.project.checks import LARGEST, check_place, check_space
from relclip.project.preset import preset_content
from relclip.raw.sources import SOURCES
from relclip.raw.vg import collect
from relclip.raw.vg.unzip import DONE, folder_of

PRESETS = Path(__file__).resolve().parents[2] / "workflow" / "presets"
Usage = namedtuple("Usage", "free")


def room(raw):
    """Bytes that the pipeline writes for this data set."""
    return SOURCES[raw.source].room(raw)


def test_each_source_has_its_entry():
    assert set(SOURCES) == set(get_args(Raw.model_fields["source"].annotation))


def test_too_little_room_is_one_sentence(tmp_path, monkeypatch):
    raw = check_params(preset_content("scenes", PRESETS)).raw
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(room(raw) - 1))
    with pytest.raises(InputError, match=r"has 1\.2 GB free.*larger disk"):
        check_space(tmp_path, raw)
    (tmp_path / LARGEST).mkdir(parents=True)
    check_space(tmp_path, raw)


def test_what_is_needed_grows_with_the_pictures(tmp_path, monkeypatch):
    scenes, smoke, photos = (
        check_params(preset_content(name, PRESETS)).raw for name in ("scenes", "smoke", "photos")
    )
    assert room(smoke) < room(scenes) < room(photos)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(room(smoke)))
    check_space(tmp_path, smoke)


def test_visual_genomes_pictures_are_asked_for_too_until_they_are_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = check_params(preset_content("vg", PRESETS)).raw
    kept, one, other = Path(raw.vg.folder), 9_731_705_982, 5_471_658_058
    beside = room(raw) - 2 * (one + other)
    assert beside == 36_000_000_000
    kept.mkdir(parents=True)
    (kept / "images.zip.part").write_bytes(b"1000")
    assert room(raw) == beside + 2 * (one + other) - 4
    (kept / "images.zip.part").rename(kept / "images.zip")
    assert room(raw) == beside + one + 2 * other
    folder_of("images.zip", kept).mkdir(parents=True)
    (folder_of("images.zip", kept) / DONE).touch()
    (tmp_path / "pictures").mkdir()
    raw.vg.have["images2.zip"] = str(tmp_path / "pictures")
    assert room(raw) == beside
    monkeypatch.setattr(collect, "disk_of", lambda path: 1 if path.is_relative_to(tmp_path) else 0)
    assert room(raw) == beside + other  # on another disk: copied, not linked
    Path("data/raw/images").mkdir(parents=True)
    assert room(raw) == beside


def test_data_behind_a_link_is_refused_where_dvc_keeps_it(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / ".dvc").mkdir()
    check_place(project)
    (project / "data").rmdir()
    (project / "data").symlink_to(disk)
    with pytest.raises(InputError, match=rf"is a link to {disk}.*dvc cache dir --local {disk}-cache"):
        check_place(project)
    (project / ".dvc").rmdir()
    check_place(project)
