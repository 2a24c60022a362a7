"""What a model was trained on, in words: a scene graph is worth what its training is worth, and says so."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from relclip.core.digest import file_digest
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.origin import read_origin
from relclip.core.parquet import IMAGES, read_table
from relclip.core.recall import RECALL

_SUPERVISION = {
    "full": "their annotation",
    "kb": "what captions say of such pairs (KB)",
    "kb+ext": "what captions say of such pairs, weighed by CLIP (KB+EXT)",
}
_NETWORKS = {"relclip": "RelCLIP", "motif": "Motif"}
MEANS_LITTLE = "on a photograph its answers mean little"
MEANS_NOTHING = "its answers mean nothing"


@dataclass(frozen=True)
class About:
    """Where the numbers come from."""

    run: str
    network: str  # relclip or motif
    supervision: str  # full, kb or kb+ext
    trained_on: str  # a sentence without its full stop
    warning: str  # what must be known before an answer is believed; may be empty
    recall_at_50: float | None  # SGDet on its own test pictures, where that was judged

    @property
    def sentence(self) -> str:
        """All of it."""
        return f"{self.trained_on}{f': {self.warning}' if self.warning else ''}."


def about_run(data: Path, run: str, config: dict[str, Any]) -> About:
    """`config`: the run's config.json. Files that are not there (data/raw, a judgement) are not spoken of."""
    train = config.get("train") or {}
    supervision = str(train.get("supervision", "unknown"))
    origin = read_origin(data / "raw")
    pictures = origin.title if origin.drawn else f"pictures of {origin.title}"
    network = str(config["model"].get("kind", "relclip"))
    clip, untrained = _encoder(data, str(train.get("features", "clip")))
    count = _train_images(data / "dataset" / "images.parquet")
    known = (config.get("inputs") or {}).get("dataset/images.parquet")
    if known and known != _digest(data / "dataset" / "images.parquet"):
        pictures, count = "another data set than the one that lies here now", None
    learnt = _SUPERVISION.get(supervision, f"the labels '{supervision}'")
    number = f"{count:,} " if count is not None else ""
    warning = MEANS_NOTHING if untrained else MEANS_LITTLE if origin.drawn else ""
    sentence = (
        f"run {run}: {_NETWORKS.get(network, network)} trained on {number}{pictures} with {learnt}; {clip}"
    )
    return About(run, network, supervision, sentence, warning, _recall(data, run))


def _encoder(data: Path, features: str) -> tuple[str, bool]:
    """What the frozen encoder is, and whether it is untrained."""
    said = _json(data / "clip" / ("model" if features == "clip" else features) / "statistics.json")
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


def _recall(data: Path, run: str) -> float | None:
    found = (_json(data / "evaluate" / run / "sgdet" / "annotation.json").get("metrics") or {}).get(
        RECALL.at()
    )
    return float(found) if isinstance(found, (int, float)) else None


def _digest(path: Path) -> str:
    return file_digest(path) if path.is_file() else ""


def _json(path: Path) -> dict[str, Any]:
    """What a file beside the model says; nothing where it is absent. Raises ContractError where it is broken."""
    if not path.is_file():
        return {}
    content = read_json(path, "run the stage that makes it again")
    if not isinstance(content, dict):
        raise ContractError(f"{path} is not valid JSON; run the stage that makes it again")
    return content
