"""The sentences of a model card that depend on what was trained, and on which data. Markdown, escaped."""

import re
from collections.abc import Mapping
from typing import Any

from relclip.core.markdown import escape_markdown
from relclip.core.params.whole import Params
from relclip.tables.released import Released

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


def trained_on(params: Params, model: Released) -> str:
    """The data set in words, with the counts that training wrote down."""
    labels = _LABELS.get(str(model.settings.get("supervision")), str(model.settings.get("supervision")))
    counts = model.statistics
    numbers = [
        f"{counts[name]:,} {words}"
        for name, words in (("images", "train pictures"), ("labelled_pairs", "labelled pairs of things"))
        if isinstance(counts.get(name), int)
    ]
    return (
        f"{_data(params)} Labels: {labels}. {', '.join(numbers) + '. ' if numbers else ''}"
        f"Seed {model.settings.get('seed', 0)}."
    )


def _data(params: Params) -> str:
    if params.raw.source == "scenes":
        return (
            "Procedurally drawn scenes (street, park, beach, snow, rooms) in Visual Genome's formats, and captions "
            "about other such scenes, both made by this project's program with the seed in params.yaml."
        )
    names = ", ".join(f"`{escape_markdown(path)}`" for path in params.raw.captions) or "none"
    if params.raw.source == "vg":
        parts = ", ".join(params.raw.vg.captions) or "none"
        route = {"json": "its official JSON files", "h5": "the preprocessed VG-SGG file"}[params.raw.vg.route]
        return f"Visual Genome, by {route}. Captions: Conceptual Captions ({parts}); others: {names}."
    return f"The folder `{escape_markdown(str(params.raw.folder))}` in Visual Genome's formats. Captions: {names}."


def licence(params: Params) -> str:
    """What is known of the rights in the data."""
    if params.raw.source == "scenes":
        return (
            "Licence of the data: nobody else's pictures or sentences are in it; the project states no licence of its "
            "own for them, so it is unknown. The same holds for the weights."
        )
    if params.raw.source == "vg":
        return (
            "Licence of the data: Visual Genome's annotations are under CC BY 4.0; its photographs are Flickr users', "
            "each under a licence of its own. Conceptual Captions may be used freely, says its publisher, who "
            "disclaims all liability."
        )
    return (
        "Licence of the data: unknown. The files name none; ask whoever made the pictures, annotations and captions "
        "before you pass the weights on."
    )


def limits(params: Params, model: Released) -> str:
    """For what it was made, for what not."""
    points = [
        "For research on visual relationship detection: comparing methods, and studying labels made from captions.",
        "Scores order the triplets of one picture; they are no probabilities unless the run was calibrated.",
        "It knows no relation and no kind of thing outside its vocabulary, and needs boxes: people's or a detector's.",
        "Not for decisions about people: what captions say of people, true or not, is in its labels.",
    ]
    if params.raw.source == "scenes":
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
