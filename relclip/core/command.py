"""The thin tail of every command line: parse, call one function, turn known errors into one sentence."""

import argparse
import atexit
import gc
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

from relclip.core import process
from relclip.core.atomic import final, inputs_protected, protect
from relclip.core.errors import InputError, RelclipError, is_out_of_memory, one_line
from relclip.core.extras import advice

#: Where stages put their files: the folder of a stage has its name. Rules and commands take it from here.
DATA = Path("data")
#: Options and arguments that name what a command writes; every other path is read.
WRITTEN = frozenset({"output", "hits", "export", "checkpoints", "readme", "folder"})
INTERRUPTED = 130
TERMINATED = 143
FAILED = 2
LONGEST_SENTENCE = 4000
#: More than any option counts.
LARGEST = 2**63 - 1
#: More threads or processes than any machine has processors.
MOST_AT_ONCE = 4096


class Terminated(BaseException):
    """SIGTERM, from a batch system or `kill`: like Ctrl-C, an end in which temporary files are removed."""


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults where there are any, as they are typed."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, [], "") or action.nargs == 0:
            return action.help
        if isinstance(action.default, bool):
            return f"{action.help} (default: {str(action.default).lower()})"
        if isinstance(action.default, list | tuple):
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        return super()._get_help_string(action)


class AsWritten(_Help, argparse.RawDescriptionHelpFormatter):
    """The same, under a description that is not wrapped: a module's docstring."""


class Described(BaseException):
    """Raised in place of reading the command line, under `described`."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


_DESCRIBED = ContextVar("described", default=False)


@contextmanager
def described() -> Iterator[None]:
    """Commands do not read the command line here: they raise Described with their parser."""
    token = _DESCRIBED.set(True)
    try:
        yield
    finally:
        _DESCRIBED.reset(token)


class _Parser(argparse.ArgumentParser):
    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        """Add an option; where it does not name what it takes, its help says PATH, or N for a number."""
        kind = settings.get("type")
        if kind is not None and names[0].startswith("-"):
            settings.setdefault("metavar", "PATH" if kind is Path else "N")
        return super().add_argument(*names, **settings)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        if _DESCRIBED.get():
            raise Described(self)
        words = sys.argv[1:] if args is None else list(args)
        for text in words:
            if not _is_utf8(text):
                self.error(f"the argument {text!a} is not UTF-8; {_advice_on_text()}")
        if "" in words:  # as a path it would be the folder we are in, with all that it holds
            self.error("an argument is empty; is a variable of the shell not set?")
        given = super().parse_args(args, namespace)
        named = [(name, path) for name, value in vars(given).items() for path in _paths(value)]
        written = [path for name, path in named if name in WRITTEN]
        protect([path for name, path in named if name not in WRITTEN], written)
        return given


def _paths(value: object) -> list[Path]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, Path)]


def _advice_on_text() -> str:
    if (taken := sys.getfilesystemencoding()) != "utf-8":
        return f"here it was to be {taken}, as this shell's locale says: set PYTHONUTF8=1"
    return "rename the file or retype the text"


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    """Text that may hold what a file says, fit for a terminal: control characters are written out."""
    return "".join(one if one.isprintable() or one in "\n\t" else ascii(one)[1:-1] for one in text)


def typed(path: Path) -> str:
    """A path as one types it in a shell, where it is no option."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


def sentence(text: str) -> str:
    """What an error says, on one line and not longer than a screen: names in it may come from a file."""
    line = shown(text).replace("\n", "\\n").replace("\t", "\\t")
    return line if len(line) <= LONGEST_SENTENCE else f"{line[:LONGEST_SENTENCE]}..."


def parser(module: str, description: str, example: str = "") -> argparse.ArgumentParser:
    """Return an argument parser that shows defaults and is named as the user called it.

    description: what it does to what, and writes where; example: a whole command line, where one helps.
    """
    called = sys.argv[0]
    return _Parser(
        prog=called if called.startswith("relclip ") else f"python -m {module}",
        description=description,
        epilog=f"Example: {example}" if example else None,
        formatter_class=_Help,
        allow_abbrev=False,
    )


