"""pyarrow without pandas, which it imports at the first array to know a data frame when it sees one.

0.155 s of processor time a job, half of what importing relclip.core.parquet takes with it, and no table here becomes a
data frame. The look is as in the version KNOWN; what pandas alone can do (`to_pandas`) looks again and finds it.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from typing import Any

import pyarrow as pa

from relclip.internals import looked_into

KNOWN, PATCH = "25", r"\.\d+\.\d+"


class _NoPandas(MetaPathFinder):
    """Says that there is no pandas, leaves every other module to the finders after it."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        if fullname == "pandas":
            raise ImportError("pandas is not needed")


def spare_pandas(version: str = pa.__version__) -> bool:
    """Let pyarrow look for pandas once, in vain, if it is of a known version; else say so and change nothing.

    Without pandas there is nothing to spare.
    """
    if find_spec("pandas") is None:
        return False
    if not looked_into("pyarrow", version, KNOWN, "it imports pandas, a fifth of a second a job", PATCH):
        return False
    if "pandas" not in sys.modules:
        nobody = _NoPandas()  # Cython's import does not take None in sys.modules for an answer
        sys.meta_path.insert(0, nobody)
        try:
            pa.array([0])
        finally:
            sys.meta_path.remove(nobody)
    return True
