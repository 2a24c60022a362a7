"""A SLURM of one's own for as long as a test runs: munged, slurmctld and two slurmd on loopback, without accounting.

By hand: `python tests/workflow/slurm_cluster.py COMMAND...` starts it, runs the command, stops everything.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Where everyone looks: Snakemake's plugin takes SLURM_CONF out of a job's environment.
PLACES = (Path("/etc/slurm/slurm.conf"), Path("/etc/slurm/gres.conf"))
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "srun")
NODES = ("one", "two")
#: What a node claims to have, whatever the machine has: the jobs ask for what Visual Genome needs.
NODE = "CPUs=16 RealMemory=64000 Gres=gpu:2"
SECONDS_TO_START = 60
#: Without accounting sacct fails. Where scontrol takes ten seconds the plugin asks it all the same and loses its jobs.
SACCT = """#!/bin/sh
exec squeue --me --states=all --noheader --format='%i|%T'
"""
CONFIGURATION = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
# see at once what ended, and remember it for as long as a test may ask
MinJobAge=3600
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
"""


def missing() -> str | None:
    """Why no SLURM can be started here, in words; None where it can."""
    absent = [name for name in PROGRAMS if _program(name) is None]
    if absent:
        return f"no {', '.join(absent)} here: apt-get install slurm-wlm munge"
    if os.geteuid() != 0:
        return "slurmd needs root"
    theirs = [place for place in PLACES if place.exists() and not _left_behind(place)]
    return f"{theirs[0]} is somebody's: this machine has a SLURM" if theirs else None


def _left_behind(place: Path) -> bool:
    """Whether this is a link of ours whose process is gone."""
    owner = place.resolve().with_name("owner")
    if not place.is_symlink() or not owner.exists():
        return False
    try:
        os.kill(int(owner.read_text()), 0)
    except (OSError, ValueError):
        return True
    return False


@contextmanager
def cluster() -> Iterator[Path]:
    """Start SLURM, yield the folder of a sacct that answers, to go first in PATH; stop and remove it all after use."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    (folder / "owner").write_text(str(os.getpid()))
    _configure(folder)
    for place in PLACES:
        place.unlink(missing_ok=True)
        place.symlink_to(folder / place.name)
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        _start(daemons, folder)
        _wait_for_nodes(folder)
        yield folder / "bin"
    finally:
        subprocess.run(["scancel", "--user=root"], capture_output=True, check=False)
        for daemon in reversed(daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
        for place in PLACES:
            place.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path) -> None:
    """Write slurm.conf, gres.conf, munge's key and sacct."""
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    host, ports = socket.gethostname().partition(".")[0], _free_ports(1 + len(NODES))
    lines = [CONFIGURATION.format(host=host, port=ports[0], folder=folder)]
    for name, port in zip(NODES, ports[1:], strict=True):
        lines.append(f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} {NODE}")
    lines.append(f"PartitionName=main Nodes={','.join(NODES)} Default=YES MaxTime=INFINITE State=UP\n")
    # GPUs that no driver stands behind: they are counted and given out, no job looks at them
    for number in (0, 1):
        (folder / f"gpu{number}").touch()
    (folder / "gres.conf").write_text(f"NodeName={','.join(NODES)} Name=gpu File={folder}/gpu[0-1]\n")
    (folder / "slurm.conf").write_text("\n".join(lines))
    (folder / "bin").mkdir()
    (folder / "bin" / "sacct").write_text(SACCT)
    (folder / "bin" / "sacct").chmod(0o755)


def _start(daemons: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Start all four in the foreground of sessions of their own: what stops a test's terminal stops no job halfway."""
    munge = ["--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket"]
    munge += [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
    daemons.append(_daemon(folder, "munged", *munge))
    _wait((folder / "munge.socket").exists, "munged's socket", folder)
    daemons.append(_daemon(folder, "slurmctld", "-D"))
    daemons.extend(_daemon(folder, "slurmd", "-D", "-N", name) for name in NODES)


def _daemon(folder: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.out").open("ab") as output:
        return subprocess.Popen(
            [_program(name) or name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait_for_nodes(folder: Path) -> None:
    def idle() -> bool:
        asked = ["sinfo", "--noheader", "--Node", "--format=%t"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        return done.stdout.split() == ["idle"] * len(NODES)

    _wait(idle, "the nodes", folder)


def _wait(ready: Callable[[], bool], what: str, folder: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while not ready():
        if time.monotonic() > end:
            logs = "\n".join(
                path.read_text(errors="replace")[-1500:] for path in sorted(folder.glob("*.out"))
            )
            raise TimeoutError(f"{what} did not come up in {SECONDS_TO_START} s\n{logs}")
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _program(name: str) -> str | None:
    """Daemons lie in sbin, which a user's PATH may lack."""
    return shutil.which(
        name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    )


if __name__ == "__main__":
    if reason := missing():
        sys.exit(reason)
    with cluster() as binaries:
        first = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
        status = subprocess.run(sys.argv[1:], env=first, check=False).returncode
    sys.exit(status)
