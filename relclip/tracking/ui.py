"""python -m relclip.tracking.ui: MLflow's pages on loopback, on a port that is free, with the address to open."""

import os
import socket
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from relclip.core import command
from relclip.core.errors import InputError
from relclip.core.recall import RECALL
from relclip.tracking.runs import EXPERIMENT, sqlite_file, tracking_uri

HOST = "127.0.0.1"
PORTS_TRIED = 20
#: One person looks at a list: MLflow's servers of background jobs would be eight more processes, two gigabytes.
NO_JOBS = ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
#: The list of trainings, the best PredCls R@50 first.
_LIST = (
    "#/experiments/{experiment}/runs?searchFilter={filter}&orderByKey={key}&orderByAsc=false"
    "&workflowType=machine_learning"
)


def main() -> None:
    """Check that there is something to show and a port to show it on, then become `mlflow ui`."""
    parser = command.parser("relclip.tracking.ui", "MLflow's pages of all runs, on this machine alone.")
    parser.add_argument("--port", type=command.count, default=5000, help="the port of 127.0.0.1")
    port = parser.parse_args().port
    store = sqlite_file()
    if store is None:
        raise InputError(
            f"the runs are recorded at {tracking_uri()} (MLFLOW_TRACKING_URI); open that address"
        )
    if not store.is_file():
        raise InputError(f"{store} does not exist: nothing was trained here yet; run `make tables` first")
    check_port(port)
    print(f"best first: {address(store, port)}\nCtrl-C ends it.", flush=True)
    words = ["ui", "--host", HOST, "--port", str(port), "--backend-store-uri", tracking_uri()]
    os.environ.setdefault(*NO_JOBS)
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *words, "--workers", "1"])


def check_port(port: int) -> None:
    """Raise InputError where the port is taken or forbidden, naming one that is free."""
    if not 0 < port <= 65535 or not _free(port):
        other = next((one for one in range(5000, 5000 + PORTS_TRIED) if one != port and _free(one)), None)
        hint = f"; {other} is free: make ui PORT={other}" if other else "; give another: make ui PORT=..."
        raise InputError(f"port {port} of {HOST} is in use, or not allowed{hint}")


def address(store: Path, port: int) -> str:
    """The page of the trainings, sorted by their test recall."""
    place = _LIST.format(
        experiment=_experiment(store),
        filter=quote("tags.stage = 'train'"),
        key=quote(f"metrics.`predcls.{RECALL.at()}`"),
    )
    return f"http://{HOST}:{port}/{place}"


def _experiment(store: Path) -> str:
    """The number of our experiment in the store; MLflow's first where it has none yet."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(store)) as database:
        found = database.execute(
            "SELECT experiment_id FROM experiments WHERE name = ?", [EXPERIMENT]
        ).fetchone()
        return str(found[0]) if found else "0"
    return "0"


def _free(port: int) -> bool:
    with socket.socket() as one:
        # as the server itself asks for it: a port that was just left counts as free
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


if __name__ == "__main__":
    command.run(main)
