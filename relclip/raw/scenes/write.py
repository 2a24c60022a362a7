"""The whole data set, drawn and on disk, the same bytes for the same seed, whatever the number of workers."""

import json
from collections.abc import Callable, Iterable, Iterator
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
from relclip.raw.scenes.scene import Scene
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
WORKERS_WORTH = 200  # fewer pictures than this are drawn faster than a second process starts


def make_scenes(params: Scenes, output: Path, workers: int | None = None) -> None:
    """Draw and write the whole data set into `output`: it appears whole or not at all.

    Files: images/, image_data.json, objects.json, relationships.json, captions.tsv, source.json,
    truth/relationships.json, and pretrain/ with images/, image_data.json, region_descriptions.json.
    """
    with atomic_folder(output) as folder:
        _write_annotated(params, folder, workers)
        _write_pretrain(params, folder / "pretrain", workers)
        captions = (text for text, _ in write_captions(params.seed, params.captions))
        lines = "".join(f"{text}\t{number}\n" for number, text in enumerate(captions, 1))
        (folder / "captions.tsv").write_text(lines, "utf-8")
        ORIGIN.save(folder)


def annotated_picture(params: Scenes, images: Path, image_id: int) -> tuple[Record, Record, Record, Record]:
    """Draw one picture; return its records of image_data, objects, relationships and the true relationships."""
    scene = compose(stream(params.seed, "scene", image_id), params.objects_per_image)
    _save(draw(scene, params.image_size, SKIES[scene.setting]), images, image_id)
    rng = stream(params.seed, "annotator", image_id)
    objects = annotate.object_records(
        scene, boxes(scene, params.image_size), image_id, params.image_size, rng
    )
    named, first = annotate.annotated(scene, params.annotated, rng), image_id * annotate.IDS_AN_IMAGE
    return (
        _image_record(image_id, params.image_size, "images"),
        {"image_id": image_id, "objects": objects},
        {"image_id": image_id, "relationships": annotate.relationship_records(named, objects, first, rng)},
        {
            "image_id": image_id,
            "relationships": annotate.relationship_records(scene.facts, objects, first, None),
        },
    )


def pretrain_picture(params: Scenes, images: Path, image_id: int) -> tuple[Record, Record]:
    """Draw one picture for pre-training; return its records of image_data and region_descriptions."""
    scene = compose(
        stream(params.seed, "pretrain", image_id), params.objects_per_image, pretrain.focus(image_id)
    )
    _save(draw(scene, params.image_size, SKIES[scene.setting]), images, image_id)
    rng = stream(params.seed, "describer", image_id)
    regions = pretrain.regions(scene, boxes(scene, params.image_size), image_id, rng)
    return _image_record(image_id, params.image_size, "pretrain/images"), {"id": image_id, "regions": regions}


def _write_annotated(params: Scenes, folder: Path, workers: int | None) -> None:
    (folder / "truth").mkdir()
    names = ("image_data.json", "objects.json", "relationships.json", "truth/relationships.json")
    task = partial(annotated_picture, params, folder / "images")
    _write_tables(folder, names, _in_parallel(task, folder / "images", params.images, "scenes", workers))


def _write_pretrain(params: Scenes, folder: Path, workers: int | None) -> None:
    task = partial(pretrain_picture, params, folder / "images")
    rows = _in_parallel(task, folder / "images", params.pretrain_images, "pre-training pictures", workers)
    _write_tables(folder, ("image_data.json", "region_descriptions.json"), rows)


def _in_parallel(
    task: Callable[[int], tuple[Record, ...]], images: Path, count: int, what: str, workers: int | None
) -> Iterator[tuple[Record, ...]]:
    """Run the task for image ids 1..count, in order, on some processes."""
    images.mkdir(parents=True)
    ids = range(1, count + 1)
    workers = workers or (available_threads() if count >= WORKERS_WORTH else 1)
    if workers == 1:
        yield from progress(map(task, ids), what, "picture", total=count)
        return
    yield from progress(by_processes(task, ids, workers), what, "picture", total=count)


def _write_tables(folder: Path, names: tuple[str, ...], rows: Iterable[tuple[Record, ...]]) -> None:
    for name, records in zip(names, zip(*rows, strict=True), strict=True):
        text = json.dumps(records, sort_keys=True, separators=(",", ":"))
        (folder / name).write_text(text + "\n", "utf-8")


def _save(picture: Image.Image, images: Path, image_id: int) -> None:
    picture.save(
        images / f"{image_id}.jpg", "JPEG", quality=90, subsampling="4:2:0", optimize=False, progressive=False
    )


def _image_record(image_id: int, size: int, where: str) -> Record:
    file = f"{where}/{image_id}.jpg"
    return {
        "image_id": image_id,
        "url": file,
        "width": size,
        "height": size,
        "coco_id": None,
        "flickr_id": None,
    }


OVERSAMPLING = 2


def draw(scene: Scene, size: int, sky: Colour) -> Image.Image:
    """Paint a scene as an RGB picture of `size` x `size` pixels."""
    side = size * OVERSAMPLING
    image = Image.new("RGB", (side, side), sky)
    pen = ImageDraw.Draw(image)
    for shape in _in_order(scene):
        _stroke(pen, shape, side) if shape.width else _fill(pen, shape, side)
    return image.reduce(OVERSAMPLING)


def boxes(scene: Scene, size: int) -> np.ndarray:
    """Boxes of all things, (N, 4) int64, xyxy pixels, clipped to the picture."""
    bounds = (
        np.array([thing.sketch.bounds() for thing in scene.things], dtype=np.float64).reshape(-1, 4) * size
    )
    outward = np.concatenate([np.floor(bounds[:, :2]), np.ceil(bounds[:, 2:])], axis=1)
    return np.clip(outward, 0, size).astype(np.int64)


def _in_order(scene: Scene) -> list[Shape]:
    layered = [(thing.depth, thing.sketch) for thing in scene.things] + scene.marks
    keyed = [(depth, shape.layer, shape) for depth, sketch in layered for shape in sketch.shapes]
    return [shape for _, _, shape in sorted(keyed, key=lambda entry: entry[:2])]


def _fill(pen: ImageDraw.ImageDraw, shape: Shape, side: int) -> None:
    points = [(p.real * side, p.imag * side) for p in shape.points]
    pen.polygon(points, fill=shape.colour, outline=blend(shape.colour, (0, 0, 0), 0.35))


def _stroke(pen: ImageDraw.ImageDraw, shape: Shape, side: int) -> None:
    points = [(p.real * side, p.imag * side) for p in shape.points]
    width = max(round(shape.width * side), 1)
    pen.line(points, fill=shape.colour, width=width)
    if width > 2:
        radius = width / 2 - 0.5
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shape.colour)
