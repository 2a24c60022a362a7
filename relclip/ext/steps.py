"""The two steps of EXT over a shard's images: zero-shot labels of objects, then scores of predicates on pairs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from relclip.compute.device import best_device, prepare
from relclip.core.annotations import Annotations, Ids
from relclip.core.digest import file_digest
from relclip.core.ordered import available_threads
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, read_table
from relclip.core.shard import Shard
from relclip.encoder.encoder import WEIGHTS, load_encoder
from relclip.ext.chunks import Chunks, split_images
from relclip.ext.pairs import Candidates
from relclip.ext.score import Scorer, TripletTexts, wanted_triplets
from relclip.ext.sections import SCORES, Sections


@dataclass(frozen=True)
class Steps:
    """Both steps, ready to run. `whole`: a digest of all inputs, the same for all shards."""

    params: Sections
    scorer: Scorer
    chunks: Chunks
    whole: str
    workers: int
    shard: Shard

    def objects(self, output: Path) -> None:
        """Write objects.parquet: zero-shot labels of the objects of val and test."""
        known, prompt = self.scorer.annotations, self.params.clip.object_prompt
        own = self._own(np.flatnonzero(known.split != "train"))
        names = [prompt.format(object=name) for name in known.vocabulary.objects]
        classes = self.scorer.encoder.encode_texts(names).numpy()
        schemas = {"objects": OBJECT_SCORES}
        self.chunks.make(
            "objects", lambda images: [self.scorer.objects(images, classes)], own, schemas, self.workers
        )
        self.chunks.join("objects", OBJECT_SCORES, len(own), output / "objects.parquet")

    def pairs(self, output: Path, predicted: Ids | None = None) -> dict[str, float]:
        """Write scores.parquet and, with `predicted` (N,) classes of objects, sgcls_scores.parquet; return counts.

        The texts are those of all images: a text's last bits may depend on the others of its batch.
        """
        known = self.scorer.annotations
        own = self._own(np.arange(len(known.image_id)))
        wanted = wanted_triplets(known, range(len(known.image_id)), self.scorer.candidates, predicted)
        texts = TripletTexts(self.scorer.encoder, known.vocabulary, wanted, self.params.ext, self.workers)
        labels = [known.class_id] if predicted is None else [known.class_id, predicted]
        schemas = dict.fromkeys(SCORES[: len(labels)], EXT_SCORES)
        self.chunks.make(
            "pairs", lambda images: self.scorer.pairs(images, texts, labels), own, schemas, self.workers
        )
        for name in schemas:
            self.chunks.join(name, EXT_SCORES, len(own), output / f"{name}.parquet")
        return {
            "images": len(known.image_id),
            "prompts": len(texts.embeddings),
            "logit_scale": self.scorer.encoder.logit_scale,
        }

    def _own(self, images: Ids) -> list[list[int]]:
        """The shard's chunks of these images."""
        chunks = split_images(images)
        share = self.shard.share(len(chunks))
        return chunks[share.start : share.stop]


def begin(
    params: Sections,
    annotations: Annotations,
    candidates: Candidates,
    *,
    raw: Path,
    model: Path,
    output: Path,
    threads: int | None,
    shard: Shard | None = None,
) -> Steps:
    """Load the encoder and take up the chunks that an interrupted run has left in `output`."""
    prepare(0, 1)  # each worker computes on its own: the bytes do not depend on their number
    whole = _digest(params, annotations, candidates, model)
    scorer = Scorer(load_encoder(model, best_device()), annotations, candidates, raw, params.ext)
    chunks = Chunks(output / ".chunks", f"{whole} {shard}" if shard else whole)
    return Steps(params, scorer, chunks, whole, threads or available_threads(), shard or Shard())


def _digest(params: Sections, known: Annotations, candidates: Candidates, model: Path) -> str:
    """Of parameters, objects, knowledge base, encoder and torch's version."""
    settings = params.ext.model_dump_json(), params.clip.object_prompt, torch.__version__
    words = (*known.vocabulary.objects, *known.vocabulary.predicates)
    names = (*settings, file_digest(model / WEIGHTS), *known.file, *known.split, *words)
    digest = hashlib.sha256("\n".join(names).encode())
    arrays = known.image_id, known.object_id, known.class_id, known.boxes, known.first, candidates.table
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def zero_shot_labels(annotations: Annotations, objects: Sequence[Path]) -> Ids:
    """(N,) the class with the highest zero-shot score of each object of val and test; 0 for those of train.

    objects: tables that follow each other.
    """
    tables = [read_table(path, OBJECT_SCORES) for path in objects]
    image, number, label, score = (
        np.concatenate([table[name].to_numpy() for table in tables]) for name in OBJECT_SCORES.names
    )
    order = np.lexsort((label, -score, number, image))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (image[order][1:] != image[order][:-1]) | (number[order][1:] != number[order][:-1])
    labels = np.zeros(len(annotations.object_id), dtype=np.int64)
    image_of = np.repeat(np.arange(len(annotations.image_id)), np.diff(annotations.first))
    labels[annotations.split[image_of] != "train"] = label[order][first]
    return labels
