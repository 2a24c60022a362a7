"""A small pipeline on a real SLURM, its heavy stages in shards, equals the same pipeline run here in one piece each."""

import os
import shutil
import subprocess
import threading
import time

import pytest
import slurm_cluster
from test_pipeline import House, copy_of_the_project

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(slurm_cluster.missing() is not None, reason=str(slurm_cluster.missing())),
]
TARGET = "data/evaluate/relclip_kb_ext/predcls/annotation.json"
SHARDED = {"kb": 2, "features": 2, "ext": 2}
#: Fields of squeue: what the job is, how it ended, the memory it asked for.
JOBS = ["squeue", "--states=all", "--noheader", "--format=%i|%k|%T|%m"]


def small(content):
    """A smoke preset of several blocks of captions, batches of pictures and parts of images."""
    content["raw"]["scenes"].update(images=80, captions=1200)
    content["kb"]["chunk"] = 300
    content["features"]["batch"] = 16


def in_shards(content):
    for stage, number in SHARDED.items():
        content[stage]["shards"] = number


@pytest.fixture(scope="module", autouse=True)
def slurm():
    with slurm_cluster.cluster() as binaries, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(binaries), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """The project twice: one runs here, each stage in one piece; the other on SLURM, the heavy stages in shards."""
    root = tmp_path_factory.mktemp("houses")
    for name in ("here", "there"):
        (root / name).mkdir()
    here = copy_of_the_project(root / "here")
    here.change_params(small)
    shutil.copytree(root / "here", root / "there", dirs_exist_ok=True)
    there = House(root / "there")
    there.change_params(in_shards)
    here.run("snakemake", "--cores", "2", "--quiet", "all", "--", TARGET)
    return here, there


def submit(house, *arguments, ok=True):
    """Run Snakemake with the cluster's profile, asking it often how the jobs are."""
    # most jobs take so long; whoever is asked too early is asked again ten seconds later than that
    often = ["--slurm-init-seconds-before-status-checks", "12", "--seconds-between-status-checks", "12"]
    command = [
        "timeout",
        "--kill-after=10",
        "900",
        "snakemake",
        "--workflow-profile",
        "profiles/slurm",
        "--latency-wait",
        "5",
        *often,
    ]
    command += ["--slurm-status-command", "squeue", "--slurm-no-account"]
    return house.run(*command, *arguments, ok=ok)


def jobs():
    """(id, rule, state, memory) of every job so far."""
    done = subprocess.run(JOBS, capture_output=True, text=True, check=True)
    return [tuple(line.split("|")) for line in done.stdout.splitlines()]


def cancel_the_first(cancelled):
    """Do what an administrator or a full node does: end a job that runs."""
    while not cancelled:
        running = [job for job, _, state, _ in jobs() if state == "RUNNING"]
        if running:
            subprocess.run(["scancel", running[0]], check=True)
            cancelled.append(running[0])
        time.sleep(0.2)


def test_a_pipeline_in_shards_on_slurm_equals_one_run_here(houses):
    here, there = houses
    cancelled = []
    watch = threading.Thread(target=cancel_the_first, args=(cancelled,), daemon=True)
    watch.start()
    submit(there, TARGET)
    watch.join(5)

    outputs = (
        "data/**/*.parquet",
        "data/**/*.json",
        "data/**/*.npy",
        "data/**/*.sha256",
        "data/**/*.safetensors",
    )
    expected = here.digests(*outputs)
    assert TARGET in expected and len(expected) > 40
    assert there.digests(*outputs) == expected, "shards are gone, all else is the same"

    ran = jobs()
    states = {
        rule: [state for _, name, state, _ in ran if name.startswith(rule)]
        for rule in ("rule_kb_shard", "rule_ext_pairs")
    }
    assert states == {rule: ["COMPLETED", "COMPLETED"] for rule in states}
    rule = next(name for job, name, _, _ in ran if job == cancelled[0])
    tries = sorted((int(job), state, memory) for job, name, state, memory in ran if name == rule)
    assert [(state, memory) for _, state, memory in tries] == [("CANCELLED", "4G"), ("COMPLETED", "8G")]
    assert "Nothing to be done" in there.run("snakemake", "-n", TARGET)


def test_a_job_that_fails_on_slurm_shows_its_log(houses):
    _, there = houses
    vocabulary = there.folder / "data/dataset/vocabulary.json"
    good = vocabulary.read_text()
    vocabulary.write_text('{"objects": 1}')
    output = submit(
        there, "data/words/phrases.safetensors", "--allowed-rules", "words", "--retries", "0", ok=False
    )
    vocabulary.write_text(good)
    assert "relclip: data/dataset/vocabulary.json" in output, output[-4000:]
    assert (there.folder / "data/words/phrases.safetensors").exists() is False
