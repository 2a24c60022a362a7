"""The report as one self-contained page: everything escaped, styles and images inside, nothing fetched."""

import json
from pathlib import Path
from typing import Any

from relclip.core import page

_HERE = Path(__file__).parent
_KINDS = {".svg": "image/svg+xml", ".jpg": "image/jpeg"}


def render(**content: Any) -> str:
    """Fill page.html."""
    filters = {
        "data_uri": data_uri,
        "thousands": thousands,
        "duration": duration,
        "compact": compact,
        "signed": signed,
        "megabytes": megabytes,
    }
    return page.render(_HERE / "template", "page.html", filters, **content)


def data_uri(path: Path) -> str:
    """An image file as a data URI."""
    return page.data_uri(path.read_bytes(), _KINDS[path.suffix])


def thousands(number: float) -> str:
    """12345 -> 12,345."""
    return f"{number:,.0f}"


def megabytes(number: float) -> str:
    """2422064 -> 2.4 MB; below a tenth of one in kB."""
    return f"{number / 1e6:,.1f} MB" if number >= 1e5 else f"{number / 1e3:,.1f} kB"


def compact(value: Any) -> str:
    """Any value of a JSON file in one line: four significant digits of a fraction, lists with commas."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(compact(item) for item in value) or "none"
    return str(value)


def signed(points: float) -> str:
    """1.24 -> +1.2, with a true minus sign; what rounds to zero has no sign."""
    return f"{round(points, 1):+.1f}".replace("-", "−") if round(points, 1) else "0.0"


def duration(seconds: float) -> str:
    """95 -> 1 min 35 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"
