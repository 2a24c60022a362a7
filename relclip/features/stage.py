"""Patch maps of all images into one memory-mapped file; an interrupted run goes on where it was."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.device import best_device, prepare
from relclip.core.annotations import load_annotations
from relclip.core.atomic import make_folder, write_json
from relclip.core.digest import file_digest, inputs_digest
from relclip.core.images import read_image
from relclip.core.ordered import available_threads, batches_of, in_order
from relclip.core.params.features import Features
from relclip.core.progress import progress
from relclip.core.shard import Shard, write_record
from relclip.encoder.crops import as_tensor
from relclip.encoder.encoder import WEIGHTS, Encoder, load_encoder, resize
from relclip.features.rows import Maps, open_maps, place_maps, write_images

BATCHES_BETWEEN_RECORDS = 8


def run(
    settings: Features,
    *,
    raw: Path,
    dataset: Path,
    model: Path,
    output: Path,
    threads: int | None = None,
    shard: Shard | None = None,
) -> None:
    """Write maps.npy, float16 (rows, h, w, C), and images.parquet (image_id, row), for the images of all splits.

    maps.sha256 stands for the maps where only their identity counts: reading them again takes as long as they are big.
    A `shard` takes its share of the batches, whole ones, so that `relclip.features.merge` gives the bytes of one run.
    """
    workers = threads or available_threads()
    prepare(0, 1)  # each worker computes on its own: the bytes do not depend on their number
    annotations = load_annotations(dataset)
    encoder = load_encoder(model, best_device())
    make_folder(output)
    partial, record = output / ".maps.npy.partial", output / ".maps.json"
    made_of = settings.model_dump_json(), *annotations.file, file_digest(model / WEIGHTS), torch.__version__
    inputs = inputs_digest(*made_of)
    digest = f"{inputs} {shard}" if shard else inputs
    own = _own(shard or Shard(), len(annotations.image_id), settings.batch)
    maps, done = open_maps(partial, record, digest, (len(own), *_shape(encoder, settings)))
    files = [raw / annotations.file[number] for number in own[done:]]
    batches = in_order(_mapper(encoder, settings), batches_of(files, settings.batch), workers)
    total = -(-len(maps) // settings.batch)
    shown = progress(batches, "patch maps", "batch", total=total, start=done // settings.batch)
    _fill(maps, done, shown, lambda rows: write_json(record, {"key": digest, "rows": rows}))
    write_images(output, annotations.image_id[own.start : own.stop])
    place_maps(output, partial)
    if shard:
        write_record(output, shard, inputs)
    record.unlink(missing_ok=True)


def _own(shard: Shard, images: int, batch: int) -> range:
    """The shard's images: whole batches, since a map's last bits may depend on the other pictures of its batch."""
    batches = shard.share(-(-images // batch))
    return range(batches.start * batch, min(batches.stop * batch, images))


def _shape(encoder: Encoder, settings: Features) -> tuple[int, ...]:
    blank = torch.zeros((1, 3, settings.image_size, settings.image_size), dtype=torch.uint8)
    return tuple(encoder.patch_map(blank, settings.image_size).shape[1:])


def _mapper(encoder: Encoder, settings: Features) -> Callable[[Sequence[Path]], Maps]:
    """What one thread does with a batch of pictures: decode, squash, encode."""

    def patch_maps(files: Sequence[Path]) -> Maps:
        pictures = [squash(read_image(file), settings.image_size) for file in files]
        return patch_maps_of(encoder, pictures, settings.image_size)

    return patch_maps


def squash(image: NDArray[np.uint8], size: int) -> Tensor:
    """A decoded picture, (H, W, 3) uint8, as the encoder takes it: (1, 3, size, size) uint8."""
    return resize(as_tensor(image), size)


def patch_maps_of(encoder: Encoder, pictures: Sequence[Tensor], size: int) -> Maps:
    """V(I) of B squashed pictures in half precision: (B, h, w, C)."""
    return encoder.patch_map(torch.cat(list(pictures)), size).to(torch.float16).cpu().numpy()


def _fill(maps: Maps, done: int, batches: Iterable[Maps], record: Callable[[int], None]) -> None:
    """Write the batches from row `done` on; rows are recorded as done only when they are on the disk."""
    for number, batch in enumerate(batches, 1):
        maps[done : done + len(batch)] = batch
        done += len(batch)
        if number % BATCHES_BETWEEN_RECORDS == 0:
            maps.flush()  # type: ignore[attr-defined]
            record(done)
    maps.flush()  # type: ignore[attr-defined]
