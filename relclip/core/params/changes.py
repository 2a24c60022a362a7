"""What one YAML file changes in another: presets, and the tables of a preset.

As in a JSON merge patch (RFC 7396) mappings are laid over each other, all else takes the place of what was there, and
null takes it away. Of a mapping marked `!only` the keys that it does not name go too.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from relclip.core.params.reading import UniqueKeys


@dataclass(frozen=True)
class Only:
    """A mapping whose keys are all that is left."""

    changes: dict[Any, Any]


class Changes(UniqueKeys):
    """YAML's safe loader, which knows `!only`."""

    def only(self, node: yaml.MappingNode) -> Only:
        """A mapping marked so."""
        return Only(self.construct_mapping(node, deep=True))


Changes.add_constructor("!only", Changes.only)


def changed(base: Any, changes: Any) -> Any:
    """`base` with `changes` laid over it.

    >>> changed({"a": {"b": 1, "c": 2}, "d": 3}, {"a": Only({"b": 4}), "d": None, "e": [5]})
    {'a': {'b': 4}, 'e': [5]}
    """
    alone = isinstance(changes, Only)
    said = changes.changes if isinstance(changes, Only) else changes
    if not isinstance(said, dict):
        return said
    there = base if isinstance(base, dict) else {}
    found = {} if alone else dict(there)
    found |= {key: changed(there.get(key), value) for key, value in said.items()}
    return {key: value for key, value in found.items() if value is not None}
