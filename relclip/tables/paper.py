"""The paper's numbers (RelCLIP tables 1 to 6), in percent, as data beside this module."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from relclip.core.json_file import read_json

_FILE = Path(__file__).with_name("paper.json")


@cache
def _paper() -> dict[str, Any]:
    content: dict[str, Any] = read_json(_FILE)
    return content


def citation() -> str:
    """Return the title and venue of the paper."""
    return str(_paper()["citation"])


def data() -> str:
    """Return what the paper's numbers were measured on."""
    return str(_paper()["data"])


def has(block: str) -> bool:
    """Whether the paper has this block of rows."""
    return block in _paper()["tables"]


def trained(block: str, row: str) -> Mapping[str, Any]:
    """Return {"sampling.epsilon": 0.9}: the settings that a row of a block stands for, which its numbers belong to."""
    settings: Mapping[str, Any] = _paper()["tables"].get(block, {}).get("trained", {}).get(row, {})
    return settings


def numbers(block: str, row: str) -> Mapping[str, float]:
    """Return {"task/metric": percent} of a row of a block (`table1_distant`); empty where it has none."""
    table = _paper()["tables"].get(block, {"columns": [], "rows": {}})
    values = table["rows"].get(row, [])
    return {
        column: value for column, value in zip(table["columns"], values, strict=False) if value is not None
    }
