"""MLflow's model registry: a model is logged at the run that trained it and registered under names. MLflow 3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relclip.tracking import runs as tracking

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

#: Tag of a registered version: what it was made of. The same is not registered twice.
MADE_OF = "made_of"
#: Of relclip's own requirements, those of the base and of these extras a logged model is run with.
_EXTRAS = ("", "train", "clip", "detector", "photo")


@dataclass(frozen=True)
class PyfuncModel:
    """What MLflow needs of a model: its code (a file that calls `set_model`, a package it imports) and its folder."""

    code: Path
    package: Path
    folder: Path
    signature: "ModelSignature"
    example: Any
    digest: str


def register(model: PyfuncModel, of: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Log `model` at the newest run that carries all tags `of`, else at a new one, and register it under `names`.

    Returns the URIs of the new versions, `models:/NAME/VERSION`; a name whose newest version has this digest gets none.
    """
    client = tracking.client()
    missing = [name for name in names if _newest(client, name) != model.digest]
    if not missing:
        return []
    uri = _log(client, model, of)
    found = []
    for name in missing:
        _make(client, name)
        made = client.create_model_version(name, uri, tags={MADE_OF: model.digest, **of})
        found.append(f"models:/{name}/{made.version}")
    return found


def _log(client: Any, model: PyfuncModel, of: Mapping[str, str]) -> str:
    import mlflow

    run_id = tracking.newest_run(client, of)
    run = {"run_id": run_id} if run_id else {"run_name": of.get("run"), "tags": dict(of)}
    with mlflow.start_run(**run, log_system_metrics=False):
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(model.code),
            code_paths=[str(model.package)],
            artifacts={"model": str(model.folder)},
            signature=model.signature,
            input_example=model.example,
            pip_requirements=requirements(),
        )
    return str(logged.model_uri)


def requirements() -> list[str]:
    """What a logged model is run with, at the versions of this environment; relclip itself lies in the model."""
    from packaging.requirements import Requirement

    required = [Requirement(text) for text in requires("relclip") or []]
    used = {
        one.name
        for one in required
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in _EXTRAS)
    }
    return sorted(f"{name}=={version(name)}" for name in {*used, "mlflow", "pandas"} - {"relclip"})


def _newest(client: Any, name: str) -> str:
    """What the newest version of a registered model was made of; nothing where there is none."""
    found = client.search_model_versions(f"name='{name}'", max_results=1, order_by=["version_number DESC"])
    return found[0].tags.get(MADE_OF, "") if found else ""


def _make(client: Any, name: str) -> None:
    if not client.search_registered_models(f"name='{name}'"):
        client.create_registered_model(name)
