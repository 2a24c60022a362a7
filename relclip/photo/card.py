"""The model card of an exported folder, in the Hub's form: YAML front matter, then Markdown."""

from collections.abc import Mapping, Sequence

import yaml

from relclip.core.markdown import escape_markdown
from relclip.core.vocabulary import load_vocabulary
from relclip.photo.source import Source

_TAGS = ["scene-graph-generation", "visual-relationship-detection", "clip"]


def card(source: Source, encoder: Mapping[str, str], name: str, licence: str) -> str:
    """README.md. `licence`: an identifier of the Hub's list, as whoever publishes the weights states it."""
    front = {"library_name": "relclip", "license": licence, "tags": _TAGS}
    vocabulary = load_vocabulary(source.inputs.dataset / "vocabulary.json")
    about = source.about
    judged = (
        ""
        if about.recall_at_50 is None
        else f" SGDet R@50 on its own test pictures: {about.recall_at_50:.1%}."
    )
    lines = [
        "---",
        yaml.safe_dump(front, sort_keys=False).strip(),
        "---",
        "",
        f"# {escape_markdown(name)}: a photo in, its scene graph out",
        "",
        f"{escape_markdown(about.sentence)}{judged}",
        "",
        "```python",
        "from huggingface_hub import snapshot_download",
        "from relclip.photo import SceneGraphs",
        "",
        'graphs = SceneGraphs.load(snapshot_download("OWNER/NAME"))  # or a folder on this machine',
        'graphs("photo.jpg").triplets(10)',
        "```",
        "",
        "Or `relclip predict --model FOLDER photo.jpg`. No pickle is read and no code of the folder runs.",
        "",
        f"- Encoder: {escape_markdown(encoder['name'])} ({escape_markdown(encoder['weights'])}), frozen, weights'"
        f" SHA-256 {encoder['sha256']}. It has a licence of its own.",
        f"- Boxes: {'a detector in the folder, or your own' if source.detector else 'your own, there is no detector'}.",
        f"- {len(vocabulary.objects)} classes: {_listed(vocabulary.objects)}.",
        f"- {len(vocabulary.predicates)} predicates: {_listed(vocabulary.predicates)}.",
        f"- Licence of these weights: {_licence(licence)}",
        "- Scores order the triplets of one picture; they are no probabilities unless the run was calibrated.",
        "- Not for decisions about people.",
        "",
    ]
    return "\n".join(lines)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(escape_markdown, names))


def _licence(licence: str) -> str:
    if licence == "unknown":
        return "unknown; ask whoever made the pictures, annotations and captions before you pass them on."
    return f"{licence}, as whoever published them states."
