"""Embeddings of every prompt that training can meet, each distinct one encoded once."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.compute.device import best_device, prepare
from relclip.core.annotations import Annotations, Ids, load_annotations, read_triplets
from relclip.core.atomic import atomic_folder, write_array, write_json
from relclip.core.boxes import overlapping_pairs
from relclip.core.ordered import available_threads
from relclip.core.params.clip import Clip
from relclip.core.parquet import PROMPTS, write_table
from relclip.core.vocabulary import Vocabulary
from relclip.encoder.encoder import Encoder, encode_distinct, load_encoder


def run(
    settings: Clip, *, model: Path, dataset: Path, kb: Path | None, output: Path, threads: int | None = None
) -> None:
    """Write objects.npy (O+1, D; row 0 zeros), triplets.parquet, triplets.npy (T, D) and statistics.json.

    `kb` None: no captions were mined, so the train annotation alone says which triplets.
    """
    workers = threads or available_threads()
    prepare(0, 1)  # each worker computes on its own: the bytes do not depend on their number
    annotations = load_annotations(dataset)
    names = annotations.vocabulary.objects
    known = read_triplets(kb, annotations.vocabulary) if kb else np.zeros((0, 3), np.int64)
    triplets = wanted_triplets(annotations, known)
    encoder = load_encoder(model, best_device())
    objects = embed(
        encoder, [settings.object_prompt.format(object=name) for name in names], settings.batch, workers
    )
    texts = [
        triplet_text(annotations.vocabulary, settings.triplet_prompt, *triplet)
        for triplet in triplets.tolist()
    ]
    rows = embed(encoder, texts, settings.batch, workers)
    with atomic_folder(output) as folder:
        write_array(
            folder / "objects.npy", np.concatenate([np.zeros((1, objects.shape[1]), np.float32), objects])
        )
        write_array(folder / "triplets.npy", rows)
        columns = dict(zip(PROMPTS.names, [*triplets.T, np.arange(len(triplets))], strict=True))
        write_table(folder / "triplets.parquet", pa.table(columns), PROMPTS, ["row"])
        counts = {"objects": len(names), "triplets": len(texts), "dimension": objects.shape[1]}
        write_json(folder / "statistics.json", counts)
    print(f"prompts: {counts}", flush=True)


def wanted_triplets(annotations: Annotations, known: Ids) -> Ids:
    """(T, 3) distinct (subject class, predicate, object class), sorted.

    Those of train's relations, and of `known` (K, 3) those whose two classes have overlapping boxes somewhere in train.
    """
    size = len(annotations.vocabulary.objects) + 1
    met = np.zeros((size, size), dtype=bool)
    for image in np.flatnonzero(annotations.split == "train").tolist():
        rows = annotations.rows(image)
        first, second = overlapping_pairs(annotations.boxes[rows]).T
        met[annotations.class_id[rows][first], annotations.class_id[rows][second]] = True
    kept = known[met[known[:, 0], known[:, 2]]]
    return np.unique(np.concatenate([annotations.triplets("train"), kept]), axis=0)


def triplet_text(vocabulary: Vocabulary, prompt: str, subject: int, predicate: int, object_: int) -> str:
    """The prompt of one triplet of ids."""
    names = vocabulary.objects
    return prompt.format(
        subject=names[subject - 1], predicate=vocabulary.predicates[predicate - 1], object=names[object_ - 1]
    )


def embed(encoder: Encoder, texts: list[str], batch: int, workers: int) -> NDArray[np.float32]:
    """(T, D) float32 of length 1; equal texts are encoded once."""
    distinct, row = encode_distinct(encoder, texts, batch=batch, workers=workers)
    return distinct[row].numpy()
