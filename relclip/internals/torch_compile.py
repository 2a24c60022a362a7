"""torchvision and timm without torch.compile, which they import and nothing here uses.

2 s of processor time a process that loads an encoder or a detector, as much as torch itself takes. torchvision's
RoIAlign imports it to be able to ask whether a device compiles, which it does on none where it has kernels of its own;
timm marks methods that must not be compiled. Both are as in the versions KNOWN. Only commands of the project do it:
a program that imports relclip keeps both as they are.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

from relclip.internals import looked_into

KNOWN, PATCH = {"torchvision": "0.29", "timm": "1.0"}, r"\.\d+(\+\w+)?"
SPARED = "torch._dynamo.utils"


@contextmanager
def _asked_later() -> Iterator[None]:
    """While a module is imported, the question is one that imports torch.compile when it is asked."""

    def is_compile_supported(device: Any) -> Any:
        return import_module(SPARED).is_compile_supported(device)

    stand_in: Any = ModuleType(SPARED)
    stand_in.is_compile_supported = is_compile_supported
    sys.modules[SPARED] = stand_in
    try:
        yield
    finally:
        del sys.modules[SPARED]


@contextmanager
def _unmarked() -> Iterator[None]:
    """While a module is imported, torch is as one without the mark, for which timm has a way."""
    compiler: Any = import_module("torch.compiler")
    mark, compiler.disable = compiler.disable, None
    try:
        yield
    finally:
        compiler.disable = mark


#: Module -> how it is imported without.
WAYS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "torchvision.ops.roi_align": _asked_later,
    "timm.layers.typing": _unmarked,
}


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        with WAYS[module.__name__]():
            super().exec_module(module)


class _Finder:
    """Finds these modules, leaves every other one to the finders after it; importlib.abc would take 20 ms a start."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname in WAYS else None
        if spec is None or spec.origin is None or SPARED in sys.modules:
            return None
        from importlib.metadata import version  # noqa: PLC0415  # slow, and most processes come by without

        package = fullname.partition(".")[0]
        otherwise = "it imports torch.compile, two seconds a job"
        if looked_into(package, version(package), KNOWN[package], otherwise, PATCH):
            spec.loader = _Loader(fullname, spec.origin)
        return spec


def spare_in_imports() -> None:
    """Keep the two, once they are imported, from importing torch.compile, if they are of a known version."""
    sys.meta_path.insert(0, _Finder())
