"""The smoke preset, built once by Snakemake, and the command of each of its jobs as Snakemake would run it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from processes import ROOT, Command

from relclip.project.preset import use_preset

#: Of rules with many jobs, those that differ in what they do.
CHOSEN = {
    "train_run": ("relclip_full", "relclip_kb_ext", "motif_kb", "memory"),
    "refine": ("visualds_kb_ext", "visualds_semi", "ba_sgg_kb"),
    "predict_run": ("relclip_kb_ext", "relclip_kb_ext_calibrated", "motif_full"),
}
_RULE = re.compile(r"^(?:local)?rule (\w+):$", re.MULTILINE)
_SHELL = re.compile(
    r"python -(?:m|S -P \"\$\{RELCLIP_ASK:-\S+\}\"(?: --\w+)?) (relclip\.\S+ .*?)2>&1 \| tee", re.DOTALL
)
#: Where commands write that name no place: {out} is the folder of one try.
MADE = {"claims": "{out}/made/claims.json"}
CHECKPOINTS = ("train_run", "refine", "detector")


def snakemake(folder, *arguments):
    """Run Snakemake there to its end; `stdout` holds stderr too."""
    process = start_snakemake(folder, *arguments)
    text, _ = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, text)


def start_snakemake(folder, *arguments):
    """Start Snakemake there in a session of its own; stdout and stderr together."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "PYTEST"))
    }
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def build(folder):
    """Make everything in a copy of the project; return its folder."""
    built = snakemake(folder, "--cores", "2")
    assert built.returncode == 0, built.stdout[-3000:]
    return folder


def commands(folder):
    """One Command a rule (more where CHOSEN says so); what a job writes lies under `{out}` instead."""
    planned = snakemake(folder, "--forceall", "--dry-run", "--printshellcmds", "--quiet", "reason")
    assert planned.returncode == 0, planned.stdout[-3000:]
    found = {}
    for block in re.split(r"(?=^(?:local)?rule \w+:$)", planned.stdout, flags=re.MULTILINE)[1:]:
        shell = _SHELL.search(block)
        if shell:
            words = shlex.split(shell[1])
            rule = _RULE.match(block)[1]
            name = _name(rule, words)
            if name:
                found.setdefault(name, _command(folder, name, rule, words))
    return [found[name] for name in found]


def _name(rule, words):
    """The rule's name, with the run's where several are chosen; None for a job that is not."""
    run = words[words.index("--run") + 1] if "--run" in words else ""
    if rule in CHOSEN:
        return f"{rule}-{run}" if run in CHOSEN[rule] else None
    return rule


def _command(folder, name, rule, words):
    places = {"--output": MADE.get(rule, "{out}/made")}
    if rule in CHECKPOINTS:
        places["--checkpoints"] = "{out}/checkpoints"
    for option, place in places.items():
        if option in words:
            del words[words.index(option) : words.index(option) + 2]
        words += [option, place]
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    return Command(name, words[0], tuple(words[1:]), folder, store, tracked=True)


def copy_of_the_project(folder):
    """Copy what git knows to `folder`, with the smoke preset in place."""
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listing.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    use_preset("smoke", folder / "workflow/presets", folder / "params.yaml")
    return folder