def add_path(arguments: argparse.ArgumentParser, name: str, kind: str, about: str, **settings: Any) -> None:
    """Add an option, or an argument, that takes a path; `kind`: FILE or FOLDER; `about`: its help."""
    arguments.add_argument(name, type=Path, metavar=kind, help=about, **settings)


def add_params(arguments: argparse.ArgumentParser) -> None:
    """Add the option that every stage of the pipeline takes: where params.yaml is."""
    add_path(arguments, "--params", "FILE", "the params.yaml to use", default=Path("params.yaml"))


def add_folders(arguments: argparse.ArgumentParser, *stages: str, **places: str) -> None:
    """Add an option for the folder of each stage, and for folders of other names, by their place below DATA.

    The help says which stage makes it: the first step of its place. A word in angle brackets (`train/<run>`) is what
    another option says, or `fill` later.
    """
    for name, place in {**dict(zip(stages, stages, strict=True)), **places}.items():
        what = "FILE" if Path(place).suffix else "FOLDER"
        made = f"what the stage {Path(place).parts[0]} made"
        arguments.add_argument(f"--{name}", type=Path, metavar=what, default=DATA / place, help=made)


def add_output(arguments: argparse.ArgumentParser, place: str) -> None:
    """Add the option of what is written, by its usual place below DATA (see `add_folders`)."""
    what = "file" if Path(place).suffix else "folder"
    arguments.add_argument(
        "--output", type=Path, metavar=what.upper(), default=DATA / place, help=f"the {what} to make"
    )


