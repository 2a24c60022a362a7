"""relclip import, as a user calls it: a folder, and a data set of the Hub from a server on loopback."""

import datetime
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from loopback_hub import Hub
from other_formats import write_shards
from PIL import Image
from test_formats import PICTURES, expected, make, meaning

from relclip.core.errors import InputError
from relclip.core.params.raw import Format, Raw
from relclip.raw import survey
from relclip.raw.folder import annotation_of, take_folder
from relclip.raw.packed import unpack


@pytest.fixture
def hub(tmp_path):
    server = Hub(make(tmp_path / "source", "coco"))
    yield server
    server.shutdown()
    server.server_close()


def run(folder: Path, *arguments: str, hub: Hub | None = None) -> subprocess.CompletedProcess[str]:
    home = {"HF_HOME": str(folder / "hf"), "PYTHONPATH": str(Path(__file__).parents[2])}
    place = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"} if hub else {}
    command = [sys.executable, "-m", "relclip", "import", *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | home | place, capture_output=True, text=True, check=False
    )


def test_what_is_there_is_shown_and_written_only_where_asked(tmp_path):
    folder = make(tmp_path / "source", "gqa")
    (folder / "images/4.jpg").unlink()
    done = run(tmp_path, "--format", "gqa", str(folder))
    assert done.returncode == 0, done.stderr
    for words in (
        "3 images, 1 of them without a relation",
        "9 objects of 2 names: man 6, horse 3",
        "3 relations of 2 predicates: sitting on 2, riding 1",
        "splits train 2, test 1\n",
        "1 images missing: no file of that name in the folder or below",
        f"folder: {folder}, format: gqa",
    ):
        assert words in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    done = run(tmp_path, "--format", "gqa", str(folder), "--output", "made")
    assert f"folder: {tmp_path / 'made'}, format: visual_genome" in done.stdout
    take_folder(tmp_path / "made", [], tmp_path / "raw")
    assert meaning(tmp_path / "raw") == {
        number: one for number, one in expected(related=False).items() if number < 4
    }
    again = run(tmp_path, "--format", "gqa", str(folder), "--output", str(folder))
    assert again.returncode == 2 and "would be replaced" in again.stderr


@pytest.fixture
def call(monkeypatch, tmp_path):
    """`relclip import` in this process, at work in tmp_path; what it ends with is raised."""

    def run(*words):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["relclip import", *map(str, words)])
        survey.main()

    return run


@pytest.mark.parametrize("place", ["source/images", "thesis", "own"])
def test_what_is_not_its_own_is_never_replaced(call, tmp_path, place):
    source = make(tmp_path / "source", "coco")
    call("--format", "coco", source, "--output", "own")
    (tmp_path / "own/source.json").unlink()  # as somebody made it by hand
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/thesis.tex").touch()
    before = set(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"would be replaced; name a new folder"):
        call("--format", "coco", source, "--output", place)
    assert set(tmp_path.rglob("*")) == before
    call("--format", "coco", source, "--output", "made")
    call("--format", "visual_genome", "own", "--output", "made")  # its own may


def test_a_broken_file_is_named_where_it_lies_and_nothing_is_written(call, tmp_path):
    call("--format", "coco", make(tmp_path / "source", "coco"), "--output", "own")
    (tmp_path / "own/objects.json").write_text("[{]")
    for output in ([], ["--output", "made"]):
        with pytest.raises(InputError, match=r"^own/objects.json is not what its format says"):
            call("--format", "visual_genome", "own", *output)
    assert {path.name for path in tmp_path.iterdir()} == {"own", "source"}


def test_names_are_counted_as_the_stages_read_them(call, capsys, tmp_path):
    written = [one | {"objects": [(7, "Man ", [0, 0, 9, 9]), (3, "HORSE", [0, 0, 9, 9]), (9, "man", [0, 0, 8, 8])]}
               for one in PICTURES]  # fmt: skip
    call("--format", "gqa", make(tmp_path / "source", "gqa", written))
    assert "12 objects of 2 names: man 8, horse 4" in capsys.readouterr().out


