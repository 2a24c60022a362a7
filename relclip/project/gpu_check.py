"""Every path of the pipeline that computes on a GPU, a few steps each, in minutes: `make gpu-check`.

    python -m relclip.project.gpu_check [--device cuda] [--output reports/gpu_check.md]

The commands are those of the workflow, in one process, on a few drawn scenes in a temporary folder, at Visual Genome's
sizes: ViT-B/32 with random weights (nothing is fetched), ResNet-50, dimension 512. A path passes when its command ends,
has computed on the card, and, for the numbers, lies within its bound. The page is for an issue: versions, card, a line
a path, the last line of what failed. Exit status: 0 all passed, 1 something failed, 2 no card. `--device cpu` runs the
same paths at a tiny size, which tests this script and no card.
"""

import argparse
import functools
import gc
import importlib
import io
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import yaml
from torch import Tensor

from relclip import __version__
from relclip.compute.device import best_device
from relclip.core import card
from relclip.core.atomic import write_text
from relclip.core.command import AsWritten
from relclip.core.ordered import available_threads
from relclip.encoder.encoder import load_encoder
from relclip.model import ImageSet, Regions, load_model
from relclip.project.preset import PRESETS, preset_content
from relclip.train.validate import predicate_logits

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 5
#: What a card's sizes change in the preset `smoke`; and what a CPU's do.
LARGE: Mapping[str, Mapping[str, Any]] = {
    "clip": {"source": "open_clip", "model": "ViT-B-32-quickgelu", "weights": None, "batch": 1024},
    "features": {"image_size": 224, "batch": 32},
    "ext": {"batch": 256},
    "detector": {"backbone": "resnet50", "image_size": 800, "iterations": 10, "batch": 4, "optimizer": "sgd"},
    "train": {"iterations": 12, "dimension": 512, "heads": 8},
}
TINY: Mapping[str, Mapping[str, Any]] = {
    "detector": {"iterations": 4, "warmup": 1},
    "train": {"iterations": 4, "validate_every": 2, "checkpoint_every": 2},
}
FEW = {"images": 24, "captions": 300, "pretrain_images": 24}
#: Trainings that differ from others in what they read alone.
SAME = ("_seed", "kb_size", "epsilon")
#: Errors that are borne: of CLIP's logits at the scale 100 in float16, where bfloat16 loses 0.07 to 0.16; of a relation
#: model's logits by bfloat16, and between card and CPU, as shares of the largest.
FLOAT16, BFLOAT16, OTHER_DEVICE = 0.05, 0.05, 0.01

#: Failures of paths that did not fail.
NOT_RUN, NOT_ENDED = "not run", "it had not ended when the check was"
Content = dict[str, Any]
#: Runs one path and returns what else to say of it.
Task = Callable[[], str]


@dataclass(frozen=True)
class Outcome:
    """How a path went: the peak of the card's memory in bytes, what else it says; `failure` is '' where it passed."""

    name: str
    seconds: float
    peak: int
    said: str
    failure: str


def write_params(large: bool) -> Content:
    """params.yaml in the working folder, and pretrain.yaml for the small CLIP; returns the first."""
    content = preset_content("smoke", ROOT / PRESETS)
    write_text(Path("pretrain.yaml"), yaml.safe_dump(content))
    sizes = LARGE if large else TINY
    if large:
        full = preset_content("scenes", ROOT / PRESETS)
        runs = {name: run for name, run in full["runs"].items() if not any(part in name for part in SAME)}
        content["runs"] = {**runs, **content["runs"]}
        content["refined"] = full["refined"]
    else:
        content["raw"]["scenes"] |= FEW
    content["refined"] = {
        name: {**run, "iterations": sizes["train"]["iterations"]} for name, run in content["refined"].items()
    }
    for section, changes in sizes.items():
        content[section] = {**content.get(section, {}), **changes}
    write_text(Path("params.yaml"), yaml.safe_dump(content))
    return content


