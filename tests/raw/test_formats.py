"""Readers of other formats: one data set written in each becomes the same files; what is broken is one sentence."""

import json
import shutil
from collections import Counter
from typing import get_args

import pytest
from other_formats import WRITERS, read_vg
from PIL import Image

from relclip.core.errors import InputError
from relclip.core.origin import read_origin
from relclip.core.params.raw import Format
from relclip.raw.convert import HEIC, MISSING, OUTSIDE, REPEATED, PictureFiles
from relclip.raw.folder import take_folder
from relclip.raw.formats import Picture, annotation_files, reader, split_of
from relclip.raw.survey import Survey

#: Two objects of one class and box-alike names, a pair with two predicates, a picture without a relation.
PICTURES = [
    {
        "image_id": number,
        "width": 64,
        "height": 32,
        "split": split,
        "objects": [(7, "man", [0, 0, 16, 16]), (3, "horse", [16, 8, 32, 16]), (9, "man", [8, 8, 8, 8])],
        "relations": [(7, "sitting on", 3), (7, "riding", 3), (9, "riding", 3)][: number - 1],
    }
    for number, split in ((1, "train"), (2, "train"), (3, "test"), (4, "test"))
]


def make(folder, form, pictures=PICTURES):
    (folder / "images" / "val2017").mkdir(parents=True)
    for one in pictures:
        place = "images/val2017" if form == "psg" else "images"
        Image.new("RGB", (one["width"], one["height"])).save(folder / place / f"{one['image_id']}.jpg")
    WRITERS[form](pictures, folder)
    return folder


def meaning(folder, *, related=False):
    """Picture -> split, objects, and relations by names and boxes; with `related` no object that none names."""
    found = {}
    for one in read_vg(folder):
        by_id = {key: (name, *map(float, box)) for key, name, box in one["objects"]}
        links = sorted((by_id[s], p, by_id[o]) for s, p, o in one["relations"])
        things = [end for s, _, o in links for end in (s, o)] if related else by_id.values()
        found[one["image_id"]] = (one["split"], one["width"], sorted(set(things)), links)
    return {number: one for number, one in found.items() if one[3]} if related else found


def expected(*, related):
    folder_like = {}
    for one in PICTURES:
        by_id = {key: (name, *map(float, box)) for key, name, box in one["objects"]}
        links = sorted((by_id[s], p, by_id[o]) for s, p, o in one["relations"])
        things = [end for s, _, o in links for end in (s, o)] if related else by_id.values()
        if links or not related:
            folder_like[one["image_id"]] = (one["split"], one["width"], sorted(set(things)), links)
    return folder_like


def test_every_format_has_a_reader_and_a_writer_here():
    assert {"visual_genome", *WRITERS} == set(get_args(Format))
    assert all(callable(reader(form)) for form in WRITERS)


@pytest.mark.parametrize("form", WRITERS)
def test_one_data_set_in_each_format_becomes_the_same_files(form, tmp_path):
    folder = make(tmp_path / "source", form)
    counts = take_folder(folder, [], tmp_path / "raw", form)
    related = form == "open_images"  # which writes down no other objects
    assert meaning(tmp_path / "raw", related=related) == expected(related=related)
    assert counts["images linked"] == (3 if related else 4)
    assert read_origin(tmp_path / "raw").title == "the data set source"
    survey = Survey.of(tmp_path / "raw")
    assert survey.predicates == Counter({"riding": 3, "sitting on": 3})
    assert survey.split() == "{validation: first_1_of_train, test: null}" and survey.related == 3


def test_names_that_are_no_numbers_get_the_next_free_one(tmp_path):
    pictures = [{**PICTURES[3], "image_id": name} for name in ("00a1", "1", "00b2")]
    folder = make(tmp_path / "source", "open_images", pictures)
    take_folder(folder, [], tmp_path / "raw", "open_images")
    assert sorted(path.name for path in (tmp_path / "raw/images").iterdir()) == ["1.jpg", "2.jpg", "3.jpg"]
    assert [(one["image_id"], one["file"]) for one in read_vg(tmp_path / "raw")] == [
        (1, "00a1.jpg"),
        (2, "1.jpg"),
        (3, "00b2.jpg"),
    ]