def test_relations_of_no_listed_picture_or_in_two_entries_are_of_no_further_picture(tmp_path):
    link = {"relationships": [{"predicate": "on"}]}
    files = {
        "image_data": [{"image_id": number} for number in (1, 2, 2, "2", "x")],
        "objects": [],
        "relationships": [{"image_id": number} | link for number in (1, 1, 9)],
    }
    for name, entries in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(entries))
    found = survey.Survey.of(tmp_path)
    assert next(found.lines()).strip() == "2 images, 1 of them without a relation"
    assert found.predicates.total() == 3


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ({None: 1, "train": 50, "val": 2, "test": 3}, "{validation: 0.1, test: 0.3, seed: 0}"),
        ({"train": 50, "val": 2}, "{validation: 0.1, test: 0.3, seed: 0}"),
        ({"test": 50}, "{validation: 0.1, test: 0.3, seed: 0}"),
        ({"train": 50, "val": 1, "test": 3}, "{validation: flag, test: null}"),
        ({"train": 59, "test": 3}, "{validation: first_2_of_train, test: null}"),
        ({"train": 9, "test": 3}, "{validation: first_1_of_train, test: null}"),
    ],
)
def test_the_split_that_is_offered(splits, said):
    assert survey.Survey(Counter(splits)).split() == said


@pytest.mark.parametrize("form", get_args(Format))
def test_annotation_without_pictures_is_one_sentence(form, call, tmp_path):
    source = make(tmp_path / "source", "coco" if form == "visual_genome" else form)
    if form == "visual_genome":
        call("--format", "coco", source, "--output", "own")
        source = tmp_path / "own"
    shutil.rmtree(source / "images")
    with pytest.raises(InputError, match=r"has no picture to take \(\d x images missing"):
        call("--format", form, source)


@pytest.mark.parametrize("project", [True, False])
def test_the_lines_for_params_yaml_name_the_folder_whatever_it_is_called(tmp_path, project):
    """From another folder, unless this one is a project, whose params.yaml may go elsewhere with its data."""
    make(tmp_path / "a: b, [é] # c", "gqa")
    if project:
        (tmp_path / "Snakefile").touch()
    done = run(tmp_path, "--format", "gqa", "a: b, [é] # c")
    said = yaml.safe_load(done.stdout.partition("is a start):\n")[2])
    assert said["raw"]["folder"] == ("a: b, [é] # c" if project else str(tmp_path / "a: b, [é] # c"))
    assert said["dataset"]["split"] == {"validation": "first_1_of_train", "test": None}


def test_a_data_set_of_the_hub_is_fetched_by_its_name(hub, tmp_path):
    name = "hf://datasets/me/toy@v1"
    done = run(tmp_path, "--format", "coco", name, "--output", "made", hub=hub)
    assert done.returncode == 0, done.stderr
    assert meaning(tmp_path / "made") == expected(related=False)
    hub.seen.clear()
    assert run(tmp_path, "--format", "coco", name, hub=hub).returncode == 0
    assert not [path for path in hub.seen if "/resolve/" in path]  # what has come is kept
    for wrong in ("hf://datasets/me/none@v1", "hf://datasets/../toy", "hf://datasets/toy"):
        done = run(tmp_path, "--format", "coco", wrong, hub=hub)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Hub" in done.stderr


def test_no_name_of_the_hub_leads_out_of_the_folder(hub, tmp_path):
    hub.extra = ["../../../../evil.json"]
    done = run(tmp_path, "--format", "coco", "hf://datasets/me/toy@v1", hub=hub)
    assert done.returncode == 2 and "evil.json" in done.stderr.splitlines()[-1]
    assert not list(tmp_path.rglob("evil.json"))


def shards(source, folder, *, structs=True):
    write_shards(PICTURES, source / "images", folder, structs=structs)
    return folder


def by_file(folder):
    """What `meaning` says, by the picture's name in the data set: pictures of shards get numbers of their own."""
    files = {one["image_id"]: one["file"] for one in json.loads((folder / "image_data.json").read_text())}
    return {int(Path(files[number]).stem): one for number, one in meaning(folder).items()}


