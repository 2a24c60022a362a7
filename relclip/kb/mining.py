"""The whole stage: blocks of captions to a pool of processes, chunk files, then one aggregation in DuckDB."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from relclip.core import captions
from relclip.core.captions import Block
from relclip.core.errors import InputError
from relclip.core.ordered import by_processes
from relclip.core.params.kb import Kb
from relclip.core.progress import progress
from relclip.core.shard import Shard
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.kb import aggregate
from relclip.kb.align import RULES, Language, Miner
from relclip.kb.chunks import ChunkFolder, Mined
from relclip.kb.prefilter import candidates

BLOCK = 10_000
Task = tuple[int, Block]
_miner: Miner | None = None


def mine(
    files: Sequence[Path],
    vocabulary: Path | Vocabulary,
    output: Path,
    params: Kb | None = None,
    language: Language | None = None,
    *,
    shard: Shard | None = None,
    backend: str = RULES,
) -> dict[str, Any]:
    """Mine caption files; write triplets.parquet, evidence.parquet and statistics.json to `output`.

    The same captions, vocabulary (or its file) and language give the same bytes whatever the chunk size and number of
    workers.
    A `shard` mines its share of the blocks and keeps every triplet, for `merge_shards`.
    A killed run goes on from its finished chunks, kept in a hidden folder beside `output`. Returns the statistics.
    Raises InputError (captions), ContractError (vocabulary).
    """
    params = params or Kb()
    captions.check(files)
    if isinstance(vocabulary, Path):
        vocabulary = load_vocabulary(vocabulary)
    language = language or Language()
    miner = Miner(vocabulary, language, backend)
    chunks = ChunkFolder(
        output,
        files,
        vocabulary=vocabulary,
        language=language,
        chunk=params.chunk,
        backend=backend,
        shard=shard or Shard(),
    )
    try:
        _mine_chunks(files, miner, chunks, params, shard or Shard())
    except InputError:
        chunks.leave()
        raise
    counts = chunks.counts()
    if not counts["captions"] and shard is None:
        chunks.leave()
        raise InputError(f"no caption in {', '.join(map(str, files))}; every line must be caption<TAB>id")
    settings = aggregate.Settings(
        vocabulary=vocabulary, min_count=params.min_count, backend=backend, not_mined=miner.not_mined
    )
    record = {**shard._asdict(), "whole": chunks.whole} if shard else None
    statistics = aggregate.write(chunks.files(), chunks.folder, output, settings, counts, shard=record)
    chunks.remove()
    return statistics


def _mine_chunks(files: Sequence[Path], miner: Miner, chunks: ChunkFolder, params: Kb, shard: Shard) -> None:
    """Mine what is not finished; keep a chunk as soon as its last block is there."""
    size = min(BLOCK, params.chunk)
    blocks_a_chunk = params.chunk // size
    tasks = _tasks(captions.blocks(files, size), shard, blocks_a_chunk, chunks.finished())
    results = _mined(tasks, miner, params.workers)
    while blocks := list(islice(results, blocks_a_chunk)):
        chunks.save(blocks[0][0], Mined.joined(mined for _, mined in blocks))


def _tasks(
    blocks: Iterator[Block], shard: Shard, blocks_a_chunk: int, finished: frozenset[int]
) -> Iterator[Task]:
    """The shard's blocks with the number of their chunk; those of finished chunks are read but not given out."""
    own = islice(blocks, shard.number - 1, None, shard.of)
    for place, block in enumerate(progress(own, "kb", "block")):
        if (number := place // blocks_a_chunk) not in finished:
            yield number, block


def _mined(tasks: Iterator[Task], miner: Miner, workers: int) -> Iterator[tuple[int, Mined]]:
    """Results in the order of the tasks; a few blocks a worker are under way at a time, so memory is bounded."""
    _remember(miner)
    first = list(islice(tasks, 2))
    tasks = chain(first, tasks)
    if workers == 1 or len(first) < 2:
        with _no_garbage():
            yield from map(_mine_block, tasks)
        return
    yield from by_processes(_mine_block, tasks, workers, partial(_start_worker, miner))


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Pause Python's search for cycles: sentences hold none, and searching took a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _remember(miner: Miner) -> None:
    """Give a process its miner once, so that a task carries captions alone."""
    global _miner  # noqa: PLW0603
    _miner = miner


def _start_worker(miner: Miner) -> None:
    _remember(miner)
    gc.disable()


def _mine_block(task: Task) -> tuple[int, Mined]:
    number, block = task
    assert _miner is not None
    return number, mine_block(block, _miner)


def mine_block(block: Block, miner: Miner) -> Mined:
    """Find the triplets of a block of captions: a row a triplet and caption."""
    found = candidates(block, miner.patterns)
    mined = Mined(captions=found.captions, without_tab=found.without_tab, not_utf8=found.not_utf8)
    stated = miner.triplets_of_lines(found.plain)
    for line, triplets in zip(found.lines, stated, strict=True):
        if triplets:
            mined.add(triplets, captions.caption_and_id(line)[1])
    return mined
