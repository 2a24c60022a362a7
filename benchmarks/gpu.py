"""The stages at Visual Genome's size on one device, features, EXT and heads beside the naive way, in one run; JSON.

    python benchmarks/gpu.py [--device auto] [--model ViT-B-32] [--images 2048] [--pictures 64] [--steps 200]

Pictures are synthetic JPEGs of 500 x 375 pixels, CLIP has random weights (nothing is fetched), the heads read synthetic
maps of ViT-B/32 (7 x 7 x 768, dimension 512, 12 images a batch). The naive ways: decode, squash with Pillow and encode
one batch after another in one thread; every ordered pair's crop with Pillow, none shared; and for the heads
`benchmarks/train.py`'s plain relation adaptor alone, which pools every pair again at every step. `of_peak` is the share
of the speed of a large matrix product measured in the same run, by the operations that torch's FlopCounterMode counts
(it counts no LSTM of cuDNN or oneDNN). The detector is ResNet-50 at 1,000 pixels, 8 pictures a step; EXT on detected
boxes sees 64 a picture. The projection, on this one device: features and EXT of Visual Genome's 108,073 images, the
detector's 50,000 steps and its boxes, and every training that table 1 needs, 20,000 iterations each (docs/method.md,
5), with its predictions. On a CPU the defaults are small and all times are processor seconds, so of one core.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode
from train import (
    OBJECTS,
    PREDICATES,
    SIZES,
    PlainAdaptor,
    images_like_scenes,
    random_labels,
    random_language,
    update,
)

from relclip.compute.device import autocast, best_device, halves, prepare
from relclip.compute.schedule import make_optimizer
from relclip.core.atomic import write_json
from relclip.core.boxes import overlapping_pairs, union
from relclip.core.command import AsWritten
from relclip.core.images import read_image
from relclip.core.ordered import available_threads, in_order
from relclip.core.params.detector import Detector
from relclip.core.params.predict import Predict
from relclip.core.params.train import Train
from relclip.core.params.whole import load_workflow
from relclip.core.vocabulary import Vocabulary
from relclip.detector.network import DetectorConfig, build
from relclip.detector.pictures import Pictures
from relclip.detector.proposals import detect, prepare_model
from relclip.detector.training import Example, compute_losses
from relclip.detector.training import update as update_detector
from relclip.encoder.encoder import Encoder
from relclip.encoder.regions import embed_regions
from relclip.features.stage import patch_maps_of, squash
from relclip.model import ImageSet, Regions
from relclip.predict import sgdet_stage, stage
from relclip.predict.predictor import Predictor
from relclip.predict.request import Inputs, Request
from relclip.train.fit import ahead
from relclip.train.setup import Material, make_trainer
from relclip.train.steps import Steps

VG_IMAGES, VG_ITERATIONS = 108_073, 20_000
#: Pictures of validation and test, those of test, steps of the detector (preset vg).
VG_JUDGED, VG_TEST, VG_DETECTOR = 37_422, 32_422, 50_000
DETECTED, LONGEST_SIDE = 64, 1000
WIDTH, HEIGHT, BOXES = 500, 375, 20
MEAN, STD = (0.4815, 0.4578, 0.4082), (0.2686, 0.2613, 0.2758)
PRESET = Path(__file__).resolve().parents[1] / "params.yaml"
Found = dict[str, Any]


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Wall time of `work` until the GPU has done it; on a CPU the process's own time, which others disturb less."""
    if device.type == "cpu":
        begin = time.process_time()
        work()
        return time.process_time() - begin
    torch.cuda.synchronize()
    begin = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


def operations(work: Callable[[], Any]) -> int:
    """Floating-point operations of `work`: a product and a sum are two. The counter does not know fused attention."""
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with FlopCounterMode(display=False) as counter:
            work()
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    return int(counter.get_total_flops())


