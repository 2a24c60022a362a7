"""Taking a folder in Visual Genome's formats: links, copies, captions, and names that lead out."""

import gzip
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from relclip.core.captions import LONGEST_CAPTION, blocks
from relclip.core.errors import InputError
from relclip.core.origin import read_origin
from relclip.core.params.raw import Raw
from relclip.raw.caption_files import join_captions
from relclip.raw.convert import MISSING
from relclip.raw.folder import annotation_of, take_folder


@pytest.fixture
def folder(tmp_path):
    """Four images by id, in the places where they may be."""
    made = tmp_path / "source"
    listed = [{"image_id": number, "file": f"{number}.jpg"} for number in (1, 2, 3)]
    listed.append({"image_id": 4, "file": "holiday.png"})
    for place in ("images/1.jpg", "VG_100K/2.jpg", "VG_100K_2/3.jpg", "images/holiday.png"):
        (made / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(made / place)
    (made / "image_data.json").write_text(json.dumps(listed))
    for name in ("objects.json", "relationships.json", "truth/relationships.json", "object_alias.txt"):
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text("[]")
    return made


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_everything_arrives(folder, tmp_path):
    output = tmp_path / "raw"
    counts = take_folder(folder, [], output)
    assert counts == {"images linked": 4, "captions": 0}
    assert names_in(output / "images") == ["1.jpg", "2.jpg", "3.jpg", "4.png"]
    assert (output / "images/4.png").samefile(folder / "images/holiday.png")
    assert not (output / "objects.json").samefile(folder / "objects.json")
    assert (output / "captions.tsv").read_text() == ""
    said = "The folder source in the format visual_genome. Captions:"
    assert read_origin(output).about == f"{said} none."
    (tmp_path / "a.tsv").write_text("a man\n")
    take_folder(folder, [str(tmp_path / "a.tsv")], tmp_path / "again")
    assert read_origin(tmp_path / "again").about == f"{said} {tmp_path / 'a.tsv'}."
    assert (output / "truth/relationships.json").is_file() and (output / "object_alias.txt").is_file()
    (folder / "images/1.jpg").unlink()
    assert take_folder(folder, [], output)[MISSING] == 1


def test_copies_where_links_are_refused(folder, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert take_folder(folder, [], tmp_path / "raw")["images copied"] == 4
    assert (tmp_path / "raw/images/2.jpg").read_bytes() == (folder / "VG_100K/2.jpg").read_bytes()


@pytest.mark.parametrize("kind", ["parent", "absolute", "link"])
def test_no_name_leads_out_of_the_folder(folder, tmp_path, kind):
    secret = tmp_path / "secret.jpg"
    Image.new("RGB", (8, 8)).save(secret)
    file = {"parent": "../../secret.jpg", "absolute": str(secret), "link": "5.jpg"}[kind]
    if kind == "link":
        (folder / "images/5.jpg").symlink_to(secret)
    listed = [{"image_id": 1}, {"image_id": 5, "file": file}, {"image_id": 6, "file": "a\0.jpg"}]
    (folder / "image_data.json").write_text(json.dumps([*listed, {"image_id": "../7"}, {"image_id": 1}]))
    counts = take_folder(folder, [], tmp_path / "raw")
    assert names_in(tmp_path / "raw/images") == ["1.jpg"]
    assert sum(number for what, number in counts.items() if "leads out" in what) == 1
    assert counts[MISSING] == 1


@pytest.mark.parametrize(
    ("given", "form", "listed"),
    [
        (
            "nothing",
            "visual_genome",
            ["nothing/image_data.json", "nothing/objects.json", "nothing/relationships.json"],
        ),
        ("nothing", "psg", ["nothing"]),
        ("hf://datasets/a/b", "coco", []),
        (__file__.rpartition("/")[0], "open_images", []),
    ],
)
def test_a_folder_that_is_not_there_is_an_input_that_snakemake_misses(given, form, listed):
    """The first job said it, when others were under way."""
    raw = Raw(source="folder", folder=given, format=form)
    assert [str(path) for path in annotation_of(raw)] == listed


@pytest.mark.parametrize("missing", ["image_data.json", "objects.json", "relationships.json"])
def test_a_missing_file_is_one_sentence_and_nothing_is_left(folder, tmp_path, missing):
    (folder / missing).unlink()
    with pytest.raises(InputError, match=missing):
        take_folder(folder, [], tmp_path / "raw")
    assert names_in(tmp_path) == ["source"]


def test_no_picture_broken_json_and_swallowing_are_refused(folder, tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        take_folder(folder / "none", [], tmp_path / "raw")
    with pytest.raises(InputError, match="lies in the output"):
        take_folder(folder, [], tmp_path)
    for content, sentence in (
        ('[{"image_id": 99}]', "no picture"),
        ("[]", "no picture"),
        ("[{", "image_data"),
    ):
        (folder / "image_data.json").write_text(content)
        with pytest.raises(InputError, match=sentence):
            take_folder(folder, [], tmp_path / "raw")
    assert names_in(tmp_path) == ["source"]


def test_captions_of_several_files(tmp_path):
    plain, zipped, again = tmp_path / "a.tsv", tmp_path / "b.tsv.gz", tmp_path / "other/a.txt"
    again.parent.mkdir()
    plain.write_bytes(
        b"a  man\t7\r\n\n\twithout\nno id\nodd \xff byte\tx\ty\n"
        + b"w" * (3 * LONGEST_CAPTION)
        + b"\nlast\t8"
    )
    zipped.write_bytes(gzip.compress(b"a dog\turl\n"))
    again.write_text("a cat\t7\n", "utf-8-sig")
    counts = join_captions([plain, zipped, again], tmp_path / "captions.tsv")
    assert (tmp_path / "captions.tsv").read_text("utf-8", "surrogateescape").splitlines() == [
        "a man\ta:7",
        "no id\ta:4",
        "odd \udcff byte\ta:x y",
        "last\ta:8",
        "a dog\tb:url",
        "a cat\ta-3:7",
    ]
    assert counts == {
        "captions": 5,
        "captions with bytes that are not UTF-8": 1,
        "lines left out: empty": 2,
        "lines left out: too long for a caption": 1,
    }


def test_no_two_caption_files_share_their_ids(tmp_path):
    files = [tmp_path / name for name in ("a.tsv", "x/a.tsv", "a-2.tsv", "a-3.gz", "y/a-3.tsv", "a-5.tsv")]
    for path in files:
        path.parent.mkdir(exist_ok=True)
        path.write_text("a man\n")
    join_captions(files, tmp_path / "captions.tsv")
    lines = (tmp_path / "captions.tsv").read_text().splitlines()
    stems = ["a", "a-2", "a-2-3", "a-3", "a-3-5", "a-5"]
    assert lines == [f"a man\t{stem}:1" for stem in stems]


def test_captions_in_parquet_with_ids_and_without(tmp_path):
    texts = ["a  man", None, "a dog\nruns\r", "w" * (3 * LONGEST_CAPTION), "last"]
    table = pa.table({"url": ["u"] * 5, "caption": texts})
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(table.append_column("caption_id", pa.array(range(70, 75))), tmp_path / "b.parquet")
    counts = join_captions([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "captions.tsv")
    assert (tmp_path / "captions.tsv").read_text().splitlines() == [
        *("a man\ta:1", "a dog runs\ta:3", "last\ta:5"),
        *("a man\tb:70", "a dog runs\tb:72", "last\tb:74"),
    ]
    left_out = {"lines left out: empty": 2, "lines left out: too long for a caption": 2}
    assert counts == {"captions": 6, **left_out}


def test_files_without_captions_and_broken_parquet_are_refused(tmp_path):
    empty, table, other = tmp_path / "empty.tsv", tmp_path / "table.tsv", tmp_path / "other.parquet"
    empty.write_text("\n\n")
    table.write_bytes(b"PAR1....")
    pq.write_table(pa.table({"text": ["a man"]}), other)
    for file, words in (
        *((empty, "no caption"), (table, "not readable as Parquet")),
        (other, "lacks the column 'caption'"),
    ):
        with pytest.raises(InputError, match=words):
            join_captions([file], tmp_path / "captions.tsv")
    assert not (tmp_path / "captions.tsv").exists()


def test_broken_gzip_missing_captions_and_other_kinds(tmp_path):
    broken, wide, pipe = tmp_path / "b.tsv.gz", tmp_path / "wide.tsv", tmp_path / "pipe"
    broken.write_bytes(gzip.compress(b"a dog\turl\n" * 1000)[:-12])
    wide.write_text("a dog\turl\n", "utf-16")
    os.mkfifo(pipe)
    for file in (broken, tmp_path / "none.tsv", wide, pipe):
        with pytest.raises(InputError, match=file.name):
            join_captions([file], tmp_path / "captions.tsv")
    assert not (tmp_path / "captions.tsv").exists()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_captions_whose_lines_end_with_cr_alone_are_refused(tmp_path, pack):
    """They are one line: its first caption was taken, or none, and the others were lost without a word."""
    path = tmp_path / "mac.tsv"
    path.write_bytes(pack(b"a man riding a horse\t1\ra dog on a bed\t2\r"))
    for read in (lambda: join_captions([path], tmp_path / "captions.tsv"), lambda: list(blocks([path], 10))):
        with pytest.raises(InputError, match=r"mac.tsv ends its lines with CR alone, .* write LF instead"):
            read()
    path.write_bytes(pack(b"a man riding a horse\t1\r\n" * 900 + b"a dog\ron a bed\t2\r"))
    assert join_captions([path], tmp_path / "captions.tsv") == {"captions": 901}
    path.write_bytes(pack(b"a dog\ron a bed"))
    assert join_captions([path], tmp_path / "captions.tsv") == {"captions": 1}


def test_captions_with_tabs_may_be_called_a_table(tmp_path):
    path = tmp_path / "captions.csv"
    for text in ("a man, riding a horse\t1\n", '\n["a man"] on a {horse}\t1\n', "{a} man\t1\n"):
        path.write_text(text)
        assert join_captions([path], tmp_path / "captions.tsv")["captions"] == 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("coco.txt", b'{"annotations": [{"id": 1, "caption": "a man riding a horse"}]}', "is JSON"),
        ("list.txt", b'\xef\xbb\xbf[\n  {"caption": "a man riding a horse"}\n]', "is JSON"),
        ("lines.jsonl", b'{"caption": "a man\\triding a horse", "id": 1}\n' * 3, "is JSON"),
        (
            "results.csv",
            b'image|comment\n1,"a man\nriding a horse"\n',
            "is a table of comma-separated values",
        ),
        (
            "wide.tsv",
            "a man riding a horse\t1\n".encode("utf-16-le"),
            "is no UTF-8 text: it is full of zero bytes",
        ),
    ],
)
def test_captions_in_another_format_are_refused(tmp_path, name, content, words, pack):
    """JSON lines and CSV were mined with their keys and numbers, a COCO file was one line too long for a caption."""
    path = tmp_path / (name if pack is bytes else f"{name}.gz")
    path.write_bytes(pack(content))
    for read in (lambda: join_captions([path], tmp_path / "captions.tsv"), lambda: list(blocks([path], 10))):
        with pytest.raises(InputError, match=f"{path.name} {words}"):
            read()
    assert not (tmp_path / "captions.tsv").exists()


def test_cameras_write_their_endings_in_capitals(folder, tmp_path):
    (folder / "images/1.jpg").rename(folder / "images/1.JPG")
    (folder / "VG_100K/2.jpg").rename(folder / "VG_100K/2.JPEG")
    assert take_folder(folder, [], tmp_path / "raw") == {"images linked": 4, "captions": 0}
    assert names_in(tmp_path / "raw/images") == ["1.jpg", "2.jpeg", "3.jpg", "4.png"]


@pytest.mark.parametrize("first", ["holiday.png", "missing.jpg"])
def test_a_picture_that_is_listed_again_does_not_take_the_place_of_the_first(folder, tmp_path, first):
    """The dataset stage takes the first entry: its boxes would lie in the other's picture."""
    (folder / "images/1.jpg").rename(folder / "images/other.jpg")
    listed = [{"image_id": 1, "file": name} for name in (first, "other.jpg")]
    (folder / "image_data.json").write_text(json.dumps([*listed, {"image_id": 2}]))
    counts = take_folder(folder, [], tmp_path / "raw")
    assert counts["entries of image_data.json whose image_id came before"] == 1
    assert names_in(tmp_path / "raw/images") == (["1.png"] if first == "holiday.png" else []) + ["2.jpg"]


def test_names_in_another_case_and_heic_are_met(folder, tmp_path):
    (folder / "images/holiday.png").rename(folder / "images/HOLIDAY.Png")
    (folder / "images/1.jpg").rename(folder / "images/1.HEIC")
    counts = take_folder(folder, [], tmp_path / "raw")
    assert +counts == {"images linked": 3, "images left out: HEIC; save them as JPEG": 1}


def test_a_mask_of_the_same_name_is_no_picture(folder, tmp_path):
    (folder / "masks").mkdir()
    (folder / "images/holiday.png").rename(folder / "masks/holiday.png")
    (folder / "images/1.jpg").rename(folder / "masks/1.jpg")
    (folder / "images/7.jpg").write_bytes(b"one that nobody lists")
    assert take_folder(folder, [], tmp_path / "raw") == {"images linked": 2, MISSING: 2, "captions": 0}


def test_a_name_alone_may_lie_beside_the_folder_of_pictures(folder, tmp_path):
    (folder / "images/holiday.png").rename(folder / "holiday.png")
    assert take_folder(folder, [], tmp_path / "raw") == {"images linked": 4, "captions": 0}
    assert (tmp_path / "raw/images/4.png").samefile(folder / "holiday.png")
    (folder / "images/holiday.png").write_bytes(b"this one goes before")
    take_folder(folder, [], tmp_path / "raw")
    assert (tmp_path / "raw/images/4.png").samefile(folder / "images/holiday.png")


def test_a_number_in_a_name_may_have_zeros_before_it(folder, tmp_path):
    (folder / "images/1.jpg").rename(folder / "images/000001.JPG")
    (folder / "VG_100K/02.jpg").write_bytes(b"another picture than 2.jpg")
    assert take_folder(folder, [], tmp_path / "raw") == {"images linked": 4, "captions": 0}
    assert names_in(tmp_path / "raw/images") == ["1.jpg", "2.jpg", "3.jpg", "4.png"]
    assert (tmp_path / "raw/images/2.jpg").samefile(folder / "VG_100K/2.jpg")
