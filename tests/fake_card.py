"""A CUDA card that is not there: fake tensors on cuda:0 have shapes, types and devices, but no numbers.

Seen: a tensor left on the CPU, an array made of a tensor that is still on the card, shapes and types that do not fit,
an operation that waits for the card: it would have to know a number, or (under `NeverWaits`) copies.
docs/visual_genome.md says what is not.
"""

from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

CARD = torch.device("cuda", 0)
#: What a tensor of each type becomes as an array.
ARRAYS = {
    kind: torch.zeros((), dtype=kind).numpy().dtype
    for kind in (
        torch.float16,
        torch.float32,
        torch.float64,
        torch.int32,
        torch.int64,
        torch.uint8,
        torch.bool,
    )
}
as_array = torch.Tensor.numpy


def moved_to(module, device):
    """`nn.Module.to`, which cannot swap fake tensors for others."""
    for part in module.modules():
        for name, weight in part.named_parameters(recurse=False):
            part.register_parameter(name, nn.Parameter(weight.detach().to(device), weight.requires_grad))
        for name, buffer in part.named_buffers(recurse=False):
            kept = name not in part._non_persistent_buffers_set
            part.register_buffer(name, buffer.to(device), persistent=kept)
    return module


def read_by_nobody(lstm, packed):
    """`nn.LSTM.forward` in its shapes and types alone: it asks how many images have a t-th object."""
    read = packed.data.new_zeros(len(packed.data), 2 * lstm.hidden_size) + packed.data.mean()
    return packed._replace(data=read), None


def numpy_of(tensor):
    """`Tensor.numpy`: zeros for what is on the CPU, and torch's own error for what is not."""
    if not isinstance(tensor, FakeTensor):
        return as_array(tensor)
    if tensor.device.type != "cpu":
        raise TypeError("can't convert cuda:0 device type tensor to numpy")
    return np.zeros(tuple(tensor.shape), ARRAYS[tensor.dtype])


class NeverWaits(TorchDispatchMode):
    """A copy between the CPU and the card for which the CPU would wait is an error."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.ops.aten._to_copy.default and not kwargs.get("non_blocking"):
            kinds = {args[0].device.type, torch.device(kwargs.get("device") or args[0].device).type}
            assert len(kinds) == 1, "a copy between devices that waits for the card"
        return function(*args, **kwargs)


def answered(monkeypatch):
    """The device of each tensor that was asked from now on whether it is true, which on a card waits; all are."""
    asked, usual = [], torch.Tensor.__bool__

    def answer(tensor):
        if not isinstance(tensor, FakeTensor):
            return usual(tensor)
        asked.append(tensor.device.type)
        return True

    monkeypatch.setattr(torch.Tensor, "__bool__", answer)
    return asked


@contextmanager
def fake_card(monkeypatch):
    """All tensors made in here are fake, and those of cuda:0 can be made."""
    monkeypatch.setattr(nn.Module, "to", moved_to)
    monkeypatch.setattr(nn.LSTM, "forward", read_by_nobody)
    monkeypatch.setattr(torch.Tensor, "numpy", numpy_of)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: True)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr("relclip.model.regions.memory_to_keep", lambda device: 1 << 30)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield CARD
