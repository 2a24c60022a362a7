"""EXT in shards: objects first; when all of them are there the pairs, whose prompts need every object's label."""

from collections.abc import Sequence
from pathlib import Path

from relclip.core.errors import InputError
from relclip.core.shard import Part, Shard, read_parts, write_part
from relclip.ext.sections import Sections
from relclip.ext.stage import load
from relclip.ext.work import begin, zero_shot_labels

#: What shards must have in common.
INPUTS = "the data set, the knowledge base, the encoder, the sections clip and ext"


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
    annotations, candidates = load(dataset, kb)
    work = begin(
        params, annotations, candidates, raw=raw, model=model, output=output, threads=threads, shard=shard
    )
    work.objects(output)
    write_part(output, shard, work.key)
    work.parts.remove()


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
    work = begin(
        params, annotations, candidates, raw=raw, model=model, output=output, threads=threads, shard=shard
    )
    folders, part = read_parts(objects, INPUTS)
    same_inputs(folders, part, work.key)
    predicted = zero_shot_labels(annotations, [folder / "objects.parquet" for folder in folders])
    write_part(output, shard, work.key, work.pairs(output, predicted))
    work.parts.remove()


def same_inputs(objects: Sequence[Path], part: Part, whole: str) -> None:
    """Raise InputError where these shards of objects belong to other inputs than the pairs."""
    if part.whole != whole:
        raise InputError(f"{objects[0]} was made of other inputs: {INPUTS}; make the objects again")
