"""MLflow, behind one module. A tracker that is away never stops a stage: it warns once and the stage goes on."""

import contextlib
import importlib.metadata
import os
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core import process
from relclip.core.errors import one_line
from relclip.internals.mlflow_sqlite import Point, Store, follow
from relclip.tracking.recorder import Recorder, Silent

EXPERIMENT = "relclip"
ATTEMPTS_AT_A_SERVER = "1"
SECONDS_FOR_A_SERVER = "5"
POINTS_A_BATCH = 500


class _Recorder:
    """Collects points and sends them in one batch: few, short transactions, so that parallel jobs do not queue."""

    def __init__(self, send: Callable[[Sequence[Point], Mapping[str, str]], None]) -> None:
        self._send = send
        self._points: list[Point] = []

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        now = time.time_ns() // 1_000_000
        self._points += [(name, float(value), now, step) for name, value in values.items()]
        if len(self._points) >= POINTS_A_BATCH:
            self.flush()

    def tags(self, values: Mapping[str, str]) -> None:
        attempt(lambda: self._send([], values))

    def flush(self) -> None:
        points, self._points = self._points, []
        if points:
            attempt(lambda: self._send(points, {}))


@dataclass(frozen=True)
class _Opened:
    """A run that goes on: its recorder, and what says how it ended."""

    recorder: _Recorder
    end: Callable[[str], None]


@contextmanager
def track(
    stage: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str] | None = None
) -> Iterator[Recorder]:
    """Open one MLflow run for a stage and yield its recorder; without MLflow, or with it away, a silent one.

    `params` may be nested (`train.rcl.gamma`). The run ends FAILED if the body raises.
    """
    tags = {"stage": stage, "dvc_exp": os.environ.get("DVC_EXP_NAME", ""), **(tags or {})}
    opened = attempt(lambda: _start(name, _flat(params, stage), tags))
    if opened is None:
        yield Silent()
        return
    status = "FAILED"
    try:
        yield opened.recorder
        status = "FINISHED"
    finally:
        attempt(opened.recorder.flush)
        attempt(lambda: opened.end(status))


def record_later(tags: Mapping[str, str], metrics: Mapping[str, float]) -> None:
    """Add metrics to the newest run that carries all `tags` (evaluate adds to what train opened), or to a new one."""

    def add() -> None:
        file = _file()
        if file and file.add_to_newest(tags, metrics):
            return
        store = client()
        recorder = _by_client(store, newest_run(store, tags) or _open(store, tags))
        recorder.metrics(metrics)
        recorder.flush()

    attempt(add)


def tracking_uri() -> str:
    """Return where runs are recorded: MLFLOW_TRACKING_URI, else an SQLite file in the project's folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_project() / 'mlflow.db'}"


def _project() -> Path:
    """The working folder; of a copy that `dvc exp run --temp` or `--queue` made, the project it is a copy of.

    DVC removes such a copy, `.dvc/tmp/exps/<name>` or deeper, with all that is not its output.
    """
    here = Path.cwd().resolve()
    copies = next((one for one in here.parents if one.parts[-3:] == (".dvc", "tmp", "exps")), None)
    return copies.parents[2] if copies else here


def prepare_store() -> None:
    """Create or migrate our SQLite store once, before parallel jobs write to it; a server minds its own store.

    The MLflow version that prepared the file is kept in SQLite's `user_version`, so that this costs nothing later.
    """
    path = sqlite_file()
    if path:
        attempt(lambda: _prepare_sqlite(tracking_uri(), path))
        attempt(lambda: follow(path))


def _prepare_sqlite(uri: str, path: Path) -> None:
    stamp = _version_stamp()
    if path.exists():
        with contextlib.closing(sqlite3.connect(path)) as store:
            if store.execute("PRAGMA user_version").fetchone()[0] == stamp:
                return
        subprocess.run(
            [sys.executable, "-m", "mlflow", "db", "upgrade", uri], check=True, capture_output=True
        )
    client()
    _experiment()
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute(f"PRAGMA user_version = {stamp}")
        store.commit()


def sqlite_file() -> Path | None:
    """The file that runs are recorded in; None where a server keeps them."""
    uri = tracking_uri()
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None


def _file() -> Store | None:
    """The file that is written without MLflow's client, which takes seconds to import."""
    path = sqlite_file()
    return Store(path, _version_stamp(), EXPERIMENT) if path else None


