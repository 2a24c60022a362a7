"""What is known of verbs beyond their forms: verbs.yaml, and a user's file of the same format."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relclip.core.errors import InputError, first_fault

Subject = Literal["any", "living", "moving", "rather living", "body", "thing"]
Object = Literal["anything", "ridden", "not limbs", "not clothes", "not limbs or clothes"]
_OWN = Path(__file__).with_name("verbs.yaml")
_Lemma = Annotated[str, Field(pattern=r"^[a-z-]+$")]


class Known(BaseModel):
    """One verb, as verbs.yaml explains."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Subject = "body"
    object: Object = "anything"
    also: tuple[_Lemma, ...] = ()
    like: _Lemma | None = None
    particles: tuple[_Lemma, ...] = ()
    agents: tuple[_Lemma, ...] = ("by",)


NOTHING = Known()
_FILE = TypeAdapter(dict[_Lemma, Known])


@cache
def known_verbs(path: Path | None = None) -> dict[str, Known]:
    """Verb -> what is known of it; entries of a user's file replace the package's. Raises InputError for a bad file."""
    own = _read(_OWN)
    return own | _read(path) if path else own


def _read(path: Path) -> dict[str, Known]:
    try:
        return _FILE.validate_python(yaml.safe_load(path.read_text("utf-8")) or {})
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file of verbs {path} cannot be read ({error})") from None
    except yaml.YAMLError:
        raise InputError(
            f"the file of verbs {path} is no YAML; it must look like `ride: {{subject: living}}`"
        ) from None
    except ValidationError as error:
        raise InputError(f"the file of verbs {path}: {first_fault(error)}") from None
