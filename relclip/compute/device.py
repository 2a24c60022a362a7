"""Where tensors live and how reproducible arithmetic is. Only torch stages import this module."""

import functools
import os
import uuid

import torch
from torch import Tensor

from relclip.compute.cards import freest
from relclip.core import card
from relclip.core.errors import InputError, one_line
from relclip.core.process import say

#: The environment variable that says how many jobs share this machine's GPUs.
GPU_JOBS = "RELCLIP_GPU_JOBS"


def best_device(name: str = "auto") -> torch.device:
    """Return the device called `name`; 'cuda' is the GPU with the fewest of our jobs, 'auto' too, else the CPU.

    Raises InputError for a name that is none, for a GPU where there is none, and for one that torch cannot use.
    """
    if name in {"auto", "cuda"} and (found := _card()):
        return found
    if name == "auto":
        return torch.device("cpu")
    kind, colon, number = name.partition(":")
    gpus = torch.cuda.device_count()
    there = gpus if kind == "cuda" else 1
    if kind not in {"cpu", "cuda"} or (colon and not number.isdecimal()) or int(number or 0) >= there:
        raise InputError(f"the device '{name}' is not there; give auto, cpu{', cuda' if gpus else ''}")
    if kind == "cuda" and (reason := _fault(int(number or 0))):
        raise card.unusable(reason)
    return torch.device(name)


def names_of_cards() -> list[str]:
    """What each card that this process may use is called on the whole machine, whichever others are hidden from it."""
    return [str(torch.cuda.get_device_properties(number).uuid) for number in range(torch.cuda.device_count())]


@functools.cache
def _card() -> torch.device | None:
    """This process's card, a further one where torch cannot use it (an old one for the screen, say).

    None where there is none, and a word where there is one all the same: on a CPU hours may become weeks.
    """
    if torch.cuda.is_available():
        reason, group = "", uuid.uuid4().hex
        for _ in range(torch.cuda.device_count()):
            number = freest(names_of_cards(), group)
            if not (fault := _fault(number)):
                return torch.device("cuda", number)
            reason = reason or fault
        raise card.unusable(reason)
    if card.is_there():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        say(
            f"the CPU computes, though there is an NVIDIA card: torch {torch.__version__}, {built}, finds "
            "none that it can use (is the driver older? nvidia-smi tells)"
        )
    return None


def _fault(number: int) -> str:
    """Why torch cannot compute on a card, which becomes this process's; nothing where it can."""
    try:
        torch.cuda.set_device(number)
        torch.zeros(1, device="cuda").item()
    except RuntimeError as error:  # no kernels for it, or it is taken
        return one_line(error)
    return ""


def prepare(seed: int, threads: int | None = None) -> None:
    """Seed torch, fix the number of CPU threads and, where there is no GPU, insist on deterministic algorithms."""
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)
    # The same switch as use_deterministic_algorithms, which would import all of torch.compile: a second a job.
    # Only the CPU promises bytes: on CUDA the switch sends torchvision's RoIAlign into Python, hours of a detector.
    torch.set_deterministic_debug_mode("default" if torch.cuda.is_available() else "error")
    # It would also fill all new memory with NaN before it is written: a twentieth of a training step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def autocast(device: torch.device, precision: str = "auto") -> torch.autocast:
    """bfloat16 or float32 arithmetic, as `precision` says; auto: bfloat16 on a GPU made for it, else float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=halves(device, precision))


def frozen_autocast(device: torch.device) -> torch.autocast:
    """float16 arithmetic on a GPU, for a network that is not trained: CLIP's activations fit into it, as OpenAI's own
    code has it, and its ten bits lose an eighth of what bfloat16's seven lose. float32 elsewhere.
    """
    return torch.autocast(device.type, dtype=torch.float16, enabled=device.type == "cuda")


def halves(device: torch.device, precision: str) -> bool:
    """Whether `precision` (auto, float32 or bfloat16) means bfloat16 on this device."""
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return precision == "bfloat16"


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on `device`; on its way to a GPU nobody waits for it."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def memory_to_keep(device: torch.device) -> int:
    """Bytes of a GPU's memory that this process may still fill with what it could compute again.

    Half of its part of the card, the other half is for its steps; the parts are equal for all jobs that the workflow
    runs at once, whose number it sets in GPU_JOBS (InputError if that is none) and which spread over the cards. Never
    more than half of what is free.
    """
    free, total = torch.cuda.mem_get_info(device)
    own = torch.cuda.memory_allocated(device)
    kept = torch.cuda.memory_reserved(device) - own  # by torch, for itself
    jobs = os.environ.get(GPU_JOBS, "1")
    if not jobs.isdecimal() or int(jobs) < 1:
        raise InputError(
            f"{GPU_JOBS} is '{jobs}'; give the number of jobs that share the GPUs here, 1 or more, or unset it"
        )
    part = total // -(-int(jobs) // max(torch.cuda.device_count(), 1))
    return int(max(min((free + kept) // 2, part // 2 - own), 0))