def _version_stamp() -> int:
    major, minor, patch = importlib.metadata.version("mlflow").split(".")[:3]
    return int(major) * 1_000_000 + int(minor) * 1_000 + int("".join(filter(str.isdigit, patch)) or 0)


def _experiment() -> Any:
    """Our experiment, made where there is none yet; the runs that are opened next belong to it."""
    import mlflow

    return mlflow.set_experiment(EXPERIMENT)


def newest_run(store: Any, tags: Mapping[str, str]) -> str | None:
    """The id of the newest of our runs that carries all `tags`."""
    found = store.search_runs([_experiment().experiment_id], _with_tags(tags), max_results=1)
    return str(found[0].info.run_id) if found else None


def _with_tags(tags: Mapping[str, str]) -> str:
    """MLflow's filter of runs that carry all these tags."""
    return " and ".join(f"tags.\"{key}\" = '{value}'" for key, value in tags.items())


def _open(store: Any, tags: Mapping[str, str]) -> str:
    run = store.create_run(_experiment().experiment_id, run_name=tags.get("run", "evaluate"), tags=dict(tags))
    store.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def client() -> Any:
    """MLflow's client of the store where runs are recorded; its import takes seconds."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", ATTEMPTS_AT_A_SERVER)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", SECONDS_FOR_A_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

    mlflow.set_tracking_uri(tracking_uri())
    return mlflow.MlflowClient()


def _start(name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> _Opened:
    """Open a run, in the file itself where that is possible: the client takes seconds to import."""
    same = {key: tags[key] for key in ("stage", "run") if key in tags}
    tags = {**tags, "process": process.token()}
    file = _file()
    run = file and file.begin(name, params, tags)
    if file and run:
        file.end_the_dead(same, process.is_gone)
        recorder = _Recorder(lambda points, said: file.add(run, points, said))
        return _Opened(recorder, lambda status: file.end(run, status))
    store = client()
    import mlflow

    _end_the_dead(store, same)
    opened = mlflow.start_run(run_name=name, tags=tags)
    mlflow.log_params(dict(params))
    return _Opened(_by_client(store, opened.info.run_id), mlflow.end_run)


def _by_client(store: Any, run_id: str) -> _Recorder:
    from mlflow.entities import Metric, RunTag

    def send(points: Sequence[Point], tags: Mapping[str, str]) -> None:
        metrics = [Metric(*point) for point in points]
        store.log_batch(run_id, metrics=metrics, tags=[RunTag(*tag) for tag in tags.items()])

    return _Recorder(send)


def _end_the_dead(store: Any, tags: Mapping[str, str]) -> None:
    """Mark runs of these tags as KILLED whose process is gone: they would be RUNNING for ever."""
    running = f"attributes.status = 'RUNNING' and {_with_tags(tags)}"
    for run in store.search_runs([_experiment().experiment_id], running):
        if process.is_gone(run.data.tags.get("process", "")):
            store.set_terminated(run.info.run_id, "KILLED")


def _flat(params: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in params.items():
        flat |= _flat(value, f"{prefix}.{key}") if isinstance(value, Mapping) else {f"{prefix}.{key}": value}
    return flat


def attempt(action: Callable[[], Any]) -> Any:
    """Do it; if the tracker is missing, away or refuses, say so on stderr and go on."""
    try:
        return action()
    except Exception as error:
        reason = one_line(error)
        process.say(f"MLflow did not take this ({type(error).__name__}: {reason}); the stage goes on")
        return None


if __name__ == "__main__":
    print(tracking_uri())
