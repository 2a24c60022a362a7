"""Patch maps of all images into one memory-mapped file; an interrupted run goes on where it was."""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, load_annotations
from relclip.core.atomic import write_json, write_text
from relclip.core.crops import whole
from relclip.core.device import best_device, prepare
from relclip.core.digest import file_digest
from relclip.core.encoder import WEIGHTS, Encoder, load_encoder, resize
from relclip.core.images import read_image
from relclip.core.memory import keep_freed_memory
from relclip.core.ordered import available_threads, in_order
from relclip.core.params import Features
from relclip.core.parquet import write_table
from relclip.core.progress import progress

ROWS = pa.schema([("image_id", pa.int64()), ("row", pa.int64())])
BATCHES_BETWEEN_RECORDS = 8
Maps = NDArray[np.float16]


def run(
    settings: Features, *, raw: Path, dataset: Path, model: Path, output: Path, threads: int | None = None
) -> None:
    """Write maps.npy, float16 (rows, h, w, C), and images.parquet (image_id, row), for the images of all splits.

    maps.sha256 stands for the maps where only their identity counts: reading them again takes as long as they are big.
    """
    workers = threads or available_threads()
    prepare(0, 1)  # each worker computes on its own: the bytes do not depend on their number
    keep_freed_memory()
    annotations = load_annotations(dataset)
    encoder = load_encoder(model, best_device())
    output.mkdir(parents=True, exist_ok=True)
    partial, record = output / ".maps.npy.partial", output / ".maps.json"
    key = _key(settings, annotations, model)
    maps, done = _open(partial, record, key, _shape(encoder, annotations, settings))
    files = [raw / file for file in annotations.file[done:]]
    batches = in_order(_mapper(encoder, settings), _split(files, settings.batch), workers)
    total = -(-len(maps) // settings.batch)
    shown = progress(batches, "patch maps", "batch", total=total, start=done // settings.batch)
    _fill(maps, done, shown, lambda rows: write_json(record, {"key": key, "rows": rows}))
    table = pa.table({"image_id": annotations.image_id, "row": np.arange(len(annotations.image_id))})
    write_table(output / "images.parquet", table, ROWS)
    digest = file_digest(partial)
    partial.replace(output / "maps.npy")
    write_text(output / "maps.sha256", f"{digest}\n")
    record.unlink(missing_ok=True)


def _shape(encoder: Encoder, annotations: Annotations, settings: Features) -> tuple[int, ...]:
    blank = torch.zeros((1, 3, settings.image_size, settings.image_size), dtype=torch.uint8)
    return (len(annotations.image_id), *encoder.patch_map(blank, settings.image_size).shape[1:])


def _open(partial: Path, record: Path, key: str, shape: tuple[int, ...]) -> tuple[Maps, int]:
    """The unfinished file and how many of its rows are done; a file of other inputs is begun anew."""
    try:
        state = json.loads(record.read_text("utf-8"))
        maps = open_memmap(partial, mode="r+") if state["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        maps = None
    if maps is not None and maps.shape == shape and maps.dtype == np.float16:
        print(f"features: going on from row {state['rows']}", flush=True)
        return maps, int(state["rows"])
    record.unlink(missing_ok=True)
    maps = open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
    _reserve(partial)
    return maps, 0


def _reserve(partial: Path) -> None:
    """Take the whole file's room on the disk now: a mapped page for which there is none kills a process without a word.

    Raises OSError where the disk is too small.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    with partial.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            partial.unlink()
            if error.errno != errno.ENOSPC:
                raise
            what = f"no room for patch maps of {size / 1e9:.3g} GB on this disk"
            raise OSError(errno.ENOSPC, what, str(partial.parent)) from None


def _split(files: Sequence[Path], batch: int) -> list[Sequence[Path]]:
    return [files[first : first + batch] for first in range(0, len(files), batch)]


def _mapper(encoder: Encoder, settings: Features) -> Callable[[Sequence[Path]], Maps]:
    """What one thread does with a batch of pictures: decode, squash, encode."""

    def patch_maps(files: Sequence[Path]) -> Maps:
        pictures = [resize(whole(read_image(file)), settings.image_size) for file in files]
        return encoder.patch_map(torch.cat(pictures), settings.image_size).to(torch.float16).cpu().numpy()

    return patch_maps


def _fill(maps: Maps, done: int, batches: Iterable[Maps], record: Callable[[int], None]) -> None:
    """Write the batches from row `done` on; rows are recorded as done only when they are on the disk."""
    for number, batch in enumerate(batches, 1):
        maps[done : done + len(batch)] = batch
        done += len(batch)
        if number % BATCHES_BETWEEN_RECORDS == 0:
            maps.flush()  # type: ignore[attr-defined]
            record(done)
    maps.flush()  # type: ignore[attr-defined]


def _key(settings: Features, annotations: Annotations, model: Path) -> str:
    """What an unfinished file belongs to: size and batch, the images in order, the encoder, torch's version."""
    parts = [settings.model_dump_json(), *annotations.file, file_digest(model / WEIGHTS), torch.__version__]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