def peak(device: torch.device) -> float:
    """Operations a second of a large matrix product, in the arithmetic that the stages use; the best of five."""
    size = 8192 if device.type == "cuda" else 1024
    kind = torch.bfloat16 if halves(device, "auto") else torch.float32
    one, other = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    times = [seconds(lambda: one @ other, device) for _ in range(6)][1:]
    return 2 * size**3 / min(times)


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Synthetic JPEGs as large as Visual Genome's: soft colours under noise."""
    random, paths = np.random.default_rng(0), []
    for number in range(count):
        soft = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((WIDTH, HEIGHT))
        pixels = np.asarray(soft, np.int16) + random.integers(-12, 13, (HEIGHT, WIDTH, 1))
        paths.append(folder / f"{number}.jpg")
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def naive_batch(encoder: Encoder, crops: Sequence[Image.Image], encode: Callable[[torch.Tensor], Any]) -> Any:
    """Squash with Pillow one by one, normalise, encode, wait."""
    size = encoder.image_size
    arrays = [np.asarray(crop.resize((size, size), Image.Resampling.BICUBIC)) for crop in crops]
    pixels = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 255
    pixels = (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    with torch.inference_mode(), autocast(encoder.device):
        return encode(pixels.to(encoder.device)).float().cpu()


def features(encoder: Encoder, files: list[Path], batch: int, threads: int) -> Found:
    """Images a second of patch maps: the stage's way, batches in threads; then the naive one on an eighth of them."""
    size, device = encoder.image_size, encoder.device
    batches = [files[first : first + batch] for first in range(0, len(files), batch)]

    def one(part: list[Path]) -> Any:
        return patch_maps_of(encoder, [squash(read_image(file), size) for file in part], size)

    def naive(part: list[Path]) -> None:
        for first in range(0, len(part), batch):
            crops = [Image.open(file).convert("RGB") for file in part[first : first + batch]]
            naive_batch(encoder, crops, encoder._model.encode_image)

    work = operations(lambda: one(batches[0])) / len(batches[0])
    some = files[: max(len(files) // 8, min(len(files), batch))]
    naive(some[:1])
    spent = seconds(lambda: list(in_order(one, batches, threads)), device)
    return {
        "per_s": len(files) / spent,
        "naive_per_s": len(some) / seconds(lambda: naive(some), device),
        "operations_each": work,
    }


def ext(encoder: Encoder, files: list[Path], boxes: int, batch: int, threads: int) -> Found:
    """Ordered pairs a second on union crops: the stage's way, parts in threads; then the naive one on fewer."""
    random, device = np.random.default_rng(1), encoder.device
    regions, pairs, all_crops = [], 0, []
    for file in files:
        size = random.uniform(0.12, 0.36, (boxes, 2))
        low = random.uniform(0, 1, size.shape) * (1 - size)
        box = (np.concatenate([low, low + size], 1) * [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32)
        ordered = overlapping_pairs(box)
        unordered = ordered[ordered[:, 0] < ordered[:, 1]]
        regions.append((file, union(box[unordered[:, 0]], box[unordered[:, 1]])))
        all_crops.append((file, union(box[ordered[:, 0]], box[ordered[:, 1]])))
        pairs += len(ordered)
    parts = [regions[first : first + 64] for first in range(0, len(regions), 64)]

    def naive(part: list[tuple[Path, np.ndarray]]) -> None:
        crops = [
            Image.open(file).convert("RGB").crop(tuple(box)) for file, found in part for box in found.tolist()
        ]
        for first in range(0, len(crops), batch):
            naive_batch(encoder, crops[first : first + batch], encoder._model.encode_image)

    some = all_crops[: max(1, len(all_crops) // 8)]
    crop = torch.zeros((4, 3, encoder.image_size, encoder.image_size), dtype=torch.uint8)
    work = operations(lambda: encoder.encode_images(crop)) / 4
    crops = sum(len(found) for _, found in regions)
    spent = seconds(
        lambda: list(in_order(lambda part: embed_regions(encoder, part, batch, 0.0), parts, threads)), device
    )
    naive_pairs = sum(len(found) for _, found in some)
    return {
        "per_s": pairs / spent,
        "naive_per_s": naive_pairs / seconds(lambda: naive(some), device),
        "operations_each": work * crops / pairs,
        "pairs_an_image": pairs / len(files),
    }


def detector(files: list[Path], device: torch.device, steps: int, threads: int) -> Found:
    """Training steps a second, pictures read ahead in threads, and pictures a second through the trained network."""
    size, batch = (LONGEST_SIDE, 8) if device.type == "cuda" else (256, 1)
    settings = Detector(
        backbone="resnet50", image_size=size, batch=batch, optimizer="sgd", learning_rate=1e-4
    )
    model = build(DetectorConfig(backbone="resnet50", image_size=size, classes=OBJECTS, frozen_norm=True))
    model, random = model.to(device).train(), np.random.default_rng(2)
    pictures, optimizer = Pictures(files, size, room=0), make_optimizer(settings, model.parameters())

    def examples(step: int) -> list[Example]:
        found = [pictures[number % len(files)] for number in range(step * batch, (step + 1) * batch)]
        low = random.uniform(0, size / 2, (BOXES, 2))
        boxes = torch.from_numpy(np.concatenate([low, low + size / 5], 1).astype(np.float32))
        return [(one, {"boxes": boxes, "labels": torch.ones(BOXES, dtype=torch.int64)}) for one in found]

    def go(numbers: range) -> None:
        for few in in_order(examples, numbers, threads):
            update_detector(model, optimizer, compute_losses(model, few, device)[0], 1e-4)

    go(range(2))
    spent = seconds(partial(go, range(2, 2 + steps)), device)
    seen, ready = range(min(len(files), 8 * batch)), prepare_model(model, settings)
    detected = seconds(lambda: list(detect(ready, pictures, seen, device, threads)), device)
    return {"per_s": steps / spent, "detected_per_s": len(seen) / detected}


def predictions(trainer: Any, device: torch.device) -> Found:
    """Pictures a second of PredCls with SGCls, and of SGDet on the same boxes, by the stages' own functions."""
    images = trainer.regions.images
    request, inputs = Request("run", "run", Predict()), Inputs(Path(), Path(), Path())
    predictor = Predictor(trainer.model.eval(), request, None, device)
    regions = [Regions(images, predictor.network.config.roi_size, device, memory=0)]
    few = range(0, 16 * max(1, len(images) // 16 if device.type == "cuda" else 1), 16)
    scores = np.full(len(images.boxes), 0.5, np.float32)

    def given() -> None:
        for first in few:
            list(stage.predictions(predictor, regions, range(first, first + 16)))

    def detected() -> None:
        for first in few:
            rows = slice(images.object_start[first], images.object_start[first + 16])
            some = ImageSet.from_arrays(
                image_ids=images.image_ids[first : first + 16],
                sizes=images.sizes[first : first + 16],
                maps=images.maps,
                map_rows=images.map_rows[first : first + 16],
                object_counts=np.diff(images.object_start[first : first + 17]),
                object_ids=images.object_ids[rows],
                class_ids=images.class_ids[rows],
                boxes=images.boxes[rows],
            )
            list(sgdet_stage.predictions(predictor, some, scores[rows], inputs, 0.5))

    given()
    return {
        "predicted_per_s": 16 * len(few) / seconds(given, device),
        "sgdet_per_s": 16 * len(few) / seconds(detected, device),
    }


def heads(device: torch.device, steps: int, size: str) -> Found:
    """Iterations a second of RelCLIP and Motif by the trainer's own steps, and of the plain relation adaptor."""
    random = np.random.default_rng(0)
    sizes: dict[str, Any] = SIZES[size]
    images = images_like_scenes(random, sizes["cells"], sizes["channels"])
    prompts, phrases = random_language(random, sizes["dimension"], device)
    vocabulary = Vocabulary(tuple(map(str, range(OBJECTS))), tuple(map(str, range(PREDICATES))))
    labels, found = random_labels(random, images, "kb"), {}
    material = Material(vocabulary, images, prompts, phrases, device)
    for model in ("motif", "relclip"):
        params = Train(
            model=model,
            foreground_per_image=16,
            **{key: sizes[key] for key in ("dimension", "heads", "roi_size")},
        )
        # of all of Visual Genome's pictures they would not fit
        anew = Regions(images, params.roi_size, device, memory=0)
        trainer = make_trainer(params, material, labels, regions=anew)
        trainer.model.train()
        run = Steps(trainer, make_optimizer(params, trainer.weights))
        go = partial(_steps, run, trainer)
        work = operations(partial(go, range(1)))
        go(range(1, 1 + min(steps, 20)))
        spent = seconds(partial(go, range(30, 30 + steps)), device)
        found[model] = {"per_s": steps / spent, "operations_each": work, **predictions(trainer, device)}
    plain = PlainAdaptor(trainer).to(device)
    optimizer = make_optimizer(params, plain.parameters())

    def naive(number: int) -> None:
        numbers = trainer.training_set.numbers[
            np.arange(12 * number, 12 * number + 12) % len(trainer.training_set.numbers)
        ]
        pairs = sum(images.pairs_of(one).stop - images.pairs_of(one).start for one in numbers)
        found = plain(numbers.tolist(), torch.randn(pairs, 20, device=device))
        update(optimizer, found.square().mean())

    naive(0)
    few = range(max(1, steps // 10))
    found["relclip"]["naive_per_s"] = len(few) / seconds(lambda: list(map(naive, few)), device)
    return found


def _steps(run: Steps, trainer: Any, steps: range) -> None:
    for _, whole, share in ahead(trainer, steps):
        run(whole, share, 1e-3)


def trainings() -> dict[str, int]:
    """How many trainings of each network table 1 needs, one seed a row: its runs, and those they start from."""
    params = load_workflow(PRESET)
    named = {row.runs[0] for row in params.report.rows("table1") if row.runs}
    needed = named.intersection(params.trained)
    needed |= {params.refined[name]["start"] for name in needed if name in params.refined}
    models = [params.run(name).model for name in needed]
    return {model: models.count(model) for model in ("relclip", "motif")}


def projected(found: Found) -> Found:
    """Wall time of table 1 on Visual Genome, in minutes."""
    count = trainings()
    minutes = {
        "features": VG_IMAGES / found["features"]["per_s"] / 60,
        "ext": VG_IMAGES * found["ext"]["pairs_an_image"] / found["ext"]["per_s"] / 60,
        "ext on detected boxes": VG_TEST
        * found["ext_sgdet"]["pairs_an_image"]
        / found["ext_sgdet"]["per_s"]
        / 60,
        "detector": (
            VG_DETECTOR / found["detector"]["per_s"] + VG_JUDGED / found["detector"]["detected_per_s"]
        )
        / 60,
        "heads": sum(VG_ITERATIONS * count[model] / found[model]["per_s"] / 60 for model in count),
        "predictions": sum(
            count[model]
            * (VG_JUDGED / found[model]["predicted_per_s"] + VG_TEST / found[model]["sgdet_per_s"])
            / 60
            for model in count
        ),
    }
    return {"trainings": count, "minutes": {**minutes, "together": sum(minutes.values())}}


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--model", default="ViT-B-32", help="a model of open_clip, with random weights")
    parser.add_argument("--images", type=int, help="pictures for features (2048 on a GPU, 8 on a CPU)")
    parser.add_argument("--pictures", type=int, help="pictures for EXT (64 on a GPU, 1 on a CPU)")
    parser.add_argument("--boxes", type=int, help=f"boxes a picture for EXT ({BOXES} on a GPU, 6 on a CPU)")
    parser.add_argument("--steps", type=int, help="iterations of the heads (200 on a GPU, 5 on a CPU)")
    parser.add_argument(
        "--size", choices=sorted(SIZES), default="vg", help="maps and dimensions of the heads"
    )
    parser.add_argument("--threads", type=int, default=available_threads(), help="CPU threads")
    parser.add_argument("--output", type=Path, help="write the JSON there as well")
    given = parser.parse_args()
    device = best_device(given.device)
    large = device.type == "cuda"
    prepare(0, None if large else 1)
    import open_clip  # noqa: PLC0415

    model = open_clip.create_model(given.model, pretrained=None)
    encoder = Encoder(model, open_clip.get_tokenizer(given.model), device)
    found: Found = {
        "device": torch.cuda.get_device_name(device) if large else "cpu",
        "threads": given.threads,
    }
    found["peak_tflops"] = peak(device) / 1e12
    with tempfile.TemporaryDirectory() as folder:
        files = make_pictures(Path(folder), given.images or (2048 if large else 8))
        found["features"] = features(encoder, files, 256 if large else 4, given.threads)
        seen = files[: given.pictures or (64 if large else 1)]
        found["ext"] = ext(
            encoder, seen, given.boxes or (BOXES if large else 6), 256 if large else 8, given.threads
        )
        found["ext_sgdet"] = ext(encoder, seen, DETECTED if large else 8, 256 if large else 8, given.threads)
        found["detector"] = detector(files, device, 30 if large else 1, given.threads)
    found |= heads(device, given.steps or (200 if large else 5), given.size)
    for name in ("features", "ext", "ext_sgdet", "relclip", "motif"):
        part = found[name]
        part["of_peak"] = part["per_s"] * part["operations_each"] / 1e12 / found["peak_tflops"]
    found["visual_genome"] = projected(found)
    text = json.dumps(found, indent=2, default=float)
    print(text)
    if given.output:
        write_json(given.output, json.loads(text))


if __name__ == "__main__":
    main()
