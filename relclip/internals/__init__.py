"""Other people's internals, in one room: each with the version it was read in, what it gains, and the plain way.

Where another version is installed the plain way is taken, with a word.
"""

import re
import sys


def looked_into(package: str, version: str, known: str, otherwise: str, patch: str = r"\.\d+") -> bool:
    """Whether a version is a `patch` (a pattern) of the `known` one; if not it is said, with what comes `otherwise`."""
    if re.fullmatch(re.escape(known) + patch, version):
        return True
    print(
        f"relclip: {package} {version} is not the one that was looked into ({known}): {otherwise}",
        file=sys.stderr,
    )
    return False
