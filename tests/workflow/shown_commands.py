"""The commands that README.md and its pages show, word for word."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = "\n".join(
    (ROOT / page).read_text("utf-8") for page in ("README.md", "docs/results.md", "docs/loop.md")
)
PROGRAMS = ("make", "snakemake", "dvc", "relclip", "python", "git", "mlflow", "pip", "pytest", ".", "$EDITOR")


def commands(text):
    """The commands of indented blocks, without their comments, and those inside sentences; parts of `&&` apart."""
    blocks = [re.split(r"\s{2,}#", line[4:])[0] for line in text.splitlines() if line.startswith("    ")]
    sentences = re.sub(r"^    .*$", "", text, flags=re.MULTILINE)
    inside = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", sentences)]
    found = [part.strip() for line in (*blocks, *inside) for part in line.split(" && ")]
    return list(dict.fromkeys(one for one in found if one and one.split()[0] in PROGRAMS and " " in one))


def shown(beginning):
    """The one command of README.md that begins with these words."""
    found = [one for one in commands(TEXT) if one == beginning or one.startswith(beginning + " ")]
    assert len(found) == 1, f"README.md shows {found} for {beginning!r}"
    return found[0]
