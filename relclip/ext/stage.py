"""The ext stage: CLIP's scores on union crops and object crops; an interrupted run goes on where it was.

In shards objects come first; when all of them are there the pairs, whose prompts need every object's label.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from relclip.core.annotations import Annotations, load_annotations
from relclip.core.atomic import write_json
from relclip.core.proposals import load_proposals
from relclip.core.shard import Shard, read_shards, write_record
from relclip.ext.check import report
from relclip.ext.pairs import Candidates, load
from relclip.ext.sections import INPUTS, Sections
from relclip.ext.steps import begin, zero_shot_labels


def run(
    params: Sections,
    *,
    raw: Path,
    dataset: Path,
    kb: Path,
    model: Path,
    output: Path,
    threads: int | None = None,
) -> None:
    """Write scores.parquet, objects.parquet, sgcls_scores.parquet and statistics.json."""
    annotations, candidates = load(dataset, kb)
    steps = begin(params, annotations, candidates, raw=raw, model=model, output=output, threads=threads)
    steps.objects(output)
    counts = steps.pairs(output, zero_shot_labels(annotations, [output / "objects.parquet"]))
    report(annotations, candidates, output, counts)
    steps.chunks.remove()


def run_objects(
    params: Sections,
    *,
    raw: Path,
    dataset: Path,
    kb: Path,
    model: Path,
    output: Path,
    shard: Shard,
    threads: int | None = None,
) -> None:
    """Write objects.parquet of the shard's share of val and test, and shard.json."""
    steps = begin(
        params, *load(dataset, kb), raw=raw, model=model, output=output, threads=threads, shard=shard
    )
    steps.objects(output)
    write_record(output, shard, steps.whole)
    steps.chunks.remove()


def run_pairs(
    params: Sections,
    *,
    raw: Path,
    dataset: Path,
    kb: Path,
    model: Path,
    objects: Sequence[Path],
    output: Path,
    shard: Shard,
    threads: int | None = None,
) -> None:
    """Write scores.parquet and sgcls_scores.parquet of the shard's share of all images, and shard.json.

    objects: the folders of all shards of `run_objects`. Raises InputError where they are of other inputs.
    """
    annotations, candidates = load(dataset, kb)
    steps = begin(
        params, annotations, candidates, raw=raw, model=model, output=output, threads=threads, shard=shard
    )
    folders, _ = read_shards(objects, INPUTS, steps.whole)
    predicted = zero_shot_labels(annotations, [folder / "objects.parquet" for folder in folders])
    write_record(output, shard, steps.whole, steps.pairs(output, predicted))
    steps.chunks.remove()


def run_detected(
    params: Sections,
    *,
    raw: Path,
    dataset: Path,
    proposals: Path,
    model: Path,
    output: Path,
    threads: int | None = None,
    shard: Shard | None = None,
) -> None:
    """Write scores.parquet and statistics.json: all predicates for each ordered overlapping pair of proposals.

    Test images only; the prompts are made from the detector's classes. A `shard` takes its share of the images.
    """
    annotations = _with_proposals(dataset, proposals)
    vocabulary = annotations.vocabulary
    nothing = Candidates(np.zeros((0, 3), np.int64), len(vocabulary.objects), len(vocabulary.predicates))
    steps = begin(
        params, annotations, nothing, raw=raw, model=model, output=output, threads=threads, shard=shard
    )
    counts = steps.pairs(output)
    if shard:
        write_record(output, shard, steps.whole, counts)
    else:
        write_json(output / "statistics.json", {"counts": counts})
    steps.chunks.remove()


def _with_proposals(dataset: Path, path: Path) -> Annotations:
    """The test images of `dataset`, their objects replaced by the proposals in `path`, without relations.

    Raises ContractError where the proposals are not of this data set.
    """
    known = load_annotations(dataset)
    images = np.flatnonzero(known.split == "test")
    found = load_proposals(path, dataset, known.image_id[images], len(known.vocabulary.objects))
    none = np.zeros(0, np.int64)
    return replace(
        known,
        image_id=known.image_id[images],
        file=tuple(known.file[number] for number in images),
        split=known.split[images],
        first=found.first,
        object_id=found.object_id.astype(np.int64),
        class_id=found.class_id,
        boxes=found.boxes,
        subject=none,
        predicate=none,
        object=none,
        relation_image=none,
    )
