"""Other people's internals, in one room: each with the version it was read in, what it gains, and the plain way.

Where another version is installed the plain way is taken, with a word.
"""

import sys


def looked_into(package: str, version: str, known: str, otherwise: str) -> bool:
    """Whether a version is the `known` one or a patch of it; if not it is said, with what comes `otherwise`."""
    if version.startswith(f"{known}."):
        return True
    print(
        f"relclip: {package} {version} is not the one that was looked into ({known}): {otherwise}",
        file=sys.stderr,
    )
    return False
