"""The ext stage: CLIP's scores on union crops and object crops; an interrupted run goes on where it was.

In shards objects come first; when all of them are there the pairs, whose prompts need every object's label.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from relclip.core.annotations import Annotations, Ids, load_annotations, load_proposals, zero_shot_labels
from relclip.core.atomic import write_json
from relclip.core.shard import read_shards, write_record
from relclip.ext.check import report
from relclip.ext.pairs import Candidates, load
from relclip.ext.sections import INPUTS, Job
from relclip.ext.steps import begin


def run(job: Job, kb: Path) -> None:
    """Write scores.parquet, objects.parquet, sgcls_scores.parquet and statistics.json."""
    annotations, candidates = load(job.dataset, kb)
    steps = begin(job, annotations, candidates)
    steps.objects(job.output)
    counts = steps.pairs(job.output, _predicted(annotations, [job.output / "objects.parquet"]))
    report(annotations, candidates, job.output, counts)
    steps.chunks.remove()


def run_objects(job: Job, kb: Path) -> None:
    """Write objects.parquet of the shard's share of val and test, and shard.json."""
    steps = begin(job, *load(job.dataset, kb))
    steps.objects(job.output)
    write_record(job.output, steps.shard, steps.whole)
    steps.chunks.remove()


def run_pairs(job: Job, kb: Path, objects: Sequence[Path]) -> None:
    """Write scores.parquet and sgcls_scores.parquet of the shard's share of all images, and shard.json.

    objects: the folders of all shards of `run_objects`. Raises InputError where they are of other inputs.
    """
    annotations, candidates = load(job.dataset, kb)
    steps = begin(job, annotations, candidates)
    folders, _ = read_shards(objects, INPUTS, steps.whole)
    predicted = _predicted(annotations, [folder / "objects.parquet" for folder in folders])
    write_record(job.output, steps.shard, steps.whole, steps.pairs(job.output, predicted))
    steps.chunks.remove()


def run_detected(job: Job, proposals: Path) -> None:
    """Write scores.parquet and statistics.json: all predicates for each ordered overlapping pair of proposals.

    Test images only; the prompts are made from the detector's classes. A shard writes shard.json for statistics.json.
    """
    annotations = _with_proposals(job.dataset, proposals)
    vocabulary = annotations.vocabulary
    nothing = Candidates(np.zeros((0, 3), np.int64), len(vocabulary.objects), len(vocabulary.predicates))
    steps = begin(job, annotations, nothing)
    counts = steps.pairs(job.output)
    if job.shard:
        write_record(job.output, job.shard, steps.whole, counts)
    else:
        write_json(job.output / "statistics.json", {"counts": counts})
    steps.chunks.remove()


def _predicted(annotations: Annotations, objects: Sequence[Path]) -> Ids:
    """(N,) the zero-shot class of each object of val and test; 0 for those of train."""
    return zero_shot_labels(objects, annotations, np.flatnonzero(annotations.split != "train"))[0]


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
