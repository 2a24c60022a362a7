"""A peer's eval_results.pytorch (Scene-Graph-Benchmark and its copies) -> our Parquet, without running its code.

    relclip evaluate convert --dump eval_results.pytorch --vocabulary vocabulary.json --output DIR
    relclip evaluate --groundtruth DIR/groundtruth --predictions DIR/predictions --task sgcls --output metrics.json

The peers' own numbers: --dedup false --empty-predictions skip. vocabulary.json lists the names in the order of the
peer's ids (its ind_to_classes and ind_to_predicates without background).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core import command
from relclip.core.atomic import atomic_folder, check_own
from relclip.core.boxes import intersection
from relclip.core.errors import ContractError, InputError, counted
from relclip.core.json_file import parse_json, read_text
from relclip.core.metrics import ALL_CUTOFFS
from relclip.core.parquet import (
    IMAGES,
    OBJECTS,
    PREDICTED_OBJECTS,
    PREDICTED_RELATIONS,
    RELATIONS,
    rows_writer,
)
from relclip.core.progress import progress
from relclip.core.recall import reachable_either
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.evaluate.boxlists import PeerPrediction, PeerTruth, read_prediction, read_truth
from relclip.evaluate.torch_file import torch_file

_FILES = {
    "groundtruth/images": IMAGES,
    "groundtruth/objects": OBJECTS,
    "groundtruth/relations": RELATIONS,
    "predictions/objects": PREDICTED_OBJECTS,
    "predictions/relations": PREDICTED_RELATIONS,
}
_NAMES = "groundtruth/vocabulary.json"
_IDS = "give a number a line, a JSON list of whole numbers, or the peer's visual_info.json"


@dataclass(frozen=True)
class Converted:
    """How much was written."""

    images: int
    groundtruth: int
    predictions: int


def convert(
    dump: Path, vocabulary: Vocabulary, output: Path, image_ids: Path | None = None, split: str = "test"
) -> Converted:
    """Write output/groundtruth and output/predictions as a whole (docs/design.md's contract).

    image_ids: see `load_image_ids`; None: images are numbered from 1 in the dump's order. Of predictions the rows are
    kept that can reach a top 100 of their image, in any reading. Raises InputError with one sentence, also where
    output holds something else, which would be gone.
    """
    check_own(output, _NAMES, (_NAMES, *(f"{name}.parquet" for name in _FILES)))
    with torch_file(dump) as content, atomic_folder(output) as folder, ExitStack() as stack:
        truths, predictions = _lists(content)
        ids = load_image_ids(image_ids, len(truths)) if image_ids else list(range(1, len(truths) + 1))
        vocabulary.save(folder / _NAMES)
        writers = {
            name: stack.enter_context(rows_writer(folder / f"{name}.parquet", schema))
            for name, schema in _FILES.items()
        }
        rows = dict.fromkeys(_FILES, 0)
        for row in progress(np.argsort(ids, kind="stable").tolist(), "convert", "image"):
            truth = read_truth(truths[row], vocabulary, row)
            found = read_prediction(predictions[row], vocabulary, row, truth.size)
            for name, columns in _columns(ids[row], truth, found, split).items():
                writers[name](columns)
                rows[name] += len(columns[0])
    return Converted(len(ids), rows["groundtruth/relations"], rows["predictions/relations"])


def load_image_ids(path: Path, count: int) -> list[int]:
    """Ids in the dump's order: a number a line, a JSON list of numbers, or the peer's visual_info.json.

    That file names each picture (`.../2343729.jpg`). Raises ContractError unless there are `count` different ids.
    """
    try:
        text = read_text(path)
        listed = parse_json(text) if text.lstrip()[:1] == "[" else text.split()
        ids = [_image_id(one) for one in listed]
    except (OSError, ValueError, KeyError, TypeError):
        raise ContractError(f"{path} is no list of image ids; {_IDS}") from None
    if len(ids) != count or len(set(ids)) != count:
        raise ContractError(
            f"{path} has {len(set(ids))} different ids in {len(ids)}; the dump has {count} images"
        )
    return ids


def _image_id(one: Any) -> int:
    """The id that one entry says, a path with either slash.

    Raises ValueError, KeyError or TypeError for what is no whole number from 0.
    """
    text = PureWindowsPath(one["img_file"]).stem if isinstance(one, dict) else one
    if isinstance(text, int) and not isinstance(text, bool):
        number = text
    elif isinstance(text, str) and len(text) < 20 and text.isascii() and text.isdecimal():
        number = int(text)
    else:
        raise ValueError("no whole number")
    if not 0 <= number < 1 << 63:
        raise ValueError("no id")
    return number


def _lists(content: Any) -> tuple[list[Any], list[Any]]:
    found = content if isinstance(content, dict) else {}
    truths, predictions = found.get("groundtruths"), found.get("predictions")
    if not isinstance(truths, list) or not isinstance(predictions, list) or len(truths) != len(predictions):
        raise InputError(
            "it must hold the lists 'groundtruths' and 'predictions', one BoxList an image in each"
        )
    return truths, predictions


def _columns(image_id: int, truth: PeerTruth, found: PeerPrediction, split: str) -> dict[str, Sequence[Any]]:
    """The rows of one image, by file, sorted."""
    width, height = truth.size
    triplets = truth.relations[np.lexsort(truth.relations[:, [1, 2, 0]].T)]
    subject, other, predicate = triplets.T
    pair, column = np.nonzero(can_reach(found))
    order = np.lexsort((column, found.pairs[pair, 1], found.pairs[pair, 0]))
    pair, column = pair[order], column[order]
    ends, score = found.pairs[pair].T, found.relation_scores[pair, column]
    return {
        "groundtruth/images": ([image_id], [f"{image_id}.jpg"], [width], [height], [split]),
        "groundtruth/objects": _objects(image_id, truth.boxes, truth.labels),
        "groundtruth/relations": (np.full(len(triplets), image_id), subject, predicate, other),
        "predictions/objects": _objects(image_id, found.boxes, found.labels, found.scores),
        "predictions/relations": (np.full(len(pair), image_id), *ends, column + 1, score),
    }


def can_reach(found: PeerPrediction, places: int = max(ALL_CUTOFFS)) -> NDArray[np.bool_]:
    """Which (pair, predicate) can count in some reading of the protocol, (M, P): object scores count or are 1."""
    subject, other = found.pairs[:, 0], found.pairs[:, 1]
    overlap = intersection(found.boxes[subject], found.boxes[other]) > 0
    ones = np.ones(len(found.pairs))
    readings = ((ones, ones), (found.scores[subject], found.scores[other]))
    kept = [reachable_either(found.relation_scores, *ends, overlap, places) for ends in readings]
    return kept[0] | kept[1]


def _objects(image_id: int, boxes: Any, labels: Any, *scores: Any) -> Sequence[Any]:
    count = len(boxes)
    return np.full(count, image_id), np.arange(count), labels, *scores, *boxes.T


def main() -> None:
    """Parse, convert, say how much."""
    parser = command.parser(
        "relclip.evaluate.convert",
        "Turn the eval_results.pytorch of Scene-Graph-Benchmark into the Parquet files that relclip evaluate reads. "
        "No pickle is run.",
    )
    add = parser.add_argument
    command.add_path(
        parser, "--dump", "FILE", "eval_results.pytorch, in either format of torch.save", required=True
    )
    command.add_path(
        parser, "--vocabulary", "FILE", "vocabulary.json, names in the order of the peer's ids", required=True
    )
    command.add_path(
        parser,
        "--image-ids",
        "FILE",
        "an image id a line, or the peer's visual_info.json (default: 1, 2, ...)",
    )
    add("--split", metavar="NAME", default="test", help="split that images.parquet says")
    command.add_path(
        parser, "--output", "FOLDER", "the folder to make, with groundtruth/ and predictions/", required=True
    )
    options = parser.parse_args()
    vocabulary = load_vocabulary(options.vocabulary)
    done = convert(options.dump, vocabulary, options.output, options.image_ids, options.split)
    counts = ((done.images, "image"), (done.groundtruth, "ground truth"), (done.predictions, "prediction"))
    print(f"{options.output}: {', '.join(counted(*one) for one in counts)}")


if __name__ == "__main__":
    command.run(main)
