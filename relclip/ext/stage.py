"""The ext stage: CLIP's scores on union crops and object crops; an interrupted run goes on where it was."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from relclip.core.annotations import Annotations, load_annotations, read_triplets
from relclip.core.atomic import write_json
from relclip.core.shard import Shard, write_part
from relclip.ext.check import check
from relclip.ext.pairs import Candidates
from relclip.ext.proposals import with_proposals
from relclip.ext.sections import Sections
from relclip.ext.work import begin, zero_shot_labels


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
    work = begin(params, annotations, candidates, raw=raw, model=model, output=output, threads=threads)
    work.objects(output)
    counts = work.pairs(output, zero_shot_labels(annotations, [output / "objects.parquet"]))
    report(annotations, candidates, output, counts)
    work.parts.remove()


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
    annotations = with_proposals(dataset, proposals)
    vocabulary = annotations.vocabulary
    nothing = Candidates(np.zeros((0, 3), np.int64), len(vocabulary.objects), len(vocabulary.predicates))
    work = begin(
        params, annotations, nothing, raw=raw, model=model, output=output, threads=threads, shard=shard
    )
    counts = work.pairs(output)
    if shard:
        write_part(output, shard, work.key, counts)
    else:
        write_json(output / "statistics.json", {"counts": counts})
    work.parts.remove()


def load(dataset: Path, kb: Path) -> tuple[Annotations, Candidates]:
    """The annotations, and the knowledge base as a table over their vocabulary."""
    annotations = load_annotations(dataset)
    vocabulary = annotations.vocabulary
    known = read_triplets(kb, vocabulary)
    return annotations, Candidates(known, len(vocabulary.objects), len(vocabulary.predicates))


def report(
    annotations: Annotations, candidates: Candidates, output: Path, counts: Mapping[str, float]
) -> None:
    """Write statistics.json: the counts, and how well CLIP chooses on validation."""
    found = check(annotations, candidates, output / "scores.parquet")
    write_json(output / "statistics.json", {"counts": dict(counts), "validation": found})
    print(f"ext: validation {json.dumps(found)}", flush=True)