@pytest.mark.parametrize("structs", [True, False])
def test_parquet_shards_of_the_hub_are_read_as_their_pictures_and_annotation(structs, tmp_path):
    source = make(tmp_path / "source", "coco")
    packed = shards(source, tmp_path / "packed", structs=structs)
    counts = Counter()
    unpack(packed, counts)
    take_folder(packed, [], tmp_path / "raw", "coco")
    assert by_file(tmp_path / "raw") == expected(related=False) and not counts
    before = (packed / "shards").stat().st_mtime_ns
    unpack(packed, counts)
    assert (packed / "shards").stat().st_mtime_ns == before  # what is unpacked is kept


@pytest.mark.parametrize("spelling", [float, "c{}".format])
def test_ids_in_a_shard_may_be_floats_or_texts(spelling, tmp_path):
    """A column of pandas with a gap holds floats."""
    packed = shards(make(tmp_path / "source", "coco"), tmp_path / "packed")

    def respell(entries):
        return [
            {key: spelling(one) if key == "id" or key.endswith("_id") else one for key, one in entry.items()}
            for entry in entries
        ]

    for path in (packed / "data").iterdir():
        rows = pq.read_table(path).to_pylist()
        again = [{**row, **{key: respell(row[key]) for key in ("objects", "relations")}} for row in rows]
        pq.write_table(pa.Table.from_pylist(again), path)
    names = json.loads((packed / "categories.json").read_text())
    (packed / "categories.json").write_text(json.dumps({key: respell(names[key]) for key in names}))
    counts = Counter()
    unpack(packed, counts)
    take_folder(packed, [], tmp_path / "raw", "coco")
    assert by_file(tmp_path / "raw") == expected(related=False) and not counts


def test_a_copy_of_the_hubs_shards_is_a_folder_like_any_other(tmp_path):
    packed = shards(make(tmp_path / "source", "coco"), tmp_path / "my copy")
    before = sorted(packed.rglob("*"))
    done = run(tmp_path, "--format", "coco", "my copy", "--output", "made")
    assert done.returncode == 0, done.stderr
    assert by_file(tmp_path / "made") == expected(related=False)
    assert sorted(packed.rglob("*")) == before  # what is the user's own is read alone
    raw = Raw(source="folder", folder=str(packed), format="coco")
    assert {path.suffix for path in annotation_of(raw)} == {".json", ".parquet"}
    done = run(tmp_path, "--format", "psg", "my copy")
    assert done.returncode == 2 and "my copy" in done.stderr and "shards" not in done.stderr
    done = run(tmp_path, "--format", "coco", "https://huggingface.co/datasets/me/toy")
    assert done.returncode == 2 and "write hf://datasets/OWNER/NAME" in done.stderr


