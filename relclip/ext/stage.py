"""The ext stage: CLIP's scores on union crops and object crops; an interrupted run goes on where it was."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from relclip.core.annotations import Annotations, Ids, load_annotations, read_triplets
from relclip.core.atomic import write_json
from relclip.core.device import best_device, prepare
from relclip.core.digest import file_digest
from relclip.core.encoder import WEIGHTS, load_encoder
from relclip.core.memory import keep_freed_memory
from relclip.core.ordered import available_threads
from relclip.core.params import Params
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, read_table
from relclip.ext.check import check
from relclip.ext.pairs import Candidates
from relclip.ext.parts import Parts
from relclip.ext.score import Scorer
from relclip.ext.texts import TripletTexts, wanted_triplets

IMAGES_A_PART = 64


def run(
    params: Params,
    *,
    raw: Path,
    dataset: Path,
    kb: Path,
    model: Path,
    output: Path,
    threads: int | None = None,
) -> None:
    """Write scores.parquet, objects.parquet, sgcls_scores.parquet and statistics.json."""
    workers = threads or available_threads()
    prepare(0, 1)  # each worker computes on its own: the bytes do not depend on their number
    keep_freed_memory()
    annotations = load_annotations(dataset)
    vocabulary = annotations.vocabulary
    known = read_triplets(kb, vocabulary)
    candidates = Candidates(known, len(vocabulary.objects), len(vocabulary.predicates))
    encoder = load_encoder(model, best_device())
    scorer = Scorer(encoder, annotations, candidates, raw, params.ext)
    parts = Parts(output / ".parts", _key(params, annotations, candidates, model))
    tested = _split(np.flatnonzero(annotations.split != "train"))
    everything = _split(np.arange(len(annotations.image_id)))

    names = [params.clip.object_prompt.format(object=name) for name in vocabulary.objects]
    classes = encoder.encode_texts(names).numpy()
    parts.make(
        "objects", lambda part: [scorer.objects(part, classes)], tested, {"objects": OBJECT_SCORES}, workers
    )
    parts.merge("objects", OBJECT_SCORES, len(tested), output / "objects.parquet")

    predicted = zero_shot_labels(annotations, output / "objects.parquet")
    wanted = wanted_triplets(annotations, range(len(annotations.image_id)), candidates, predicted)
    texts = TripletTexts(encoder, vocabulary, wanted, params.ext, workers)
    labels = (annotations.class_id, predicted)
    schemas = {"scores": EXT_SCORES, "sgcls_scores": EXT_SCORES}
    parts.make("pairs", lambda part: scorer.pairs(part, texts, labels), everything, schemas, workers)
    for name in schemas:
        parts.merge(name, EXT_SCORES, len(everything), output / f"{name}.parquet")
    report = check(annotations, candidates, output / "scores.parquet")
    counts = {
        "images": len(annotations.image_id),
        "prompts": len(texts.embeddings),
        "logit_scale": encoder.logit_scale,
    }
    write_json(output / "statistics.json", {"counts": counts, "validation": report})
    parts.remove()
    print(f"ext: validation {json.dumps(report)}", flush=True)


def zero_shot_labels(annotations: Annotations, objects: Path) -> Ids:
    """(N,) the class with the highest zero-shot score of each object of val and test; 0 for those of train."""
    table = read_table(objects, OBJECT_SCORES)
    image, number, label, score = (table[name].to_numpy() for name in OBJECT_SCORES.names)
    order = np.lexsort((label, -score, number, image))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (image[order][1:] != image[order][:-1]) | (number[order][1:] != number[order][:-1])
    labels = np.zeros(len(annotations.object_id), dtype=np.int64)
    image_of = np.repeat(np.arange(len(annotations.image_id)), np.diff(annotations.first))
    labels[annotations.split[image_of] != "train"] = label[order][first]
    return labels


def _split(images: Ids) -> list[list[int]]:
    return [images[first : first + IMAGES_A_PART].tolist() for first in range(0, len(images), IMAGES_A_PART)]


def _key(params: Params, annotations: Annotations, candidates: Candidates, model: Path) -> str:
    """What finished parts belong to: parameters, annotations, knowledge base, encoder, torch's version."""
    digest = hashlib.sha256()
    settings = (
        params.ext.model_dump_json(),
        params.clip.object_prompt,
        torch.__version__,
        file_digest(model / WEIGHTS),
    )
    names: Sequence[str] = (*settings, *annotations.file, *annotations.split, *annotations.vocabulary.objects)
    digest.update("\n".join(names).encode())
    for array in (
        annotations.object_id,
        annotations.class_id,
        annotations.boxes,
        annotations.first,
        candidates.table,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
