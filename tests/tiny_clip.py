"""A tiny raw folder, dataset, knowledge base and CLIP: coloured squares whose order tells the predicate."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from relclip.core.params.whole import Params, check_params
from relclip.core.parquet import IMAGES, OBJECTS, RELATIONS, TRIPLETS, write_table
from relclip.core.vocabulary import Vocabulary
from relclip.project.preset import preset_content

SIDE = 48
OBJECTS_NAMED, PREDICATES = ("board", "man", "tree"), ("carrying", "riding")
COLOURS = ((200, 30, 30), (30, 200, 30), (40, 60, 220))
PRESETS = Path(__file__).resolve().parents[1] / "workflow" / "presets"


def tiny_params(**sections: dict) -> Params:
    """The smoke preset with a micro CLIP; `sections` are laid over it."""
    content = check_params(preset_content("smoke", PRESETS)).model_dump()
    pretrain = {
        "image_size": 16,
        "patch_size": 8,
        "width": 32,
        "layers": 1,
        "text_width": 32,
        "text_layers": 1,
    }
    pretrain |= {"dimension": 16, "batch": 24, "steps": 30, "grouped_from": 0.5, "warmup": 3, "groups": 2}
    pretrain |= {
        "patch_dropout": 0.5,
        "checkpoint_every": 10,
        "objects": 0.5,
        "prompted": 0.5,
        "negatives": 1,
        "validation": 0.2,
        "learning_rate": 0.003,
    }
    content["clip"]["pretrain"] |= pretrain
    content["features"] |= {"image_size": 32, "batch": 4}
    content["ext"] |= {"batch": 7, "zero_shot_classes": 2}
    for name, values in sections.items():
        content[name] |= values
    content["raw"]["scenes"]["objects_per_image"] = list(content["raw"]["scenes"]["objects_per_image"])
    return check_params(content)


def picture(random: np.random.Generator, top: int, bottom: int) -> Image.Image:
    """A square of class `top` above a square of class `bottom` (numbers from 0), touching."""
    pixels = random.integers(100, 140, (SIDE, SIDE, 3), dtype=np.uint8)
    pixels[6:26, 10:36] = COLOURS[top]
    pixels[22:44, 8:40] = COLOURS[bottom]
    return Image.fromarray(pixels)


def make_raw(folder: Path, count: int = 24, seed: int = 0) -> Path:
    """images/<id>.jpg and pretrain/: a man (1) over a board (0) is riding it, under it is carrying it."""
    random = np.random.default_rng(seed)
    entries = []
    for image in range(1, count + 1):
        riding = bool(image % 2)
        top, bottom = (1, 0) if riding else (0, 1)
        drawn = picture(random, top, bottom)
        for place in (folder / "images", folder / "pretrain" / "images"):
            place.mkdir(parents=True, exist_ok=True)
            drawn.save(place / f"{image}.jpg", quality=90)
        entries.append({"id": image, "regions": _regions(image, riding)})
    (folder / "pretrain" / "region_descriptions.json").write_text(json.dumps(entries))
    (folder / "captions.tsv").write_text("a man rides a board\t1\nthe tree\t2\n")
    return folder


def _regions(image: int, riding: bool) -> list[dict]:
    upper, lower = {"x": 10, "y": 6, "width": 26, "height": 20}, {"x": 8, "y": 22, "width": 32, "height": 22}
    man, board = (upper, lower) if riding else (lower, upper)
    predicate = PREDICATES[int(riding)]
    both = {
        "x": 8,
        "y": 6,
        "width": 32,
        "height": 38,
        "subject": "man",
        "predicate": predicate,
        "object": "board",
    }
    regions = [
        {**man, "phrase": "a man", "subject": "man"},
        {**board, "phrase": "a board", "subject": "board"},
        {**both, "phrase": f"A man {predicate} a board"},
    ]
    return [
        {"region_id": 10 * image + number, "image_id": image, **region}
        for number, region in enumerate(regions)
    ]


def make_dataset(folder: Path, count: int = 24) -> Path:
    """The dataset stage's tables for the images of `make_raw`: a third each in train, val and test."""
    Vocabulary(OBJECTS_NAMED, PREDICATES).save(folder / "vocabulary.json")
    ids = np.arange(1, count + 1)
    splits = np.array(["train", "val", "test"])[(ids - 1) * 3 // count]
    files = [f"images/{image}.jpg" for image in ids]
    sides = np.full(count, SIDE)
    _write(folder / "images.parquet", IMAGES, [ids, files, sides, sides, splits])
    objects, relations = [], []
    for image in ids.tolist():
        riding = bool(image % 2)
        upper, lower = (10, 6, 36, 26), (8, 22, 40, 44)
        man, board = (upper, lower) if riding else (lower, upper)
        objects += [(image, 3, 2, *man), (image, 5, 1, *board), (image, 9, 3, 0, 44, 8, 48)]
        relations.append((image, 3, 2 if riding else 1, 5))
    _write(folder / "objects.parquet", OBJECTS, list(zip(*objects, strict=True)))
    _write(folder / "relations.parquet", RELATIONS, list(zip(*relations, strict=True)))
    return folder


KNOWN = ((2, 1, 1), (2, 2, 1), (1, 1, 2), (3, 1, 2))


def make_kb(folder: Path, triplets: tuple[tuple[int, int, int], ...] = KNOWN) -> Path:
    """triplets.parquet: (subject class, predicate, object class), each counted once."""
    _write(folder / "triplets.parquet", TRIPLETS, [*zip(*triplets, strict=True), np.ones(len(triplets))])
    return folder


def _write(path: Path, schema: pa.Schema, columns: list) -> None:
    folder_columns = {
        name: pa.array(list(column)) for name, column in zip(schema.names, columns, strict=True)
    }
    write_table(path, pa.table(folder_columns), schema)
