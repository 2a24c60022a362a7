"""`make dvc`: dvc.yaml, written from the rules. Snakemake says how a file is made; DVC gets a stage for each rule.

A rule with a wildcard becomes a stage for each list of params.yaml that the wildcard ranges over (NAMES of
workflow/rules/common.smk), as DVC's matrix or foreach: a run that is added to params.yaml needs no new dvc.yaml.
Further seeds of a run, which params.yaml lists inside an entry, are a list of their own (workflow/seeds.yaml). DVC
records folders that one job alone writes into, and a stage depends on such a folder, or on the one file of it that it
reads; the stages of a list depend on the digests of their sources (relclip.project.code_digests). The lists are looked
at in the preset `scenes` with two seeds, which has an entry in each; where no captions come in, in params.yaml: the
stages that mine are not there then. One's own files that params.yaml names (captions, aliases, weights) are
dependencies by name: dvc.yaml has no word for one that may be left out. So such changes want `make dvc`.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.params.whole import load_params
from relclip.core.recall import MAIN_NAMES
from relclip.internals.snakemake import read_rules
from relclip.project.closure import PACKAGE, Closures, Sections, entry, present
from relclip.project.code_digests import FOLDER, STAGE
from relclip.project.preset import PRESETS, preset_text
from relclip.project.seeds import SEEDS, write_seeds

TARGET = Path("dvc.yaml")
HEAD = "# Written by `make dvc` from the rules of the Snakefile: edit those. One stage calls one rule.\n"
SECTIONS = {"runs": "", "refined": "_refined", "predictions": "_again"}
#: What the second and further stages of one rule are called, by their list.
ENDINGS = {
    **SECTIONS,
    "predict.training_free": "_training_free",
    "predict.sgdet_training_free": "_training_free",
    "labels.make": "_labels",
    **{f"seeds.{section}": f"{ending}_seeds" for section, ending in SECTIONS.items()},
}
#: What the entries of a rule in `report` are read from.
TABLES = ["workflow/tables.yaml", "workflow/tables"]
#: Kept by git and not by DVC's cache: a clone without data shows and compares it.
METRICS = "reports/metrics"
#: One plot a recall, a line a run: .dvc/plots/by_run.json.
PLOTS = [
    {
        f"validation, PredCls, {recall}": {
            "x": "step",
            "y": {"reports/plots/validation.csv": recall},
            "template": "by_run",
        }
    }
    for recall in MAIN_NAMES
]


@dataclass(frozen=True)
class Job:
    """A rule for one name of its wildcard. `entry`: what params.yaml says of that name."""

    rule: str
    name: str
    entry: Mapping[str, Any]
    inputs: Sequence[str]
    outputs: Sequence[str]
    sections: Sequence[str]


@dataclass(frozen=True)
class Stage:
    """A rule over the list `over` of params.yaml, or over none."""

    rule: str
    wildcard: str
    over: str
    called: str
    source: str  # the rule's file
    jobs: Sequence[Job]


@dataclass(frozen=True)
class Workflow:
    """All stages; `names`: what each wildcard may be; `shards`: rule files and their rules that make a share."""

    stages: Sequence[Stage]
    names: Mapping[str, frozenset[str]]
    shards: Mapping[str, Sequence[str]]
    closures: Closures

    def outs(self, job: Job) -> dict[str, str]:
        """Each output of a job -> the highest folder into which no other job writes, as deep for all of its rule."""
        jobs = [one for stage in self.stages for one in stage.jobs]
        writers = defaultdict(set)
        for one in jobs:
            for path in one.outputs:
                for depth in range(2, path.count("/") + 2):
                    writers[_cut(path, depth)].add((one.rule, one.name))
        same = [one for one in jobs if one.rule == job.rule]
        deep = range(2, 9)
        depth = next(depth for depth in deep if all(_alone(one, depth, writers) for one in same))
        return {path: _cut(path, depth) for path in job.outputs}

    def optional(self) -> set[str]:
        """What rules that params.yaml may leave out write: those over a list without a wildcard."""
        jobs = [job for stage in self.stages if stage.over and not stage.wildcard for job in stage.jobs]
        return {out for job in jobs for out in self.outs(job).values()}


#: The steps of a path, and of the name of an entry of params.yaml.
_STEPS = re.compile(r"[/.]").split


def _cut(path: str, depth: int) -> str:
    return "/".join(path.split("/")[:depth])


def _alone(job: Job, depth: int, writers: Mapping[str, set[tuple[str, str]]]) -> bool:
    """Whether no other job writes below this job's outputs, cut at this depth, and each of them names the job."""
    cuts = {_cut(path, depth) for path in job.outputs}
    return all(len(writers[cut]) == 1 and (not job.name or job.name in cut.split("/")) for cut in cuts)