def test_archives_of_the_hub_are_unpacked_and_nothing_leads_out(tmp_path):
    packed = make(tmp_path / "packed", "coco")
    with zipfile.ZipFile(packed / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((packed / "images").glob("*.jpg")):
            archive.write(path, f"deep/{path.name}")
        archive.writestr("../evil.jpg", b"x")
        archive.writestr("deep/bomb.jpg", bytes(1 << 22))
        archive.writestr("run.py", b"x")
        archive.write(packed / "annotations/train.json", "x/annotations/train.json")
    for path in sorted((packed / "images").glob("*.jpg"))[1:]:
        path.unlink()
    (packed / "annotations/train.json").unlink()
    (packed / ".cache").mkdir()
    (packed / ".cache/half.zip").write_bytes(b"PK")  # the Hub's client keeps what it needs there
    counts = Counter()
    unpack(packed, counts)
    # a folder called as the archive is the data set's own
    assert len(list((packed / "images").glob("*.jpg"))) == 1
    take_folder(packed, [], tmp_path / "raw", "coco")
    assert meaning(tmp_path / "raw") == expected(related=False)
    assert not list(tmp_path.rglob("evil.jpg")) and not list(packed.rglob("bomb.jpg"))
    assert sorted(what.partition("left out: ")[2].partition(" (")[0] for what in counts) == [
        "no images and no annotation",
        "their path leads out",
        "too large",
    ]


def test_names_longer_than_a_disk_takes_are_counted_in_its_bytes(tmp_path):
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "JPEG")
    short, long = "画" * 65 + ".jpg", "画" * 66 + ".jpg"  # 199 and 202 bytes
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in (short, long, f"{'画' * 90}/1.jpg"):
            archive.writestr(name, drawn.getvalue())
    rows = [
        {"image": {"bytes": drawn.getvalue(), "path": name}} for name in (short, long, "画" * 90 + ".jpg")
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet")
    (tmp_path / "a.json").write_text("3")
    counts = Counter()
    unpack(tmp_path, counts)
    assert [path.name for path in (tmp_path / "unpacked/a").iterdir()] == [short] and counts.total() == 2
    made = {path.name for path in (tmp_path / "shards/train").iterdir()}
    assert made == {short, "train-1.jpg", "train-2.jpg"}
    assert not list((tmp_path / "shards").glob("*.json"))  # objects without relations are no annotation


def test_pictures_of_a_shard_are_called_as_it_says_where_a_folder_can_take_it(tmp_path, monkeypatch):
    monkeypatch.setattr("relclip.raw.packed.LARGEST_PICTURE", 100)  # in a test
    said = {
        "deep/a.PNG": "a.PNG",
        r"b\c.png": "c.png",
        "a.PNG": None,
        "x.txt": None,
        ".d.png": None,
        None: None,
    }
    said |= {"e\n.png": None, "../f.png": "f.png", 7: None}
    kinds = [b"\x89PNG", b"GIF8", b"RIFF", b"\xff\xd8\xff"]
    for key, rows in (
        ("file_name", [{"image": kinds[0], "file_name": name} for name in said if name != 7]),
        ("path", [{"image": {"bytes": kinds[0], "path": name}} for name in said if name != 7]),
        ("number", [{"image": kinds[0], "file_name": 7}] + [{"image": one} for one in kinds[1:]]),
        ("broken", [{"image": one} for one in (kinds[0] * 26, b"BM", None, kinds[0] * 25)]),
    ):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{key}.parquet")
    counts = Counter()
    unpack(tmp_path, counts)
    called = [name for place, name in enumerate(said.values()) if name]
    made = {path.name for path in (tmp_path / "shards/pictures").iterdir()}
    unnamed = {"number-0.png", "number-1.gif", "number-2.webp", "number-3.jpg", "broken-3.png"}
    first = {f"file_name-{place}.png" for place in (2, 3, 4, 5, 6)}
    assert made == {*called, *unnamed, *first, *(f"path-{place}.png" for place in range(8))}
    assert counts == {"rows of Parquet without an image that can be read": 3}


def test_shards_that_swell_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("relclip.raw.packed.LARGEST_JSON", 0)  # in a test
    picture = b"\xff\xd8\xff" + random.Random(0).randbytes(5000)
    path = tmp_path / "train.parquet"
    # a picture said often is stored once
    pq.write_table(pa.table({"image": pa.array([picture] * 3).dictionary_encode()}), path)
    unpack(tmp_path, Counter())
    assert len(list((tmp_path / "shards/train").iterdir())) == 3
    shutil.rmtree(tmp_path / "shards")
    pq.write_table(pa.table({"image": pa.array([picture] * 10).dictionary_encode()}), path)
    with pytest.raises(InputError, match="hold far more than their size"):
        unpack(tmp_path, Counter())
    assert [one.name for one in tmp_path.iterdir()] == ["train.parquet"]


def test_a_broken_shard_is_one_sentence_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # as a project, in whose `data` the Hub's files are kept
    packed = shards(make(tmp_path / "source", "coco"), tmp_path / "data/packed")
    (packed / "categories.json").unlink()
    counts = Counter()
    unpack(packed, counts)
    assert sum(number for what, number in counts.items() if "has no name" in what) == 4 * 3 + 6
    path = packed / "data/test-00000-of-00001.parquet"
    for content, words in (
        (pa.table({"image": [{"bytes": b"GIF"}]}), None),
        (pa.table({"text": ["a"]}), "has the columns text; a shard of pictures must have image"),
        (b"PAR1", "is not readable as Parquet"),
    ):
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path)
        counts.clear()
        if words is None:
            unpack(packed, counts)
            assert counts["rows of Parquet without an image that can be read"] == 1
            continue
        with pytest.raises(InputError, match=words):
            unpack(packed, counts)
    assert sorted(one.name for one in packed.iterdir()) == ["data", "shards"]


