"""Zip archives from strangers: nothing lands elsewhere, nothing explodes, what is broken is named, the rest arrives."""

import io
import os
import shutil
import stat
import zipfile

import pytest
from PIL import Image

from relclip.core.errors import InputError
from relclip.raw.vg import unzip
from relclip.raw.vg.unzip import is_unpacked, unpack_file, unpack_folder, unpack_pictures


def picture(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as opened:
        for name, content in members:
            opened.writestr(name, content)
    return path


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_pictures_arrive_flat_and_nothing_else(tmp_path):
    link = zipfile.ZipInfo("VG_100K/7.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    members = [
        ("VG_100K/", ""),
        ("VG_100K/1.jpg", picture("red")),
        ("VG_100K_2/2.jpg", picture("blue")),
        ("VG_100K/1.jpg", picture("green")),
        ("../3.jpg", b"x"),
        ("/VG_100K/4.jpg", b"x"),
        ("VG_100K/../../5.jpg", b"x"),
        ("VG_100K\\..\\6.jpg", b"x"),
        (link, "/etc/passwd"),
        ("__MACOSX/VG_100K/._1.jpg", b"x"),
        ("VG_100K/run.sh", b"x"),
    ]
    with pytest.warns(UserWarning, match="Duplicate name"):
        made = archive(tmp_path / "a.zip", members)
    counts = unpack_pictures(made, tmp_path / "to/here")
    assert names(tmp_path / "to") == ["here", "here/1.jpg", "here/2.jpg", "here/done.json"]
    assert (tmp_path / "to/here/1.jpg").read_bytes() in {picture("red"), picture("green")}
    assert names(tmp_path)[:2] == ["a.zip", "to"]
    by_reason = {what.partition(" (")[0]: number for what, number in counts.items()}
    assert by_reason == {
        "images unpacked": 2,
        "members of a.zip left out: another came before": 1,
        "members of a.zip left out: their path leads out": 4,
        "members of a.zip left out: a link or a device": 1,
        "members of a.zip left out: no image of the data set": 2,
    }
    assert any("../3.jpg" in what for what in counts)


@pytest.mark.parametrize(
    ("first", "second"), [("a.json/1.jpg", "a.json"), ("a.json", "a.json/1.jpg"), ("x/a.json", "y/a.json")]
)
def test_what_cannot_lie_beside_what_came_before_is_left_out(first, second, tmp_path):
    made = archive(tmp_path / "a.zip", [(first, b"1"), (second, b"2")])
    left_out = f"members of a.zip left out: another came before ({second})"
    assert unpack_folder(made, tmp_path / "to") == {left_out: 1}
    (file,) = (path for path in (tmp_path / "to").rglob("*") if path.is_file())
    assert file.read_bytes() == b"1"


def test_broken_members_are_named_and_the_rest_arrives(tmp_path):
    made = archive(
        tmp_path / "a.zip", [(f"VG_100K/{number}.jpg", picture((number, 0, 0))) for number in (1, 2, 3)]
    )
    content = bytearray(made.read_bytes())
    place = content.index(picture((2, 0, 0)))
    content[place + 300] ^= 0xFF
    made.write_bytes(content)
    counts = unpack_pictures(made, tmp_path / "to")
    assert counts == {"images unpacked": 2, "members of a.zip left out: broken (VG_100K/2.jpg)": 1}
    assert names(tmp_path / "to") == ["1.jpg", "3.jpg", "done.json"]


@pytest.mark.parametrize("largest", [1 << 26, 1 << 19])
def test_bombs_are_not_opened(tmp_path, monkeypatch, largest):
    monkeypatch.setattr(unzip, "LARGEST_PICTURE", largest)
    noise = os.urandom(1 << 20)
    members = [
        ("VG_100K/1.jpg", bytes(4 << 20) if largest > 1 << 20 else noise),
        ("VG_100K/2.jpg", picture("red")),
    ]
    made = archive(tmp_path / "a.zip", members, zipfile.ZIP_DEFLATED)
    assert unpack_pictures(made, tmp_path / "to") == {
        "members of a.zip left out: too large (VG_100K/1.jpg)": 1,
        "images unpacked": 1,
    }


def test_small_members_may_be_packed_well(tmp_path):
    members = [(f"VG_100K/{beyond + 1}.jpg", bytes((1 << 16) + beyond)) for beyond in (0, 1)]
    made = archive(tmp_path / "a.zip", members, zipfile.ZIP_DEFLATED)
    unpack_pictures(made, tmp_path / "to")
    assert names(tmp_path / "to") == ["1.jpg", "done.json"]


def test_the_sum_of_what_is_announced_is_limited(tmp_path, monkeypatch):
    made = archive(tmp_path / "a.zip", [(f"VG_100K/{number}.jpg", picture("red")) for number in range(9)])
    monkeypatch.setattr(unzip, "LARGEST_JSON", 0)
    monkeypatch.setattr(unzip, "RATIO_ALL", 0.5)
    with pytest.raises(InputError, match="announces 9 files of"):
        unpack_pictures(made, tmp_path / "to")
    monkeypatch.setattr(unzip, "RATIO_ALL", 4)
    monkeypatch.setattr(unzip, "MOST_MEMBERS", 8)
    with pytest.raises(InputError, match="allowed: 8 of"):
        unpack_pictures(made, tmp_path / "to")


def test_a_size_that_lies_is_found_out(tmp_path):
    made = archive(
        tmp_path / "a.zip", [("VG_100K/1.jpg", picture("red") * 40), ("VG_100K/2.jpg", picture("red"))]
    )
    content = made.read_bytes()
    size = len(picture("red") * 40).to_bytes(4, "little")
    made.write_bytes(content.replace(size, (5).to_bytes(4, "little")))
    counts = unpack_pictures(made, tmp_path / "to")
    assert counts["images unpacked"] == 1 and names(tmp_path / "to") == ["2.jpg", "done.json"]


def test_what_stopped_half_way_goes_on(tmp_path, monkeypatch):
    made = archive(
        tmp_path / "a.zip", [(f"VG_100K/{number}.jpg", picture((number, 9, 9))) for number in range(6)]
    )
    usual = shutil.copyfileobj

    def until_four(source, target, length):
        if source.name.endswith("4.jpg"):
            target.write(b"half")
            raise KeyboardInterrupt
        usual(source, target, length)

    monkeypatch.setattr(shutil, "copyfileobj", until_four)
    with pytest.raises(KeyboardInterrupt):
        unpack_pictures(made, tmp_path / "to")
    assert not is_unpacked(tmp_path / "to") and "4.jpg" not in names(tmp_path / "to")
    (tmp_path / "to/2.jpg").write_bytes(b"cut off by a full disk")
    monkeypatch.undo()
    assert unpack_pictures(made, tmp_path / "to") == {"images unpacked": 3, "images unpacked before": 3}
    assert (tmp_path / "to/2.jpg").read_bytes() == picture((2, 9, 9))
    assert unpack_pictures(made, tmp_path / "to") == {"images unpacked before": 6}
    made.unlink()  # to spare the disk: what was unpacked stays good
    assert unpack_pictures(made, tmp_path / "to") == {"images unpacked before": 6}
    # another one
    archive(made, [("VG_100K/2.jpg", picture((2, 9, 9))), ("VG_100K/9.jpg", picture((9, 9, 9)))])
    assert unpack_pictures(made, tmp_path / "to") == {"images unpacked": 1, "images unpacked before": 1}


def test_a_full_disk_is_no_broken_picture(tmp_path, monkeypatch):
    made = archive(tmp_path / "a.zip", [("VG_100K/1.jpg", picture("red"))])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        unpack_pictures(made, tmp_path / "to")
    assert names(tmp_path / "to") == []


@pytest.mark.parametrize("kind", ["text", "cut", "none", "two", "encrypted"])
def test_what_is_no_such_archive_is_one_sentence(tmp_path, kind):
    path = tmp_path / "objects.json.zip"
    members = {"none": [("a.txt", "x")], "two": [("objects.json", "[]"), ("x/objects.json", "[]")]}
    archive(path, members.get(kind, [("objects.json", "[]" * 100)]))
    content = path.read_bytes()
    if kind == "encrypted":  # the flag in both headers
        content = content.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
        content = content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    path.write_bytes({"text": b"<html>", "cut": content[:-30]}.get(kind, content))
    with pytest.raises(InputError, match=r"objects\.json"):
        unpack_file(path, "objects.json", tmp_path / "objects.json")
    assert names(tmp_path) == ["objects.json.zip"]
    with pytest.raises(InputError, match=r"objects\.json"):
        unpack_pictures(path, tmp_path / "to")


def test_a_json_file_is_unpacked_once(tmp_path):
    path = archive(tmp_path / "a.zip", [("dataset/objects.json", "[1]")], zipfile.ZIP_DEFLATED)
    unpack_file(path, "objects.json", tmp_path / "objects.json")
    before = (tmp_path / "objects.json").stat().st_mtime_ns
    unpack_file(path, "objects.json", tmp_path / "objects.json")
    assert (tmp_path / "objects.json").read_text() == "[1]"
    assert (tmp_path / "objects.json").stat().st_mtime_ns == before