def described(root: Path) -> str:
    """The text of dvc.yaml for the rules of the project in `root`."""
    workflow = read_workflow(root, _params(root))
    outs = {
        path: out
        for stage in workflow.stages
        for job in stage.jobs
        for path, out in workflow.outs(job).items()
    }
    own = own_files(root)
    stages: dict[str, dict[str, Any]] = {}
    for stage in workflow.stages:
        if stage.wildcard and STAGE + stage.rule not in stages:
            stages[STAGE + stage.rule] = _code_digests(stage, workflow)
        stages[stage.called] = _described(stage, workflow, outs, own[stage.rule])
    return HEAD + yaml.safe_dump(
        {"vars": [str(SEEDS)], "stages": stages, "plots": PLOTS},
        sort_keys=False,
        default_flow_style=None,
        width=120,
    )


def _params(root: Path) -> str:
    """The preset `scenes`; where no captions come in, what the project has."""
    own = root / "params.yaml"
    if own.is_file() and not load_params(own).raw.captioned:
        return own.read_text("utf-8")
    return preset_text("scenes", root / PRESETS, seeds=2)


def own_files(root: Path) -> defaultdict[str, list[str]]:
    """Rule -> what it reads that no rule makes and that is no source of ours: files that params.yaml names."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    params = root / "params.yaml"
    if not params.is_file() or params.read_text("utf-8") == preset_text("scenes", root / PRESETS):
        return found  # the default names none: half of the time
    workflow = _read(root)
    jobs = [job for stage in workflow.stages for job in stage.jobs]
    known = {PACKAGE, "reports", "workflow", *(out for job in jobs for out in workflow.outs(job).values())}
    for job in jobs:
        own = [path for path in job.inputs if known.isdisjoint([path, *map(str, Path(path).parents)])]
        found[job.rule] = _once([*found[job.rule], *own])
    return found


def read_workflow(root: Path, params: str) -> Workflow:
    """The stages of the project in `root` with `params` as its params.yaml."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("Snakefile", "workflow", PACKAGE, "reports"):
            (Path(folder) / name).symlink_to(root.resolve() / name)
        write_text(Path(folder) / "params.yaml", params)
        return _read(Path(folder))


def _read(folder: Path) -> Workflow:
    """The rules of the Snakefile in `folder`, as stages."""
    snakefile = read_rules(folder)
    rules = [rule for rule in snakefile.rules if rule.output]
    shards = [rule for rule in rules if all(path.flags.get("temp") for path in rule.output)]
    every = [stage for rule in rules if rule not in shards for stage in _stages(rule, snakefile.globals)]
    of_file = defaultdict(list)
    for rule in shards:
        of_file[_source(rule)].append(rule.name)
    names = {
        wildcard: frozenset(name for names in lists.values() for name in names)
        for wildcard, lists in snakefile.globals["NAMES"].items()
    }
    return Workflow([stage for stage in every if stage.jobs], names, of_file, Closures(folder))


def _source(rule: Any) -> str:
    return f"workflow/rules/{Path(str(rule.snakefile)).name}"


def _stages(rule: Any, workflow: Mapping[str, Any]) -> Iterator[Stage]:
    """The stages of one rule, a list of params.yaml each."""
    wildcard = next(iter(rule.wildcard_names), "")
    config = workflow["config"] | {key: workflow["CONFIG"][key] for key in ("seeds", "report")}
    lists = workflow["NAMES"][wildcard] if wildcard else {workflow["MADE"].get(rule.name, ""): [""]}
    for place, (over, names) in enumerate(lists.items()):
        jobs = [_job(rule, wildcard, name, over, config) for name in names]
        ending = "_seeds" if over == f"seeds.{next(iter(lists))}" else ENDINGS[over] if place else ""
        yield Stage(rule.name, wildcard, over, rule.name + ending, _source(rule), jobs)


def _job(rule: Any, wildcard: str, name: str, over: str, config: Mapping[str, Any]) -> Job:
    from snakemake.iocontainers import Wildcards  # noqa: PLC0415

    wildcards = Wildcards(fromdict={wildcard: name} if wildcard else {})
    inputs, outputs = rule.expand_input(wildcards)[0], rule.expand_output(wildcards)[0]
    read = next(value for value in rule.params if isinstance(value, Sections))
    sections = [_of_params(one, config["seeds"]) for one in read.of(wildcards)]
    sections = [one for one in sections if present(config, one)]
    about = entry(config, f"{over}.{name}") or {}
    return Job(rule.name, name, about, list(map(str, inputs)), list(map(str, outputs)), sections)


def _of_params(section: str, seeds: Mapping[str, Any]) -> str:
    """The name of a job's entry in params.yaml, where that of a further seed is its run's."""
    kind, _, name = section.partition(".")
    further = seeds.get(kind, {}).get(name)
    return f"{kind}.{further['entry']}" if further else section


def _code_digests(stage: Stage, workflow: Workflow) -> dict[str, Any]:
    """The stage that stands for the sources of all stages of a rule."""
    same = [one for one in workflow.stages if one.rule == stage.rule]
    return {
        "cmd": f"python -m relclip.project.code_digests {stage.rule}",
        "deps": _sources(same, workflow),
        "outs": [str(FOLDER / stage.rule)],
    }


