"""Tables of weights as text: "sitting on 3, lying on 2", and rows of such with a name and a colon before."""

import re

Weights = dict[str, float]

ENTRY = re.compile(r"(?P<name>[a-z ]+?) (?P<weight>[0-9.]+)")
ROW = re.compile(r"(?P<name>[a-z ]+):(?P<weights>[^:]*)(?=\n\s*[a-z ]+:|\s*\Z)")


def weights(text: str) -> Weights:
    """Read "name weight, name weight"; line breaks count as spaces. A malformed entry is a ValueError."""
    found = {}
    for entry in " ".join(text.split()).split(", "):
        match = ENTRY.fullmatch(entry.rstrip(","))
        if match is None:
            raise ValueError(f"'{entry}' is not a name and a weight")
        found[match["name"]] = float(match["weight"])
    return found


def table(text: str) -> dict[str, Weights]:
    """Read rows "name: weights"; a row may go on over further lines."""
    return {match["name"].strip(): weights(match["weights"]) for match in ROW.finditer(text)}
