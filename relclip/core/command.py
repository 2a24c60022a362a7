"""The thin tail of every command line: parse, call one function, turn known errors into one sentence."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from relclip.core import torchrun
from relclip.core.errors import RelclipError

INTERRUPTED = 130
TERMINATED = 143
FAILED = 2


class Terminated(BaseException):
    """SIGTERM, from a batch system or `kill`: like Ctrl-C, an end in which temporary files are removed."""


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults where there are any."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def parser(module: str, description: str) -> argparse.ArgumentParser:
    """Return an argument parser that shows defaults and is named as the user called it."""
    called = sys.argv[0]
    return argparse.ArgumentParser(
        prog=called if called.startswith("relclip ") else f"python -m {module}",
        description=description,
        formatter_class=_Help,
        allow_abbrev=False,
    )


def add_params(arguments: argparse.ArgumentParser) -> None:
    """Add the option that every stage of the pipeline takes: where params.yaml is."""
    arguments.add_argument("--params", type=Path, default=Path("params.yaml"), help="the params.yaml to use")


def add_folders(
    arguments: argparse.ArgumentParser, folders: Mapping[str, str], *, required: bool = True
) -> None:
    """Add an option for each folder, by its name; the value says where it usually is: the default, if not required."""
    for name, usual in folders.items():
        if required:
            arguments.add_argument(f"--{name}", type=Path, required=True, help=f"the folder {usual}")
        else:
            arguments.add_argument(f"--{name}", type=Path, default=Path(usual), help=f"the folder of {name}")


def add_output(arguments: argparse.ArgumentParser) -> None:
    """Add the option of what is written."""
    arguments.add_argument("--output", type=Path, required=True, help="the folder to make")


def add_threads(arguments: argparse.ArgumentParser) -> None:
    """Add the option of how many threads compute."""
    arguments.add_argument("--threads", type=count, help="CPU threads (default: all this process may use)")


def add_device(arguments: argparse.ArgumentParser) -> None:
    """Add the option of where tensors live."""
    arguments.add_argument("--device", default="auto", help="auto, cpu or cuda")


def true_or_false(text: str) -> bool:
    """Parse the value of a switch; argparse shows the error. Allowed: true, false."""
    if text.lower() not in {"true", "false"}:
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


def count(text: str) -> int:
    """Parse a whole number that is not negative; argparse shows the error."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0")
    return int(text)


def positive(text: str) -> int:
    """Parse a whole number from 1; argparse shows the error."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(text)


def seed(text: str) -> int:
    """Parse a seed, 0 to 2**32 - 1; argparse shows the error."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def run(main: Callable[[], None]) -> None:
    """Call `main`; end with exit status 2 and one sentence on an error that a user can mend."""
    process = os.getpid()

    def terminate(number: int, frame: FrameType | None) -> None:
        if os.getpid() == process:
            raise Terminated
        os._exit(TERMINATED)  # a worker that was forked off

    if not torchrun.launched():  # which sends it to all once one has failed: those die without a word
        signal.signal(signal.SIGTERM, terminate)
    try:
        main()
        sys.stdout.flush()
    except RelclipError as error:
        sys.exit(_say(str(error), FAILED))
    except KeyboardInterrupt:
        sys.exit(_say("interrupted; nothing half-written was left, run the same command again", INTERRUPTED))
    except Terminated:
        sys.exit(_say("terminated; nothing half-written was left, run the same command again", TERMINATED))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        where = f" ({error.filename})" if error.filename else ""
        sys.exit(_say(f"{error.strerror or error}{where}; nothing half-written was left", FAILED))


def _say(sentence: str, status: int) -> int:
    if not torchrun.is_first():
        torchrun.let_others_speak()
    print(f"relclip: {sentence}", file=sys.stderr)
    return status
