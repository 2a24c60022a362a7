"""Profiles of clusters: they plan; rules ask for what docs/cluster.md says; shards are jobs only where asked for."""

import re
import subprocess
import sys

import pytest
import yaml
from test_pipeline import ROOT, copy_of_the_project


def plan(folder, *arguments):
    """Snakemake's plan, as text."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--nolock", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def counts(output):
    """Rule -> number of jobs."""
    return {name: int(number) for name, number in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}


def asked():
    """Rule -> (GB, hours, GPUs) in the rule files."""
    found = {}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        for name, text in re.findall(r"^rule (\w+):\n((?:(?!^rule ).*\n)*)", path.read_text(), re.MULTILINE):
            if "shell:" not in text:  # a stage's target
                continue
            needs = re.findall(r"\*\*needs\(gb=(\d+), hours=(\d+)(, gpu=)?", text)
            assert len(needs) == 1, f"{name} says nothing of what it needs"
            found[name] = (int(needs[0][0]), int(needs[0][1]), int(bool(needs[0][2])))
    return found


@pytest.mark.workflow
def test_the_rules_pass_snakemakes_lint():
    """As the last line of `make lint` reads it: nothing else runs it, and for long it had failed."""
    line = re.search(r"^\t! (snakemake --lint.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    words = line.replace("snakemake", f"'{sys.executable}' -m snakemake", 1)
    all_of_it, _, _ = words.partition(" | ")
    for command, said in ((words, False), (all_of_it, True)):  # what is passed over shows that it did run
        done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ("FORKED" in done.stdout) == bool(done.stdout) == said


def test_the_page_says_what_the_rules_ask_for():
    rows = re.findall(
        r"^\| ([\w, ]+) \| (\d+) GB \| (\d+) h \| (1?) ?\|$",
        (ROOT / "docs/cluster.md").read_text(),
        re.MULTILINE,
    )
    said = {
        name: (int(gb), int(hours), int(gpu or 0))
        for names, gb, hours, gpu in rows
        for name in names.split(", ")
    }
    assert said == asked()


@pytest.mark.workflow
def test_shards_are_jobs_where_they_are_asked_for(tmp_path):
    house = copy_of_the_project(tmp_path)
    targets = [
        "data/kb/triplets.parquet",
        "data/features/clip/maps.npy",
        "data/ext/scores.parquet",
        "data/ext_sgdet/scores.parquet",
    ]
    whole = counts(plan(tmp_path, "--workflow-profile", "profiles/slurm", *targets))
    house.change_params(
        lambda content: [content[stage].update(shards=3) for stage in ("kb", "features", "ext")]
    )
    output = plan(tmp_path, "--workflow-profile", "profiles/slurm", *targets)
    shards = dict.fromkeys(["kb_shard", "features_shard", "ext_objects", "ext_pairs", "ext_sgdet_shard"], 3)
    total = whole["total"] + sum(shards.values())
    assert counts(output) == {**whole, **shards, "total": total}
    merge = re.search(r"^rule ext_annotated:\n(?:    .*\n)+", output, re.MULTILINE)[0]
    assert "mem_mb=16384" in merge and "gpu=" not in merge


@pytest.mark.workflow
@pytest.mark.parametrize("profile", ["slurm", "kubernetes"])
def test_a_profile_names_rules_and_options_that_exist(profile):
    content = yaml.safe_load((ROOT / f"profiles/{profile}/config.yaml").read_text())
    assert content["executor"] == profile
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    read = [text for text in re.split(r"^rule ", rules, flags=re.MULTILINE) if "threads: THREADS" in text]
    assert set(content["set-threads"]) == {text.partition(":")[0] for text in read}, "what waits for pictures"
    assert "raw" in counts(
        plan(ROOT, "--workflow-profile", f"profiles/{profile}", "data/dataset/vocabulary.json")
    )


@pytest.mark.workflow
@pytest.mark.parametrize(("cores", "threads"), [(2, 1), (16, 8)])
def test_jobs_that_wait_for_pictures_take_half_of_the_machine(tmp_path, cores, threads):
    copy_of_the_project(tmp_path)
    wanted = ["data/features/clip/maps.npy", "data/ext/scores.parquet", "data/detector/proposals.parquet"]
    output = plan(tmp_path, "--cores", str(cores), "--quiet", "host", "--printshellcmds", "--", *wanted)
    for module in ("features", "ext"):
        assert re.search(rf"--open_clip relclip\.{module} .*--threads {threads} ", output)
    assert "relclip.detector --threads 1 --readers" in output  # its bytes depend on the first
