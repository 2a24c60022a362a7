"""Every stage's real command on synthetic inputs of Visual Genome's size, or a share: seconds, memory, growth.

    python benchmarks/scale.py --scale 0.01 0.02 [--stage dataset kb ...] [--work FOLDER] [--keep] [--table FILE.md]

--scale 1 is 108,073 images with 3.8 M objects and 2.3 M relations, and 3.3 M captions; 2 GB of disk. A stage needs
those before it, which are run too; --keep leaves inputs and outputs in FOLDER/<scale> for the next call. The encoder is
of stub size: an image costs what it costs around an encoder. The training's maps are ViT-B/32's, 75 KB an image, a hole
on the disk; its cost is start-up and --iterations steps. `tables` takes the one run's outputs for those of every run
of vg.yaml. One JSON line a stage and scale: wall and processor seconds, the peak of the process tree's resident memory,
and the part of it that is no mapped file (`own`: what the machine must have).
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import scale_inputs
import yaml

from relclip.core.command import AsWritten
from relclip.project.preset import preset_text

PRESETS = Path(__file__).resolve().parents[1] / "workflow" / "presets"
STAGES = ["dataset", "kb", "words", "prompts", "features", "ext", "train", "predict", "evaluate", "tables"]
IMAGE_SIZE, SECONDS_BETWEEN_LOOKS = 32, 0.05
CHANGED: dict[str, dict[str, Any]] = {
    "raw": {"source": "folder", "folder": ".", "captions": []},
    "dataset": {
        "object_aliases": None,
        "predicate_aliases": None,
        "split": {"validation": 0.05, "test": 0.25, "seed": 0},
    },
    "words": {"source": "captions", "dimension": 100, "window": 5, "epochs": 1, "min_count": 5, "seed": 0},
    "features": {"image_size": IMAGE_SIZE},
    "evaluate": {"split": "test", "bootstrap": 1000},
}


class Work:
    """The folders of one scale, and the command of each stage in them."""

    def __init__(self, root: Path, share: float, iterations: int) -> None:
        self.root, self.share = root, share
        self.images = scale_inputs.count_images(share)
        if not (root / "raw").exists():
            scale_inputs.write_raw(root / "raw.partial", share)
            (root / "raw.partial").rename(root / "raw")
        content = yaml.safe_load(preset_text("vg", PRESETS))
        for section, values in CHANGED.items():
            content[section] |= values
        content["train"] |= {"iterations": iterations, "validate_every": iterations, "validate_images": 100}
        (root / "params.yaml").write_text(yaml.safe_dump(content), "utf-8")
        self.run = next(name for name, run in content["runs"].items() if run["supervision"] == "kb+ext")
        self.trained = [*content["runs"], *content["refined"], *content["predictions"]]
        self.free = content["predict"]["training_free"]

    def command(self, stage: str) -> list[str]:
        """What is run; makes what a stage reads and no earlier stage gives."""
        self._prepare(stage)
        at = self.root
        flags = {
            "dataset": ["dataset", "--raw", at / "raw"],
            "kb": ["kb", "--captions", at / "raw/captions.tsv", "--vocabulary", at / "dataset/vocabulary.json"],
            "words": ["words", "--captions", at / "raw/captions.tsv", "--vocabulary", at / "dataset/vocabulary.json"],
            "prompts": ["clip.prompts", *self._folders("model", "dataset", "kb")],
            "features": ["features", *self._folders("raw", "dataset", "model")],
            "ext": ["ext", *self._folders("raw", "dataset", "kb", "model")],
            "train": ["train", "--run", self.run, "--features", at / "maps", "--checkpoints", at / "checkpoints",
                      *self._folders("dataset", "prompts", "words", "kb", "ext")],
            "predict": ["predict", "--run", self.run, "--model", at / "untrained", "--features", at / "maps",
                        *self._folders("dataset", "prompts", "kb")],
            "evaluate": ["evaluate.run", "--run", self.run, "--tasks", "predcls", "sgcls",
                         "--dataset", at / "dataset", "--predictions", at / "predict"],
            "tables": ["tables", *self._folders("raw", "dataset", "kb", "ext"), "--train", at / "runs/train",
                       "--predict", at / "runs/predict", "--evaluate", at / "runs/evaluate"],
        }  # fmt: skip
        module, *rest = flags[stage]
        params = ["--params", at / "params.yaml", "--output", at / stage]
        return [sys.executable, "-m", f"relclip.{module}", *map(str, [*rest, *params])]

    def _folders(self, *names: str) -> list[Any]:
        return [word for name in names for word in (f"--{name}", self.root / name)]

    def _prepare(self, stage: str) -> None:
        makers: dict[str, tuple[str, Callable[[Path], None]]] = {
            "prompts": ("model", lambda folder: scale_inputs.write_encoder(folder, IMAGE_SIZE)),
            "train": ("maps", lambda folder: scale_inputs.write_maps(folder, self.root / "dataset")),
            "predict": (
                "untrained",
                lambda folder: scale_inputs.write_untrained(folder, self.root / "train"),
            ),
            "tables": (
                "runs",
                lambda folder: scale_inputs.link_runs(folder, self.root, self.trained, self.free),
            ),
        }
        name, make = makers.get(stage, ("", lambda folder: None))
        if name and not (self.root / name).exists():
            make(self.root / name)


def watched(command: list[str], root: Path) -> dict[str, float]:
    """Run a command; wall and processor seconds, and the peaks of its process tree, GB."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{root / 'mlflow.db'}"}
    begin, worked, peak, own = time.perf_counter(), _processor_seconds(), 0, 0
    with (root / "log").open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        tree = psutil.Process(process.pid)
        try:
            while process.poll() is None:
                resident = _memory(tree)
                peak, own = max(peak, resident[0]), max(own, resident[1])
                time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            process.kill()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[2:5])} failed:\n{(root / 'log').read_text()[-2000:]}")
    spent = {"wall_s": time.perf_counter() - begin, "cpu_s": _processor_seconds() - worked}
    held = {"resident_GB": peak / 1e9, "own_GB": own / 1e9}
    return {name: round(value, 1) for name, value in spent.items()} | {
        name: round(value, 3) for name, value in held.items()
    }


