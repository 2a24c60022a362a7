"""Where tensors live and how reproducible arithmetic is. Only torch stages import this module."""

import torch

from relclip.core.errors import InputError


def best_device(name: str = "auto") -> torch.device:
    """Return the device called `name`; 'auto' takes a GPU if there is one, else the CPU.

    Raises InputError for a name that is none, and for a GPU where there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = name.partition(":")
    gpus = torch.cuda.device_count()
    there = gpus if kind == "cuda" else 1
    if kind not in {"cpu", "cuda"} or (number and not number.isdecimal()) or int(number or 0) >= there:
        raise InputError(f"the device '{name}' is not there; give auto, cpu{', cuda' if gpus else ''}")
    return torch.device(name)


def prepare(seed: int, threads: int | None = None) -> None:
    """Seed torch, fix the number of CPU threads and ask for deterministic algorithms."""
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)
    # The same switch as use_deterministic_algorithms, which would import all of torch.compile: a second a job.
    torch.set_deterministic_debug_mode("warn" if torch.cuda.is_available() else "error")


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 on a GPU, full float32 on the CPU."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")
