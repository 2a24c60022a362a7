"""The one place where a JSON file is read whole: what is absent or broken ends in one sentence."""

import json
from pathlib import Path
from typing import Any

from relclip.core.errors import ContractError, RelclipError


def read_json(
    path: Path,
    hint: str = "run the stage that makes it, or give the right folder",
    error: type[RelclipError] = ContractError,
) -> Any:
    """Return what a JSON file holds.

    Raises `error`, with `hint` saying what to do next, where the file is absent, is no JSON, is nested too deeply, or
    holds text that UTF-8 cannot write again (a lone surrogate).
    """
    try:
        text = path.read_text("utf-8")
        content = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(content, ensure_ascii=False).encode("utf-8")
    except FileNotFoundError:
        raise error(f"{path} does not exist; {hint}") from None
    except RecursionError:
        raise error(f"{path} is not valid JSON (nested too deeply); {hint}") from None
    except ValueError as reason:  # JSONDecodeError, UnicodeDecodeError, UnicodeEncodeError
        raise error(f"{path} is not valid JSON ({' '.join(str(reason).split())[:200]}); {hint}") from None
    return content