@pytest.mark.parametrize("column", ["image", "objects"])
def test_a_small_shard_of_many_values_is_refused_before_it_is_read(tmp_path, monkeypatch, column):
    monkeypatch.setattr("relclip.raw.packed.MOST_VALUES", 1 << 16)  # in a test
    one = pa.array([[{"id": 1}] * 200_000]) if column == "objects" else pa.nulls(200_000, pa.binary())
    rows = {column: one, "image": pa.nulls(len(one), pa.binary())}
    pq.write_table(pa.table(rows), tmp_path / "train.parquet", compression="zstd")
    with pytest.raises(InputError, match=r"holds [24]00,00\d values in [\d,]+ bytes"):
        unpack(tmp_path, Counter())
    assert not (tmp_path / "shards").exists()


def test_values_of_a_shard_that_json_cannot_write_are_left_out(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "JPEG")
    day = datetime.date(2026, 1, 1)
    row = {
        "image": picture.getvalue(),
        "width": day,
        "objects": [{"bbox": [day] * 4}],
        "relations": [{"x": day}],
    }
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "train.parquet")
    unpack(tmp_path, Counter())
    made = json.loads((tmp_path / "shards/train.json").read_text())
    assert (made["images"][0]["width"], made["annotations"][0]["bbox"]) == (None, [None] * 4)


def test_shards_of_one_name_in_two_folders_keep_their_pictures_apart(tmp_path):
    for folder, colour in (("one", "red"), ("two", "blue")):
        picture = io.BytesIO()
        Image.new("RGB", (8, 8), colour).save(picture, "PNG")
        (tmp_path / folder).mkdir()
        row = {"image": picture.getvalue(), "objects": [{"bbox": [0, 0, 4, 4]}], "relations": [{"x": 1}]}
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / folder / "train-0.parquet")
    unpack(tmp_path, Counter())
    listed = json.loads((tmp_path / "shards/train.json").read_text())["images"]
    colours = {Image.open(tmp_path / "shards" / one["file_name"]).getpixel((0, 0)) for one in listed}
    assert colours == {(255, 0, 0), (0, 0, 255)}


@pytest.mark.parametrize("shape", ["list", "sequence", "broken"])
def test_numbers_in_a_shard_are_called_as_its_class_labels_say(tmp_path, shape):
    """As `datasets` writes them into a file's schema."""
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "JPEG")
    objects = [{"id": number, "bbox": [0, 0, 4, 4], "category_id": number} for number in (0, 1)]
    relations = [{"subject_id": 0, "predicate_id": 0, "object_id": 1}]
    table = pa.Table.from_pylist([{"image": picture.getvalue(), "objects": objects, "relations": relations}])
    of_objects = {"category_id": {"names": ["man", "horse"], "_type": "ClassLabel"}}
    of_relations = {"predicate_id": {"names": ["riding"], "_type": "ClassLabel"}}
    inside = {"list": lambda one: [one], "sequence": lambda one: {"feature": one}, "broken": lambda _: 5}[
        shape
    ]
    features = {"objects": inside(of_objects), "relations": inside(of_relations)}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(about), tmp_path / "train.parquet")
    counts = Counter()
    unpack(tmp_path, counts)
    made = json.loads((tmp_path / "shards/train.json").read_text())
    named = [[one["name"] for one in made[key]] for key in ("categories", "rel_categories")]
    assert named == ([[], []] if shape == "broken" else [["man", "horse"], ["riding"]])
    assert counts.total() == (3 if shape == "broken" else 0)
