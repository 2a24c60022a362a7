"""relclip predict: from a cold start to a page, a photo at a time and a folder, beside a process for each photo.

    python benchmarks/predict.py --data data --photos data/raw/images [--count 40] [--naive 3] [--output FILE]

Everything is timed in this one run on the same photos: `cold` a process that answers one photo, as a user types it
with its pages (`--naive` times; its mean is also what each photo of a folder costs without the folder command); `warm`
one photo after another through the API, read from its file, nothing written; `folder` one process for all `--count`
photos, its start and its pages included. Wall time; the machine's load is in the answer, as other programs disturb it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from relclip.compute.device import prepare
from relclip.core.atomic import write_json
from relclip.core.command import AsWritten
from relclip.photo import SceneGraphs
from relclip.photo.photos import find_photos


def seconds(action: Callable[[], Any]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def spread(times: list[float]) -> dict[str, float]:
    """Mean, median and 95th percentile in seconds."""
    return {
        "mean": float(np.mean(times)),
        "p50": float(np.percentile(times, 50)),
        "p95": float(np.percentile(times, 95)),
        "photos": len(times),
    }


def command(photos: list[Path], given: argparse.Namespace, output: Path) -> None:
    """`relclip predict` in a process of its own."""
    words = [sys.executable, "-m", "relclip.photo", *map(str, photos), "--data", str(given.data)]
    words += ["--output", str(output), "--threads", str(given.threads), "--device", given.device]
    words += ["--run", given.run] if given.run else []
    subprocess.run(words, check=True, capture_output=True)


def measure(given: argparse.Namespace, work: Path) -> dict[str, Any]:
    """All figures, in seconds and photos a second."""
    photos = find_photos([given.photos], work)[: given.count]
    cold = [
        seconds(lambda photo=photo: command([photo], given, work / "cold")) for photo in photos[: given.naive]
    ]
    whole = seconds(lambda: command(photos, given, work / "folder"))
    shutil.rmtree(work / "folder")
    prepare(0, given.threads)
    graphs = SceneGraphs.load(given.data, given.run, given.device)
    graphs(photos[0])  # the first call makes what later ones keep
    warm = [seconds(lambda photo=photo: graphs(photo)) for photo in photos]
    each = float(np.mean(cold))
    return {
        "cold": spread(cold),
        "warm": spread(warm),
        "folder": {"seconds": whole, "photos": len(photos), "photos_a_second": len(photos) / whole},
        "naive": {"seconds_a_photo": each, "photos_a_second": 1 / each},
        "folder_beside_naive": each * len(photos) / whole,
        "run": graphs.models.about.run,
        "device": str(graphs.models.predictor.device),
        "threads": given.threads,
        "torch": torch.__version__,
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Parse the arguments, measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    parser.add_argument("--data", type=Path, default=Path("data"), help="what `make tables` made")
    parser.add_argument("--photos", type=Path, default=Path("data/raw/images"), help="a folder")
    parser.add_argument("--run", help="a trained run (default: as relclip predict)")
    parser.add_argument("--count", type=int, default=40, help="photos")
    parser.add_argument("--naive", type=int, default=3, help="processes that answer one photo")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--output", type=Path, help="write the JSON there as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        found = measure(given, Path(work))
    print(json.dumps(found, indent=2))
    if given.output:
        write_json(given.output, found)


if __name__ == "__main__":
    main()
