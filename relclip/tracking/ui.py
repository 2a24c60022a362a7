"""python -m relclip.tracking.ui: MLflow's pages on loopback, on a port that is free, with the address to open."""

import json
import os
import socket
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.errors import InputError, how_to_make_results, no_file
from relclip.core.recall import MAIN_NAMES, TASKS
from relclip.tracking.runs import EXPERIMENT, attempt, client, prepare_store, sqlite_file, tracking_uri

HOST = "127.0.0.1"
PORTS_TRIED = 20
#: One person looks at a list: MLflow's servers of background jobs would be eight more processes, two gigabytes.
NO_JOBS = ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
#: MLflow opens a view that a tag of the experiment describes.
VIEW = "relclip"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"
#: What the view shows of each training, in this order.
SHOWN = [f"{task}.{name}" for task in TASKS for name in MAIN_NAMES]
NAME = "attributes.`Run Name`"
#: Pixels in which the longest name of a row, and of a metric, is read whole.
WIDE, NARROW = 360, 200


def main() -> None:
    """Check that there is something to show and a port to show it on, then become `mlflow ui`."""
    parser = command.parser(
        "relclip.tracking.ui",
        "Show MLflow's pages of all trainings, on this machine alone; prints the address to open.",
    )
    parser.add_argument("--port", type=command.count, default=5000, help="port of 127.0.0.1")
    port = parser.parse_args().port
    store = sqlite_file()
    if store is None:
        raise InputError(
            f"the runs are recorded at {tracking_uri()} (MLFLOW_TRACKING_URI); open that address"
        )
    if not store.is_file():
        raise InputError(f"{store} {no_file(store)}: nothing was trained here yet; {how_to_make_results()}")
    check_port(port)
    prepare_store()
    # their pages would tell MLflow's makers what is clicked
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    experiment = _experiment(store)
    attempt(lambda: client().set_experiment_tag(experiment, VIEW_TAG, json.dumps(view())))
    print(f"once Uvicorn runs, the best first: {address(store, port)}\nCtrl-C ends it.", flush=True)
    words = ["ui", "--host", HOST, "--port", str(port), "--backend-store-uri", tracking_uri()]
    os.environ.setdefault(*NO_JOBS)
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *words, "--workers", "1"])


def check_port(port: int) -> None:
    """Raise InputError where the port is taken or forbidden, naming one that is free."""
    if not 0 < port <= 65535 or not _free(port):
        other = next((one for one in range(5000, 5000 + PORTS_TRIED) if one != port and _free(one)), None)
        hint = f"; {other} is free: make ui PORT={other}" if other else "; give another: make ui PORT=..."
        raise InputError(f"port {port} of {HOST} is in use, or not allowed{hint}")


def view() -> dict[str, Any]:
    """The trainings, the best PredCls R@50 first: their names and the recalls of the three tasks, nothing cut."""
    metrics = [f"metrics.`{name}`" for name in SHOWN]
    return {
        "searchFilter": "tags.stage = 'train'",
        "orderByKey": metrics[0],
        "orderByAsc": False,
        "selectedColumns": metrics,
        "columnOrder": [NAME, *metrics],
        "columnWidths": {NAME: WIDE, **dict.fromkeys(metrics, NARROW)},
    }


def address(store: Path, port: int) -> str:
    """The page of the trainings."""
    query = f"viewStateShareKey={VIEW}&workflowType=machine_learning"
    return f"http://{HOST}:{port}/#/experiments/{_experiment(store)}/runs?{query}"


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
