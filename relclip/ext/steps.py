"""The two steps of EXT over a shard's images: zero-shot labels of objects, then scores of predicates on pairs.

Chunk by chunk of images, each on the disk as soon as it is made, put together in order at the end."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from relclip.compute.device import best_device, prepare
from relclip.core.annotations import Annotations, Ids
from relclip.core.digest import file_digest
from relclip.core.errors import ContractError
from relclip.core.ordered import available_threads, batches_of, in_order
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, read_table, write_sorted, write_table
from relclip.core.progress import progress
from relclip.core.shard import Shard, take_up
from relclip.encoder.encoder import WEIGHTS, load_encoder
from relclip.ext.pairs import Candidates
from relclip.ext.score import Scorer, TripletTexts, wanted_triplets
from relclip.ext.sections import SCORES, Job, Sections

IMAGES_A_CHUNK = 64


class Chunks:
    """A hidden folder of finished chunks; chunks of other inputs are thrown away."""

    def __init__(self, folder: Path, inputs: str) -> None:
        self.folder = folder
        take_up(folder, inputs)

    def make(
        self,
        what: str,
        tables: Callable[[Sequence[int]], Sequence[pa.Table]],
        chunks: Sequence[Sequence[int]],
        schemas: Mapping[str, pa.Schema],
        workers: int,
    ) -> None:
        """Make the `tables` of each chunk of images that is not there yet, or damaged: one for each of `schemas`."""
        missing = [
            number
            for number in range(len(chunks))
            if not all(_is_sound(self._path(name, number), schema) for name, schema in schemas.items())
        ]

        def one(number: int) -> None:
            for (name, schema), table in zip(schemas.items(), tables(chunks[number]), strict=True):
                write_table(self._path(name, number), table, schema)

        done = in_order(one, missing, workers)
        for _ in progress(done, what, "chunk", total=len(chunks), start=len(chunks) - len(missing)):
            pass

    def join(self, name: str, schema: pa.Schema, chunks: int, path: Path) -> None:
        """Write the tables `name` of all chunks, which follow each other in the total order, as one file."""
        write_sorted(path, self._batches(name, schema, chunks), schema)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number:06d}.parquet"

    def _batches(self, name: str, schema: pa.Schema, chunks: int) -> Iterator[pa.RecordBatch]:
        for number in range(chunks):
            yield from read_table(self._path(name, number), schema).combine_chunks().to_batches()


def _is_sound(path: Path, schema: pa.Schema) -> bool:
    try:
        read_table(path, schema)
    except ContractError:
        return False
    return True


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
        chunks = batches_of(images.tolist(), IMAGES_A_CHUNK)
        share = self.shard.share(len(chunks))
        return chunks[share.start : share.stop]


def begin(job: Job, annotations: Annotations, candidates: Candidates) -> Steps:
    """Load the encoder and take up the chunks that an interrupted run has left in the job's folder."""
    prepare(0, 1)  # each worker computes on its own: the bytes do not depend on their number
    whole = _digest(job.params, annotations, candidates, job.model)
    scorer = Scorer(load_encoder(job.model, best_device()), annotations, candidates, job.raw, job.params.ext)
    chunks = Chunks(job.output / ".chunks", f"{whole} {job.shard}" if job.shard else whole)
    workers = job.threads or available_threads()
    return Steps(job.params, scorer, chunks, whole, workers, job.shard or Shard())


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
