"""What `dataset` kept and dropped (account.json), in the order the page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core.errors import ContractError
from relclip.core.json_file import read_json

Counted = list[tuple[str, int]]


@dataclass(frozen=True)
class Account:
    """Counts by section (images, objects, relations, truth)."""

    read: Counted
    kept: Mapping[str, int]
    dropped: Mapping[str, Counted]
    noted: Counted
    splits: list[tuple[str, Mapping[str, int]]]
    outside: list[tuple[str, int, Counted]]


def read_account(path: Path) -> Account:
    """Read account.json. Raises ContractError where it has another shape."""
    content = read_json(path)
    try:
        return _account(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContractError(
            f"{path} is not what dataset writes ({type(error).__name__}: {error}); run it again"
        ) from None


def _account(content: Mapping[str, Any]) -> Account:
    outside = content.get("outside_vocabulary", {})
    return Account(
        read=[(name, int(number)) for name, number in content["read"].items()],
        kept=content["kept"],
        dropped={section: _most_first(reasons) for section, reasons in content["dropped"].items()},
        noted=_most_first(content["noted"]),
        splits=[(name, counts) for name, counts in content["splits"].items() if _by_split(counts)],
        outside=[
            (kind, int(words["distinct"]), _most_first(words["most_common"]))
            for kind, words in outside.items()
        ],
    )


def _most_first(counts: Mapping[str, int]) -> Counted:
    return sorted(
        ((name, int(number)) for name, number in counts.items()), key=lambda item: (-item[1], item[0])
    )


def _by_split(counts: Mapping[str, Any]) -> bool:
    """Whether these are numbers by split, and not a table by predicate, which the figure shows."""
    return all(isinstance(number, int) for number in counts.values())
