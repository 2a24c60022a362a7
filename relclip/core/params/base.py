"""The base of all sections, and one sentence for what does not fit: key, value met, what is allowed, nearest key."""

import reprlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from relclip.core.errors import ParamsError, how_to_set, nearest

Model = TypeVar("Model", bound=BaseModel)
#: What numpy, torch and gensim all take for a seed.
Seed = Annotated[int, Field(ge=0, lt=2**32)]
#: Pixels of an image's side as networks look at it: detectors take about 1,000, encoders less.
MOST_PIXELS = 2048
#: Of the images, in this order.
SplitName = Literal["train", "val", "test"]
SPLITS: tuple[str, ...] = get_args(SplitName)
#: Jobs that share the work of a stage.
Shards = Annotated[int, Field(ge=1, le=10_000)]

#: What pydantic calls the branch of `str | list[str]` that is the list.
LIST = "list[str]"


class Closed(BaseModel):
    """A section whose keys are all known and whose values are never bent to fit."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def validate(model: type[Model], content: dict[str, Any], prefix: str) -> Model:
    """Return the section or entry `model` of `content`; ParamsError for the first fault, its key after `prefix`."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ParamsError(_sentence(model, _first(error.errors()), prefix)) from None


def _first(errors: Sequence[Any]) -> Any:
    """The first fault; of a text or a list of texts the first text that is none, where the list is one."""
    first = errors[0]
    where = (*first["loc"][:-1], LIST)
    within = (one for one in errors if one["loc"][: len(where)] == where and len(one["loc"]) > len(where))
    return next(within, first)


def _sentence(model: Any, error: Any, prefix: str) -> str:
    no_text = error["type"] == "string_type"
    parts = error["loc"][:-1] if no_text and error["loc"][-1] == "str" else error["loc"]
    place = prefix + ".".join(str(part) for part in parts if part != LIST)
    file = "workflow/tables.yaml" if place.startswith("report.") else "params.yaml"
    place = place.removeprefix("report.")
    if error["type"] == "extra_forbidden":
        known = _keys(model, error["loc"][:-1])
        near = nearest(str(error["loc"][-1]), known)
        return f"{file} has an unknown key '{place}'{near}; known keys: {', '.join(known)}"
    if error["type"] == "missing":
        return f"{file} lacks '{place}'; compare with what {how_to_set('scenes')} writes"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    quotes = (
        "; put it in quotes, for YAML takes on, off, yes, no, null and numbers for no text" if no_text else ""
    )
    return f"{file}: '{place}' is {reprlib.repr(error['input'])}: {error['msg']}{quotes}"


def _keys(model: Any, location: tuple[Any, ...]) -> list[str]:
    """The keys that are known at a place; a name that users give in a mapping, or a place in a list, has no field."""
    mapping = False
    for part in location:
        if mapping or part not in model.model_fields:
            mapping = False
            continue
        annotation = model.model_fields[part].annotation
        mapping = get_origin(annotation) is dict
        kinds = (annotation, *get_args(annotation))
        model = next((kind for kind in kinds if hasattr(kind, "model_fields")), None)
        if model is None:
            return []
    return list(model.model_fields)
