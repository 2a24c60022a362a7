"""A tiny data set in the contracts' files, for tests of `train`, `predict` and the model they share.

Each object paints its class into the map, and the predicate of a pair is where its object lies (left, right, above,
below of the subject): a network that works learns both quickly.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from relclip.core.boxes import overlapping_pairs
from relclip.core.digest import file_digest
from relclip.core.parquet import EXT_SCORES, IMAGES, OBJECTS, RELATIONS, TRIPLETS, write_table
from relclip.train.inputs import Inputs

CLASSES = ("cat", "dog", "hat", "bed", "car")
PREDICATES = ("left", "right", "above", "below")
CELLS, CHANNELS, SIDE, DIMENSION, WORDS = 8, 12, 80, 16, 10


def write_tiny(
    root: Path, train: int = 24, val: int = 8, seed: int = 0, objects: tuple[int, int] = (3, 7)
) -> Path:
    """Write dataset/, features/, prompts/, words/, kb/ and ext/ under `root`; returns `root`."""
    random = np.random.default_rng(seed)
    scenes = [_scene(random, int(random.integers(*objects))) for _ in range(train + val)]
    splits = ["train"] * train + ["val"] * val
    _write_dataset(root / "dataset", scenes, splits)
    _write_features(root / "features", scenes, random)
    _write_language(root, random)
    _write_kb(root / "kb")
    _write_ext(root / "ext", scenes, splits)
    return root


def inputs_in(root: Path, **elsewhere: Path) -> Inputs:
    """What a training reads of a tiny data set; `elsewhere`: folders in place of its own."""
    return Inputs(**{name: root / name for name in vars(Inputs())} | elsewhere)


def predicate_of(subject: np.ndarray, object_: np.ndarray) -> int:
    """The true predicate id of a pair of boxes."""
    across, down = (object_[:2] + object_[2:] - subject[:2] - subject[2:]) / 2
    if abs(across) >= abs(down):
        return 2 if across > 0 else 1
    return 4 if down > 0 else 3


def _scene(random: np.random.Generator, count: int) -> dict:
    low = random.uniform(0, SIDE * 0.55, (count, 2))
    boxes = np.concatenate([low, low + random.uniform(SIDE * 0.2, SIDE * 0.45, (count, 2))], axis=1).astype(
        np.float32
    )
    return {
        "boxes": boxes,
        "classes": random.integers(1, len(CLASSES) + 1, count),
        "pairs": overlapping_pairs(boxes),
    }


def _write_dataset(folder: Path, scenes: list[dict], splits: list[str]) -> None:
    folder.mkdir(parents=True)
    (folder / "vocabulary.json").write_text(json.dumps({"objects": CLASSES, "predicates": PREDICATES}))
    ids = list(range(10, 10 + len(scenes)))
    images = {"image_id": ids, "file": [f"{number}.jpg" for number in ids], "split": splits}
    write_table(
        folder / "images.parquet",
        pa.table({**images, "width": [SIDE] * len(ids), "height": [SIDE] * len(ids)}),
        IMAGES,
    )
    objects, relations = [], []
    for image, scene in zip(ids, scenes, strict=True):
        rows = zip(scene["boxes"], scene["classes"], strict=True)
        objects += [
            (image, number, int(class_), *map(float, box)) for number, (box, class_) in enumerate(rows)
        ]
        annotated = scene["pairs"][::2]
        relations += [
            (image, int(i), predicate_of(scene["boxes"][i], scene["boxes"][j]), int(j)) for i, j in annotated
        ]
    write_table(folder / "objects.parquet", _table(objects, OBJECTS), OBJECTS)
    write_table(folder / "relations.parquet", _table(relations, RELATIONS), RELATIONS)


def _write_features(folder: Path, scenes: list[dict], random: np.random.Generator) -> None:
    folder.mkdir()
    maps = random.normal(0, 0.3, (len(scenes), CELLS, CELLS, CHANNELS))
    for map_, scene in zip(maps, scenes, strict=True):
        for box, class_ in zip(scene["boxes"], scene["classes"], strict=True):
            left, top, right, bottom = np.round(box * CELLS / SIDE).astype(int)
            map_[top:bottom, left:right, class_] += 2
    np.save(folder / "maps.npy", maps.astype(np.float16)[::-1])
    (folder / "maps.sha256").write_text(f"{file_digest(folder / 'maps.npy')}\n")
    rows = pa.table({"image_id": list(range(10, 10 + len(scenes))), "row": list(range(len(scenes)))[::-1]})
    pq.write_table(rows, folder / "images.parquet")


def _write_language(root: Path, random: np.random.Generator) -> None:
    (root / "prompts").mkdir()
    (root / "words").mkdir()
    count, predicates = len(CLASSES), len(PREDICATES)
    np.save(root / "prompts" / "objects.npy", _unit(random, (count + 1, DIMENSION), zero=True))
    triplets = [
        (s, p, o) for s in range(1, count + 1) for p in range(1, predicates + 1) for o in range(1, count + 1)
    ]
    subject, predicate, object_ = zip(*triplets, strict=True)
    columns = {
        "subject_class": subject,
        "predicate_id": predicate,
        "object_class": object_,
        "row": range(len(triplets)),
    }
    pq.write_table(
        pa.table({name: list(values) for name, values in columns.items()}),
        root / "prompts" / "triplets.parquet",
    )
    np.save(root / "prompts" / "triplets.npy", _unit(random, (len(triplets), DIMENSION)))
    phrases = {
        "subject_predicate": _unit(random, (count + 1, predicates + 1, WORDS)),
        "predicate_object": _unit(random, (predicates + 1, count + 1, WORDS)),
        "predicate": _unit(random, (predicates + 1, WORDS)),
    }
    save_file(phrases, root / "words" / "phrases.safetensors")


def _write_kb(folder: Path) -> None:
    """Every class pair has one or two candidates, but pairs of a car have none."""
    rows = [
        (subject, predicate, object_, 1 + subject * predicate)
        for subject in range(1, len(CLASSES))
        for object_ in range(1, len(CLASSES))
        for predicate in sorted({1 + subject % 4, 1 + (subject + object_) % 4})
    ]
    write_table(folder / "triplets.parquet", _table(rows, TRIPLETS), TRIPLETS)


def _write_ext(folder: Path, scenes: list[dict], splits: list[str]) -> None:
    rows = []
    for image, (scene, split) in enumerate(zip(scenes, splits, strict=True), 10):
        for i, j in scene["pairs"]:
            subject, object_ = (int(scene["classes"][number]) for number in (i, j))
            candidates = (
                sorted({1 + subject % 4, 1 + (subject + object_) % 4})
                if max(subject, object_) < len(CLASSES)
                else []
            )
            candidates = candidates if split == "train" else [1, 2, 3, 4]
            truth = predicate_of(scene["boxes"][i], scene["boxes"][j])
            if len(candidates) > 1:
                rows += [
                    (image, int(i), int(j), predicate, 2.0 * (predicate == truth)) for predicate in candidates
                ]
    write_table(folder / "scores.parquet", _table(rows, EXT_SCORES), EXT_SCORES)


def _table(rows: list[tuple], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _unit(random: np.random.Generator, shape: tuple[int, ...], zero: bool = False) -> np.ndarray:
    vectors = random.normal(size=shape)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    if zero:
        vectors[0] = 0
    return vectors.astype(np.float32)
