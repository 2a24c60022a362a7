"""Which entries of params.yaml a rule depends on: parameters of the rule for Snakemake, names for DVC."""

from collections.abc import Callable, Mapping
from typing import Any

#: `train`, `dataset.truth`, `runs.{run}` with a wildcard, or what gives such a name for a job's wildcards.
Name = str | Callable[[Any], str]


class Sections:
    """A parameter of a rule, evaluated for each job: the value of every entry, None where it is absent."""

    def __init__(self, config: Mapping[str, Any], *names: Name) -> None:
        self._config, self._names = config, names

    def __call__(self, wildcards: Any) -> dict[str, Any]:
        """The entries of a job, by name."""
        return {name: entry(self._config, name) for name in self.of(wildcards)}

    def of(self, wildcards: Any) -> list[str]:
        """The names of a job's entries."""
        return [
            name(wildcards) if callable(name) else name.format(**dict(wildcards.items()))
            for name in self._names
        ]


def entry(config: Mapping[str, Any], name: str) -> Any:
    """The entry `name` (`train.rcl`) of params.yaml's content, None where it is absent."""
    found: Any = config
    for key in name.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def present(config: Mapping[str, Any], name: str) -> bool:
    """Whether params.yaml's content has the entry `name`, be it null."""
    before, _, last = name.rpartition(".")
    around = entry(config, before) if before else config
    return isinstance(around, Mapping) and last in around
