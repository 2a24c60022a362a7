"""Looking triplets up in a page: its script, the hash that a page's policy allows it by, the data it reads.

The page has inputs #subject, #predicate, #object in a form #kb-search, datalists #kb-objects and #kb-predicates,
#kb-summary, #kb-results (data-step: how many lines at once), a button #kb-more, and the data in #data.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).parent / "template" / "explorer.js"
#: Letters of a sentence that are kept.
LONGEST = 300


@cache
def script() -> str:
    """The script: it writes text alone, never markup."""
    return _SCRIPT.read_text("utf-8")


def digest() -> str:
    """The script's SHA-256 as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(script().encode()).digest()).decode("ascii")


def embedded(content: Mapping[str, Any]) -> str:
    """The data as JSON that cannot end the element it stands in.

    `objects`, `predicates`: names; `captions`: [id, sentence]; `triplets`: [subject class, predicate, object class,
    count, [places of its captions]], ids from 1.
    """
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
