"""Whether this machine has an NVIDIA card, as its system shows it: without torch, which may not be able to use it."""

import os
import subprocess
import sys
from pathlib import Path

from relclip.core.errors import InputError, is_out_of_memory, one_line

#: Where the driver's device files are; the driver of Windows has none in its Linux (WSL).
DEVICES, OF_WINDOWS = Path("/dev"), Path("/usr/lib/wsl/lib/libcuda.so.1")
#: First entries of CUDA_VISIBLE_DEVICES that hide all cards: CUDA reads it up to the first that names none. The last is
#: SLURM's, of a job that asked for no card.
HIDDEN = ("", "-1", "NoDevFiles")
#: What fails where torch can use no card, with the first line of what it says of the first: CUDA's errors have many.
PROBE = """
import sys, torch
reasons = []
for number in range(max(torch.cuda.device_count(), 1)):
    try:
        torch.zeros(1, device=f"cuda:{number}").item()
        sys.exit()
    except (RuntimeError, AssertionError) as error:
        reasons.append(f"{type(error).__name__}: {error}".split("\\n")[0])
sys.exit(reasons[0])
"""


def is_there() -> bool:
    """Whether there is a card that is not hidden (CUDA_VISIBLE_DEVICES)."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").partition(",")[0].strip() in HIDDEN:
        return False
    return any(DEVICES.glob("nvidia[0-9]*")) or OF_WINDOWS.exists()


def trouble() -> str:
    """Why torch can compute on no card, in its own words; nothing where it can. It is asked in another process."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
    return one_line(done.stderr.strip().split("\n")[-1]) if done.returncode else ""


def unusable(reason: str) -> InputError:
    """The error of a card that torch cannot use."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    chosen = "" if seen is None else f" with CUDA_VISIBLE_DEVICES={seen}"
    way = "bring its driver up to what docs/visual_genome.md says"
    if is_out_of_memory(RuntimeError(reason)):
        way = "end the programs that fill it (nvidia-smi), or take another card (CUDA_VISIBLE_DEVICES)"
    if "busy" in reason:  # its compute mode, EXCLUSIVE_PROCESS, gives it to one process at a time
        way = (
            "let one job have it at a time (snakemake --resources gpu=1) and end others that do (nvidia-smi)"
        )
    return InputError(
        f"torch cannot compute on this machine's NVIDIA card{chosen} ({reason}); {way}, or hide the card, so that the "
        "CPU computes: CUDA_VISIBLE_DEVICES= before the command"
    )


def check() -> None:
    """Raise InputError where there is a card and torch cannot compute on it."""
    if is_there() and (reason := trouble()):
        raise unusable(reason)
