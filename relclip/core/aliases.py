"""Alias files in Visual Genome's format: a line holds a name and, after commas, the forms that mean it."""

from pathlib import Path

from relclip.core.errors import InputError
from relclip.core.forms import tidy


def load_aliases(path: str | Path | None) -> dict[str, str]:
    """Return form -> name, both tidied; {} without a file. The first line that has a form wins.

    Raises InputError where the file cannot be read as UTF-8 text.
    """
    if path is None:
        return {}
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the alias file '{path}' cannot be read ({error}); give a text file or leave it out"
        ) from None
    aliases: dict[str, str] = {}
    for line in lines:
        name, *forms = (tidy(part) for part in line.split(","))
        for form in forms:
            if name and form:
                aliases.setdefault(form, name)
    return aliases
