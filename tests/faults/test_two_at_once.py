"""Two at once, and a tracking server that dies: Snakemake, MLflow and the stages as a user runs them."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from house import copy_of_the_project, snakemake, start_snakemake
from processes import assert_nobody_left
from shown_commands import shown

pytestmark = [pytest.mark.workflow, pytest.mark.sweep]


def until(condition, seconds=120.0):
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the project with the smoke preset, nothing made."""
    return copy_of_the_project(tmp_path_factory.mktemp("house"))


WANTED = "data/dataset/account.json"


def test_a_second_pipeline_ends_in_a_sentence_and_the_first_goes_on(house):
    first = start_snakemake(house, "--cores", "1", WANTED)
    until(lambda: list((house / ".snakemake/locks").glob("*")))
    second = snakemake(house, "--cores", "1", WANTED)
    assert second.returncode != 0
    assert "Traceback" not in second.stdout
    assert "cannot be locked" in second.stdout and "--unlock" in second.stdout
    text, _ = first.communicate(timeout=300)
    assert first.returncode == 0, text[-3000:]
    assert (house / WANTED).exists()


def test_a_killed_pipeline_says_how_to_go_on_and_does(house):
    whole = (house / WANTED).read_bytes()
    snakemake(house, "--delete-all-output", WANTED)
    killed = start_snakemake(house, "--cores", "1", "--forceall", WANTED)
    until(lambda: list((house / "data").glob(".raw.*.partial")))
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    assert_nobody_left(killed.pid)
    again = snakemake(house, "--cores", "1", WANTED)
    if again.returncode:
        assert "--unlock" in again.stdout and "Traceback" not in again.stdout
        assert snakemake(house, "--unlock").returncode == 0
        again = snakemake(house, "--cores", "1", WANTED)
    assert again.returncode == 0, again.stdout[-3000:]
    assert (house / WANTED).read_bytes() == whole
    assert not list((house / "data").glob(".*.partial"))


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def server(tmp_path):
    """A real MLflow server on loopback, in a session of its own."""
    port = free_port()
    options = f"--port {port} --workers 1"
    command = [
        *(sys.executable, "-m"),
        *shown("mlflow server", ["docs/cluster.md"]).replace("...", options).split(),
    ]
    store = ["--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, *store], cwd=tmp_path, start_new_session=True, **quiet)

    def answers():
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    until(answers)
    yield process, f"http://127.0.0.1:{port}"
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_server_that_dies_in_a_training_does_not_stop_it(small, server, tmp_path):
    process, address = server
    whole = small.undisturbed("train")
    command = whole.command.tracked_at(address)
    out = tmp_path / "out"
    training = command.start(out)
    until(lambda: list((out / "checkpoints").rglob("checkpoint.pt")))
    os.killpg(process.pid, signal.SIGKILL)
    text, _ = training.communicate(timeout=300)
    assert training.returncode == 0, text[-3000:]
    assert "MLflow did not take this" in text and "Traceback" not in text
    assert command.digests(out) == whole.digests
