"""Small made-up outputs of the other stages, in the contract's form, for the whole tables stage."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml
from PIL import Image

from relclip.core import parquet
from relclip.core.atomic import write_json, write_text
from relclip.core.metrics import MEASURES
from relclip.core.seeds import stream
from relclip.raw.scenes.write import ORIGIN
from relclip.tables.gather import Inputs

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"
OBJECTS = ["man", "horse", "board", "bed", "<script>alert(1)</script>", "bird & co_50%", "tree|x"]
PREDICATES = ["riding", "carrying", "sitting on", "standing on", "lying on", "eating$_{x", "never*seen*"]
BUILT = [
    *("ext", "kb", "kb_ext", "kb_counts", "relclip_kb", "relclip_kb_seed1", "relclip_full"),
    *("no_rcl", "relclip_kb_ext", "motif_kb", "relclip_kb_ext_all_pairs", "kb_size_1"),
]
#: Which of them were predicted on the detector's boxes, and with all pairs.
ON_BOXES, ALL_PAIRS = "relclip_kb", "relclip_kb_ext_all_pairs"
TRAINED = "no_rcl"
#: A run of table 1 with a model, for its card.
RELEASED = "relclip_kb"


def metrics_file(run: str, judged: str, task: str) -> dict:
    """What `evaluate` writes for one run and task."""
    random = stream(0, run, judged, task)
    metrics = {name: float(random.uniform(0.2, 0.6)) for name in MEASURES}
    recalls = {name: {"groundtruth": 5, "recall_at_100": float(random.uniform())} for name in PREDICATES[:-1]}
    return {
        "metrics": metrics | {"ng_zero_shot_recall_at_20": None},
        "intervals": {name: [value - 0.01, value + 0.02] for name, value in metrics.items()}
        | {"ng_zero_shot_recall_at_20": None},
        "per_predicate": recalls | {PREDICATES[-1]: {"groundtruth": 0, "recall_at_100": None}},
        "switches": {"dedup": True},
        "counts": {"images": 6},
    } | (
        {"other_overlap": {name: value + 0.1 for name, value in metrics.items()}} if run == ALL_PAIRS else {}
    )


def precision_file(run: str) -> dict:
    """What the oracle of table 2 writes."""
    value = float(stream(1, run).uniform(0.2, 0.6))
    metrics = {"precision_at_10": value, "precision_at_20": value / 2}
    return {
        "metrics": metrics,
        "intervals": {"precision_at_10": [value - 0.1, value + 0.1], "precision_at_20": None},
    }


def claims_file() -> list[dict]:
    """A claim of each verdict, and one that was not computed."""

    def sides(difference: float, low: float, high: float) -> dict:
        one = {"difference": difference, "low": low, "high": high, "seeds": [difference, difference, None]}
        return {"recall_at_50": one, "mean_recall_at_50": one}

    both = {"task": "predcls", "better": ["relclip_kb"], "worse": ["kb"]}
    return [
        {
            "claim": "RCL <b>helps</b> & 50%|",
            **both,
            "differences": {"annotation": sides(0.012, 0.004, 0.02)},
        },
        {"claim": "reversed", **both, "differences": {"annotation": sides(-0.02, -0.03, -0.01)}},
        {"claim": "open", **both, "differences": {"annotation": sides(0.001, -0.01, 0.012), "truth": {}}},
        {"claim": "absent", **both, "task": "sgdet", "differences": {}},
    ]


def write_data_set(folder: Path, images: int = 12) -> None:
    """The `dataset` stage's files, three objects and three relations a picture, half of them annotated.

    Every second test picture (3, 7, 11, ...) is annotated in full.
    """
    random = stream(0, "made")
    write_json(folder / "vocabulary.json", {"objects": OBJECTS, "predicates": PREDICATES})
    splits = ["train", "val", "test", "test"]
    rows = [(i, f"images/{i}.jpg", 64, 48, splits[i % 4]) for i in range(1, images + 1)]
    _write(folder / "images.parquet", rows, parquet.IMAGES)
    boxes = [
        (i, o, int(random.integers(1, len(OBJECTS) + 1)), 5.0 * o, 4.0, 5.0 * o + 30, 40.0)
        for i in range(1, images + 1)
        for o in (1, 2, 3)
    ]
    _write(folder / "objects.parquet", boxes, parquet.OBJECTS)
    pairs = [(1, 2), (2, 3), (3, 1)]
    truth = [(i, s, int(random.integers(1, 7)), o) for i in range(1, images + 1) for s, o in pairs]
    annotated = [row for number, row in enumerate(truth) if number % 2 == 0 or row[0] % 4 == 3]
    _write(folder / "relations.parquet", annotated, parquet.RELATIONS)
    _write(folder / "truth" / "relations.parquet", truth, parquet.RELATIONS)
    account = {
        "read": {"images": 14, "relations": 40},
        "kept": {"images": 12, "relations": 18},
        "dropped": {"relations": {"endpoint <b>missing</b>": 3}},
        "noted": {"size corrected": 1},
        "splits": {
            "images": {"train": 3, "val": 3, "test": 6},
            "relations per predicate": {PREDICATES[0]: {"train": 3, "val": 1, "test": 2}},
        },
    }
    write_json(folder / "account.json", account)


def _write(path: Path, rows: list[tuple], schema: pa.Schema) -> None:
    lists = [pa.array([row[column] for row in rows], field.type) for column, field in enumerate(schema)]
    parquet.write_table(path, pa.table(lists, schema=schema), schema)


def write_inputs(root: Path) -> Inputs:
    """Everything that the stage reads, below `root`."""
    content = yaml.safe_load(PARAMS.read_text("utf-8"))
    # two sizes of our own, whatever the preset's are
    content["train"]["kb"]["min_count"] = 1
    content["runs"]["kb_size_1"] = {"supervision": "kb", "kb": {"captions": 0.01}}
    sizes = {"0.01": "kb_size_1", "1": "relclip_kb"}
    tables = yaml.safe_load((PARAMS.parent / "workflow" / "tables.yaml").read_text("utf-8"))
    tables["tables"]["kb_size"]["rows"] = [{"name": name, "run": run} for name, run in sizes.items()]
    write_text(root / "params.yaml", yaml.safe_dump(content, sort_keys=False))
    write_text(root / "workflow" / "tables.yaml", yaml.safe_dump(tables, sort_keys=False))
    write_data_set(root / "dataset")
    (root / "raw" / "images").mkdir(parents=True)
    for number in range(1, 13):
        pixels = stream(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "raw" / "images" / f"{number}.jpg")
    ORIGIN.save(root / "raw")
    triplets = [(s, p, o, s * 10 + p) for s in (1, 5) for p in (1, 2, 3) for o in (2, 6)]
    _write(root / "kb" / "triplets.parquet", triplets, parquet.TRIPLETS)
    write_json(
        root / "kb" / "statistics.json", {"captions": 30000, "triplets": {"distinct": 12, "kept": 0.5}}
    )
    _write(
        root / "kb" / "evidence.parquet",
        [(s, p, o, str(n)) for n, (s, p, o, _) in enumerate(triplets)],
        parquet.EVIDENCE,
    )
    for run in BUILT:
        write_evaluated(root / "evaluate" / run, run)
    for run in ("relclip_kb_ext", "no_rcl"):
        pairs = [
            (i, s, o, p, 0.9 - 0.1 * s - 0.01 * p)
            for i in range(1, 13)
            for s, o in ((1, 2), (2, 3), (3, 1))
            for p in (1, 2)
        ]
        _write(root / "predict" / run / "predcls" / "relations.parquet", pairs, parquet.PREDICTED_RELATIONS)
    captions = [f"caption </script><b>{number}\t{number}\n" for number in range(len(triplets))]
    write_text(root / "raw" / "captions.tsv", "".join(captions))
    write_model(root / "train" / RELEASED, root / "predict" / RELEASED)
    write_gradcam(root / "gradcam" / "relclip_kb_ext")
    found = {"test": {"mAP50": 0.5125, "boxes": 17}, "val": {"mAP50": 0.75, "boxes": 3}}
    write_json(root / "detector" / "statistics.json", found)
    lines = [
        f"{step},{3 / step},{2 / step},{0.4 if step == 20 else ''},{0.3 if step == 20 else ''}"
        for step in range(1, 21)
    ]
    header = "step,loss,loss_predicate,val_recall_at_50,val_mean_recall_at_50"
    write_text(root / "train" / TRAINED / "curves.csv", "\n".join([header, *lines]) + "\n")
    write_text(root / "claims.json", json.dumps(claims_file()))
    write_json(
        root / "clip" / "statistics.json",
        {"untrained": True, "validation": {"objects": {"mean": 0.5, "class_mean": 0.25, "count": 4}}},
    )
    return Inputs(
        root / "params.yaml",
        *(root / name for name in ("raw", "dataset", "kb", "train", "evaluate")),
        claims=root / "claims.json",
        clip=root / "clip",
        predict=root / "predict",
        gradcam=root / "gradcam",
        detector=root / "detector",
    )


def write_evaluated(folder: Path, run: str) -> None:
    """The `evaluate` stage's files of one run, in every judgement."""
    tasks = ("predcls", "sgcls", "sgdet") if run == ON_BOXES else ("predcls", "sgcls")
    for task in tasks:
        for name, judged in (("annotation", "annotation"), ("truth", "truth"), ("val", "validation")):
            write_json(folder / task / f"{name}.json", metrics_file(run, judged, task))
    write_json(folder / "predcls" / "precision.json", precision_file(run))
    counts = [
        ("annotation", 1, 1, 6),
        ("annotation", 1, 2, 3),
        ("annotation", 1, 5, 2),
        ("annotation", 1, 0, 1),
    ]
    counts += [("annotation", 2, 2, 4), ("truth", 1, 1, 9), ("truth", 3, 1, 7)]
    _write(folder / "predcls" / "confusion.parquet", counts, parquet.CONFUSION)


