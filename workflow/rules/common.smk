"""What all rules share: the checked params, the source files of a stage, the lists of runs and of files."""

import os
import platform
import sys
from pathlib import Path

import snakemake
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))
from relclip.core import card
from relclip.core.command import DATA
from relclip.core.errors import RelclipError
from relclip.core.params.tables import read_report
from relclip.core.params.trainings import further, with_trainings
from relclip.core.params.whole import check_workflow_config
from relclip.train.inputs import Inputs
from relclip.internals.snakemake import KILLED, STOPPED, TELL_KILLED, look_less_often, say_when_interrupted
from relclip.project import ask, forked
from relclip.project.checks import check_classes, check_encoder, check_files, check_place, check_space
from relclip.project.closure import Closures, Sections
from relclip.project.seeds import check_seeds
from relclip.raw.folder import ANNOTATIONS
from relclip.raw.sources import SOURCES
from relclip.tracking.runs import prepare_store

# jobs run in the environment of this snakemake, activated or not
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]))
# memory comes in pages of 2 MB where the system has them: a twentieth less processor time of a training (glibc 2.35)
os.environ.setdefault("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
if platform.libc_ver()[0] == "glibc":
    # Arrow's memory from glibc, for the same: half the time of a job's first read of CLIP's scores, 0.2 s
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
# pydantic looks for plug-ins in all that is installed, 0.05 s of a processor a job; none is needed
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
look_less_often(snakemake.__version__)
say_when_interrupted()
# the jobs that share this machine's GPU each keep a part of it (relclip/compute/device.py)
GPU = card.is_there()
gpu_jobs = workflow.resource_settings.resources.get("gpu")
os.environ.setdefault("RELCLIP_GPU_JOBS", str((gpu_jobs and gpu_jobs.value) or 1))
try:
    PARAMS = check_workflow_config(config, ROOT / "params.yaml")
    SOURCE = SOURCES[PARAMS.raw.source]
    RAW_SOURCES = [*map(str, SOURCE.reads(PARAMS.raw)), *PARAMS.raw.captions]
    check_seeds(ROOT / "params.yaml")
    check_encoder(PARAMS)
    check_files(PARAMS)
    check_classes(PARAMS)
except RelclipError as error:
    raise WorkflowError(str(error)) from None

#: params.yaml with an entry a training, its tables, and the trainings of further seeds, which are not in it by name.
CONFIG = with_trainings(config) | {"report": read_report(ROOT / "params.yaml", config), "seeds": further(config)}
RUNS = list(PARAMS.runs)
REFINED = list(PARAMS.refined)
PREDICTIONS = list(PARAMS.predictions)
TRAINING_FREE = list(PARAMS.predict.training_free)
TRAINED = RUNS + REFINED
#: What is judged, on given boxes and on the detector's.
JUDGED = TRAINED + PREDICTIONS + TRAINING_FREE
SGDET = list(PARAMS.predict.sgdet)
SGDET_FREE = list(PARAMS.predict.sgdet_training_free)
#: Whether captions come in; without, there is no knowledge base, so no stages kb and ext and no row that needs them.
MINED = PARAMS.raw.captioned


#: Whether a storage provider brings files to the jobs and takes them away (profiles/kubernetes). A job then has what its
#: rule names and nothing else, below STORE, where `data` and `reports` lead.
STORED = workflow.storage_settings.default_storage_provider is not None
LINKS = []
if STORED:
    PREFIX = f"{workflow.storage_settings.default_storage_prefix}/data"
    STORE = Path(workflow.storage_registry.default_storage_provider.object(PREFIX).local_path()).parent
    LINKS = [f"mkdir -p '{STORE}/{name}'; ln -sfn '{STORE}/{name}' {name}; " for name in ("data", "reports")]
else:  # what one training pools, the next ones and the predictions read (relclip/model/pooled.py)
    os.environ.setdefault("RELCLIP_POOLED", str(Path(".snakemake", "pooled").resolve()))
os.environ.update(RELCLIP_KILLED=KILLED, RELCLIP_ASK=ask.__file__)
shell.prefix(f"set -euo pipefail; {TELL_KILLED}{''.join(LINKS)}")


def by_seed(section):
    """The names of a section of params.yaml, then those of further seeds (workflow/seeds.yaml)."""
    return {section: list(config[section]), f"seeds.{section}": list(CONFIG["seeds"][section])}


#: What each wildcard ranges over: lists of params.yaml, each of them a stage of DVC (`make dvc`), and their names.
#: The encoder `clip` stands in no list.
NAMES = {
    "run": by_seed("runs"),
    "refined": by_seed("refined"),
    "predicted": by_seed("runs") | by_seed("refined") | by_seed("predictions"),
    "method": {"predict.training_free": TRAINING_FREE},
    "judged": by_seed("runs")
    | by_seed("refined")
    | by_seed("predictions")
    | {"predict.training_free": TRAINING_FREE},
    "sgdet": {"predict.sgdet": SGDET},
    "sgdet_method": {"predict.sgdet_training_free": SGDET_FREE},
    "sgdet_judged": {"predict.sgdet": SGDET, "predict.sgdet_training_free": SGDET_FREE},
    "seen": {"gradcam.runs": PARAMS.gradcam.runs},
    "encoder": {"": ["clip"], "labels.make": PARAMS.labels.make},
}
#: Rules whose stage of DVC is there only where a list of params.yaml has an entry.
MADE = {"clip_labels": "labels.make", "detector": "detector.make", "ext_sgdet": "detector.make"}


wildcard_constraints:
    **{name: "|".join(sum(lists.values(), [])) or "none" for name, lists in NAMES.items()},
    shard=r"\d+-of-\d+",


onstart:
    try:
        check_space(ROOT, PARAMS.raw)
        if not STORED:
            check_place(ROOT)
        if PARAMS.raw.source == "vg" and workflow.local_exec:  # days of a CPU
            card.check()
    except RelclipError as error:
        raise WorkflowError(str(error)) from None
    prepare_store()
    if workflow.local_exec and not GPU:
        forked.start(Path(".snakemake"))


CLOSURES = Closures(ROOT, ROOT / ".snakemake" / "imports.json")


onerror:
    print(STOPPED, file=sys.stderr)


def code(*modules):
    """What a rule's commands can import: its inputs, so that an edit reruns what can meet it and nothing else.

    None where a storage provider brings the files: there the jobs' image holds the code.
    """
    return [] if STORED else CLOSURES.of(modules)


def sections(*names):
    """The entries of params.yaml and of the tables (`report.claims`) that a rule depends on, as one of its params."""
    return Sections(CONFIG, *names)


def stage(name, *files):
    """Paths of a stage's files, as a list."""
    return [f"{DATA}/{name}/{file}" for file in files]


def folder_of(name):
    """The folder of the input `name` of a job, for its command."""
    return lambda wildcards, input: Path(input[name][0]).parent


def needs(gb, hours, gpu=0):
    """What a job asks of a cluster: memory, more of it when it is tried again; run time; GPUs. See docs/cluster.md.

    On one machine only `gpu` counts (profiles/default), and without a card there not even that: the cores are the limit.
    Enough for Visual Genome; `set-resources` in a profile says else.
    """
    resources = {"mem_mb": lambda wildcards, attempt: gb * 1024 * attempt, "runtime": 60 * hours}

    def cards(wildcards):
        here_and_none = workflow.local_exec and not workflow.dryrun and not GPU
        return 0 if here_and_none else gpu(wildcards) if callable(gpu) else gpu

    return resources | ({"gpu": cards} if gpu else {})


#: Threads of a job whose bytes do not depend on them, and which mostly waits for pictures: half of this machine, for two
#: of them hold the GPU at once (profiles/default); other machines say it in `set-threads`.
THREADS = max(1, min(16, (workflow.resource_settings.cores or 1) // 2))


def processes(wildcards):
    """How many processes share the batches of a training: a core and a GPU each."""
    return PARAMS.run(dict(wildcards.items()).get("run") or wildcards.refined).processes


#: `python -m`, without importing anew for each job what many import; with torch, or CLIP's code, for those that need it.
FORKED = 'python -S -P "${RELCLIP_ASK:-relclip/project/ask.py}"'
FORKED_TORCH = f"{FORKED} --torch"
FORKED_CLIP = f"{FORKED} --open_clip"


def python(wildcards):
    """What starts a training's processes."""
    count = processes(wildcards)
    return FORKED_TORCH if count == 1 else f"torchrun --standalone --nproc-per-node {count} -m --"


def shards(name, of):
    """Folders below data/ whose merge is a stage, one job each; none where the stage is one job (docs/cluster.md)."""
    return [f"shards/{name}/{number}-of-{of}" for number in range(1, of + 1)] if of > 1 else []


def shard_of(wildcards):
    """What a shard's command calls itself, k/n."""
    return wildcards.shard.replace("-of-", "/")


def folders(shards):
    """The folders of shards, for the command that merges them."""
    return " ".join(f"data/{shard}" for shard in shards)


def logged(whole, *, merged, shards):
    """A stage's command: all at once, or the merge of its shards."""
    return f"{merged if shards else whole} 2>&1 | tee {{log}}"


KB_SHARDS = shards("kb", PARAMS.kb.shards)
FEATURES_SHARDS = shards("features/{encoder}", PARAMS.features.shards)
EXT_OBJECTS = shards("ext_objects", PARAMS.ext.shards)
EXT_PAIRS = shards("ext_pairs", PARAMS.ext.shards)
EXT_SGDET_SHARDS = shards("ext_sgdet", PARAMS.ext.shards)
#: The file that a shard of features or ext writes last.
SHARD = "shard.json"

#: A contract's four files: a ground truth that the evaluator reads.
GROUNDTRUTH = ["vocabulary.json", "images.parquet", "objects.parquet", "relations.parquet"]
RAW_FILES = stage("raw", *ANNOTATIONS, "source.json", *SOURCE.files)
RAW = [*RAW_FILES, *(["data/raw/images"] if STORED else [])]
DATASET = stage("dataset", *GROUNDTRUTH)
TRUTH = stage("dataset/truth", *GROUNDTRUTH) if PARAMS.dataset.truth else []
#: What a folder says of its files, for the check before the tables.
DIGESTS = "digests.json"
KB_TRIPLETS = stage("kb", "triplets.parquet") if MINED else []
CLIP = stage("clip/model", "open_clip_config.json", "open_clip_model.safetensors")
LABELS = stage("clip/labels", "open_clip_config.json", "open_clip_model.safetensors")
PROMPTS = stage("clip/prompts", "objects.npy", "triplets.npy", "triplets.parquet")
EXT = stage("ext", "scores.parquet", "objects.parquet", "sgcls_scores.parquet")
EXT_SGDET = stage("ext_sgdet", "scores.parquet")
PROPOSALS = stage("detector", "proposals.parquet")
MODEL = ["model.safetensors", "config.json", "curves.csv", "statistics.json"]
TRAINING = [*MODEL, DIGESTS]
PARTS = ["objects.parquet", "relations.parquet", DIGESTS]
PREDICTED = [f"{task}/{part}" for task in ("predcls", "sgcls") for part in PARTS] + ["provenance.json"]
TRUTH_TOO = ["truth"] if PARAMS.dataset.truth else []


def views(task, *names):
    """The files of one judged task: metrics and first-hit ranks of each view."""
    return [f"{task}/{name}{kind}" for name in names for kind in (".json", "_hits.parquet")] + [f"{task}/{DIGESTS}"]


METRICS = [
    *views("predcls", "annotation", "val", *TRUTH_TOO),
    *views("sgcls", "annotation", "val", *TRUTH_TOO),
    "predcls/confusion.parquet",
    "predcls/asked.parquet",
    *(["predcls/precision.json"] if PARAMS.dataset.truth else []),
]
METRICS_SGDET = views("sgdet", "annotation", *TRUTH_TOO)
ALL_METRICS = [stage(f"evaluate/{name}", *METRICS) for name in JUDGED]
ALL_METRICS += [stage(f"evaluate/{name}", *METRICS_SGDET) for name in SGDET + SGDET_FREE]


def features(run):
    """The patch maps that a training reads, by the encoder it names.

    Their digest stands for them: Snakemake reads every input of every job to the end, and the maps are large.
    """
    maps = ["maps.npy"] if STORED else []
    return stage(f"features/{PARAMS.run(run).features}", "maps.sha256", "images.parquet", *maps)


def training_files(name):
    """The files that a training reads; the digest of the patch maps stands for them (see `features`)."""
    settings = PARAMS.run(name)
    start = DATA / "train" / settings.start if name in REFINED else None
    files = Inputs.of(settings).files(settings, start, words=PARAMS.word_vectors)
    shown = [path.with_suffix(".sha256") if path.name == "maps.npy" else path for path in files]
    return [str(path) for path in dict.fromkeys([*shown, *(files if STORED else [])])]


def start_of(wildcards):
    """The run that a refined one starts from."""
    return PARAMS.run(wildcards.refined).start


def model(name):
    """The trained run behind a run or an entry of `predictions`."""
    return PARAMS.prediction(name)[0]


#: What people judged (`relclip annotate --export reports/people`): a person's work, which no rule can make, so no storage
#: provider can bring it.
JUDGED_BY_PEOPLE = [] if STORED else ["reports/people/README.md", "reports/people/judgements.parquet"]
PEOPLE = [path for path in JUDGED_BY_PEOPLE if (ROOT / path).is_file()]
GRADCAM = [stage(f"gradcam/{run}", "heat_clip.npy", "heat_relclip.npy", "chosen.json", "provenance.json", DIGESTS) for run in PARAMS.gradcam.runs]
TABLES = [f"reports/tables/{name}.{kind}" for name in (*PARAMS.report.tables, "claims") for kind in ("csv", "md", "tex")]
REPORT = "reports/index.html"
