"""relclip predict, from arguments to files: one photo, a folder with a bad one, again, in a place that is taken."""

import json
import shutil

import pytest
from PIL import Image

FILES = {"graph.json", "picture.png", "graph.dot", "graph.svg", "page.html", "thumbnail.jpg"}


def test_one_photo(data, predict, tmp_path):
    status, said, told = predict(data / "raw" / "images" / "1.jpg", "--top", 3)
    assert status == 0
    assert "on a photograph its answers mean little" in told
    *relations, page = said.splitlines()
    assert page == "scene-graphs/1/page.html"
    made = tmp_path / "scene-graphs" / "1"
    assert {path.name for path in made.iterdir()} == FILES
    content = json.loads((made / "graph.json").read_text())
    assert len(relations) == min(3, len(content["relations"])) > 0
    first = content["relations"][0]
    names = [content["objects"][first[end]]["label"] for end in ("subject", "object")]
    assert relations[0].split(maxsplit=1)[1] == f"{names[0]} {first['predicate']} {names[1]}"
    assert content["about"]["warning"] == "on a photograph its answers mean little"
    assert set(first["said"]) == {"count", "sentences"}
    with Image.open(made / "picture.png") as picture:
        assert picture.size == (960, 960)


def test_a_folder_with_a_bad_photo_and_the_same_again(data, predict, tmp_path):
    for place in ("in/a", "in/b"):
        (tmp_path / place).mkdir(parents=True)
        shutil.copy(data / "raw" / "images" / "2.jpg", tmp_path / place / "<b>2.jpg")
    shutil.copy(data / "raw" / "images" / "3.jpg", tmp_path / "in")
    (tmp_path / "in" / "bad.jpg").write_bytes(b"no")
    status, said, told = predict("in", "--output", "out")
    assert (status, said) == (2, "out/index.html\n")
    assert "in/bad.jpg is no picture in a known format" in told
    assert "1 of 4 photos could not be used" in told
    out = tmp_path / "out"
    folders = {path.name for path in out.iterdir() if path.is_dir()}
    assert folders == {"3", "_b_2", "_b_2-2"}
    index = (out / "index.html").read_text()
    assert ">a/&lt;b&gt;2.jpg<" in index  # below the folder that holds all photos
    assert "<li>1 of 4 photos could not be used:</li><li>bad.jpg is no picture in a known format" in index
    assert "<b>2" not in index
    old = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    shutil.copy(data / "raw" / "images" / "4.jpg", tmp_path / "in" / "3.jpg")
    (tmp_path / "in" / "bad.jpg").unlink()
    assert predict("in", "--output", "out")[0] == 0
    changed = {path.parent.name for path, time in old.items() if path.stat().st_mtime_ns != time}
    assert changed == {"3", "out"}  # only the photo that is another one now, and the index


def test_what_is_not_ours_is_never_replaced(data, predict, tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "diary.txt").write_text("mine")
    status, _, told = predict(data / "raw" / "images" / "1.jpg", "--output", ".")
    assert status == 2
    assert "1 exists and was not written by relclip predict; name another folder with --output" in told
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["diary.txt"]
    (tmp_path / "index.html").write_text("my home page")
    status, _, told = predict(
        *(data / "raw" / "images" / f"{number}.jpg" for number in (2, 3)), "--output", "."
    )
    assert status == 2
    assert "index.html exists and was not written by relclip predict" in told
    assert {path.name for path in tmp_path.iterdir()} == {"1", "index.html"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("none.jpg",), "none.jpg does not exist"),
        (("{one}", "--run", "relclip_kb_exd"), "did you mean 'relclip_kb_ext'"),
        (("{one}", "--boxes", "boxes.json"), "boxes.json does not exist"),
        (("{one}", "--device", "tpu"), "the device 'tpu' is not there"),
        (("{one}", "--top", "0"), "is not a whole number from 1"),
    ],
)
def test_a_wrong_argument_ends_in_a_sentence(data, predict, tmp_path, words, sentence):
    status, _, told = predict(*(word.format(one=data / "raw" / "images" / "1.jpg") for word in words))
    assert status == 2
    assert sentence in told
    assert not (tmp_path / "scene-graphs").exists()
