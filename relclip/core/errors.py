"""The family of errors a user can meet. Each message says what was met, what is allowed, what to do next."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class RelclipError(Exception):
    """Base of all errors that end a command with one sentence instead of a traceback."""


class ParamsError(RelclipError):
    """A params.yaml that does not fit the schema."""


class InputError(RelclipError):
    """A file or folder from outside that is missing, broken or not what was announced."""


class ContractError(RelclipError):
    """A file between two stages that lacks a column, has another type or names things that do not exist."""


class OutOfMemory(RelclipError):
    """Work that the device's memory does not hold, however small its pieces."""


def first_fault(error: "ValidationError", between: str = ".") -> str:
    """Where pydantic met the first fault, and what it says of it."""
    first = error.errors()[0]
    return f"{between.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
