"""A data set in Visual Genome's formats, written as others lay theirs out: for the tests of the readers.

As a command, `python tests/raw/other_formats.py data/raw FOLDER`, with pictures and splits: three of ten test, one of
ten validates; as `shards` too.
"""

import csv
import json
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LABEL = "/m/{:05d}"


def read_vg(folder: Path) -> list[dict]:
    """Per picture: its entry, objects (id, name, box) and relations (subject id, predicate, object id)."""
    images, objects, relations = (
        json.loads((folder / f"{name}.json").read_text())
        for name in ("image_data", "objects", "relationships")
    )
    things = {entry["image_id"]: entry["objects"] for entry in objects}
    links = defaultdict(list, {entry["image_id"]: entry["relationships"] for entry in relations})

    def end(link: dict, side: str) -> int:
        return link[f"{side}_id"] if f"{side}_id" in link else link[side]["object_id"]

    return [
        {
            **image,
            "objects": [
                (one["object_id"], one["names"][0], [one[key] for key in "xywh"])
                for one in things[image["image_id"]]
            ],
            "relations": [
                (end(link, "subject"), link["predicate"], end(link, "object"))
                for link in links[image["image_id"]]
            ],
        }
        for image in images
    ]


def write_coco(pictures: list[dict], folder: Path) -> None:
    """A file a split, ids of annotations global as in COCO."""
    names = sorted({name for one in pictures for _, name, _ in one["objects"]})
    predicates = sorted({words for one in pictures for _, words, _ in one["relations"]})
    for split in sorted({one["split"] for one in pictures}):
        content = {
            "images": [],
            "annotations": [],
            "rel_annotations": [],
            "categories": [{"id": number + 5, "name": name} for number, name in enumerate(names)],
            "rel_categories": [{"id": number, "name": name} for number, name in enumerate(predicates)],
        }
        for one in (one for one in pictures if one["split"] == split):
            number = one["image_id"]
            size = {key: one[key] for key in ("width", "height")}
            content["images"].append({"id": number, "file_name": f"{number}.jpg", **size})
            ids = {}
            for key, name, box in one["objects"]:
                ids[key] = len(content["annotations"])
                content["annotations"].append(
                    {"id": ids[key], "image_id": number, "category_id": names.index(name) + 5, "bbox": box}
                )
            content["rel_annotations"] += [
                {
                    "image_id": number,
                    "subject_id": ids[s],
                    "predicate_id": predicates.index(p),
                    "object_id": ids[o],
                }
                for s, p, o in one["relations"]
            ]
        (folder / "annotations").mkdir(exist_ok=True)
        (folder / "annotations" / f"{split}.json").write_text(json.dumps(content))


def write_psg(pictures: list[dict], folder: Path) -> None:
    """psg.json: corners, places for ids; what is not test is train. The first class is a thing, all others stuff."""
    names = sorted({name for one in pictures for _, name, _ in one["objects"]})
    predicates = sorted({words for one in pictures for _, words, _ in one["relations"]})
    data = []
    for one in pictures:
        place = {key: number for number, (key, _, _) in enumerate(one["objects"])}
        data.append(
            {
                "image_id": str(one["image_id"]),
                "file_name": f"val2017/{one['image_id']}.jpg",
                **{key: one[key] for key in ("width", "height")},
                "annotations": [
                    {"bbox": [x, y, x + w, y + h], "category_id": names.index(name)}
                    for _, name, (x, y, w, h) in one["objects"]
                ],
                "relations": [[place[s], place[o], predicates.index(p)] for s, p, o in one["relations"]],
            }
        )
    content = {
        "data": data,
        "thing_classes": names[:1],
        "stuff_classes": [f"{name}-other-merged" for name in names[1:]],
        "predicate_classes": predicates,
        "test_image_ids": [str(one["image_id"]) for one in pictures if one["split"] == "test"],
    }
    (folder / "psg.json").write_text(json.dumps(content))


def write_gqa(pictures: list[dict], folder: Path) -> None:
    """A file each of train and val; GQA's val is where one tests."""
    for split, called in (("train", "train"), ("test", "val")):
        graphs = {
            str(one["image_id"]): {
                "width": one["width"],
                "height": one["height"],
                "objects": {
                    str(key): {
                        "name": name,
                        **dict(zip("xywh", box, strict=True)),
                        "attributes": [],
                        "relations": [
                            {"name": p, "object": str(o)} for s, p, o in one["relations"] if s == key
                        ],
                    }
                    for key, name, box in one["objects"]
                },
            }
            for one in pictures
            if one["split"] in {split, called}
        }
        (folder / f"{called}_sceneGraphs.json").write_text(json.dumps(graphs))