def _processor_seconds() -> float:
    """What children that have ended have computed, theirs included."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _memory(tree: psutil.Process) -> tuple[int, int]:
    """Resident bytes of a process and its children, and those that are no mapped file."""
    try:
        found = [process.memory_info() for process in (tree, *tree.children(recursive=True))]
    except psutil.Error:
        return 0, 0
    return sum(one.rss for one in found), sum(one.rss - one.shared for one in found)


def measure(root: Path, share: float, stages: list[str], iterations: int) -> list[dict[str, Any]]:
    """Run the stages up to the last asked one at one scale; a line for each that was asked."""
    work, lines = Work(root, share, iterations), []
    for stage in STAGES[: 1 + max(map(STAGES.index, stages))]:
        if stage not in stages and (root / stage).exists():
            continue
        found = watched(work.command(stage), root)
        if stage in stages:
            lines.append({"stage": stage, "scale": share, "images": work.images, **found})
            print(json.dumps(lines[-1]), flush=True)
    return lines


def table(lines: list[dict[str, Any]]) -> str:
    """Markdown: a row a stage and scale, with the growth of time and memory per growth of the input."""
    rows = [
        "| stage | scale | images | wall, s | CPU, s | resident, GB | own, GB | x input | x CPU | x own |"
    ]
    rows.append("|:--|" + "--:|" * 9)
    before: dict[str, dict[str, Any]] = {}
    for line in sorted(lines, key=lambda line: (STAGES.index(line["stage"]), line["scale"])):
        old = before.get(line["stage"])
        names = ("scale", "cpu_s", "own_GB")
        growth = [f"{line[name] / max(old[name], 1e-9):.2f}" if old else "" for name in names]
        cells = [
            line[name] for name in ("stage", "scale", "images", "wall_s", "cpu_s", "resident_GB", "own_GB")
        ]
        rows.append("| " + " | ".join(map(str, [*cells, *growth])) + " |")
        before[line["stage"]] = line
    return "\n".join(rows) + "\n"


@contextmanager
def _folder(work: Path | None, share: float, keep: bool) -> Iterator[Path]:
    """The folder of one scale; without `keep` it is new, and removed at the end."""
    kept = (work or Path(tempfile.gettempdir())) / f"{share:g}"
    root = kept if keep else Path(tempfile.mkdtemp(prefix="relclip-scale-", dir=work))
    root.mkdir(parents=True, exist_ok=True)
    try:
        yield root
    finally:
        if not keep:
            shutil.rmtree(root)


def main() -> None:
    """Parse, measure each scale in a folder of its own, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    parser.add_argument(
        "--scale",
        type=float,
        nargs="+",
        default=[0.01, 0.02],
        help="shares of Visual Genome",
    )
    parser.add_argument("--stage", choices=STAGES, nargs="+", default=STAGES, help="stages to measure")
    parser.add_argument("--iterations", type=int, default=20, help="steps of the training")
    parser.add_argument(
        "--work", type=Path, help="where to put the inputs (default: the system's temporary folder)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder, go on from what lies in it")
    parser.add_argument("--table", type=Path, help="write the Markdown table here too")
    given = parser.parse_args()
    lines: list[dict[str, Any]] = []
    for share in given.scale:
        with _folder(given.work, share, given.keep) as root:
            lines += measure(root, share, given.stage, given.iterations)
    print(table(lines))
    if given.table:
        given.table.write_text(table(lines), "utf-8")


if __name__ == "__main__":
    main()
