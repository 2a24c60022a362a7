"""workflow/seeds.yaml: the trainings of further seeds, an entry each, for DVC to range over; Snakemake needs none.

Written by `make preset`, `make dvc` and `make record`; a job that DVC starts refuses to run beside an old one.
"""

import os
from pathlib import Path

import yaml

from relclip.core.atomic import write_text
from relclip.core.errors import ParamsError
from relclip.core.params.reading import read_content
from relclip.core.params.trainings import further

SEEDS = Path("workflow/seeds.yaml")
HEAD = "# The further seeds of params.yaml, for dvc.yaml. Written by `make preset`, `make dvc` and `make record`.\n"


def write_seeds(params: Path) -> None:
    """Write the file beside params.yaml."""
    write_text(params.parent / SEEDS, seeds_text(params))


def seeds_text(params: Path) -> str:
    """What it must hold."""
    return HEAD + yaml.safe_dump(
        {"seeds": further(read_content(params))}, sort_keys=False, default_flow_style=None, width=120
    )


def check_seeds(params: Path) -> None:
    """Raise ParamsError where DVC started this and ranges over other seeds than those of params.yaml."""
    path = params.parent / SEEDS
    if "DVC_STAGE" in os.environ and (not path.is_file() or path.read_text("utf-8") != seeds_text(params)):
        raise ParamsError(
            f"the seeds in {params.name} changed; before dvc repro run make dvc, which writes {SEEDS}"
        )
