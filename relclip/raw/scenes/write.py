"""The whole data set, drawn and on disk, the same bytes for the same seed, whatever the number of workers."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from relclip.core.atomic import atomic_folder
from relclip.core.ordered import available_threads, by_processes
from relclip.core.origin import Origin
from relclip.core.params.raw import Scenes
from relclip.core.progress import progress
from relclip.core.seeds import stream
from relclip.raw.scenes import annotate, pretrain
from relclip.raw.scenes.compose import compose
from relclip.raw.scenes.corpus import write_captions
from relclip.raw.scenes.scene import Scene, in_order
from relclip.raw.scenes.settings import SKIES
from relclip.raw.scenes.sketch import Colour, Shape, blend

Record = dict[str, Any]

ORIGIN = Origin(
    title="procedurally drawn scenes",
    about="Procedurally drawn scenes (street, park, beach, snow, rooms) in Visual Genome's formats, and captions about "
    "other such scenes, both made by this project's program with the seed in params.yaml.",
    licence="Licence of the data: nobody else's pictures or sentences are in it; the project states no licence of its "
    "own for them, so it is unknown. The same holds for the weights.",
    drawn=True,
    source="scenes",
)
OVERSAMPLING = 2
WORKERS_WORTH = 200  # fewer pictures than this are drawn faster than a second process starts


def make_scenes(params: Scenes, output: Path, workers: int | None = None) -> None:
    """Draw and write the whole data set into `output`: it appears whole or not at all.

    Files: images/, image_data.json, objects.json, relationships.json, captions.tsv, source.json,
    truth/relationships.json, and pretrain/ with images/, image_data.json, region_descriptions.json.
    """
    with atomic_folder(output) as folder:
        (folder / "truth").mkdir()
        annotated = partial(annotated_picture, params, folder / "images")
        _write(annotated, folder, params.images, "scenes", workers)
        described = partial(pretrain_picture, params, folder / "pretrain/images")
        _write(described, folder / "pretrain", params.pretrain_images, "pre-training pictures", workers)
        captions = (text for text, _ in write_captions(params.seed, params.captions))
        lines = "".join(f"{text}\t{number}\n" for number, text in enumerate(captions, 1))
        (folder / "captions.tsv").write_text(lines, "utf-8")
        ORIGIN.save(folder)


def annotated_picture(params: Scenes, images: Path, image_id: int) -> dict[str, Record]:
    """Draw one picture; return what each file says of it."""
    scene = compose(stream(params.seed, "scene", image_id), params.objects_per_image)
    _save(draw(scene, params.image_size, SKIES[scene.setting]), images, image_id)
    rng = stream(params.seed, "annotator", image_id)
    size, first = params.image_size, image_id * annotate.IDS_AN_IMAGE
    objects = annotate.object_records(scene, boxes(scene, size), image_id, size, rng)
    named = annotate.annotated(scene, params.annotated, rng)
    written = annotate.relationship_records(named, objects, first, rng)
    true = annotate.relationship_records(scene.facts, objects, first, None)
    return {
        "image_data.json": _image_record(image_id, size, "images"),
        "objects.json": {"image_id": image_id, "objects": objects},
        "relationships.json": {"image_id": image_id, "relationships": written},
        "truth/relationships.json": {"image_id": image_id, "relationships": true},
    }


def pretrain_picture(params: Scenes, images: Path, image_id: int) -> dict[str, Record]:
    """Draw one picture for pre-training; return what each file says of it."""
    scene = compose(
        stream(params.seed, "pretrain", image_id), params.objects_per_image, pretrain.focus(image_id)
    )
    _save(draw(scene, params.image_size, SKIES[scene.setting]), images, image_id)
    rng = stream(params.seed, "describer", image_id)
    regions = pretrain.regions(scene, boxes(scene, params.image_size), image_id, rng)
    return {
        "image_data.json": _image_record(image_id, params.image_size, "pretrain/images"),
        "region_descriptions.json": {"id": image_id, "regions": regions},
    }


def _write(
    task: Callable[[int], dict[str, Record]], folder: Path, count: int, what: str, workers: int | None
) -> None:
    """Draw the pictures 1..count on some processes and write what is said of all of them, a list a file."""
    (folder / "images").mkdir(parents=True)
    ids = range(1, count + 1)
    workers = workers or (available_threads() if count >= WORKERS_WORTH else 1)
    drawn = map(task, ids) if workers == 1 else by_processes(task, ids, workers)
    files: dict[str, list[Record]] = {}
    for records in progress(drawn, what, "picture", total=count):
        for name, record in records.items():
            files.setdefault(name, []).append(record)
    for name, rows in files.items():
        text = json.dumps(rows, sort_keys=True, separators=(",", ":"))
        (folder / name).write_text(text + "\n", "utf-8")


def _save(picture: Image.Image, images: Path, image_id: int) -> None:
    picture.save(
        images / f"{image_id}.jpg", "JPEG", quality=90, subsampling="4:2:0", optimize=False, progressive=False
    )


def _image_record(image_id: int, size: int, where: str) -> Record:
    file = f"{where}/{image_id}.jpg"
    empty = {"coco_id": None, "flickr_id": None}
    return {"image_id": image_id, "url": file, "width": size, "height": size, **empty}


def draw(scene: Scene, size: int, sky: Colour) -> Image.Image:
    """Paint a scene as an RGB picture of `size` x `size` pixels."""
    side = size * OVERSAMPLING
    image = Image.new("RGB", (side, side), sky)
    pen = ImageDraw.Draw(image)
    for _, shape in in_order([*scene.layers(), *scene.marks]):
        if shape.width:
            _stroke(pen, shape, side)
        else:
            pen.polygon(shape.pixels(side), fill=shape.colour, outline=blend(shape.colour, (0, 0, 0), 0.35))
    return image.reduce(OVERSAMPLING)


def boxes(scene: Scene, size: int) -> np.ndarray:
    """Boxes of all things, (N, 4) int64, xyxy pixels, clipped to the picture."""
    bounds = np.array([thing.sketch.bounds() for thing in scene.things], np.float64).reshape(-1, 4) * size
    outward = np.concatenate([np.floor(bounds[:, :2]), np.ceil(bounds[:, 2:])], axis=1)
    return np.clip(outward, 0, size).astype(np.int64)


def _stroke(pen: ImageDraw.ImageDraw, shape: Shape, side: int) -> None:
    points = shape.pixels(side)
    width = max(round(shape.width * side), 1)
    pen.line(points, fill=shape.colour, width=width)
    if width > 2:
        radius = width / 2 - 0.5
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shape.colour)
