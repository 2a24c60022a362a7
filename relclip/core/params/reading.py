"""Reading params.yaml: the sections that a stage names, checked; the whole file is checked at the workflow's start."""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import create_model

from relclip.core.errors import ParamsError
from relclip.core.params.base import Closed
from relclip.core.params.errors import validate
from relclip.core.params.trainings import with_trainings

Sections = TypeVar("Sections", bound=Closed)
Section = TypeVar("Section", bound=Closed)
#: A number with an exponent, which YAML 1.1 takes for a word unless it has a point and a sign: 4e-3, 1E5.
_EXPONENT = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$")


class UniqueKeys(yaml.SafeLoader):
    """YAML's safe loader, which refuses a key that comes twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build one mapping; raise where a key comes again."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{twice}' comes twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


UniqueKeys.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


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
        reader = loader(path.read_text("utf-8"))
        content = reader.get_single_data()
    except FileNotFoundError:
        raise ParamsError(
            f"{path} does not exist; go to the project's folder or name the file with --params; to put one in place"
            " there: make preset NAME=scenes"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ParamsError(f"{path.name} must be a mapping of sections, met {type(content).__name__}")
    return content
