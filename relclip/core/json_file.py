"""The one place where JSON and other text is read whole: a file that is absent or broken ends in one sentence."""

import errno
import json
import os
from pathlib import Path
from typing import Any

from relclip.core.atomic import note_read
from relclip.core.errors import ContractError, RelclipError, no_file, one_line

#: Larger than any of ours or of the formats we know by ten times.
MOST_BYTES = 1 << 30


def read_text(path: Path) -> str:
    """Return a text in UTF-8, without the mark that Windows puts before it.

    Raises OSError, also for what is no file (a pipe would be waited for) or too large.
    """
    if "\0" in str(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, no_file(path), str(path))
    if path.stat().st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"is larger than {MOST_BYTES >> 20} MB", str(path))
    note_read(path)
    return path.read_text("utf-8-sig")


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text says. Raises ValueError for text that is none, is nested too deeply, or is no UTF-8."""
    try:
        content = json.loads(text)
        found = text if isinstance(text, str) else text.decode("utf-8")
        if "\\ud" in found or "\\uD" in found:
            json.dumps(content, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return content


#: What to do next where nothing else is said.
HINT = "run the stage that makes it, or give the right folder"


def read_object(path: Path, hint: str = HINT, error: type[RelclipError] = ContractError) -> dict[str, Any]:
    """Return what a JSON file holds that is one object. Raises `error` as `read_json` does, and where it is not."""
    content = read_json(path, hint, error)
    if not isinstance(content, dict):
        raise error(f"{path} must be a JSON object; {hint}")
    return content


def read_json(path: Path, hint: str = HINT, error: type[RelclipError] = ContractError) -> Any:
    """Return what a JSON file holds.

    Raises `error`, with `hint` saying what to do next, where the file is absent, is no JSON, is nested too deeply, or
    holds text that UTF-8 cannot write again (a lone surrogate).
    """
    try:
        return parse_json(read_text(path))
    except FileNotFoundError:
        raise error(f"{path} does not exist; {hint}") from None
    except OSError as reason:
        if reason.errno not in {errno.EINVAL, errno.EFBIG}:
            raise
        raise error(f"{path} {reason.strerror}; {hint}") from None
    except ValueError as reason:  # JSONDecodeError, UnicodeDecodeError, UnicodeEncodeError
        raise error(f"{path} is not valid JSON ({one_line(reason)}); {hint}") from None
