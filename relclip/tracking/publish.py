"""What is known only when the tables are made, added to the runs that MLflow has: row names, figures, data digests.

One job at the end does it for all runs, so that no training pays for it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from relclip.core.digest import file_digest
from relclip.core.process import say
from relclip.tracking import runs as tracking

#: Tag that says what was added last: nothing is sent twice.
PUBLISHED = "published"
#: MLflow shows this tag as the run's description.
NOTE = "mlflow.note.content"
LONGEST_NOTE = 5000
LONGEST_DIGEST = 36


@dataclass(frozen=True)
class Entry:
    """What to add to the newest run that carries all of `of` (run, model_sha256).

    `name`: the run's name in the list. `files`: artifact folder -> files. `data`: name of a data set -> its digest.
    """

    of: Mapping[str, str]
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)


def publish(entries: Sequence[Entry]) -> None:
    """Add the entries to their runs; a run that MLflow does not have is passed over, a tracker that is away said."""
    store = tracking.sqlite_file()
    if store is None or store.is_file():
        tracking.attempt(lambda: _publish(entries, store))


def _publish(entries: Sequence[Entry], store: Path | None) -> None:
    client = tracking.client()
    experiment = client.get_experiment_by_name(tracking.EXPERIMENT)
    runs = _newest_first(client, experiment.experiment_id) if experiment else []
    elsewhere = 0
    for entry in entries:
        run = next((one for one in runs if entry.of.items() <= one.data.tags.items()), None)
        if run is None or run.data.tags.get(PUBLISHED) == _digest(entry):
            continue
        keeps = store is None or _beside(run.info.artifact_uri, store)
        elsewhere += not keeps
        _add(client, run.info.run_id, entry, entry.files if keeps else {})
    if elsewhere:
        say(
            f"the figures of {elsewhere} runs were not added to MLflow: its store {store} was made in another "
            "folder and still names that one; move it away to start a new one"
        )


def _newest_first(client: Any, experiment: str) -> list[Any]:
    found, token = [], None
    while True:
        page = client.search_runs(
            [experiment], max_results=1000, order_by=["attributes.start_time DESC"], page_token=token
        )
        found += page
        token = page.token
        if not token:
            return found


def _add(client: Any, run_id: str, entry: Entry, files: Mapping[str, Sequence[Path]]) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, RunTag

    client.update_run(run_id, name=entry.name)
    if entry.data:
        inputs = [
            DatasetInput(
                Dataset(name, digest[:LONGEST_DIGEST], "local", json.dumps({"uri": f"data/{name}"})),
                [InputTag("mlflow.data.context", "training")],
            )
            for name, digest in entry.data.items()
        ]
        client.log_inputs(run_id, inputs)
    for folder, paths in files.items():
        for path in paths:
            client.log_artifact(run_id, str(path), folder or None)
    note = {NOTE: entry.note[:LONGEST_NOTE]} if entry.note else {}
    tags = {**entry.tags, **note, PUBLISHED: _digest(entry)}
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])


def _digest(entry: Entry) -> str:
    """SHA-256 of all that is added, the files' bytes included."""
    files = {
        folder: [[path.name, file_digest(path)] for path in paths] for folder, paths in entry.files.items()
    }
    content = [entry.name, dict(entry.tags), entry.note, files, dict(entry.data)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _beside(artifacts: str, store: Path) -> bool:
    """Whether local artifacts lie below the store's folder; those of a server are its own affair."""
    place = urlparse(artifacts)
    if place.scheme not in ("", "file"):
        return True
    return Path(unquote(place.path)).resolve().is_relative_to(store.resolve().parent)
