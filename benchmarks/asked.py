"""Predicates that a user names and no training saw: who finds them best, CLIP, matching, or the model with CLIP?

    make preset NAME=open_vocabulary && make tables
    python benchmarks/asked.py [--runs open_full ...] [--split test]

PredCls of the split, asked for the held-out predicates alone (`relclip predict --boxes --predicates`): each pair has
the best of these. mR@20 and mR@50 over them in percent, mean over seeds, 95 % intervals by a bootstrap of the images.
`CLIP alone` is the row EXT's scores; `matching` the softmax of D37's logits times what the classifier says of any
relation; `asked` the answer of `relclip predict` (D39). All rank the same pairs.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from relclip.compute.device import prepare
from relclip.core.annotations import Annotations, load_annotations
from relclip.core.boxes import overlapping_pairs
from relclip.core.command import AsWritten
from relclip.core.page import markdown_rows
from relclip.core.params.whole import Params, load_workflow
from relclip.evaluate.unseen import Truths, held_out_of, lines
from relclip.model import ImageSet
from relclip.photo import SceneGraphs
from relclip.photo.user_boxes import Box
from relclip.predict.knowledge import read_logits
from relclip.predict.predictor import Predictor
from relclip.predict.request import Inputs, Request

CUTOFFS = (20, 50)
#: Of one image: pairs (P, 2) of rows of its objects, and their scores (P, A).
Ranked = tuple[NDArray[np.int64], NDArray[np.float32]]


def by_clip(data: Path, known: Annotations, images: list[int], columns: list[int]) -> Iterator[Ranked]:
    """The row EXT's scores."""
    predicates, ids = len(known.vocabulary.predicates), known.image_id[images]
    for image, logits in zip(
        images, read_logits(data / "ext" / "scores.parquet", ids, predicates), strict=True
    ):
        rows = known.rows(image)
        pairs, own = overlapping_pairs(known.boxes[rows]), known.object_id[rows]
        found = torch.from_numpy(logits.of(int(known.image_id[image]), own[pairs[:, 0]], own[pairs[:, 1]]))
        yield pairs, found.softmax(1)[:, columns].numpy()


def by_matching(data: Path, params: Params, run: str, split: str, columns: list[int]) -> Iterator[Ranked]:
    """What the contrast says of pairs that the classifier takes for related."""
    request = Request.of(params, run)
    request = replace(request, params=request.params.model_copy(update={"by": "matching"}))
    folders = (data / "train" / request.trained_run, data / "dataset", data / "features" / "clip")
    inputs = Inputs(*folders, encoder=data / "clip" / "model")
    predictor = Predictor.load(request, inputs)
    images = ImageSet.load(inputs.dataset, inputs.features, split)
    regions = predictor.regions(images, inputs)
    for number in range(len(images)):
        ((batch, (answer,)),) = predictor.ask([regions], [number], ["given"])
        related = 1 - answer.predicate_logits.float().softmax(1)[:, :1]
        scores = related * predictor.scores(batch, answer, batch.classes)
        yield images.pairs[images.pairs_of(number)].astype(np.int64), scores[:, columns].cpu().numpy()


def by_photo(
    data: Path, known: Annotations, images: list[int], run: str, names: tuple[str, ...]
) -> Iterator[Ranked]:
    """What a user gets for the annotated boxes, predicate by predicate that is best of a pair."""
    graphs = SceneGraphs.load(data, run, predicates=names)
    for image in images:
        rows = known.rows(image)
        labels = [known.vocabulary.objects[number - 1] for number in known.class_id[rows].tolist()]
        boxes = [
            Box(x1=x1, y1=y1, x2=x2, y2=y2, label=label)
            for (x1, y1, x2, y2), label in zip(known.boxes[rows].tolist(), labels, strict=True)
        ]
        found = graphs(data / "raw" / known.file[image], boxes).relations if boxes else ()
        scores = np.zeros((len(found), len(names)), np.float32)
        for row, one in enumerate(found):
            scores[row, names.index(one.predicate)] = one.predicate_score
        yield np.array([(one.subject, one.object) for one in found], np.int64).reshape(-1, 2), scores


def truths(
    known: Annotations, images: list[int], ranked: Iterable[Ranked], columns: list[int], cutoff: int
) -> Truths:
    """The annotated relations of the asked predicates, each found or not among the first `cutoff` pairs."""
    found: list[tuple[int, int, int, int, float]] = []
    for image, (pairs, scores) in zip(images, ranked, strict=True):
        first = np.argsort(-scores.max(axis=1, initial=0.0), kind="stable")[:cutoff]
        top = {(*(pairs[row] + known.first[image]), columns[scores[row].argmax()] + 1) for row in first}
        for row in np.flatnonzero((known.relation_image == image) & np.isin(known.predicate - 1, columns)):
            triplet = known.subject[row], known.object[row], known.predicate[row]
            found.append((known.image_id[image], *triplet, float(triplet in top)))
    image_id, subject, object_, predicate, hits = map(np.array, zip(*found, strict=True))
    return Truths(image_id, subject, object_, predicate, hits)


def main() -> None:
    """Parse the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--runs", nargs="+", default=["open_full", "open_full_seed1", "open_full_seed2"])
    parser.add_argument("--split", choices=["val", "test"], default="test")
    options = parser.parse_args()
    prepare(0)
    data, params = options.data, load_workflow(options.params)
    known, names = load_annotations(data / "dataset"), tuple(held_out_of(params))
    images = np.flatnonzero(known.split == options.split).tolist()
    columns = [known.vocabulary.predicates.index(name) for name in names]
    ids = {name: column + 1 for name, column in zip(names, columns, strict=True)}
    ways: dict[str, list[Callable[[], Iterator[Ranked]]]] = {
        "CLIP alone": [lambda: by_clip(data, known, images, columns)],
        "matching": [
            lambda run=run: by_matching(data, params, run, options.split, columns) for run in options.runs
        ],
        "asked": [lambda run=run: by_photo(data, known, images, run, names) for run in options.runs],
    }
    body = []
    for way, seeds in ways.items():
        ranked = [list(seed()) for seed in seeds]
        cells = []
        for cutoff in CUTOFFS:
            found = [truths(known, images, one, columns, cutoff) for one in ranked]
            made = lines(way, found, ids, len(known.vocabulary.predicates), params.evaluate)
            (line,) = [one for one in made if one.predicates == "unseen"]
            cells.append(f"{100 * line.value:.1f} [{100 * line.low:.1f}, {100 * line.high:.1f}]")
        body.append([way, str(len(seeds)), *cells])
    print("\n".join(markdown_rows(["who", "seeds", *(f"mR@{cutoff}" for cutoff in CUTOFFS)], body)))


if __name__ == "__main__":
    main()
