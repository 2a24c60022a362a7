"""Reading params.yaml: the sections that a stage names, checked; presets, which are what they change in another."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import create_model

from relclip.core.errors import ParamsError, how_to_set, one_line
from relclip.core.json_file import read_text
from relclip.core.params.base import Closed, validate
from relclip.core.params.trainings import with_trainings

Sections = TypeVar("Sections", bound=Closed)
Section = TypeVar("Section", bound=Closed)
#: A number with an exponent, which YAML 1.1 takes for a word unless it has a point and a sign: 4e-3, 1E5.
_EXPONENT = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$")


class _Unique(yaml.constructor.SafeConstructor):
    """Refuses a key that comes twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build one mapping; raise where a key comes again."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{twice}' comes twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


class UniqueKeys(_Unique, yaml.SafeLoader):
    """YAML's safe loader with keys that come once."""


class _Quick(_Unique, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same by libyaml, in a tenth of the time (0.05 s of a processor a job), with fewer words for what is wrong."""


for _loader in (UniqueKeys, _Quick):
    _loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


def load_sections(path: Path, sections: type[Sections]) -> Sections:
    """Read those sections of params.yaml that are fields of `sections`, and check them alone.

    Raises ParamsError naming the key, the value met, and what is allowed (the nearest known key for a typo).
    """
    content = with_trainings(read_content(path))
    return validate(sections, {name: content[name] for name in sections.model_fields if name in content}, "")


def load_section(path: Path, name: str, section: type[Section]) -> Section:
    """Read and check the one section `name` of params.yaml. Raises ParamsError as `load_sections` does."""
    sections = create_model("Sections", __base__=Closed, **{name: (section, ...)})  # type: ignore[call-overload]
    found: Section = getattr(load_sections(path, sections), name)
    return found


def read_content(path: Path, loader: type[yaml.SafeLoader] = UniqueKeys) -> dict[str, Any]:
    """Read a YAML file such as params.yaml, unchecked but for being a mapping. Raises ParamsError."""
    try:
        content = _parsed(read_text(path), loader)
    except FileNotFoundError:
        raise ParamsError(
            f"{path} does not exist; go to the project's folder or name the file with --params; to make one: "
            + how_to_set("scenes")
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ParamsError(f"{path} is not valid YAML: {one_line(error, 1000)}") from None
    if not isinstance(content, dict):
        raise ParamsError(f"{path.name} must be a mapping of sections, met {type(content).__name__}")
    return content


def _parsed(text: str, loader: type[yaml.SafeLoader]) -> Any:
    # libyaml's binding breaks the stack where lists or mappings stand thousands deep in each other, and takes tabs
    flat = len(text) < 1 << 20 and sum(map(text.count, "[{-?")) < 2000 and "\t" not in text
    if loader is UniqueKeys and flat:
        with suppress(yaml.YAMLError):
            return _Quick(text).get_single_data()  # type: ignore[call-arg]
    return loader(text).get_single_data()


@dataclass(frozen=True)
class Only:
    """A mapping whose keys are all that is left."""

    changes: dict[Any, Any]


class Changes(UniqueKeys):
    """YAML's safe loader, which knows `!only`."""

    def only(self, node: yaml.Node) -> Only:
        """A mapping marked so."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(
                None, None, "!only stands before what is no mapping", node.start_mark
            )
        return Only(self.construct_mapping(node, deep=True))


Changes.add_constructor("!only", Changes.only)


def changed(base: Any, changes: Any) -> Any:
    """`base` with `changes` laid over it: presets, and the tables of a preset.

    As in a JSON merge patch (RFC 7396) mappings are laid over each other, all else takes the place of what was there,
    and null takes it away. Of a mapping marked `!only` the keys that it does not name go too.

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
