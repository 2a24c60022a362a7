"""params.yaml: closed, typed sections, each in the file of its stage's name; `whole` is all of them.

A stage imports its own sections alone: what it depends on is what it can import (relclip/project/closure.py).
"""

import warnings
from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """`relclip.core.params.Evaluate`, a name that the documentation gave until 0.1, answers with its new place."""
    if name != "Evaluate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        "relclip.core.params.Evaluate is relclip.core.params.evaluate.Evaluate now",
        DeprecationWarning,
        stacklevel=2,
    )
    return import_module(f"{__name__}.evaluate").Evaluate