def write_open_images(pictures: list[dict], folder: Path) -> None:
    """A CSV a split with a row a relation, names of classes in another; objects without a relation are not in it."""
    names = sorted({name for one in pictures for _, name, _ in one["objects"]})
    with (folder / "class-descriptions-boxable.csv").open("w", newline="") as file:
        csv.writer(file).writerows((LABEL.format(number), name) for number, name in enumerate(names))
    sides = ["XMin", "XMax", "YMin", "YMax"]
    header = ["ImageID", "LabelName1", "LabelName2", *(f"{side}{end}" for end in (1, 2) for side in sides)]
    for split, called in (("train", "oidv6-train"), ("val", "validation"), ("test", "test")):
        with (folder / f"{called}-annotations-vrd.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([*header, "RelationshipLabel"])
            for one in (one for one in pictures if one["split"] == split):
                by_id = {key: (name, box) for key, name, box in one["objects"]}
                for s, p, o in one["relations"]:
                    ends = [by_id[s], by_id[o]]
                    labels = [LABEL.format(names.index(name)) for name, _ in ends]
                    shares = [share for _, box in ends for share in _shares(box, one)]
                    rows.writerow([one["image_id"], *labels, *shares, p.replace(" ", "_")])


def _shares(box: list[float], picture: dict) -> list[float]:
    x, y, w, h = box
    width, height = picture["width"], picture["height"]
    return [x / width, (x + w) / width, y / height, (y + h) / height]


def write_vg(pictures: list[dict], folder: Path) -> None:
    """Visual Genome's three files, with splits."""
    content = {
        "image_data": [
            {key: one[key] for key in ("image_id", "width", "height", "split")} for one in pictures
        ],
        "objects": [
            {
                "image_id": one["image_id"],
                "objects": [
                    {"object_id": key, "names": [name], **dict(zip("xywh", box, strict=True))}
                    for key, name, box in one["objects"]
                ],
            }
            for one in pictures
        ],
        "relationships": [
            {
                "image_id": one["image_id"],
                "relationships": [
                    {"subject_id": s, "predicate": p, "object_id": o} for s, p, o in one["relations"]
                ],
            }
            for one in pictures
        ],
    }
    for name, entries in content.items():
        (folder / f"{name}.json").write_text(json.dumps(entries))


def write_shards(pictures: list[dict], images: Path, folder: Path, *, structs: bool = True) -> None:
    """Parquet shards with their pictures, one a split, numbers for names, as users of datasets push it."""
    names = sorted({name for one in pictures for _, name, _ in one["objects"]})
    predicates = sorted({words for one in pictures for _, words, _ in one["relations"]})
    (folder / "data").mkdir(parents=True)
    for split in sorted({one["split"] for one in pictures}):
        rows = []
        for one in (one for one in pictures if one["split"] == split):
            file = images / f"{one['image_id']}.jpg"
            things = [
                {"id": key, "bbox": [float(side) for side in box], "category_id": names.index(name)}
                for key, name, box in one["objects"]
            ]
            rows.append(
                {
                    "image": {"bytes": file.read_bytes(), "path": file.name},
                    **{key: one[key] for key in ("width", "height")},
                    "objects": things
                    if structs
                    else {key: [thing[key] for thing in things] for key in things[0]},
                    "relations": [
                        {"subject_id": s, "object_id": o, "predicate_id": predicates.index(p)}
                        for s, p, o in one["relations"]
                    ],
                }
            )
        pq.write_table(pa.Table.from_pylist(rows), folder / "data" / f"{split}-00000-of-00001.parquet")
    called = {"categories": names, "rel_categories": predicates}
    listed = {
        key: [{"id": place, "name": name} for place, name in enumerate(of)] for key, of in called.items()
    }
    (folder / "categories.json").write_text(json.dumps(listed))


WRITERS = {"coco": write_coco, "psg": write_psg, "gqa": write_gqa, "open_images": write_open_images}

if __name__ == "__main__":
    source, output = map(Path, sys.argv[1:])
    pictures = read_vg(source)
    for place, one in enumerate(pictures):
        one["split"] = {2: "test", 5: "test", 8: "test", 9: "val"}.get(place % 10, "train")
    for form, write in {**WRITERS, "visual_genome": write_vg}.items():
        shutil.copytree(source / "images", output / form / "images")
        write(pictures, output / form)
    write_shards(pictures, source / "images", output / "shards")