def change(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


BROKEN = [
    None,
    3,
    "x",
    [],
    {},
    {"id": "x"},
    {"image_id": [], "category_id": {}, "bbox": None},
    [[], {}, None],
]


def test_broken_entries_are_left_out_and_counted(tmp_path):
    folder = make(tmp_path / "coco", "coco")

    def spoil(content):
        for key in content:
            content[key] += BROKEN
        content["rel_annotations"].append(
            {"image_id": 2, "subject_id": 0, "predicate_id": 99, "object_id": 1}
        )

    change(folder / "annotations/train.json", spoil)
    counts = take_folder(folder, [], tmp_path / "a", "coco")
    assert meaning(tmp_path / "a") == expected(related=False)
    without = [number for what, number in counts.items() if "without" in what]
    assert without == [len(BROKEN)] * 2 + [1] + [
        len(BROKEN)
    ]  # annotations, relations, one of theirs, pictures

    folder = make(tmp_path / "psg", "psg")

    def spoil_psg(content):
        content["data"] += [
            *BROKEN,
            {"image_id": 6},
            {"file_name": "1.jpg"},
            {"image_id": 5, "file_name": "5.jpg", "annotations": BROKEN, "relations": BROKEN},
        ]
        content["data"][3]["annotations"].append({"bbox": [1, 2, "3", 4], "category_id": 0})
        content["data"][3]["relations"] += [[0, 3, 0], [-1, 0, 0], [0, 1, 9], [True, 1, 2, 3]]

    change(folder / "psg.json", spoil_psg)
    shutil.copy(folder / "images/val2017/1.jpg", folder / "images/5.jpg")
    (folder / "about.json").write_text("{}")
    counts = take_folder(folder, [], tmp_path / "b", "psg")
    assert counts["entries of data without an image_id or a file_name"] == len(BROKEN) + 2
    found = meaning(tmp_path / "b")
    assert {number: found[number] for number in (1, 2, 3, 4)} == expected(related=False)
    assert found[5] == ("train", None, [], [])

    folder = make(tmp_path / "gqa", "gqa")

    def spoil_gqa(content):
        content["5"] = {"objects": {str(place): one for place, one in enumerate(BROKEN)}}
        more = [{"name": "on", "object": "none"}, {"name": " ", "object": "3"}]
        content["3"]["objects"]["7"]["relations"] += [*BROKEN, *more]

    change(folder / "val_sceneGraphs.json", spoil_gqa)
    counts = take_folder(folder, [], tmp_path / "c", "gqa")
    assert counts["relations without a name or an object of their image"] == len(BROKEN) + 2
    assert meaning(tmp_path / "c") == expected(related=False)  # 5 has no file

    folder = make(tmp_path / "open_images", "open_images")
    path = folder / "test-annotations-vrd.csv"
    path.write_text(
        f"{path.read_text()}3,,,x,,,\n3,/m/0,/m/0,0,1,0,1,0,1,0,1,is\n3,/m/0,/m/0,0,1,0,1,0,1,0,1,\n"
    )
    counts = take_folder(folder, [], tmp_path / "d", "open_images")
    assert meaning(tmp_path / "d", related=True) == expected(related=True)
    assert sum(number for what, number in counts.items() if what.startswith("rows")) == 3


@pytest.mark.parametrize(
    ("form", "file", "content", "words"),
    [
        ("coco", "annotations/train.json", "{", "is not valid JSON"),
        ("coco", "annotations/train.json", '{"rel_annotations": []}', "'images' must be a list"),
        ("psg", "psg.json", "[]", "'data' must be a list"),
        ("psg", "other.json", None, "no folder|hold 0 files|no psg"),
        ("gqa", "train_sceneGraphs.json", '{"1": []}', "no JSON object"),
        ("gqa", "train_sceneGraphs.json", '{"1": {"objects": ' + "[" * 100_000, "train_sceneGraphs.json"),
        ("open_images", "test-annotations-vrd.csv", "ImageID\n", "lacks the column LabelName1"),
        ("open_images", "test-annotations-vrd.csv", "\xff\n", "lacks the column"),
    ],
)
def test_a_file_in_another_format_is_one_sentence_and_nothing_is_left(form, file, content, words, tmp_path):
    folder = make(tmp_path / "source", form)
    if content is None:
        (folder / "psg.json").unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(InputError, match=words):
        take_folder(folder, [], tmp_path / "raw", form)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize(
    ("form", "file"),
    [
        ("visual_genome", "objects.json"),
        ("coco", "annotations/test.json"),  # the other file alone was taken for the whole data set
        ("psg", "psg.json"),
        ("gqa", "val_sceneGraphs.json"),
        ("open_images", "test-annotations-vrd.csv"),
    ],
)
@pytest.mark.parametrize("packing", [".gz", ".zip"])
def test_a_packed_file_is_refused_by_its_name(form, file, packing, tmp_path):
    folder = make(tmp_path / "source", "coco" if form == "visual_genome" else form)
    if form == "visual_genome":
        take_folder(folder, [], tmp_path / "own", "coco")
        folder = tmp_path / "own"
    shutil.copy(folder / file, f"{folder / file}{packing}")
    take_folder(folder, [], tmp_path / "both", form)
    (folder / file).unlink()
    with pytest.raises(InputError, match=f"{file}{packing} is packed, .* unpack it to .*{file}, or give"):
        take_folder(folder, [], tmp_path / "raw", form)
    assert not (tmp_path / "raw").exists()


def test_files_of_annotation_are_sorted_and_archives_that_were_unpacked_are_none(tmp_path):
    names = ("b.json", "a/x.json", "unpacked/c/y.json", "unpacked/A/z.json")
    for name in (*names, "b.json.zip", "a/folder.json/deeper.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert annotation_files(tmp_path, ".json") == sorted(tmp_path / name for name in names)
    (tmp_path / "d.json.gz").write_text("")
    assert len(annotation_files(tmp_path, ".json", least=0)) == 4
    with pytest.raises(InputError, match="packed"):
        annotation_files(tmp_path, ".json")


def test_no_relations_anywhere_and_the_wrong_format_are_refused(tmp_path):
    folder = make(tmp_path / "source", "coco")
    for form, words in (("psg", "2 JSON files"), ("gqa", "sceneGraphs"), ("open_images", "hold 0 files")):
        with pytest.raises(InputError, match=words):
            take_folder(folder, [], tmp_path / "raw", form)
    for path in (folder / "annotations").iterdir():
        change(path, lambda content: content.pop("rel_annotations"))
    with pytest.raises(InputError, match="no COCO file with relations"):
        take_folder(folder, [], tmp_path / "raw", "coco")


def test_pictures_are_found_by_their_end_and_never_outside(tmp_path):
    folder = make(tmp_path / "source", "coco")
    secret = tmp_path / "secret.jpg"
    Image.new("RGB", (8, 8)).save(secret)
    (folder / "images" / "link.jpg").symlink_to(secret)
    (folder / "images" / "deep").mkdir()
    Image.new("RGB", (2, 2)).save(folder / "images" / "deep" / "1.jpg")

    def rename(content):
        for entry, name in zip(content["images"], ("../../secret.jpg", "link.jpg"), strict=True):
            entry["file_name"] = name

    change(folder / "annotations/train.json", rename)
    change(
        folder / "annotations/test.json", lambda content: content["images"][0].update(file_name="deep/1.jpg")
    )
    counts = take_folder(folder, [], tmp_path / "raw", "coco")
    assert (counts[MISSING], counts[OUTSIDE]) == (0, 2)
    assert (tmp_path / "raw/images/3.jpg").samefile(folder / "images/deep/1.jpg")


def test_of_pictures_called_alike_the_split_s_own_is_taken_and_a_name_may_be_none(tmp_path):
    for place in ("a/train", "b/test", "c"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "1.jpg").write_bytes(b"x")
    files = PictureFiles(tmp_path)
    for split, place in (("train", "a/train"), ("test", "b/test"), ("val", "a/train"), (None, "a/train")):
        assert files.find("1.jpg", split) == tmp_path / place / "1.jpg"
    assert [files.find(name, None) for name in (".", "..", "/")] == [MISSING, OUTSIDE, OUTSIDE]


@pytest.mark.parametrize("form", WRITERS)
def test_a_picture_that_is_listed_twice_is_taken_once(form, tmp_path):
    """In two splits it would train and test."""
    again = [one | {"split": "train"} for one in PICTURES if one["split"] == "test"]
    folder = make(tmp_path / "source", form, [*again, *PICTURES])
    if form == "gqa":  # its keys are its own
        shutil.copy(folder / "val_sceneGraphs.json", folder / "train_sceneGraphs.json")
    counts = take_folder(folder, [], tmp_path / "raw", form)
    taken = read_vg(tmp_path / "raw")
    files = [(tmp_path / "raw/images" / f"{one['image_id']}.jpg").stat().st_ino for one in taken]
    assert counts[REPEATED] >= 2 and len(set(files)) == len(files) == counts["images linked"]


def test_links_out_are_said_and_whole_folders_may_lie_elsewhere(tmp_path):
    folder = make(tmp_path / "source", "coco")
    for name in ("annotations", "images"):
        (folder / name).rename(tmp_path / name)
        (folder / name).symlink_to(tmp_path / name)
    (tmp_path / "images/1.jpg").rename(tmp_path / "1.jpg")
    (tmp_path / "images/1.jpg").symlink_to(tmp_path / "1.jpg")
    counts = take_folder(folder, [], tmp_path / "raw", "coco")
    assert (counts[OUTSIDE], counts[MISSING], counts["images linked"]) == (1, 0, 3)


def test_a_class_of_psg_without_a_name_is_none(tmp_path):
    folder = make(tmp_path / "source", "psg")
    change(folder / "psg.json", lambda content: content["thing_classes"].__setitem__(0, None))
    counts = take_folder(folder, [], tmp_path / "raw", "psg")
    assert sum(number for what, number in counts.items() if what.startswith("annotations without")) == 4
    assert {name for one in read_vg(tmp_path / "raw") for _, name, _ in one["objects"]} == {"man"}


def test_splits_are_read_off_names(tmp_path):
    names = {
        "instances_train2017.json": "train",
        "val_sceneGraphs.json": "val",
        "oidv6-train-annotations-vrd.csv": "train",
        "validation-annotations-vrd.csv": "val",
        "valid/_annotations.coco.json": "val",
        "testing.json": "test",
        "latest.json": None,
        "relations.json": None,
    }
    assert {name: split_of(tmp_path / name, tmp_path) for name in names} == names
    (tmp_path / "out.json").symlink_to("/etc/hosts")
    (tmp_path / "in.json").write_text("{}")
    assert annotation_files(tmp_path, ".json") == [tmp_path / "in.json"]
    assert Picture("1", "1.jpg").split is None


@pytest.mark.parametrize("spelling", [float, str, "a{}".format])
def test_ids_of_coco_may_be_floats_or_texts(spelling, tmp_path):
    folder = make(tmp_path / "source", "coco")

    def respell(content):
        for entry in (entry for entries in content.values() for entry in entries):
            entry.update(
                {key: spelling(one) for key, one in entry.items() if key == "id" or key.endswith("_id")}
            )

    for path in (folder / "annotations").iterdir():
        change(path, respell)
    take_folder(folder, [], tmp_path / "raw", "coco")
    found, wanted = meaning(tmp_path / "raw"), expected(related=False)
    assert sorted(found.values()) == sorted(wanted.values())
    assert found == wanted or spelling("1") == "a1"


def test_ids_of_gqa_may_be_numbers_and_boxes_of_psg_say_their_mode(tmp_path):
    folder = make(tmp_path / "gqa", "gqa")

    def renumber(content):
        for graph in content.values():
            for link in (link for thing in graph["objects"].values() for link in thing["relations"]):
                link["object"] = int(link["object"])

    for path in folder.glob("*.json"):
        change(path, renumber)
    take_folder(folder, [], tmp_path / "a", "gqa")
    assert meaning(tmp_path / "a") == expected(related=False)

    folder = make(tmp_path / "psg", "psg")

    def in_sides(content):
        for thing in (thing for entry in content["data"][:2] for thing in entry["annotations"]):
            x1, y1, x2, y2 = thing["bbox"]
            thing.update(bbox=[x1, y1, x2 - x1, y2 - y1], bbox_mode=1)
        content["data"][2]["annotations"][0].update(bbox_mode=0)
        content["data"].append({"image_id": "5", "file_name": "1.jpg", "segments_info": [{"id": 1}]})

    change(folder / "psg.json", in_sides)
    counts = take_folder(folder, [], tmp_path / "b", "psg")
    assert meaning(tmp_path / "b") == expected(related=False)
    assert counts["entries of data without annotations: masks in segments_info have no boxes"] == 1


def test_a_quote_that_never_ends_is_no_table(tmp_path):
    """It swallowed the rows up to the next one."""
    folder = make(tmp_path / "source", "open_images")
    path = folder / "oidv6-train-annotations-vrd.csv"
    path.write_text(path.read_text() + '1,"/m/0,/m/0,0,1,0,1,0,1,0,1,on\n2,"/m/0",/m/0,0,1,0,1,0,1,0,1,on\n')
    with pytest.raises(InputError, match="is no table"):
        take_folder(folder, [], tmp_path / "raw", "open_images")


def test_labels_of_open_images_are_called_by_their_descriptions_alone(tmp_path):
    folder = make(tmp_path / "source", "open_images")
    path = folder / "class-descriptions-boxable.csv"
    path.write_text("/m/00000,chaise à bascule\n/m/00001, \n", "utf-8-sig")
    (folder / "parents.csv").write_text("/m/00001,thing\n")
    take_folder(folder, [], tmp_path / "raw", "open_images")
    names = {name for one in read_vg(tmp_path / "raw") for _, name, _ in one["objects"]}
    assert names == {"chaise à bascule", "/m/00001"}
    path.unlink()
    missing = "files *class-descriptions*.csv missing: classes are called by their label, such as /m/01g317"
    counts = take_folder(folder, [], tmp_path / "without", "open_images")
    assert counts[missing] == 1
    (folder / "test-annotations-vrd.csv").write_text("")
    with pytest.raises(InputError, match="lacks the column ImageID"):
        take_folder(folder, [], tmp_path / "empty", "open_images")


def test_a_picture_of_another_folder_is_not_taken_for_a_missing_one(tmp_path):
    """Both are called 1.jpg: it would be shown with the boxes of the other, which was left out as listed again."""
    for name in ("a/1.jpg", "a/2.jpg", "b/2.jpg", "images/Stra\u00dfe u\u0308ber.JPG", "images/phone.HEIC"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = PictureFiles(tmp_path)
    assert files.find("b/1.jpg", None) == MISSING
    assert files.find("a/1.jpg", None) == files.find("other/1.jpg", None) == tmp_path / "a/1.jpg"
    assert files.find("b/2.jpg", "a") == tmp_path / "b/2.jpg"
    assert files.find("2.jpg", None) == tmp_path / "a/2.jpg"  # whoever says no folder
    assert files.find("Stra\u00dfe \u00fcber.jpg", None) == tmp_path / "images/Stra\u00dfe u\u0308ber.JPG"
    assert files.find("images/phone.heic", None) == HEIC


def test_of_pictures_called_alike_each_list_has_those_of_its_split_or_beside_it(tmp_path):
    """The data set's own folder may be called `training_data`: of each name it had the first file for every list."""
    folder = tmp_path / "training_data"
    for place, width in (("train", 11), ("valid", 12), ("test", 13), ("batch_1", 14), ("batch_2", 15)):
        (folder / place).mkdir(parents=True)
        Image.new("RGB", (width, 9)).save(folder / place / "0001.jpg")
        rest = {key: [] for key in ("annotations", "categories", "rel_categories", "rel_annotations")}
        images = [{"id": 1, "file_name": "0001.jpg", "width": width, "height": 9}]
        (folder / place / "_annotations.coco.json").write_text(json.dumps({"images": images, **rest}))
    counts = take_folder(folder, [], tmp_path / "raw", "coco")
    assert counts["images linked"] == 5
    for one in read_vg(tmp_path / "raw"):
        with Image.open(tmp_path / "raw/images" / f"{one['image_id']}.jpg") as picture:
            assert picture.width == one["width"]


@pytest.mark.parametrize("key", ["images", "categories", "rel_categories"])
def test_two_of_a_coco_file_with_one_id_are_refused(key, tmp_path):
    """Merged files have such: a picture got the boxes of another, a class the name of the last."""
    folder = make(tmp_path / "coco", "coco")
    path = next(path for path in folder.rglob("*.json") if json.loads(path.read_text())[key])
    change(path, lambda content: content[key].append(content[key][0]))
    take_folder(folder, [], tmp_path / "raw", "coco")  # the same once more says nothing else
    change(path, lambda content: content[key].append({**content[key][0], "name": "z", "file_name": "z.jpg"}))
    with pytest.raises(InputError, match=f"{path.name}: two of its {key} have the id"):
        take_folder(folder, [], tmp_path / "raw2", "coco")