def commands(content: Content, device: str, threads: int) -> Iterator[tuple[str, str, bool]]:
    """(name, command, whether it computes on the card) of each path, in the order of the workflow."""
    many, one = f"--threads {threads}", f"--threads 1 --device {device}"
    captions = (
        "--params params.yaml --captions data/raw/captions.tsv --vocabulary data/dataset/vocabulary.json"
    )
    yield "raw", "relclip.raw", False
    yield "dataset", "relclip.dataset", False
    yield "kb", f"relclip.kb {captions} --output data/kb", False
    yield "words", f"relclip.words {captions} --output data/words", False
    small = "data/clip/small" if content["clip"].get("source") == "open_clip" else "data/clip/model"
    yield "clip: pre-training", f"relclip.clip --params pretrain.yaml --output {small} {one}", True
    if small != "data/clip/model":
        yield "clip: ViT-B/32", f"relclip.clip {one}", False
    yield "clip: prompts", f"relclip.clip.prompts {many}", True
    yield "clip: labels alone", "relclip.clip.labels --threads 1", True
    for encoder, model in (("clip", "model"), ("labels", "labels")):
        folders = f"--model data/clip/{model} --output data/features/{encoder}"
        yield f"features: {encoder}", f"relclip.features {folders} {many}", True
    yield "ext", f"relclip.ext {many}", True
    yield "detector", f"relclip.detector --readers {threads} {one}", True
    yield "ext on detected boxes", f"relclip.ext.detected {many}", True
    for name in content["runs"]:
        yield f"train: {name}", f"relclip.train --run {name} {one}", True
    for name in content["refined"]:
        yield f"refine: {name}", f"relclip.train.refine --run {name} {one}", True
    for name in ("relclip_full", "motif_full", *content["predictions"]):
        yield f"predcls, sgcls: {name}", f"relclip.predict --run {name} --threads 1", True
    for name in content["predict"]["sgdet"]:
        yield f"sgdet: {name}", f"relclip.predict.sgdet --run {name} --threads 1", True
    yield "gradcam", "relclip.gradcam --run relclip_kb_ext --threads 1", False


def task_of(command: str) -> Task:
    """What runs a stage's command in this process."""

    def run() -> str:
        module, *words = shlex.split(command)
        found = importlib.import_module(module)
        if not hasattr(found, "main"):
            found = importlib.import_module(f"{module}.__main__")
        with patch.object(sys, "argv", [module, *words]):
            found.main()
        return ""

    return run


def frozen_numbers(device: torch.device) -> str:
    """CLIP in the arithmetic of the stages against float32, and the card's float32 against the CPU's."""
    folder, cpu = Path("data/clip/model"), torch.device("cpu")
    encoder, other = load_encoder(folder, device), load_encoder(folder, cpu)
    size = encoder.image_size
    pictures = torch.randint(0, 256, (16, 3, size, size), dtype=torch.uint8)
    used = encoder.encode_images(pictures)
    with patch("relclip.encoder.encoder.frozen_autocast", lambda device: nullcontext()):
        whole, maps = encoder.encode_images(pictures), encoder.patch_map(pictures, size)
        known = other.patch_map(pictures, size)
    logits = 100 * (used @ used.T - whole @ whole.T).abs().max().item()
    return within(
        {"error of logits at scale 100": (logits, FLOAT16), "card - CPU": (apart(maps, known), OTHER_DEVICE)}
    )


def relation_numbers(device: torch.device, run: str) -> str:
    """A relation model's logits in bfloat16 against float32, and the card's float32 against the CPU's."""
    images = ImageSet.load(Path("data/dataset"), Path("data/features/clip"), "test")

    def logits(place: torch.device, precision: str) -> Tensor:
        network = load_model(Path("data/train") / run, place)
        regions = Regions(images, network.config.roi_size, place, memory=0)
        with torch.inference_mode():
            return predicate_logits(network, regions, range(min(4, len(images))), precision).float()

    whole = logits(device, "float32")
    return within(
        {
            "bfloat16 - float32": (apart(logits(device, "bfloat16"), whole), BFLOAT16),
            "card - CPU": (apart(whole, logits(torch.device("cpu"), "float32")), OTHER_DEVICE),
        }
    )


def apart(one: Tensor, other: Tensor) -> float:
    """The largest difference, as a share of the largest value of `other`."""
    one, other = one.detach().cpu(), other.detach().cpu()
    return float((one - other).abs().max() / other.abs().max())


def within(found: Mapping[str, tuple[float, float]]) -> str:
    """What was measured beside its bound, in words. Raises ArithmeticError where one is beyond it."""
    said = ", ".join(f"{name} {value:.2g} (bound {bound})" for name, (value, bound) in found.items())
    if not all(value <= bound for value, bound in found.values()):  # NaN is beyond
        raise ArithmeticError(said)
    return said


def outcome_of(name: str, task: Task, on_card: bool, place: Path) -> Outcome:
    """Run one path; what it prints is kept for the page should it fail."""
    printed, failure, said, before = io.StringIO(), "", "", allocations()
    gc.collect()
    began = time.perf_counter()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            said = task()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
        if on_card and torch.cuda.is_available() and allocations() == before:
            failure = "it ended, but nothing was computed on the card"
    except (Exception, SystemExit) as error:
        last = printed.getvalue().strip().splitlines()[-3:]
        failure = "\n".join([*last, f"{type(error).__name__}: {error}"])
    peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    return Outcome(name, time.perf_counter() - began, peak, said, without_places(failure, place))


