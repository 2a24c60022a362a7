"""The ext stage: CLIP's scores on union crops and object crops; an interrupted run goes on where it was."""

import json
from pathlib import Path

import numpy as np

from relclip.core.annotations import Annotations, Ids, load_annotations, read_triplets
from relclip.core.atomic import write_json
from relclip.core.device import best_device, prepare
from relclip.core.encoder import load_encoder
from relclip.core.memory import keep_freed_memory
from relclip.core.ordered import available_threads
from relclip.core.params import Params
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, read_table
from relclip.ext.check import check
from relclip.ext.key import inputs_key
from relclip.ext.pairs import Candidates
from relclip.ext.parts import Parts, split_images
from relclip.ext.proposals import with_proposals
from relclip.ext.score import Scorer
from relclip.ext.texts import TripletTexts, wanted_triplets


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
    annotations = load_annotations(dataset)
    vocabulary = annotations.vocabulary
    known = read_triplets(kb, vocabulary)
    candidates = Candidates(known, len(vocabulary.objects), len(vocabulary.predicates))
    scorer = _scorer(params, annotations, candidates, raw, model)
    parts = Parts(output / ".parts", inputs_key(params, annotations, candidates, model))
    tested = split_images(np.flatnonzero(annotations.split != "train"))
    everything = split_images(np.arange(len(annotations.image_id)))

    names = [params.clip.object_prompt.format(object=name) for name in vocabulary.objects]
    classes = scorer.encoder.encode_texts(names).numpy()
    parts.make(
        "objects", lambda part: [scorer.objects(part, classes)], tested, {"objects": OBJECT_SCORES}, workers
    )
    parts.merge("objects", OBJECT_SCORES, len(tested), output / "objects.parquet")

    predicted = zero_shot_labels(annotations, output / "objects.parquet")
    wanted = wanted_triplets(annotations, range(len(annotations.image_id)), candidates, predicted)
    texts = TripletTexts(scorer.encoder, vocabulary, wanted, params.ext, workers)
    labels = (annotations.class_id, predicted)
    schemas = {"scores": EXT_SCORES, "sgcls_scores": EXT_SCORES}
    parts.make("pairs", lambda part: scorer.pairs(part, texts, labels), everything, schemas, workers)
    for name in schemas:
        parts.merge(name, EXT_SCORES, len(everything), output / f"{name}.parquet")
    report = check(annotations, candidates, output / "scores.parquet")
    write_json(output / "statistics.json", {"counts": _counts(scorer, texts), "validation": report})
    parts.remove()
    print(f"ext: validation {json.dumps(report)}", flush=True)


def run_detected(
    params: Params,
    *,
    raw: Path,
    dataset: Path,
    proposals: Path,
    model: Path,
    output: Path,
    threads: int | None = None,
) -> None:
    """Write scores.parquet and statistics.json: all predicates for each ordered overlapping pair of proposals.

    Test images only; the prompts are made from the detector's classes.
    """
    workers = threads or available_threads()
    annotations = with_proposals(dataset, proposals)
    vocabulary = annotations.vocabulary
    nothing = Candidates(np.zeros((0, 3), np.int64), len(vocabulary.objects), len(vocabulary.predicates))
    scorer = _scorer(params, annotations, nothing, raw, model)
    parts = Parts(output / ".parts", inputs_key(params, annotations, nothing, model))
    everything = split_images(np.arange(len(annotations.image_id)))
    wanted = wanted_triplets(annotations, range(len(annotations.image_id)), nothing)
    texts = TripletTexts(scorer.encoder, vocabulary, wanted, params.ext, workers)
    schemas, labels = {"scores": EXT_SCORES}, (annotations.class_id,)
    parts.make("pairs", lambda part: scorer.pairs(part, texts, labels), everything, schemas, workers)
    parts.merge("scores", EXT_SCORES, len(everything), output / "scores.parquet")
    write_json(output / "statistics.json", {"counts": _counts(scorer, texts)})
    parts.remove()


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


def _scorer(
    params: Params, annotations: Annotations, candidates: Candidates, raw: Path, model: Path
) -> Scorer:
    prepare(0, 1)  # each worker computes on its own: the bytes do not depend on their number
    keep_freed_memory()
    return Scorer(load_encoder(model, best_device()), annotations, candidates, raw, params.ext)


def _counts(scorer: Scorer, texts: TripletTexts) -> dict[str, float]:
    """What both commands count."""
    images = len(scorer.annotations.image_id)
    return {
        "images": images,
        "prompts": len(texts.embeddings),
        "logit_scale": scorer.encoder.logit_scale,
    }
