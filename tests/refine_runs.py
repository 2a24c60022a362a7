"""What the tests of refinement share: a knowledge base with its sentences, and runs to start from."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from tiny_dataset import CLASSES, PREDICATES, inputs_in

from relclip.core.params.train import Refined, Train
from relclip.core.parquet import EVIDENCE, TRIPLETS, read_table, write_table
from relclip.train.refine.stage import refine_run
from relclip.train.stage import Inputs, train_run

SETTINGS = {
    "model": "motif",
    "iterations": 40,
    "images_per_batch": 8,
    "dimension": 16,
    "roi_size": 1,
    "learning_rate": 5e-3,
    "warmup": 5,
    "background_per_foreground": 0.5,
    "validate_images": 4,
}
STARTS = {
    "motif_kb": {"supervision": "kb", "loss": "bce", "rank_by": "sigmoid"},
    "motif_kb_ext": {"supervision": "kb+ext", "loss": "bce", "rank_by": "sigmoid"},
    "motif_full": {"supervision": "full"},
}


def with_sentences(tiny: Path, folder: Path) -> Inputs:
    """The tiny data set with evidence.parquet and captions.tsv: as many sentences a triplet as its count says."""
    kb = shutil.copytree(tiny / "kb", folder / "kb")
    rows, sentences = [], []
    for row in read_table(kb / "triplets.parquet", TRIPLETS).to_pylist():
        words = (
            CLASSES[row["subject_class"] - 1],
            PREDICATES[row["predicate_id"] - 1],
            CLASSES[row["object_class"] - 1],
        )
        for _ in range(row.pop("count")):
            rows.append({**row, "caption_id": f"c{len(rows):04d}"})
            sentences.append(f"a {words[0]} is {words[1]} of a {words[2]}\tc{len(sentences):04d}\n")
    write_table(kb / "evidence.parquet", pa.Table.from_pylist(rows[::-1], schema=EVIDENCE), EVIDENCE)
    (folder / "captions.tsv").write_text("".join(sentences))
    return inputs_in(tiny, kb=kb)


def train_starts(inputs: Inputs, folder: Path, **changes) -> Path:
    """Train every run of STARTS, with changes to all of them, into its folder under `folder`."""
    for name, own in STARTS.items():
        params = Train(**{**SETTINGS, **own, **changes})
        train_run(name, params, inputs, folder / "checkpoints", folder / name, threads=1)
    return folder


def refiner(inputs: Inputs, starts: Path, folder: Path) -> Callable[..., dict[str, bytes]]:
    """Return a function that refines a start by a method into folder / name and returns the files it wrote."""
    usual = inputs

    def run(start, method, name="a", *, recorder=None, begun=None, inputs=usual, **changes):
        params = Refined(**{**SETTINGS, **STARTS.get(start, {}), "start": start, "method": method, **changes})
        places = {"inputs": inputs, "checkpoints": folder / "checkpoints", "output": folder / name}
        refine_run("one", params, begun or starts / start, **places, recorder=recorder, threads=1)
        return {path.name: path.read_bytes() for path in (folder / name).iterdir()}

    run.folder = folder
    return run
