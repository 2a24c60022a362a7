"""What all rules share: the checked params, the source files of a stage, the lists of runs and of files."""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))
from relclip.core.errors import RelclipError
from relclip.core.params import check_workflow_config
from relclip.core.tracking import prepare_store

try:
    PARAMS = check_workflow_config(config, ROOT / "params.yaml")
except RelclipError as error:
    raise WorkflowError(str(error)) from None

RUNS = list(PARAMS.runs)
TRAINING_FREE = list(PARAMS.predict.training_free)
SCENES = PARAMS.raw.source == "scenes"
TASKS = ["predcls", "sgcls"]


wildcard_constraints:
    run="|".join(RUNS) or "none",
    method="|".join(TRAINING_FREE) or "none",
    any_run="|".join(RUNS + TRAINING_FREE),


onstart:
    prepare_store()


def code(*packages):
    """Source files of relclip's sub-packages: rule inputs, so that an edit reruns the rule and no other."""
    files = [path for package in packages for path in (ROOT / "relclip" / package).rglob("*") if path.is_file()]
    return sorted(os.path.relpath(path, ROOT) for path in files if "__pycache__" not in path.parts)


def stage(name, *files):
    """Paths of a stage's files, as a list."""
    return [f"data/{name}/{file}" for file in files]


#: The annotation and caption files that come from outside, so that a change of them is seen.
_FOLDER = [] if SCENES else [str(Path(PARAMS.raw.folder) / f"{name}.json") for name in ("image_data", "objects", "relationships")]
RAW_SOURCES = _FOLDER + list(PARAMS.raw.captions)
#: A contract's four files: a ground truth that the evaluator reads.
GROUNDTRUTH = ["vocabulary.json", "images.parquet", "objects.parquet", "relations.parquet"]
RAW = stage("raw", "image_data.json", "objects.json", "relationships.json")
DATASET = stage("dataset", *GROUNDTRUTH)
TRUTH = stage("dataset/truth", *GROUNDTRUTH) if PARAMS.dataset.truth else []
CLIP = stage("clip/model", "open_clip_config.json", "open_clip_model.safetensors")
PROMPTS = stage("clip/prompts", "objects.npy", "triplets.npy", "triplets.parquet")
EXT = stage("ext", "scores.parquet", "objects.parquet", "sgcls_scores.parquet")
PREDICTIONS = [f"{task}/{part}.parquet" for task in TASKS for part in ("objects", "relations")] + ["provenance.json"]
METRICS = [
    f"{place}{task}{kind}"
    for place in ("", "val/", *(["truth/"] if PARAMS.dataset.truth else []))
    for task in TASKS
    for kind in (".json", "_hits.parquet")
]
TABLES = [f"reports/tables/{name}.{kind}" for name in ("table1", "table3", "table5", "table6", "claims") for kind in ("csv", "md", "tex")]
REPORT = "reports/index.html"
