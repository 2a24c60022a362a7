"""What several sections of params.yaml and the tables must say of one another, each fault one sentence."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, get_args

from relclip.core.errors import ParamsError, nearest
from relclip.core.metrics import MEASURES
from relclip.core.params.base import Closed
from relclip.core.params.predict import TrainingFree
from relclip.core.params.tables import PRECISION, Report, Row
from relclip.core.precision_at import PRECISION_CUTOFFS

if TYPE_CHECKING:
    from relclip.core.params.whole import Params

#: A run's name becomes a folder, a rule's wildcard and a word of a command.
RUN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
#: A value of the training in a row's name: {sampling.epsilon}.
VALUE = re.compile(r"\{([\w.]*)\}")
TRAINING_FREE = get_args(TrainingFree)
#: What else lies beside the files of the tables.
OTHER_FILES = ("claims", "knowledge")
#: What columns may show beside what every task has; of a knowledge base: `knowledge.knowledge_sizes` alone.
MEASURED = {
    "kb": ("captions", "precision", "coverage"),
    "predcls": (*MEASURES, *(f"{PRECISION}{cutoff}" for cutoff in PRECISION_CUTOFFS)),
}


def check_names(params: "Params") -> None:
    """Every run has a name of its own that can be a folder's; every entry of `runs` and `refined` fits `train`."""
    names = [*TRAINING_FREE, *params.trained, *params.predictions]
    for place, name in enumerate(names):
        if not RUN_NAME.fullmatch(name) or name in names[:place]:
            raise ValueError(
                f"runs, refined or predictions has the entry '{name}'; its name is a folder's: letters, digits, "
                f"_ and -, used once, none of {', '.join(TRAINING_FREE)}"
            )
    for name in params.trained:
        params.run(name)


def check_named_runs(params: "Params") -> None:
    """Every run that a list of params.yaml names is there."""
    named = [(f"predictions.{name}", [entry.run]) for name, entry in params.predictions.items()]
    named += [("predict.sgdet", params.predict.sgdet), ("gradcam.runs", params.gradcam.runs)]
    _check_there(named, params.trained)


def check_report(params: "Params") -> None:
    """Every run that a row, a figure or a claim of the tables names is there and predicted. Raises ParamsError."""
    report = params.report
    check_tables(report)
    named = [("figures of the tables", report.figures.runs)]
    named += [
        (f"the claim '{claim.claim}'", [run for pair in claim.pairs for run in pair])
        for claim in report.claims
    ]
    named += [(f"the table row '{row.name}'", row.runs) for row in report.rows(*report.tables)]
    try:
        _check_there(named, params.judged)
    except ValueError as error:
        raise ParamsError(str(error)) from None
    for claim in report.claims:
        lacking = [run for pair in claim.pairs for run in pair if run not in params.predict.detected]
        if "sgdet" in claim.tasks and lacking:
            raise ParamsError(
                f"the claim '{claim.claim}' is tested on sgdet, which is not predicted for '{lacking[0]}'; add it to "
                "predict.sgdet"
            )


def check_tables(report: Report) -> None:
    """Raise ParamsError where a table shows what nobody measures, an empty column, or has a name that is no file's."""
    for name, table in report.tables.items():
        if not RUN_NAME.fullmatch(name) or name in OTHER_FILES:
            raise ParamsError(
                f"a table is called '{name}', and so are its files: letters, digits, _ and -, "
                f"not {' or '.join(OTHER_FILES)}"
            )
        for task, metrics in (*table.columns.items(), *table.other_pairs.items()):
            known = MEASURED.get(task, tuple(MEASURES))
            unknown = next((metric for metric in metrics if metric not in known), None)
            if unknown is not None:
                raise ParamsError(
                    f"the table '{name}' shows '{unknown}' of {task}, which nothing measures{nearest(unknown, known)};"
                    " the metrics stand in docs/evaluators.md"
                )


def _check_there(named: Iterable[tuple[str, Sequence[str]]], allowed: Sequence[str]) -> None:
    """`named`: (what names runs, which)."""
    for what, runs in named:
        for name in runs:
            if name not in allowed:
                raise ValueError(f"{what} names the run '{name}', which runs lacks{nearest(name, allowed)}")