def write_model(train: Path, predict: Path) -> None:
    """What a training leaves beside its curves, and whose predictions these are."""
    settings = {
        "model": "relclip",
        "supervision": "kb",
        "features": "clip",
        "seed": 0,
        "rcl": {"level": "dual"},
    }
    inputs = {"dataset/images.parquet": "aa", "dataset/objects.parquet": "bb", "kb/triplets.parquet": "cc"}
    write_json(train / "config.json", {"train": settings, "inputs": inputs, "run": RELEASED})
    write_json(train / "statistics.json", {"images": 3, "labelled_pairs": 1234})
    write_text(train / "model.safetensors", "0123456789")
    write_json(predict / "provenance.json", {"run": RELEASED, "model_sha256": "f" * 64})


def write_gradcam(folder: Path) -> None:
    """Two relations with heat maps of 3 x 4 cells."""
    one = {
        "image_id": 3,
        "file": "images/3.jpg",
        "subject": "man",
        "predicate": "eating$_{x",
        "object": "<script>alert(1)</script>",
        "subject_box": [5, 4, 35, 40],
        "object_box": [15, 4, 45, 40],
    }
    write_json(folder / "chosen.json", [one, one])
    for name in ("clip", "relclip"):
        np.save(folder / f"heat_{name}.npy", stream(2, name).uniform(size=(2, 3, 4)).astype(np.float32))
