"""Training: iterations per second of RelCLIP's head on synthetic inputs, beside the plain way, in one run.

    python benchmarks/train.py [--size scenes|vg] [--threads 1] [--device auto] [--steps 30]

`scenes` is the default data set's size (22 objects, 123 ordered pairs an image, maps 16 x 16 x 128), `vg` Visual
Genome's under ViT-B/32 (maps 7 x 7 x 768, dimension 512). The plain way pools every ordered pair's union box again at
every step with torchvision's RoIAlign, runs one layer over the concatenated input, and pads all images to the longest.
Times are CPU time of the process on a CPU (other programs then disturb less), wall time on a GPU.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import roi_align

from relclip.compute.device import best_device, prepare
from relclip.compute.schedule import descend, make_optimizer
from relclip.core.command import AsWritten
from relclip.core.params.train import Train
from relclip.core.vocabulary import Vocabulary
from relclip.model import ImageSet
from relclip.model.regions import in_cells
from relclip.train.labels import Labels
from relclip.train.language import Phrases, Prompts
from relclip.train.minibatch import draw
from relclip.train.setup import Material, make_trainer
from relclip.train.trainer import Trainer

OBJECTS, PREDICATES, IMAGES, WORDS = 150, 20, 200, 100
SIZES: dict[str, dict[str, int]] = {
    "scenes": {"cells": 16, "channels": 128, "dimension": 128, "heads": 4, "roi_size": 3},
    "vg": {"cells": 7, "channels": 768, "dimension": 512, "heads": 8, "roi_size": 3},
}
#: Labelled pairs of an image under each supervision, as counted on the default data set; possible labels of a pair.
LABELLED = {"full": (5.5, 1), "kb": (34.0, 7)}


def images_like_scenes(
    random: np.random.Generator, cells: int, channels: int, boxes: tuple[int, int] = (18, 24)
) -> ImageSet:
    """IMAGES images of 320 pixels with 18 to 24 boxes, about 123 ordered overlapping pairs each."""
    counts = random.integers(boxes[0], boxes[1] + 1, IMAGES)
    size = random.uniform(0.12, 0.36, (counts.sum(), 2))
    low = random.uniform(0, 1, size.shape) * (1 - size)
    return ImageSet.from_arrays(
        image_ids=np.arange(IMAGES),
        sizes=np.full((IMAGES, 2), 320, np.float32),
        maps=random.normal(size=(IMAGES, cells, cells, channels)).astype(np.float16),
        map_rows=np.arange(IMAGES),
        object_counts=counts,
        object_ids=np.concatenate([np.arange(count) for count in counts]).astype(np.int32),
        class_ids=random.integers(1, OBJECTS + 1, counts.sum()),
        boxes=(np.concatenate([low, low + size], axis=1) * 320).astype(np.float32),
    )


def random_labels(random: np.random.Generator, images: ImageSet, supervision: str) -> Labels:
    """Labels at random pairs, as many as this supervision gives."""
    per_image, possible = LABELLED[supervision]
    labelled = random.random(len(images.pairs)) < per_image * len(images) / len(images.pairs)
    row = np.where(labelled, np.cumsum(labelled) - 1, -1).astype(np.int32)
    counts = random.integers(1, possible + 1, labelled.sum())
    predicates = [np.sort(random.choice(PREDICATES, count, replace=False)) + 1 for count in counts]
    start = np.concatenate([[0], np.cumsum(counts)])
    return Labels(row, start, np.concatenate(predicates), np.repeat(1 / counts, counts).astype(np.float32))


def random_language(
    random: np.random.Generator, dimension: int, device: torch.device
) -> tuple[Prompts, Phrases]:
    """Prompts and phrases of unit length."""

    def unit(*shape: int) -> Tensor:
        vectors = torch.from_numpy(random.normal(size=shape).astype(np.float32))
        return nn.functional.normalize(vectors, dim=-1).to(device)

    rows = random.integers(0, 3000, (OBJECTS + 1, PREDICATES + 1, OBJECTS + 1)).astype(np.int32)
    phrases = Phrases(
        unit(OBJECTS + 1, PREDICATES + 1, WORDS),
        unit(PREDICATES + 1, OBJECTS + 1, WORDS),
        unit(PREDICATES + 1, WORDS),
    )
    return Prompts(unit(OBJECTS + 1, dimension), unit(3000, dimension), rows), phrases


class PlainAdaptor(nn.Module):
    """h_rel as one writes it first: pool every pair, concatenate, one layer, padded attention."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        config = trainer.model.config
        self.images, self.roi_size = trainer.regions.images, config.roi_size
        self.connected = nn.Linear(config.roi_size**2 * config.channels + 20, config.dimension)
        self.layers = nn.ModuleList(
            nn.MultiheadAttention(config.dimension, config.heads, batch_first=True) for _ in range(2)
        )

    def forward(self, numbers: list[int], geometry: Tensor) -> Tensor:
        """Relations of these images: (P, D)."""
        pooled = []
        for number in numbers:
            map_ = (
                torch.from_numpy(self.images.maps[number].astype(np.float32))
                .to(geometry.device)
                .permute(2, 0, 1)
            )
            unions = self.images.unions[self.images.unions_of(number)][
                self.images.pair_union[self.images.pairs_of(number)]
            ]
            cells = torch.from_numpy(in_cells(unions, self.images.sizes[number], map_.shape[1:])).to(
                geometry.device
            )
            pooled.append(roi_align(map_[None], [cells], self.roi_size, 1.0, 2, aligned=True).flatten(1))
        rows = torch.relu(self.connected(torch.cat([torch.cat(pooled), geometry], dim=1)))
        parts = rows.split([len(part) for part in pooled])
        padded = nn.utils.rnn.pad_sequence(list(parts), batch_first=True)
        padding = torch.arange(padded.shape[1], device=rows.device) >= torch.tensor(
            [[len(p)] for p in parts], device=rows.device
        )
        for layer in self.layers:
            padded = padded + layer(padded, padded, padded, key_padding_mask=padding, need_weights=False)[0]
        return padded[~padding]


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the gradient of `loss`."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    descend(optimizer, 1e-3, 5.0)


