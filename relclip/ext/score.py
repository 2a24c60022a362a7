"""The tables of one chunk of images: zero-shot labels of objects, scores of predicates on pairs, and their prompts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, Ids
from relclip.core.params.ext import Ext
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, table_of
from relclip.core.vocabulary import Vocabulary
from relclip.encoder.encoder import Encoder, encode_distinct
from relclip.encoder.regions import embed_regions
from relclip.ext.pairs import Candidates, image_pairs, pair_predicates

#: Rows of embeddings gathered at a time: of 512 numbers, 2 x 32 MB.
ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class Scorer:
    """All that scoring a chunk needs."""

    encoder: Encoder
    annotations: Annotations
    candidates: Candidates
    raw: Path
    settings: Ext

    def objects(self, images: Sequence[int], classes: NDArray[np.float32]) -> pa.Table:
        """CLIP zero-shot on object crops: softmax over all classes, the best `zero_shot_classes` of each object.

        classes: (O, D) embeddings of the object prompts in the order of the ids.
        """
        known, top = self.annotations, min(self.settings.zero_shot_classes, len(classes))
        slices = [known.rows(image) for image in images]
        regions = [(self._path(image), known.boxes[rows]) for image, rows in zip(images, slices, strict=True)]
        embeddings = embed_regions(self.encoder, regions, self.settings.batch, 0.0, self.settings.resize)
        shares = _softmax(embeddings @ classes.T * self.encoder.logit_scale)
        best = np.argsort(-shares, axis=1, kind="stable")[:, :top]
        rows = np.concatenate([np.arange(part.start, part.stop) for part in slices])
        image = np.repeat(known.image_id[list(images)], [part.stop - part.start for part in slices])
        columns = [np.repeat(image, top), np.repeat(known.object_id[rows], top), best.ravel() + 1]
        return table_of([*columns, np.take_along_axis(shares, best, 1).ravel()], OBJECT_SCORES)

    def pairs(self, images: Sequence[int], texts: "TripletTexts", labels: Sequence[Ids]) -> list[pa.Table]:
        """Scores of predicates on union crops, one table for each labelling (N,) of the objects.

        The first labelling is the true one; further ones are scored on val and test only.
        """
        known = self.annotations
        found = [image_pairs(known, image, self.candidates) for image in images]
        scored = [
            pair_predicates(known, image, pairs, self.candidates)
            for image, pairs in zip(images, found, strict=True)
        ]
        regions = [(self._path(image), pairs.boxes) for image, pairs in zip(images, found, strict=True)]
        embeddings = embed_regions(
            self.encoder, regions, self.settings.batch, self.settings.margin, self.settings.resize
        )
        shift = np.cumsum([0, *(len(pairs.boxes) for pairs in found)])
        crop = np.concatenate([pairs.crop + start for pairs, start in zip(found, shift, strict=False)])
        subject, object_ = (
            np.concatenate([getattr(pairs, end) for pairs in found]) for end in ("subject", "object")
        )
        image = np.repeat(np.array(images), [len(pairs.subject) for pairs in found])
        pair, predicate = np.nonzero(np.concatenate(scored))
        tables = []
        for number, label in enumerate(labels):
            kept = slice(None) if number == 0 else known.split[image[pair]] != "train"
            row, what = pair[kept], predicate[kept] + 1
            text = texts.rows(label[subject[row]], label[object_[row]], what)
            logit = self._logits(embeddings, texts.embeddings, crop[row], text)
            ends = (known.object_id[subject[row]], known.object_id[object_[row]])
            tables.append(table_of([known.image_id[image[row]], *ends, what, logit], EXT_SCORES))
        return tables

    def _logits(
        self, images: NDArray[np.float32], texts: NDArray[np.float32], crop: Ids, text: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Cosine of crop and text times CLIP's scale over the temperature, (rows,)."""
        scale = np.float32(self.encoder.logit_scale / self.settings.temperature)
        return row_products(images, crop, texts, text) * scale

    def _path(self, image: int) -> Path:
        return self.raw / self.annotations.file[image]


def row_products(
    left: NDArray[np.float32], left_row: Ids, right: NDArray[np.float32], right_row: NDArray[np.int32]
) -> NDArray[np.float32]:
    """left[left_row] . right[right_row], (N, D) and (N, D) -> (N,), of which ROWS_AT_ONCE are gathered at a time.

    All predicates of 64 detected boxes' pairs are 638,000 rows a chunk: 2.5 GB in each worker.
    """
    products = np.empty(len(left_row), dtype=np.float32)
    for first in range(0, len(left_row), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        np.einsum("nd,nd->n", left[left_row[part]], right[right_row[part]], out=products[part])
    return products


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class TripletTexts:
    """Text embeddings (T, D) of the distinct prompts of triplets, found by the triplets' ids."""

    def __init__(
        self, encoder: Encoder, vocabulary: Vocabulary, wanted: NDArray[np.bool_], settings: Ext, workers: int
    ) -> None:
        """wanted: (classes + 1, classes + 1, predicates) which triplets (subject, object, predicate - 1) to embed."""
        triplets = np.argwhere(wanted)
        names, predicates = vocabulary.objects, vocabulary.predicates
        texts = [
            settings.prompt.format(subject=names[s - 1], predicate=predicates[p], object=names[o - 1])
            for s, o, p in triplets.tolist()
        ]
        # A prompt without the classes in it has one text a predicate.
        distinct, row = encode_distinct(encoder, texts, workers=workers)
        self.embeddings: NDArray[np.float32] = distinct.numpy()
        self._row = np.full(wanted.shape, -1, dtype=np.int32)
        self._row[wanted] = row.numpy()

    def rows(self, subject_class: Ids, object_class: Ids, predicate: Ids) -> NDArray[np.int32]:
        """Rows of `embeddings` of triplets of ids (predicate 1-based)."""
        return self._row[subject_class, object_class, predicate - 1]


def wanted_triplets(
    annotations: Annotations, images: Iterable[int], candidates: Candidates, predicted: Ids | None = None
) -> NDArray[np.bool_]:
    """(classes + 1, classes + 1, predicates) which triplets the images' pairs are compared with.

    `predicted` (N,) adds, for val and test, the classes that zero-shot gave each object.
    """
    wanted = np.zeros_like(candidates.table)
    for image in images:
        pairs = image_pairs(annotations, image, candidates)
        scored = pair_predicates(annotations, image, pairs, candidates)
        subject, object_ = annotations.class_id[pairs.subject], annotations.class_id[pairs.object]
        np.logical_or.at(wanted, (subject, object_), scored)
        if predicted is not None and annotations.split[image] != "train":
            wanted[predicted[pairs.subject], predicted[pairs.object]] = True
    return wanted
