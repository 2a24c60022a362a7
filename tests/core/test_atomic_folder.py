"""A folder is replaced as a whole, through a link too; a file in its way is left alone."""

import pytest

from relclip.core.atomic import atomic_folder


def test_a_link_to_a_folder_stays(tmp_path):
    (tmp_path / "disk/raw").mkdir(parents=True)
    (tmp_path / "disk/raw/old").touch()
    (tmp_path / "raw").symlink_to(tmp_path / "disk/raw")
    with atomic_folder(tmp_path / "raw") as folder:
        (folder / "new").touch()
    assert (tmp_path / "raw").is_symlink()
    assert [path.name for path in (tmp_path / "disk/raw").iterdir()] == ["new"]
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["raw"]


def test_a_file_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "raw").write_text("mine")
    with pytest.raises(NotADirectoryError), atomic_folder(tmp_path / "raw"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["raw"] and (tmp_path / "raw").read_text() == "mine"
