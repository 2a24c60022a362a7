"""DVC's repository and Snakemake's plan, for the commands that record and adopt."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from relclip.core.errors import InputError, one_line
from relclip.internals.dvc import read_once


@contextmanager
def opened(failed: str) -> Iterator[Any]:
    """DVC's repository of this folder, read once; `failed` says with {} what DVC's own error means to the user.

    Raises InputError for DVC's errors, and where there is no git, which DVC needs.
    """
    import dvc  # noqa: PLC0415
    from dvc.exceptions import DvcException  # noqa: PLC0415
    from dvc.repo import Repo  # noqa: PLC0415
    from dvc.scm import SCMError  # noqa: PLC0415

    try:
        with read_once(dvc.__version__), Repo() as repo:
            yield repo
    except SCMError as error:
        raise InputError(f"DVC keeps its results beside git's commits, and {error}; git init first") from None
    except DvcException as error:
        raise InputError(failed.format(one_line(error, 1000))) from None


def output_of(words: Sequence[str], advice: str) -> str:
    """What a command prints; where it fails its last line, and `advice`, become an InputError."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reason = next((line for line in said if line.startswith("ERROR")), said[-1] if said else "no word")
        raise InputError(f"{' '.join(words[:2])} failed ({reason.removeprefix('ERROR: ')}); {advice}")
    return done.stdout
