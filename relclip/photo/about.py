"""What a model was trained on, in words: a scene graph is worth what its training is worth, and says so.

Also the model card of an exported folder, in the Hub's form: YAML front matter, then Markdown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow.compute as pc
import yaml
from pydantic import Field

from relclip.core.digest import file_digest
from relclip.core.json_file import read_object
from relclip.core.origin import read_origin
from relclip.core.page import render_markdown
from relclip.core.params.train import NETWORKS, REFINEMENTS, told, told_in_words
from relclip.core.parquet import IMAGES, read_table
from relclip.core.recall import RECALL
from relclip.core.vocabulary import Vocabulary

MEANS_LITTLE = "on a photograph its answers mean little"
MEANS_NOTHING = "its answers mean nothing"
_TAGS = ["scene-graph-generation", "visual-relationship-detection", "clip"]
#: As much as a relclip.json from outside may hold.
Text = Annotated[str, Field(max_length=1000)]


@dataclass(frozen=True)
class About:
    """Where the numbers come from; relclip.json holds it."""

    run: Text
    network: Text  # a name of NETWORKS
    supervision: Text  # full, kb or kb+ext
    trained_on: Text  # a sentence without its full stop
    warning: Text  # what must be known before an answer is believed; may be empty
    recall_at_50: float | None  # SGDet on its own test pictures, where that was judged

    @property
    def sentence(self) -> str:
        """All of it."""
        return f"{self.trained_on}{f': {self.warning}' if self.warning else ''}."


def about_run(data: Path, run: str, config: dict[str, Any]) -> About:
    """`config`: the run's config.json. Files that are not there (data/raw, a judgement) are not spoken of."""
    train = config.get("train") or {}
    origin = read_origin(data / "raw")
    pictures = origin.title if origin.drawn else f"pictures of {origin.title}"
    network = str(config["model"].get("kind", "relclip"))
    clip, untrained = _encoder(data, str(train.get("features", "clip")))
    count = _train_images(data / "dataset" / "images.parquet")
    known = (config.get("inputs") or {}).get("dataset/images.parquet")
    if known and known != _digest(data / "dataset" / "images.parquet"):
        pictures, count = "another data set than the one that lies here now", None
    refined = REFINEMENTS.get(str(train.get("method")), "").partition(" (")[0]
    number = f"{count:,} " if count is not None else ""
    without = f", but for the labels of {', '.join(hidden)}" if (hidden := train.get("held_out")) else ""
    warning = MEANS_NOTHING if untrained else MEANS_LITTLE if origin.drawn else ""
    name = NETWORKS.get(network, network).partition(":")[0]
    trained = f"{name}{refined and f', {refined},'} trained on {number}{pictures} with {told_in_words(train)}{without}"
    return About(
        run=run,
        network=network,
        supervision=told(train)[-1],
        trained_on=f"run {run}: {trained}; {clip}",
        warning=warning,
        recall_at_50=recall_of(data / "evaluate" / run / "sgdet" / "annotation.json"),
    )


def encoder_folder(data: Path, features: str) -> Path:
    """Where the encoder lies whose patch maps a training names `features`."""
    return data / "clip" / ("model" if features == "clip" else features)


def _encoder(data: Path, features: str) -> tuple[str, bool]:
    """What the frozen encoder is, and whether it is untrained."""
    said = read_beside(encoder_folder(data, features) / "statistics.json")
    if features != "clip":
        return "its encoder knows class names and no language", False
    if said.get("source") == "pretrain":
        regions = (said.get("counts") or {}).get("trained", 0)
        return f"its CLIP is a small one, pre-trained on {regions:,} regions of drawn scenes", False
    if said.get("untrained"):
        return f"its CLIP ({said.get('model')}) is UNTRAINED, with random weights", True
    return f"its CLIP is {said.get('model', 'unknown')}", False


def _train_images(path: Path) -> int | None:
    if not path.is_file():
        return None
    return int(pc.sum(pc.equal(read_table(path, IMAGES)["split"], "train")).as_py() or 0)


def recall_of(metrics: Path) -> float | None:
    """The main recall that a file of the evaluate stage holds; None where it is absent."""
    found = (read_beside(metrics).get("metrics") or {}).get(RECALL.at())
    return float(found) if isinstance(found, (int, float)) else None


def _digest(path: Path) -> str:
    return file_digest(path) if path.is_file() else ""


def read_beside(path: Path) -> dict[str, Any]:
    """What a file beside the model says; nothing where it is absent. Raises ContractError where it is broken."""
    return read_object(path, "run the stage that makes it again") if path.is_file() else {}


def card(
    about: About,
    vocabulary: Vocabulary,
    *,
    name: str,
    encoder: Mapping[str, str],
    needs: str,
    has_detector: bool,
    licence: str,
    size: int,
) -> str:
    """README.md of the folder `name`, of `size` bytes; `encoder`: its name, where its weights are from, their SHA-256.

    `needs`: what is to be installed. `licence`: an identifier of the Hub's list, as whoever publishes the weights says.
    """
    front = {"library_name": "relclip", "license": licence, "tags": _TAGS}
    return render_markdown(
        Path(__file__).parent / "template" / "card.md",
        front=yaml.safe_dump(front, sort_keys=False).strip(),
        about=about,
        objects=vocabulary.objects,
        predicates=vocabulary.predicates,
        name=name,
        encoder=encoder,
        needs=needs,
        has_detector=has_detector,
        licence=licence,
        size=size,
    )