def check_stages(params: "Params") -> None:
    """What runs and lists need is made: the detector, the labels encoder, the predictions of a claim."""
    _check_pretraining(params)
    predict = params.predict
    if predict.detected and not params.detector.make:
        raise ValueError(
            f"predict.sgdet and sgdet_training_free name {', '.join(predict.detected)}, which need the detector's "
            "boxes; set detector.make to [detector], or empty both lists"
        )
    for method in predict.sgdet_training_free:
        if method not in predict.training_free:
            raise ValueError(
                f"predict.sgdet_training_free names '{method}', which predict.training_free lacks; add it there"
            )
    for name in (*params.trained, *params.predictions):
        params.prediction(name)
    for name in params.trained:
        if params.run(name).features == "labels" and not params.labels.make:
            raise ValueError(f"the run '{name}' reads features: labels, so labels.make must be [labels]")


def check_captions(params: "Params") -> None:
    """Without captions nothing is mined: no run, row or prediction may need a knowledge base or its word vectors."""
    if params.raw.captioned:
        return
    trained = {name: params.run(name) for name in params.trained}
    distant = [name for name, run in trained.items() if run.supervision != "full"]
    masked = [name for name in (*trained, *params.predictions) if params.prediction(name)[1].kb_mask]
    mined_for = list(dict.fromkeys([*distant, *params.predict.training_free, *masked]))
    if mined_for:
        raise ValueError(
            f"raw brings no captions, so there is no knowledge base for {', '.join(mined_for[:5])}; name caption files "
            "in raw.captions, or leave full supervision alone, as make preset NAME=full does"
        )
    sampled = [name for name, run in trained.items() if run.rcl.level != "none" and run.sampling.enabled]
    if sampled and not params.word_vectors:
        raise ValueError(
            f"raw brings no captions to train word vectors on, and '{sampled[0]}' samples by them; set words.source to "
            "a file or a download, or train.sampling.enabled to false"
        )


def with_row_names(params: "Params") -> "Params":
    """The params with the values of each row's training in its name and note.

    Raises ParamsError where it has no such value.
    """

    def named(row: Row) -> Row:
        said = {field: _with_values(params, row, getattr(row, field)) for field in ("name", "note")}
        return row.model_copy(update=said)

    tables = {key: table.with_rows(named) for key, table in params.report.tables.items()}
    return params.model_copy(update={"report": params.report.model_copy(update={"tables": tables})})


def _with_values(params: "Params", row: Row, text: str) -> str:
    def value(key: str) -> str:
        found = trained_with(params, row.runs[0], key) if row.runs else None
        if found is None or isinstance(found, Closed):
            raise ParamsError(
                f"the table row '{row.name}' names {{{key}}}, which the training of {row.runs or 'no run'} lacks; "
                "name a value of train, such as {sampling.epsilon}"
            )
        number = isinstance(found, int | float) and not isinstance(found, bool)
        return f"{found:,}".removesuffix(".0") if number else str(found)

    return VALUE.sub(lambda match: value(match[1]), text)


def trained_with(params: "Params", run: str, key: str) -> Any:
    """The value `key` (`sampling.epsilon`) of the training behind a run or prediction; None where there is none."""
    if run in params.predict.training_free:
        return None
    found: Any = params.run(params.prediction(run)[0])
    for name in key.split("."):
        found = getattr(found, name) if name in type(found).model_fields else None
        if found is None:
            return None
    return found


def _check_pretraining(params: "Params") -> None:
    """Only the scenes bring images and texts to pre-train an encoder on."""
    otherwise = {"clip": "open_clip, with clip.model and clip.weights"}
    if params.labels.make:
        otherwise["labels"] = "timm, or empty labels.make"
    for section, other in otherwise.items():
        if getattr(params, section).source == "pretrain" and not params.raw.pretrains:
            raise ValueError(
                f"{section}.source is 'pretrain' and raw.source is '{params.raw.source}', which brings nothing to "
                f"pre-train on; set {section}.source to {other}"
            )