def parse(arguments: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line; usual places that name another option get its value."""
    options = arguments.parse_args()
    fill(options, **vars(options))
    return options


def add_runs(arguments: argparse.ArgumentParser, sections: str) -> None:
    """Add the option of which entries of params.yaml are made, one after another."""
    several = f"one or more entries of {sections} in params.yaml, made one after another in one process"
    arguments.add_argument("--run", required=True, nargs="+", metavar="RUN", help=several)


def parse_runs(arguments: argparse.ArgumentParser) -> list[argparse.Namespace]:
    """Parse the command line; return the options of each entry that `--run` names, `run` its name.

    Raises InputError where several were to be written into one folder.
    """
    options = arguments.parse_args()
    every = [argparse.Namespace(**{**vars(options), "run": run}) for run in dict.fromkeys(options.run)]
    for one in every:
        fill(one, **vars(one))
    if len({one.output for one in every}) < len(every):
        raise InputError(
            f"{options.output} is one folder for {len(every)} runs; leave out --output, or name one run"
        )
    return every


def fill(options: argparse.Namespace, **words: object) -> None:
    """Put words in place of their names in angle brackets, in every usual place that no option changed."""
    for name, place in vars(options).items():
        if isinstance(place, Path) and place.is_relative_to(DATA):
            steps = [str(words.get(step[1:-1], step)) if step[:1] == "<" else step for step in place.parts]
            setattr(options, name, Path(*steps))


def add_data(arguments: argparse.ArgumentParser) -> None:
    """Add the option of where all stages put their folders."""
    add_path(arguments, "--data", "FOLDER", "what `make tables` made", default=DATA)


def add_proposals(arguments: argparse.ArgumentParser) -> None:
    """Add the option of the detector's boxes."""
    usual = DATA / "detector" / "proposals.parquet"
    add_path(arguments, "--proposals", "FILE", "the detector's boxes", default=usual)


def add_checkpoints(arguments: argparse.ArgumentParser) -> None:
    """Add the option of where a training that was killed left off."""
    add_path(
        arguments,
        "--checkpoints",
        "FOLDER",
        "has a folder for each training, from which a killed one goes on",
        default=Path("checkpoints"),
    )


def add_threads(arguments: argparse.ArgumentParser) -> None:
    """Add the option of how many threads compute."""
    arguments.add_argument("--threads", type=at_once, help="CPU threads (default: all this process may use)")


def add_device(arguments: argparse.ArgumentParser) -> None:
    """Add the option of where tensors live."""
    arguments.add_argument(
        "--device", metavar="NAME", default="auto", help="auto (cuda if there is one), cpu or cuda"
    )


def true_or_false(text: str) -> bool:
    """Parse the value of a switch; argparse shows the error. Allowed: true, false."""
    if text.lower() not in {"true", "false"}:
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


def whole(least: int, most: int = LARGEST) -> Callable[[str], int]:
    """What parses a whole number in these bounds; argparse shows the error."""
    bounds = f"from {least}" + (f" to {most}" if most < LARGEST else "")

    def parsed(text: str) -> int:
        if not (text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number {bounds}")
        return int(text)

    return parsed


count, positive, seed = whole(0), whole(1), whole(0, 2**32 - 1)
#: How many threads or processes work at once, 0 for as many as may.
at_once = whole(0, MOST_AT_ONCE)


def run(main: Callable[[], None]) -> None:
    """Call `main`; end with exit status 2 and one sentence on an error that a user can mend."""
    atexit.register(_end_soon)
    if not process.launched():  # which sends SIGTERM to all once one has failed: those die without a word
        _catch_sigterm()
    try:
        with inputs_protected():
            main()
        sys.stdout.flush()
    except RelclipError as error:
        sys.exit(_say(FAILED, *error.args))
    except ModuleNotFoundError as error:
        if (missing := advice(error)) is None:
            raise
        sys.exit(_say(FAILED, missing))
    except KeyboardInterrupt:
        sys.exit(_say(INTERRUPTED, "interrupted; nothing half-written was left, run the same command again"))
    except Terminated:
        sys.exit(_say(TERMINATED, "terminated; nothing half-written was left, run the same command again"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except shutil.Error as error:
        told = error.args[0] if isinstance(error.args[0], str) else error.args[0][0][2]  # from, to, why
        sys.exit(_say(FAILED, f"{final(told)}; nothing half-written was left"))
    except OSError as error:
        of_disk = error.filename is not None or error.errno is not None
        sys.exit(_say_where(error) if of_disk else _say_no_memory(error))
    except (MemoryError, RuntimeError) as error:
        sys.exit(_say_no_memory(error))


def _catch_sigterm() -> None:
    """Let SIGTERM raise Terminated in this process, and end at once what is forked off it."""
    own = os.getpid()

    def terminate(number: int, frame: FrameType | None) -> None:
        if os.getpid() == own:
            # whoever passes it on says it again, while all is tidied up
            signal.signal(number, lambda *_: None)
            raise Terminated
        os._exit(TERMINATED)  # a worker that was forked off

    signal.signal(signal.SIGTERM, terminate)


def _end_soon() -> None:
    """Spare Python's last collection, which looks at every object of torch's modules: 1 to 3 s of processor.

    DuckDB's binding would list what was not collected.
    """
    if "_duckdb" not in sys.modules:
        gc.freeze()


def _say_where(error: OSError) -> int:
    """What went wrong with which files, by the names under which they were asked for."""
    places = [final(str(place)) for place in (error.filename, error.filename2) if place]
    where = f" ({' -> '.join(places)})" if places else ""
    return _say(FAILED, f"{error.strerror or error}{where}; nothing half-written was left")


def _say_no_memory(error: Exception) -> int:
    """Raises the error where it says something else."""
    if not is_out_of_memory(error):
        raise error
    way = "end other programs that fill it, or take a machine or a card with more"
    return _say(FAILED, f"out of memory ({one_line(error)}); {way}; nothing half-written was left")


def _say(status: int, *lines: str) -> int:
    if not process.is_first():
        process.let_others_speak()
    print("relclip:", "\n".join(map(sentence, lines)), file=sys.stderr)
    return status
