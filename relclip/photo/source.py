"""Where the models of a scene graph lie and how they are asked: a pipeline's `data`, or an exported folder."""

from dataclasses import dataclass
from pathlib import Path

from relclip.core.errors import ContractError, InputError, how_to_make_results, nearest, no_file
from relclip.core.json_file import read_json
from relclip.core.params.whole import Params, load_params
from relclip.core.trained import WEIGHTS
from relclip.model.files import read_about
from relclip.photo.about import About, about_run, encoder_folder
from relclip.predict.predictor import Fitted
from relclip.predict.request import Inputs, Request

#: The run that is taken where none is named.
USUAL = "relclip_kb_ext"


@dataclass(frozen=True)
class Source:
    """Folders of models, and what no model's own file says."""

    request: Request
    inputs: Inputs
    encoder: Path
    detector: Path | None  # None: there is none, boxes must be given
    map_size: int  # pixels of a squashed picture
    fitted: Fitted
    about: About
    knowledge: Path  # holds kb/, and may hold raw/captions.tsv


def pipeline_source(data: Path, run: str | None = None, params: Path | None = None) -> Source:
    """What `make tables` left in `data` for `run` (default: relclip_kb_ext, else the first that is trained here).

    `params`: the params.yaml it was made with; by default the one beside `data`. Raises InputError or ContractError
    where something is missing.
    """
    if not data.is_dir():
        raise InputError(
            f"there is no folder {data}; {how_to_make_results()}, or name one that it or `relclip export` wrote"
        )
    path = params or data.absolute().parent / "params.yaml"  # a link to a larger disk stays a neighbour
    if not path.is_file():
        raise InputError(f"{path} {no_file(path)}; say with --params which params.yaml made {data}")
    content = load_params(path)
    request = Request.of(content, choose_run(content, data, run))
    inputs = Inputs(
        model=data / "train" / request.trained_run,
        dataset=data / "dataset",
        features=data / "features",
        kb=data / "kb" if request.params.kb_mask else None,
        encoder=data / "clip" / "model",
    )
    config = read_about(inputs.model)
    features = str((config.get("train") or {}).get("features", "clip"))
    detector = data / "detector"
    return Source(
        request=request,
        inputs=inputs,
        encoder=encoder_folder(data, features),
        detector=detector if detector.is_dir() else None,
        map_size=content.features.image_size,
        fitted=_fitted(data, request),
        about=about_run(data, request.run, config),
        knowledge=data,
    )


def choose_run(params: Params, data: Path, name: str | None) -> str:
    """The entry of runs, refined or predictions to use. Raises InputError where it is unknown or not trained here."""
    known = [*params.trained, *params.predictions]
    trained = [one for one in known if (data / "train" / params.prediction(one)[0] / WEIGHTS).is_file()]
    if not trained:
        raise InputError(
            f"{data} holds no trained model; {how_to_make_results()}, or name a folder that it or `relclip export`"
            " wrote"
        )
    if name is None:
        return USUAL if USUAL in trained else trained[0]
    if name in trained:
        return name
    what = "is not trained here" if name in known else "is unknown"
    if name in params.predict.training_free:
        what = "needs no training, so it is no model"
    raise InputError(
        f"the run '{name}' {what}{nearest(name, trained)}; trained in {data}: {', '.join(trained)}"
    )


def _fitted(data: Path, request: Request) -> Fitted:
    """What was fitted on validation, where this request asks for it."""
    params = request.params
    if not params.calibrate and params.by != "both":
        return Fitted()
    path = data / "predict" / request.run / "calibration.json"
    said = read_json(path, f"run `snakemake {path.parent / 'provenance.json'}` first")
    try:
        if params.by == "both":
            return Fitted(matching_weight=float(said["matching_weight"]))
        return Fitted(float(said["predicate_temperature"]), float(said["object_temperature"]))
    except (KeyError, TypeError, ValueError):
        raise ContractError(f"{path} does not hold what was fitted; predict {request.run} again") from None
