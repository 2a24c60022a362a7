"""The family of errors a user can meet. Each message says what was met, what is allowed, what to do next."""

import difflib
import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class RelclipError(Exception):
    """Base of all errors that end a command with one sentence, or one and a list, instead of a traceback.

    Each argument is a line.
    """

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class ParamsError(RelclipError):
    """A params.yaml that does not fit the schema."""


class InputError(RelclipError):
    """A file or folder from outside that is missing, broken or not what was announced."""


class ContractError(RelclipError):
    """A file between two stages that lacks a column, has another type or names things that do not exist."""


class OutOfMemory(RelclipError):
    """Work that the device's memory does not hold, however small its pieces."""


#: What else than a MemoryError says it: errors of torch, CUDA, cuBLAS and cuDNN, whatever their class.
_NO_MEMORY = ("out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED", "can't allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, a device's or the machine's, did not suffice."""
    said = isinstance(error, RuntimeError | OSError) and any(saying in str(error) for saying in _NO_MEMORY)
    return (
        said or isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    )


@contextmanager
def errors_as(ours: Callable[[Exception], RelclipError]) -> Iterator[None]:
    """Inside, a library reads what comes from outside: of whatever it raises, `ours` makes an error of ours.

    Errors that are ours already stay what they are; so do a lack of memory and a package that is not installed, which
    say nothing of what was read.
    """
    try:
        yield
    except (RelclipError, ModuleNotFoundError):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise ours(error) from None


def one_line(error: object, longest: int = 200) -> str:
    """What an error of a library says, on one line and cut, for a sentence of ours."""
    return " ".join(str(error).split())[:longest]


def first_fault(error: Exception, between: str = ".") -> str:
    """Where pydantic met the first fault, and what it says of it; of any other error what it says, on one line."""
    from pydantic import ValidationError  # noqa: PLC0415  # slow to load

    if not isinstance(error, ValidationError):
        return one_line(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{between.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint at the known word that `word` may be a typo of; nothing where none is near."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{match[0]}'?)" if match else ""


def no_file(path: Path) -> str:
    """What is at a path, in words, where a file should be: nothing, a folder, or what can be read only once."""
    if path.is_dir():
        return "is a folder"
    return "is no file but a pipe, a socket or a device" if path.exists() else "does not exist"


def counted(number: float, thing: str, form: str = "") -> str:
    """So many of a thing, in words: `1 image`, `2 images`; `form`: how the number is written, as in a format string.

    >>> counted(1, "image"), counted(1200, "ground truth", ","), counted(2, "class")
    ('1 image', '1,200 ground truths', '2 classes')
    """
    ending = "" if number == 1 else "es" if thing.endswith(("s", "x", "ch")) else "s"
    return f"{number:{form}} {thing}{ending}"


def in_project() -> bool:
    """Whether this folder is a project's: a clone, or what `relclip init` made."""
    return Path("Snakefile").is_file()


def how_to_set(preset: str) -> str:
    """The command that puts the params.yaml of a preset in place; the package may be installed without a project."""
    return f"make preset NAME={preset}" if in_project() else f"relclip init FOLDER --preset {preset}"


def how_to_make_results() -> str:
    """How to come by the pipeline's results where they are missing."""
    if in_project():
        return "run `make tables` first"
    return (
        f"go to a project's folder, where `make tables` makes it ({how_to_set('scenes')} makes the project)"
    )
