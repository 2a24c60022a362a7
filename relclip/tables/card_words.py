"""The sentences of a model card that depend on what was trained, and on which data. Markdown, escaped."""

import re
from collections.abc import Mapping
from typing import Any

from relclip.core.origin import Origin
from relclip.core.page import escape_markdown
from relclip.tables.results import Released

_MODELS = {
    "relclip": "RelCLIP: attention over the pairs of a picture, on frozen CLIP features of both things and their union",
    "motif": "Motif: bidirectional recurrent context over the things of a picture, with a bias of class pairs",
}
_METHODS = {
    "visualds": "refined by VisualDS (labels re-estimated by the model, knowledge base and CLIP, then trained again)",
    "visualds_semi": "refined by VisualDS's semi-supervised mode (annotation and re-estimated labels)",
    "ba_sgg": "its predicate classifier adjusted by BA-SGG (balanced relations)",
}
_LABELS = {
    "full": "the annotated relations of the train pictures",
    "kb": "no annotated relation: labels guessed from triplets that captions state (the knowledge base)",
    "kb+ext": "no annotated relation: labels guessed from triplets that captions state, weighed by CLIP's scores",
}


def what(settings: Mapping[str, Any]) -> str:
    """One sentence: what the model does and which it is."""
    kind = _MODELS.get(str(settings.get("model")), str(settings.get("model")))
    method = _METHODS.get(str(settings.get("method")), "")
    return (
        "Given a picture's boxes, this model says which of the vocabulary's relations hold between them "
        f"(subject, relation, object). {kind}{f'; {method}' if method else ''}."
    )


def use(model: Released) -> str:
    """What the model reads, and the command that applies it."""
    encoder = model.settings.get("features", "clip")
    return (
        f"It reads patch maps of the frozen encoder in `data/{'clip/model' if encoder == 'clip' else 'clip/labels'}` "
        f"and its prompts; with another encoder its answers mean nothing. `python -m relclip.predict --run {model.run} "
        "--help` applies it to a data set; `relclip --help` lists the other ways."
    )


def trained_on(origin: Origin, model: Released) -> str:
    """The data set in words, with the counts that training wrote down."""
    labels = _LABELS.get(str(model.settings.get("supervision")), str(model.settings.get("supervision")))
    counts = model.statistics
    numbers = [
        f"{counts[name]:,} {words}"
        for name, words in (("images", "train pictures"), ("labelled_pairs", "labelled pairs of things"))
        if isinstance(counts.get(name), int)
    ]
    return (
        f"{escape_markdown(origin.about)} Labels: {labels}. {', '.join(numbers) + '. ' if numbers else ''}"
        f"Seed {model.settings.get('seed', 0)}."
    )


def limits(origin: Origin, model: Released) -> str:
    """For what it was made, for what not."""
    points = [
        "For research on visual relationship detection: comparing methods, and studying labels made from captions.",
        "Scores order the triplets of one picture; they are no probabilities unless the run was calibrated.",
        "It knows no relation and no kind of thing outside its vocabulary, and needs boxes: people's or a detector's.",
        "Not for decisions about people: what captions say of people, true or not, is in its labels.",
    ]
    if origin.drawn:
        points.insert(1, "It has seen drawn scenes alone: on photographs nothing is known of it.")
    if model.settings.get("supervision") != "full":
        points.append("Its labels are guesses: triplets that captions never state, it cannot have learned.")
    return "\n".join(f"- {point}" for point in points)


def again(model: Released, commit: str) -> str:
    """The commands that make the model; `commit`: `<hash>`, or `<hash> with uncommitted changes`, or why unknown."""
    known = re.match(r"[0-9a-f]{40,64}\b", commit)
    lines = [
        *([f"git checkout {known[0]}"] if known else []),
        "make tables  # every table; or this model and what it needs, in the activated environment:",
        f"snakemake --cores all {model.folder}/model.safetensors",
    ]
    words = [
        "With the params.yaml whose SHA-256 stands below.",
        *(["The folder had changes that this commit does not hold."] if known and commit != known[0] else []),
        "MLflow's entry of the run names the commit it was trained at.",
    ]
    return "\n".join(["```sh", *lines, "```", "", " ".join(words)])
