"""The commands that README.md and the pages of docs/ show, word for word; docs/library.md runs by a test of its own."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.stem != "library"),
]
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)
PROGRAMS = ("make", "snakemake", "dvc", "relclip", "python", "git", "mlflow", "pip", "pytest", ".", "$EDITOR")


def commands(text):
    """The commands of indented blocks, without their comments, and those inside sentences; parts of `&&` apart."""
    blocks = [re.split(r"\s{2,}#", line[4:])[0] for line in text.splitlines() if line.startswith("    ")]
    sentences = re.sub(r"^    .*$", "", text, flags=re.MULTILINE)
    inside = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", sentences)]
    found = [part.strip() for line in (*blocks, *inside) for part in line.split(" && ")]
    return list(dict.fromkeys(one for one in found if one and one.split()[0] in PROGRAMS and " " in one))


def shown(beginning, pages=("README.md", "docs/loop.md")):
    """The one command of these pages that begins with these words."""
    text = "\n".join((ROOT / page).read_text("utf-8") for page in pages)
    found = [one for one in commands(text) if one == beginning or one.startswith(beginning + " ")]
    assert len(found) == 1, f"{pages} show {found} for {beginning!r}"
    return found[0]
