"""The preset vg through the real Snakemake, from a web server on loopback to data/dataset."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from vg_site import Site, make_archives

from relclip.core.params.tables import read_report
from relclip.core.params.whole import check_params
from relclip.project.checks import LARGEST
from relclip.project.preset import preset_content, preset_text

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ROOT / "workflow" / "presets"


@pytest.mark.workflow
def test_the_preset_runs_from_download_to_dataset(tmp_path):
    house = tmp_path / "house"
    house.mkdir()
    shutil.copy(ROOT / "Snakefile", house)
    for name in ("workflow", "profiles", "relclip"):
        shutil.copytree(ROOT / name, house / name, ignore=shutil.ignore_patterns("__pycache__"))
    # the sizes of the real files are not those of the small ones
    listed = house / "relclip/raw/vg/files.json"
    listed.write_text(
        json.dumps([entry | {"size": None, "sha256": None} for entry in json.loads(listed.read_text())])
    )
    names = make_archives(tmp_path / "scenes", tmp_path / "site")
    site = Site(tmp_path / "site")
    site.faults |= {"images.zip": ["drop 50000"], "relationships.json.zip": ["500"]}
    params = yaml.safe_load(preset_text("vg", PRESETS))
    params["raw"]["vg"] |= {"mirrors": site.mirrors(names), "backoff": 0.01}
    params["dataset"]["split"]["validation"] = "first_2_of_train"
    (house / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (house / LARGEST).mkdir(parents=True)  # these files are small: no disk is asked for Visual Genome's room
    encoders = [f"data/clip/{name}/statistics.json" for name in ("model", "labels")]
    planned = snakemake(house, *encoders, "-n")  # the Hub is asked before 15 GB of pictures are fetched
    assert re.search(r"^total +2$", planned, re.MULTILINE), planned
    output = snakemake(house, "dataset")
    site.close()
    assert "are not those of the whole Visual Genome" in output and "images linked" in output
    assert pq.read_table(house / "data/dataset/images.parquet").num_rows == 8
    assert (house / "data/raw/images/1.jpg").samefile(house / "data/downloads/unpacked/images/1.jpg")
    assert "Nothing to be done" in snakemake(house, "dataset")
    assert "--object-aliases data/raw/object_alias.txt --output data/kb" in snakemake(
        house, "kb", "-np", "--quiet", "host"
    )


def snakemake(house, *words):
    environment = os.environ | {"PYTHONPATH": str(house)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["snakemake", *words, "--cores", "1"],
        cwd=house,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def test_the_preset_has_the_rows_of_scenes():
    vg, scenes = (
        check_params(content | {"report": read_report(ROOT / "params.yaml", content)}).report
        for content in (preset_content(name, PRESETS) for name in ("vg", "scenes"))
    )
    for key in (f"table{number}" for number in range(1, 7)):
        assert [row.name for row in vg.rows(key)] == [row.name for row in scenes.rows(key)]
