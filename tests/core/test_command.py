"""What every command does alike: its help, its end, a file in the way of its output."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from relclip.core import command
from relclip.core.atomic import atomic_folder, make_folder, write_text
from relclip.kb import __main__ as kb


def test_help_shows_defaults_as_they_are_typed(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["relclip"])
    parser = command.parser("relclip.nothing", "Nothing.")
    parser.add_argument("--names", action="append", default=[], help="some names")
    parser.add_argument("--quick", action="store_true", help="be quick")
    parser.add_argument("--dedup", metavar="true|false", default=True, help="once")
    parser.add_argument("--top", type=int, default=0, help="at most")
    parser.add_argument("--lists", nargs="+", default=["vg150", "vg20"], help="words")
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    shown = capsys.readouterr().out
    assert [shown.count(one) for one in ("[]", "True", "False")] == [0, 0, 0]
    assert "once (default: true)" in shown
    assert "at most (default: 0)" in shown
    assert "words (default: vg150 vg20)" in " ".join(shown.split())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere LC_ALL=C is UTF-8")
def test_a_shell_that_says_ascii_is_told_what_to_set():
    here = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}
    words = [sys.executable, "-m", "relclip.kb", "--captions", "Tür.tsv".encode(), "--output", "kb"]
    done = subprocess.run(words, env=here, capture_output=True, text=True, check=False)
    assert (
        done.returncode == 2
        and "was to be ascii, as this shell's locale says: set PYTHONUTF8=1" in done.stderr
    )


@pytest.mark.parametrize(("place", "what"), [("claims/claims.json", "file"), ("train/<run>", "folder")])
def test_help_says_what_is_made(place, what):
    parser = command.parser("relclip.nothing", "Nothing.")
    command.add_output(parser, place)
    assert f"the {what} to make" in parser.format_help()


def folder(path):
    with atomic_folder(path):
        pass


@pytest.mark.parametrize("output", ["mine", "mine/made", "mine/in/made"])
@pytest.mark.parametrize("write", [lambda path: write_text(path / "file", ""), folder, make_folder])
def test_a_file_in_the_way_of_a_folder_is_said(tmp_path, monkeypatch, capsys, write, output):
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("years")
    with pytest.raises(SystemExit) as end:
        command.run(lambda: write(Path(output)))
    assert end.value.code == 2
    assert "this is a file where a folder must be written" in capsys.readouterr().err
    assert Path("mine").read_text() == "years"


def test_a_file_on_the_way_to_what_is_read_is_no_output_in_the_way(tmp_path, capsys):
    (tmp_path / "mine").write_text("years")
    with pytest.raises(SystemExit) as end:
        command.run((tmp_path / "mine" / "captions.tsv").read_text)
    assert end.value.code == 2
    assert "Not a directory" in (said := capsys.readouterr().err) and "must be written" not in said


@pytest.mark.parametrize("threads", ["99999999999", "-1", "two"])
def test_threads_that_no_machine_has_are_refused(monkeypatch, capsys, threads):
    monkeypatch.setattr(sys, "argv", ["relclip", f"--threads={threads}"])
    parser = command.parser("relclip.nothing", "Nothing.")
    command.add_threads(parser)
    with pytest.raises(SystemExit) as end:
        parser.parse_args()
    assert end.value.code == 2 and "is not a whole number from 0 to 4096" in capsys.readouterr().err


def test_a_copy_that_fails_names_both_places(capsys):
    def copy():
        raise OSError(errno.ENOSPC, "No space left on device", "from.bin", None, "to.bin")

    with pytest.raises(SystemExit):
        command.run(copy)
    assert "No space left on device (from.bin -> to.bin)" in capsys.readouterr().err


def test_links_in_a_circle_are_a_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.setattr(sys, "argv", ["relclip kb", "--captions", str(tmp_path / "circle"), "--output", "kb"])
    with pytest.raises(SystemExit) as end:
        command.run(kb.main)
    assert end.value.code == 2 and "circle does not exist" in capsys.readouterr().err


def test_what_modules_hold_is_not_collected_at_the_end_of_a_command():
    """A cycle that a module holds would be collected by Python's end, as torch's thousands of them."""
    program = """
import sys, types
from relclip.core import command
class Held:
    def __del__(self): print("collected")
held = Held(); held.cycle = held
if sys.argv[1] == "command": command.run(lambda: None)
"""

    def said(how):
        return subprocess.run(
            [sys.executable, "-c", program, how], capture_output=True, text=True, check=True
        ).stdout

    assert said("plain") == "collected\n"
    assert said("command") == ""


@pytest.mark.parametrize("below", ["", "images/1.jpg"])
def test_an_error_of_the_disk_names_the_path_that_was_asked_for(tmp_path, capsys, below):
    """Not the temporary one beside it."""

    def full():
        with atomic_folder(tmp_path / "my out.put") as folder:
            raise OSError(errno.ENOSPC, "No space left on device", str(folder / below))

    with pytest.raises(SystemExit) as end:
        command.run(full)
    assert end.value.code == 2
    place = tmp_path / "my out.put" / below
    assert f"No space left on device ({place}); nothing half-written was left" in capsys.readouterr().err


@pytest.mark.parametrize("of_shutil", [True, False])
def test_a_folder_that_cannot_be_copied_is_one_sentence(tmp_path, capsys, monkeypatch, of_shutil):
    """`copytree` has an error of its own, without errno, for what happened to each file."""
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "a.txt").touch()

    def fails(source, target, **_):
        raise OSError(errno.ENOSPC, "No space left on device", str(source), None, str(target))

    def copy():
        with atomic_folder(tmp_path / "to") as folder:
            shutil.copytree(tmp_path / "from", folder / "in", copy_function=fails)

    def same():
        shutil.copyfile(tmp_path / "from" / "a.txt", tmp_path / "from" / "a.txt")

    with pytest.raises(SystemExit) as end:
        command.run(copy if of_shutil else same)
    said = capsys.readouterr().err
    assert end.value.code == 2 and said.count("\n") == 1
    assert f"-> '{tmp_path / 'to' / 'in' / 'a.txt'}'" in said if of_shutil else "are the same file" in said


TIDY = """
import os, signal
from relclip.core import command
def main():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        print("tidied")
command.run(main)
"""


def test_what_is_terminated_twice_tidies_up_once():
    """A batch system tells all processes, and `relclip.project.forked` passes on what it was told."""
    done = subprocess.run(
        [sys.executable, "-c", TIDY], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 143
    assert done.stdout == "tidied\n" and done.stderr.count("terminated; nothing half-written") == 1


def test_an_empty_argument_is_not_the_folder_we_are_in(capsys, monkeypatch):
    """A variable of the shell that is not set: as a path it would be `.`, with all pictures below it."""
    monkeypatch.setattr(sys, "argv", ["relclip"])
    parser = command.parser("relclip.nothing", "Nothing.")
    parser.add_argument("photos", type=Path)
    with pytest.raises(SystemExit) as end:
        parser.parse_args([""])
    assert end.value.code == 2 and "an argument is empty" in capsys.readouterr().err
    assert parser.parse_args(["."]).photos == Path()