def seconds(step: Callable[[int], Any], steps: int, device: torch.device) -> tuple[float, float]:
    """Fastest and median step in seconds after a warm-up that pools every image once."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    for number in range(IMAGES // 12 + 3):
        step(number)
    times = []
    for number in range(steps):
        if device.type == "cuda":
            torch.cuda.synchronize()
        begin = clock()
        step(number)
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(clock() - begin)
    return min(times), statistics.median(times)


def main() -> None:
    """Print one line a configuration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    parser.add_argument("--size", choices=sorted(SIZES), default="scenes", help="see above")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--steps", type=int, default=30, help="steps that are timed")
    given = parser.parse_args()
    prepare(0, given.threads)
    device, size = best_device(given.device), SIZES[given.size]
    random = np.random.default_rng(0)
    images = images_like_scenes(random, size["cells"], size["channels"])
    prompts, phrases = random_language(random, size["dimension"], device)
    vocabulary = Vocabulary(tuple(map(str, range(OBJECTS))), tuple(map(str, range(PREDICATES))))
    print(
        f"{given.size}: {len(images.pairs) / IMAGES:.0f} ordered pairs an image, {given.threads} threads, {device}"
    )
    model = {name: size[name] for name in ("dimension", "heads", "roi_size")}
    for supervision in LABELLED:
        labels = random_labels(random, images, supervision)
        for attention_over in ("sampled", "all"):
            params = Train(attention_over=attention_over, **model)
            trainer = make_trainer(params, Material(vocabulary, images, prompts, phrases, device), labels)
            trainer.model.train()
            optimizer = make_optimizer(params, trainer.weights)

            def step(number: int, trainer: Trainer = trainer, optimizer: Any = optimizer) -> None:
                share = trainer.share(draw(trainer.params, trainer.training_set, number), number)
                update(optimizer, trainer.losses_of(share).loss)

            report(
                f"{supervision}, attention over {attention_over} pairs", seconds(step, given.steps, device)
            )
    plain = PlainAdaptor(trainer).to(device)
    optimizer = make_optimizer(params, plain.parameters())

    def plain_step(number: int) -> None:
        numbers = trainer.training_set.numbers[
            np.arange(12 * number, 12 * number + 12) % len(trainer.training_set.numbers)
        ]
        geometry = torch.randn(
            sum(images.pairs_of(n).stop - images.pairs_of(n).start for n in numbers), 20, device=device
        )
        update(optimizer, plain(numbers.tolist(), geometry).square().mean())

    report("the plain way, its relation adaptor alone", seconds(plain_step, min(given.steps, 10), device))


def report(name: str, times: tuple[float, float]) -> None:
    """Print iterations per second."""
    print(f"  {name}: fastest {1 / times[0]:.1f}, median {1 / times[1]:.1f} iterations/s", flush=True)


if __name__ == "__main__":
    main()
