"""torch's optimisers without torch.compile, which they would import only to switch it off for themselves.

Four methods of `Optimizer` are wrapped so that the first call imports `torch._dynamo`, 1.1 s of processor time a job
(7 % of a training of 280 steps on drawn scenes); torch remembers what it made of each in an attribute of the method,
and `step` stands behind such a wrapper too. Both are as in the version KNOWN.
"""

import inspect
import sys

import torch

from relclip.internals import looked_into

KNOWN, PATCH = "2.14", r"\.\d+(\+\w+)?"
WRAPPED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


def spare_torch_compile(version: str = torch.__version__) -> bool:
    """Keep optimisers from importing torch.compile, if torch is of a known version; else say so and change nothing."""
    if not looked_into("torch", version, KNOWN, "its optimisers import torch.compile, a second a job", PATCH):
        return False
    if "torch._dynamo" not in sys.modules:
        for name in WRAPPED:
            method = inspect.unwrap(getattr(torch.optim.Optimizer, name))
            setattr(method, "__dynamo_disable", method)
    return True


def step(optimizer: torch.optim.Optimizer) -> None:
    """`optimizer.step()`; where torch.compile was spared, without the wrapper that would import it."""
    with torch.no_grad():
        if "torch._dynamo" in sys.modules:
            optimizer.step()
        else:
            inspect.unwrap(type(optimizer).step)(optimizer)
