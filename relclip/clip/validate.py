"""What a pre-trained CLIP knows, on held-out pictures: objects by zero-shot, predicates given subject and object."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.clip.regions import Codes, Regions
from relclip.clip.texts import known_predicates
from relclip.core.accuracy import accuracy
from relclip.encoder.encoder import Encoder

Flags = NDArray[np.bool_]
BATCH = 256


class Judge:
    """What validation needs besides the regions to judge: the encoder, the pixels of all regions, the prompts."""

    def __init__(
        self, encoder: Encoder, regions: Regions, pixels: Tensor, prompts: tuple[str, str], workers: int
    ) -> None:
        self.encoder, self.regions, self.pixels, self.workers = encoder, regions, pixels, workers
        self.object_prompt, self.triplet_prompt = prompts

    def validate(self, rows: Codes, trained: Codes) -> dict[str, dict[str, float]]:
        """Numbers for statistics.json on the regions `rows`; `trained` are the regions CLIP was trained on.

        `objects`: argmax over all classes that occur. `predicates`: argmax over all predicates that occur, given
        subject and object. `candidates`: the same over the predicates that pair has in `trained`, as KB+EXT does,
        where there are two or more; `candidates_uniform`: what a uniform choice among them would reach.
        """
        regions = self.regions
        single = rows[(regions.predicate[rows] < 0) & (regions.subject[rows] >= 0)]
        relation = rows[regions.predicate[rows] >= 0]
        report = {"objects": accuracy(self._object_hits(single), regions.subject[single])}
        if not len(relation):
            return report
        label, predicates = regions.predicate[relation], np.unique(regions.predicate[regions.predicate >= 0])
        scores, truth = self._predicate_scores(relation, predicates), np.searchsorted(predicates, label)
        allowed = candidates(regions, relation, trained, predicates)
        several = (allowed.sum(1) >= 2) & allowed[np.arange(len(relation)), truth]
        best = np.where(allowed, scores, -np.inf).argmax(1)
        uniform = 1.0 / np.maximum(allowed.sum(1), 1)
        return report | {
            "predicates": accuracy(scores.argmax(1) == truth, label),
            "candidates": accuracy((best == truth)[several], label[several]),
            "candidates_uniform": accuracy(uniform[several], label[several]),
        }

    def _object_hits(self, single: Codes) -> Flags:
        names, classes = self.regions.names, np.unique(self.regions.subject[self.regions.subject >= 0])
        if not len(single):
            return np.zeros(0, bool)
        texts = self.encoder.encode_texts(
            [self.object_prompt.format(object=names[number]) for number in classes]
        )
        best = (encode_crops(self.encoder, self.pixels, single) @ texts.T).argmax(1)
        return classes[best.numpy()] == self.regions.subject[single]

    def _predicate_scores(self, relation: Codes, predicates: Codes) -> NDArray[np.float32]:
        """(N, P) cosine of each relation's crop with the prompt of each predicate between its subject and object."""
        regions, names = self.regions, self.regions.names
        ends = np.column_stack([regions.subject, regions.object])[relation]
        pairs, row = np.unique(ends, axis=0, return_inverse=True)
        texts = [
            self.triplet_prompt.format(subject=names[s], predicate=names[p], object=names[o])
            for s, o in pairs
            for p in predicates
        ]
        table = self.encoder.encode_texts(texts, workers=self.workers).reshape(
            len(pairs), len(predicates), -1
        )
        crops = encode_crops(self.encoder, self.pixels, relation)
        return torch.einsum("nd,npd->np", crops, table[torch.from_numpy(row.reshape(-1))]).numpy()


def encode_crops(encoder: Encoder, pixels: Tensor, rows: Codes) -> Tensor:
    """What the encoder gives for the crops `rows` of `pixels` (R, 3, S, S), (N, D) on the CPU."""
    batches = torch.from_numpy(rows).split(BATCH)
    return torch.cat([encoder.encode_images(pixels[batch]).cpu() for batch in batches])


def candidates(regions: Regions, relation: Codes, trained: Codes, predicates: Codes) -> Flags:
    """(N, P) whether each of `predicates` occurs in `trained` between the subject and object classes of a relation."""
    known = known_predicates(regions, trained)
    ends = np.column_stack([regions.subject, regions.object])[relation].tolist()
    rows = [
        [predicate in known.get((subject, object_), ()) for predicate in predicates.tolist()]
        for subject, object_ in ends
    ]
    return np.array(rows, dtype=bool).reshape(len(relation), len(predicates))
