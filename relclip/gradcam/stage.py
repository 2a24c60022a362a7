"""Heat maps of a few test relations, chosen without a look at a prediction, by CLIP and by a trained run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from relclip.compute.device import prepare
from relclip.core.annotations import Annotations, Ids, load_annotations
from relclip.core.atomic import write_array, write_json
from relclip.core.boxes import Boxes, area, intersection, union
from relclip.core.digest import check_maps, file_digest, made_folder
from relclip.core.errors import ContractError, InputError
from relclip.core.images import read_image
from relclip.core.params.clip import Clip
from relclip.core.params.gradcam import Gradcam
from relclip.core.params.train import Trainings
from relclip.core.progress import progress
from relclip.core.seeds import stream
from relclip.core.trained import WEIGHTS
from relclip.encoder.encoder import load_encoder
from relclip.gradcam.heat import Heat, clip_heat, largest_one, relation_heat, spread
from relclip.model import ImageSet, check_channels, check_vocabulary, load_model
from relclip.model.regions import in_cells

#: A handful of pictures is done in seconds, and on a CPU the same seed gives the same bytes.
CPU = torch.device("cpu")


class Sections(Trainings):
    """What this stage reads of params.yaml."""

    gradcam: Gradcam = Gradcam()
    clip: Clip


@dataclass(frozen=True)
class Inputs:
    """The folders of the stages that are read; `model` is CLIP's, `train` the run's."""

    raw: Path
    dataset: Path
    features: Path
    model: Path
    train: Path


@dataclass(frozen=True)
class Shown:
    """One chosen relation: numbers in the test images, of the pair within its image, and what chosen.json says."""

    image: int
    pair: int
    predicate: int
    box: np.ndarray  # (4,) the union box, xyxy pixels
    cells: Tensor  # (4,) the same in cells of the map
    entry: dict[str, Any]


def run(params: Sections, run: str, inputs: Inputs, output: Path, threads: int | None = None) -> None:
    """Write heat_clip.npy, heat_relclip.npy, chosen.json and provenance.json (see this package's docstring).

    Raises ContractError where model, data set and features do not belong together, ParamsError for an unknown run,
    InputError where there is nothing to show.
    """
    params.run(run)
    prepare(0, threads)
    network = load_model(inputs.train, CPU).requires_grad_(False)
    annotations = load_annotations(inputs.dataset)
    check_maps(inputs.features)
    images = ImageSet.load(inputs.dataset, inputs.features, "test")
    check_vocabulary(inputs.train, network, annotations.vocabulary)
    check_channels(inputs.train, network, images.maps.shape[3])
    shown = _shown(params, annotations, images)
    heats = {
        "heat_clip": _clip_heats(inputs, images.maps.shape[1:3], shown),
        "heat_relclip": _heats(
            "RelCLIP", shown, lambda one: relation_heat(network, images, one.image, one.pair, one.predicate)
        ),
    }
    about = {"run": run, "model_sha256": file_digest(inputs.train / WEIGHTS), "chosen": HOW}
    _write(output, heats, [one.entry for one in shown], about)


def _clip_heats(inputs: Inputs, grid: tuple[int, int], shown: Sequence[Shown]) -> Heat:
    encoder = load_encoder(inputs.model, CPU)
    # a copy, because a tensor made in inference mode takes no part in gradients
    texts = iter(encoder.encode_texts([one.entry["prompt"] for one in shown]).clone())

    def heat(one: Shown) -> Tensor:
        picture = read_image(inputs.raw / one.entry["file"])
        return spread(clip_heat(encoder, picture, one.box, next(texts)), one.cells, grid)

    return _heats("CLIP", shown, heat)


def _heats(who: str, shown: Sequence[Shown], heat: Callable[[Shown], Tensor]) -> Heat:
    """(K, h, w) heat of every relation."""
    heats = [heat(one) for one in progress(shown, f"heat of {who}", "relation")]
    if not all(one.isfinite().all() for one in heats):
        raise ContractError(f"{who} gives numbers that are not finite; train that model again")
    return np.stack([largest_one(one) for one in heats])


def _shown(params: Sections, annotations: Annotations, images: ImageSet) -> list[Shown]:
    sizes = np.zeros((len(annotations.image_id), 2), np.int64)
    sizes[np.searchsorted(annotations.image_id, images.image_ids)] = images.sizes
    chosen = choose(annotations, sizes, params.gradcam.relations, params.gradcam.seed)
    return [_relation(params, annotations, images, int(number)) for number in chosen]


def _relation(params: Sections, annotations: Annotations, images: ImageSet, number: int) -> Shown:
    ends = [int(annotations.subject[number]), int(annotations.object[number])]
    image_in_all = int(annotations.relation_image[number])
    image = int(np.searchsorted(images.image_ids, annotations.image_id[image_in_all]))
    of_pair = images.pairs[images.pairs_of(image)] == np.array(ends) - annotations.first[image_in_all]
    boxes = annotations.boxes[ends]
    box = union(*boxes)
    names = [annotations.vocabulary.objects[annotations.class_id[end] - 1] for end in ends]
    predicate = int(annotations.predicate[number])
    words = {"subject": names[0], "object": names[1]}
    words["predicate"] = annotations.vocabulary.predicates[predicate - 1]
    entry = {
        **words,
        "image_id": int(annotations.image_id[image_in_all]),
        "file": annotations.file[image_in_all],
        "subject_box": boxes[0].tolist(),
        "object_box": boxes[1].tolist(),
        "prompt": params.clip.triplet_prompt.format(**words),
    }
    cells = torch.from_numpy(in_cells(box, images.sizes[image], images.maps.shape[1:3]))
    return Shown(
        image=image,
        pair=int(np.flatnonzero(of_pair.all(axis=1))[0]),
        predicate=predicate,
        box=box,
        cells=cells,
        entry=entry,
    )


def _write(output: Path, heats: dict[str, Heat], chosen: list[dict[str, Any]], about: dict[str, Any]) -> None:
    with made_folder(output) as folder:
        for name, heat in heats.items():
            write_array(folder / f"{name}.npy", heat)
        write_json(folder / "chosen.json", chosen)
        write_json(folder / "provenance.json", about)


#: Big enough to see (D34): the union box has this share of the picture, the smaller box this share of the union box.
SMALLEST_UNION = 0.08
SMALLEST_BOX = 0.1
HOW = (
    "test annotations with overlapping boxes, those big enough to see first, by a seeded shuffle, every predicate once"
    " before one comes again; no prediction was looked at"
)


def choose(annotations: Annotations, sizes: Ids, count: int, seed: int) -> Ids:
    """Return the numbers of up to `count` relations. sizes: (I, 2) width and height of every image in pixels.

    Raises InputError where no test annotation has boxes that overlap: RelCLIP pairs nothing else (section 3.1).
    """
    subjects, objects = annotations.boxes[annotations.subject], annotations.boxes[annotations.object]
    of_test = annotations.split[annotations.relation_image] == "test"
    relations = np.flatnonzero(of_test & (intersection(subjects, objects) > 0))
    if not len(relations):
        raise InputError(
            "no test annotation has overlapping boxes, so there is no relation to show; use a larger data set"
        )
    small = ~big_enough(subjects, objects, sizes[annotations.relation_image])
    order = stream(seed, "gradcam").permutation(relations)
    order = order[np.argsort(small[order], kind="stable")]
    again = repetitions(annotations.predicate[order])
    return order[np.lexsort((again, small[order]))][:count]


def big_enough(subjects: Boxes, objects: Boxes, sizes: Ids) -> np.ndarray:
    """(R,) whether both boxes of a pair can be seen. subjects, objects: (R, 4) pixels; sizes: (R, 2) of the image."""
    both = area(union(subjects, objects))
    smaller = np.minimum(area(subjects), area(objects))
    return (both >= SMALLEST_UNION * sizes.prod(axis=1)) & (smaller >= SMALLEST_BOX * both)


def repetitions(values: Ids) -> Ids:
    """How often each value came before: [3, 5, 3, 3] -> [0, 0, 1, 2]."""
    order = np.argsort(values, kind="stable")
    _, first, counts = np.unique(values[order], return_index=True, return_counts=True)
    before = np.empty(len(values), np.int64)
    before[order] = np.arange(len(values)) - np.repeat(first, counts)
    return before