def _sources(stages: Iterable[Stage], workflow: Workflow) -> list[str]:
    """What the commands of these stages can import, folders that are whole as folders."""
    inputs = (path for stage in stages for job in stage.jobs for path in job.inputs)
    return workflow.closures.folded({path for path in inputs if path.startswith(f"{PACKAGE}/")})


def _described(
    stage: Stage, workflow: Workflow, outs: Mapping[str, str], own: Sequence[str]
) -> dict[str, Any]:
    """The stage as dvc.yaml has it. `own`: files of one's own that it reads."""
    symbols = _Symbols(stage, workflow.names)
    made = [out for job in stage.jobs for out in symbols.paths(job, workflow.outs(job).values())]
    code = [str(FOLDER / stage.rule)] if stage.wildcard else _sources([stage], workflow)
    target = symbols.paths(stage.jobs[0], stage.jobs[0].outputs[:1])[0] if stage.wildcard else stage.rule
    allowed = " ".join([stage.rule, *workflow.shards.get(stage.source, [])])
    deps = _deps(stage, symbols, outs, workflow.optional())
    sections = _once(name for job in stage.jobs for name in symbols.sections(job))
    of_tables = [name for name in sections if name.startswith("report.")]
    body: dict[str, Any] = {
        "cmd": f"python -m relclip.project.snakemake {target} --allowed-rules {allowed} --quiet host rules progress",
        "deps": [*code, stage.source, *(TABLES if of_tables else []), *deps, *own],
        "params": [name for name in sections if name not in of_tables],
        "outs": [out for out in _once(made) if out != METRICS],
    }
    body |= {"metrics": [{METRICS: {"cache": False}}]} if METRICS in made else {}
    if not stage.over:
        return body
    values = f"${{{stage.over}}}"
    if symbols.of_entry:
        return {"foreach": values, "do": body}
    return {"matrix": {stage.wildcard or "made": values}, **body}


def _deps(stage: Stage, symbols: "_Symbols", outs: Mapping[str, str], optional: Container[str]) -> list[str]:
    """What the stage's jobs read of other stages' folders; one folder for all that differs from job to job.

    `optional` outputs, which a list of params.yaml may leave out, bind no stage that is always there: they come to it
    through stages of such lists.
    """
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for job in stage.jobs:
        read = defaultdict(list)
        for path in job.inputs:
            if not path.startswith(f"{PACKAGE}/") and (stage.over or outs.get(path) not in optional):
                read[outs.get(path, str(Path(path).parent))].append(path)
        whole = [files[0] if len(files) == 1 and files[0] in outs else out for out, files in read.items()]
        of_job = defaultdict(list)
        for path in symbols.paths(job, whole):
            of_job[_cut(path, 2)].append(path)
        for folder, paths in of_job.items():
            found[folder].add(tuple(_once(paths)))
    return [
        path
        for folder, kinds in found.items()
        for path in (next(iter(kinds)) if len(kinds) == 1 else [folder])
    ]


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


class _Symbols:
    """DVC's words in place of the names of one stage's jobs."""

    def __init__(self, stage: Stage, names: Mapping[str, frozenset[str]]) -> None:
        # an encoder is a fixed folder, except of runs, each of which names its own
        fixed = {"encoder"} if stage.wildcard in {"", "encoder"} else set()
        self._stage = stage
        self._names = frozenset().union(*(known for one, known in names.items() if one not in fixed))
        read = {
            step for job in stage.jobs for path in (*job.inputs, *job.sections) for step in _STEPS(path)[1:]
        }
        entry = stage.jobs[0].entry.items()
        self._fields = [key for key, value in entry if isinstance(value, str) and value in self._names & read]
        #: Whether a field of an entry is used, so that DVC must be given the entries.
        self.of_entry = bool(self._fields)

    def _words(self, job: Job) -> dict[str, str]:
        """What stands for the names of one job."""
        if not self._stage.over:
            return {}
        name = "${key}" if self.of_entry else f"${{item.{self._stage.wildcard or 'made'}}}"
        return {str(job.entry[key]): f"${{item.{key}}}" for key in self._fields} | {job.name: name}

    def paths(self, job: Job, paths: Iterable[str]) -> list[str]:
        """The paths in these words; one that names another job still is cut to its first two folders."""
        words, found = self._words(job), []
        for path in paths:
            steps = path.split("/")
            steps[2:] = [words.get(step, step) for step in steps[2:]]
            found.append(_cut(path, 2) if self._names.intersection(steps[2:]) else "/".join(steps))
        return _once(found)

    def sections(self, job: Job) -> list[str]:
        """The entries of params.yaml in these words."""
        words = self._words(job)
        return [
            ".".join([first, *(words.get(step, step) for step in rest)])
            for first, *rest in (name.split(".") for name in job.sections)
        ]


def main() -> None:
    """Write dvc.yaml in the working folder."""
    command.parser("relclip.project.dvc", "Write dvc.yaml from the Snakefile's rules.").parse_args()
    write_seeds(Path("params.yaml"))
    write_text(TARGET, described(Path()))


if __name__ == "__main__":
    command.run(main)
