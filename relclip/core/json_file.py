"""The one place where JSON is read whole: a file that is absent or broken ends in one sentence."""

import json
from pathlib import Path
from typing import Any

from relclip.core.atomic import note_read
from relclip.core.errors import ContractError, RelclipError

#: Larger than any of ours or of the formats we know by ten times.
MOST_BYTES = 1 << 30


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text says. Raises ValueError for text that is none, is nested too deeply, or is no UTF-8."""
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    found = text if isinstance(text, str) else text.decode("utf-8")
    if "\\ud" in found or "\\uD" in found:
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def read_json(
    path: Path,
    hint: str = "run the stage that makes it, or give the right folder",
    error: type[RelclipError] = ContractError,
) -> Any:
    """Return what a JSON file holds.

    Raises `error`, with `hint` saying what to do next, where the file is absent, is no JSON, is nested too deeply, or
    holds text that UTF-8 cannot write again (a lone surrogate).
    """
    if path.exists() and not path.is_file():
        raise error(f"{path} is no file; {hint}")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise error(f"{path} is larger than {MOST_BYTES >> 20} MB; {hint}")
        note_read(path)
        return parse_json(path.read_text("utf-8"))
    except FileNotFoundError:
        raise error(f"{path} does not exist; {hint}") from None
    except ValueError as reason:  # JSONDecodeError, UnicodeDecodeError, UnicodeEncodeError
        raise error(f"{path} is not valid JSON ({' '.join(str(reason).split())[:200]}); {hint}") from None