def allocations() -> int:
    """How often this process has asked the card for memory so far."""
    return (
        int(torch.cuda.memory_stats().get("allocation.all.allocated", 0)) if torch.cuda.is_available() else 0
    )


def without_places(text: str, place: Path) -> str:
    """The text without names of this machine's folders, and without the fence that it stands in."""
    home = Path(os.environ.get("HOME") or "/")  # `/`, or none, in some containers
    for folder, name in ((place, "."), (ROOT, "."), (Path(sys.prefix), "environment"), (home, "~")):
        text = text.replace(str(folder), name) if str(folder) != "/" else text
    return text.replace("```", "'''")[-2000:]


def page(outcomes: Sequence[Outcome], device: torch.device) -> str:
    """Markdown that stands by itself."""
    failed = [one for one in outcomes if one.failure]
    ran = [one for one in failed if one.failure != NOT_RUN]
    seconds = sum(one.seconds for one in outcomes)
    what = f"{len(ran)} of {len(outcomes)} paths FAILED" if failed else f"all {len(outcomes)} paths passed"
    what += f", {len(failed) - len(ran)} were not run" if ran != failed else ""
    about = {
        "result": f"{what} in {seconds:.0f} s (wanted: {60 * MINUTES} at most)",
        "device": device_name(device),
        "torch": f"{torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}",
        "machine": f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{available_threads()} cores",
    }
    lines = [f"# GPU check of relclip {__version__}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in about.items()]
    lines += ["", "| path | seconds | peak on the card | |", "|---|--:|--:|---|"]
    for one in outcomes:
        how = NOT_RUN if one.failure == NOT_RUN else "FAILED" if one.failure else one.said or "passed"
        lines.append(f"| {one.name} | {one.seconds:.1f} | {one.peak / 1e9:.2f} GB | {how} |")
    for one in ran:
        lines += ["", f"## {one.name}", "", "```", one.failure, "```"]
    return "\n".join(lines) + "\n"


def device_name(device: torch.device) -> str:
    """The card in words."""
    if device.type == "cpu":
        return "the CPU, at a tiny size: this says nothing of a card"
    found = torch.cuda.get_device_properties(device)
    return f"{found.name}, {found.total_memory / 1e9:.0f} GB, compute capability {found.major}.{found.minor}"


def check(device: torch.device, threads: int, output: Path) -> list[Outcome]:
    """Run every path in the working folder, one after another; what needs a path that failed fails too.

    The page is at `output` before each, so that a path that hangs until the check is killed stands on it.
    """
    content, place = write_params(large=device.type == "cuda"), Path.cwd()
    tasks = [
        (name, task_of(command), on_card)
        for name, command, on_card in commands(content, device.type, threads)
    ]
    tasks.append(("numbers: CLIP", lambda: frozen_numbers(device), True))
    for run in ("relclip_full", "motif_full"):
        tasks.append((f"numbers: {run}", functools.partial(relation_numbers, device, run), True))
    outcomes = [Outcome(name, 0, 0, "", NOT_RUN) for name, _, _ in tasks]
    for number, task in enumerate(tasks):
        outcomes[number] = replace(outcomes[number], failure=NOT_ENDED)
        write_text(output, page(outcomes, device))
        print(task[0], end=" ... ", flush=True)
        outcomes[number] = outcome_of(*task, place)
        failed = "FAILED after " if outcomes[number].failure else ""
        print(f"{failed}{outcomes[number].seconds:.1f} s", flush=True)
    write_text(output, page(outcomes, device))
    return outcomes


def main() -> None:
    """Check, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="where it runs")
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "reports/gpu_check.md",
        help="the page",
    )
    options = parser.parse_args()
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif trouble := card.trouble():
        print(
            f"gpu-check: torch {torch.__version__} finds no CUDA card on this machine ({trouble}), so nothing "
            "was checked; `--device cpu` runs the same paths at a tiny size",
            file=sys.stderr,
        )
        sys.exit(2)
    device, output = best_device(options.device), options.output.resolve()
    sys.modules["mlflow"] = None  # type: ignore[assignment]  # the stages go on without it
    try:
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            outcomes = check(device, available_threads(), output)
    except KeyboardInterrupt:
        print(f"\ngpu-check: interrupted; {output} says what had run and what had not ended", file=sys.stderr)
        sys.exit(130)
    print(f"\n{page(outcomes, device).splitlines()[4]}\n{output}")
    sys.exit(any(one.failure for one in outcomes))


if __name__ == "__main__":
    main()
