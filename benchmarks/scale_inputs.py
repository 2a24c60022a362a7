"""Inputs of Visual Genome's size, or a share of it, in the formats the stages read; seeded, the same each time."""

import json
import os
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from relclip.clip.small import build, model_config
from relclip.core.digest import file_digest
from relclip.core.params.clip import Pretrain
from relclip.core.parquet import MAP_ROWS, write_table
from relclip.core.vocabulary import load_names
from relclip.encoder.encoder import save_encoder
from relclip.encoder.tokenizer import WordTokenizer, collect_words
from relclip.raw.scenes.corpus import write_captions

#: Visual Genome 1.4 and Conceptual Captions.
IMAGES, OBJECTS, RELATIONS, CAPTIONS = 108_073, 35, 21, 3_300_000
SIDE, KNOWN_NAMES, KNOWN_PREDICATES = (500, 400), 0.45, 0.12
#: A file may have so many names on ext4, and a few to spare.
NAMES_OF_A_FILE = 50_000
DISTINCT_CAPTIONS = 30_000
CELLS, CHANNELS = 7, 768
Entry = dict[str, Any]


def count_images(share: float) -> int:
    """How many images a share of Visual Genome has."""
    return round(IMAGES * share)


def write_raw(folder: Path, share: float) -> None:
    """image_data, objects, relationships.json, images/, captions.tsv. Pictures are links."""
    count = count_images(share)
    folder.mkdir(parents=True)
    _write_pictures(folder / "images", count)
    width, height = SIDE
    sizes = ({"image_id": number, "width": width, "height": height} for number in range(1, count + 1))
    _write_list(folder / "image_data.json", sizes)
    names = load_names("vg150"), [f"thing {number}" for number in range(2000)]
    _write_list(folder / "objects.json", (_objects(number, names) for number in range(1, count + 1)))
    words = load_names("vg20"), ["on", "has", "of", "in", "wearing", "near", "with", "behind"]
    _write_list(folder / "relationships.json", (_relations(number, words) for number in range(1, count + 1)))
    _write_captions(folder / "captions.tsv", round(CAPTIONS * share))


def write_encoder(folder: Path, image_size: int) -> None:
    """An untrained CLIP of stub size with embeddings as long as ViT-B/32's: shows what is around an encoder."""
    words = collect_words([*load_names("vg150"), *load_names("vg20"), "a photo of"])
    settings = Pretrain(
        image_size=image_size, patch_size=8, width=32, layers=1, text_width=32, text_layers=1, dimension=512
    )
    tokenizer = WordTokenizer(words, 16)
    config = model_config(settings, tokenizer)
    folder.mkdir(parents=True)
    save_encoder(folder, build(config, 0), config, tokenizer)


def write_maps(folder: Path, dataset: Path) -> None:
    """maps.npy of ViT-B/32's shape for every image: 75 KB each, a hole on the disk (8.1 GB at full size)."""
    folder.mkdir(parents=True)
    image_id = pq.read_table(dataset / "images.parquet", columns=["image_id"])["image_id"]
    shape = (len(image_id), CELLS, CELLS, CHANNELS)
    np.lib.format.open_memmap(folder / "maps.npy", "w+", np.float16, shape)
    (folder / "maps.sha256").write_text(file_digest(folder / "maps.npy") + "\n")
    rows = {"image_id": image_id, "row": np.arange(len(image_id))}
    write_table(folder / "images.parquet", pa.table(rows), MAP_ROWS)


def write_untrained(folder: Path, trained: Path) -> None:
    """A model that gives random scores: the trained one's weights, drawn anew (maps that are a hole teach nothing)."""
    from relclip.model import load_model, save_model  # noqa: PLC0415
    from relclip.model.files import read_about  # noqa: PLC0415

    folder.mkdir(parents=True)
    model = load_model(trained, torch.device("cpu"))
    torch.manual_seed(0)
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.05)
    about = {name: value for name, value in read_about(trained).items() if name != "model"}
    save_model(model, folder, about)


def link_runs(folder: Path, stages: Path, trained: Sequence[str], free: Sequence[str]) -> None:
    """Folders as the workflow has them, train/<run> and so on, each a link to what the one run gave."""
    for stage, runs in (("train", trained), ("predict", [*trained, *free]), ("evaluate", [*trained, *free])):
        (folder / stage).mkdir(parents=True)
        for run in runs:
            (folder / stage / run).symlink_to((stages / stage).resolve())


def _write_pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(1, count + 1):
        first = (number - 1) // NAMES_OF_A_FILE * NAMES_OF_A_FILE + 1
        if number == first:
            pixels = np.random.default_rng(number).integers(0, 255, (5, 5, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize(SIDE).save(folder / f"{number}.jpg", quality=90)
        else:
            os.link(folder / f"{first}.jpg", folder / f"{number}.jpg")


def _objects(image: int, names: tuple[Any, Any]) -> Entry:
    random = np.random.default_rng(image)
    low = random.uniform(0, 0.8, (OBJECTS, 2)) * SIDE
    size = np.exp(random.normal(4.0, 0.9, (OBJECTS, 2))).clip(5, 400)
    known = random.random(OBJECTS) < KNOWN_NAMES
    chosen = random.zipf(1.3, OBJECTS)
    things = [
        {
            "object_id": image * 100 + number,
            "names": [names[0][chosen[number] % 150] if known[number] else names[1][chosen[number] % 2000]],
            "synsets": ["thing.n.01"],
            **dict(zip("xywh", [*low[number].round().tolist(), *size[number].round().tolist()], strict=True)),
        }
        for number in range(OBJECTS)
    ]
    return {"image_id": image, "objects": things, "image_url": f"https://example.org/{image}.jpg"}


def _relations(image: int, words: tuple[Any, Any]) -> Entry:
    random = np.random.default_rng([image, 1])
    ends = random.integers(0, OBJECTS, (RELATIONS, 2))
    known, chosen = random.random(RELATIONS) < KNOWN_PREDICATES, random.integers(0, 1000, RELATIONS)
    relations = [
        {
            "relationship_id": image * 100 + number,
            "predicate": words[0][chosen[number] % 20] if known[number] else words[1][chosen[number] % 8],
            "subject": {"object_id": image * 100 + int(ends[number, 0])},
            "object": {"object_id": image * 100 + int(ends[number, 1])},
        }
        for number in range(RELATIONS)
    ]
    return {"image_id": image, "relationships": relations}


def _write_list(path: Path, entries: Iterator[Entry]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number, entry in enumerate(entries):
            file.write(("[" if number == 0 else ",\n") + json.dumps(entry))
        file.write("]\n")


def _write_captions(path: Path, count: int) -> None:
    distinct = [text for text, _ in write_captions(0, min(count, DISTINCT_CAPTIONS))]
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{text}\t{number}\n" for number, text in enumerate(islice(cycle(distinct), count)))
