"""Pictures to scene graphs, by the stages' own functions: the numbers are those of `predict` and `predict.sgdet`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from relclip.core.errors import InputError
from relclip.core.images import read_shown, shown_pixels
from relclip.core.recall import Task
from relclip.detector.pictures import Picture, shrink
from relclip.detector.proposals import Detections, detect_batch, propose
from relclip.features.stage import patch_maps_of, squash
from relclip.model import ImageSet
from relclip.photo.graph import Object, Relation, SceneGraph, printable, ranked
from relclip.photo.model_folder import exported_source, is_export
from relclip.photo.models import Models, load_models
from relclip.photo.source import pipeline_source
from relclip.photo.user_boxes import Box, UserBoxes, checked_boxes
from relclip.predict import sgdet_stage, stage
from relclip.predict.writing import Prediction

Pixels = NDArray[np.uint8]
#: Longest side of what crops are cut from, so that photos which wait for their boxes take 12 MB each at most.
CROPPED_FROM = 2048


@dataclass(frozen=True)
class Prepared:
    """A picture at the sizes that the models take; the decoded picture itself is let go where no one looks at it."""

    name: str
    width: int
    height: int
    for_detector: Picture | None
    for_encoder: Tensor  # (1, 3, map_size, map_size) uint8
    for_crops: Pixels | None  # (H, W, 3), where predicates are asked for that the model was not trained on


class SceneGraphs:
    """A picture in, its scene graph out.

    >>> graphs = SceneGraphs.load("model")  # doctest: +SKIP
    >>> graph = graphs("photo.jpg")  # doctest: +SKIP
    >>> graph.triplets(1)  # doctest: +SKIP
    [('man', 'riding', 'horse', 0.43)]
    >>> graph.objects[0].box  # doctest: +SKIP
    (12.0, 40.5, 310.2, 280.0)
    """

    def __init__(self, models: Models) -> None:
        self.models = models

    @classmethod
    def load(
        cls,
        folder: str | Path = "data",
        run: str | None = None,
        device: str = "auto",
        params: str | Path | None = None,
        *,
        encoder: str | Path | None = None,
        predicates: Sequence[str] = (),
    ) -> "SceneGraphs":
        """Read the models that `relclip export` wrote, or that `make tables` left in `data`.

        Of `data`: `run`, one of its runs; `params`: their params.yaml (default: beside `data`). Of an export without
        its encoder: `encoder`, that one's folder. `predicates`: look for these instead of the model's own; CLIP judges
        those that the model was not trained on (docs/method.md, D39).
        Raises InputError or ContractError, which say what to do.
        """
        place = Path(folder)
        if is_export(place):
            if run or params:
                raise InputError(
                    f"run and params choose among the models that `make tables` left; {folder} is one"
                )
            source = exported_source(place, Path(encoder) if encoder else None)
        elif encoder:
            raise InputError(
                f"{folder} is no folder of `relclip export`, and has its own encoder; leave yours out"
            )
        else:
            source = pipeline_source(place, run, Path(params) if params else None)
        _check_defaults()
        return cls(load_models(source, device, predicates))

    def __call__(
        self, picture: str | Path | Image.Image | Pixels, boxes: Sequence[Box] | None = None
    ) -> SceneGraph:
        """The scene graph of a file, of Pillow's picture, or of pixels (H, W, 3) uint8 RGB.

        `boxes`: the model relates these; with labels it believes them (PredCls), without it names them (SGCls). None:
        the detector looks for them (SGDet). Raises InputError where the picture or a box is no good.
        """
        if isinstance(picture, (str, Path)):
            pixels, size = read_shown(Path(picture), reduced=boxes is None)
            prepared = self.prepare(pixels, printable(str(picture)), size)
        elif isinstance(picture, Image.Image):
            prepared = self.prepare(shown_pixels(picture))
        else:
            prepared = self.prepare(np.array(picture))
        return self.predict([prepared], [self.user_boxes(prepared, boxes)])[0]

    def prepare(self, pixels: Pixels, name: str = "", shown: tuple[int, int] | None = None) -> Prepared:
        """Shrink a picture to what the models take. Safe to call from several threads.

        shown: (width, height) in whose pixels the graph counts; none: the picture's own.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise InputError(f"a picture is (height, width, 3) uint8, met {pixels.shape} {pixels.dtype}")
        finder, size, asked = self.models.finder, self.models.source.map_size, self.models.asked
        width, height = shown or (pixels.shape[1], pixels.shape[0])
        for_detector = (
            Picture(shrink(torch.from_numpy(pixels), finder.size), width, height) if finder else None
        )
        for_crops = _bounded(pixels) if asked and asked.untrained else None
        return Prepared(name, width, height, for_detector, squash(pixels, size), for_crops)

    def user_boxes(self, picture: Prepared, boxes: Sequence[Box] | None) -> UserBoxes | None:
        """The user's boxes of this picture, checked; None: there are none. Raises InputError."""
        size = picture.width, picture.height
        return None if boxes is None else checked_boxes(boxes, size, self.models.vocabulary, picture.name)

    def predict(self, pictures: Sequence[Prepared], boxes: Sequence[UserBoxes | None]) -> list[SceneGraph]:
        """The scene graphs of some pictures, as one batch; `boxes`: those of each, None: look for them."""
        _check_defaults()
        models, number_of = self.models, range(len(pictures))
        maps = patch_maps_of(models.encoder, [one.for_encoder for one in pictures], models.source.map_size)
        unknown = [number for number in number_of if boxes[number] is None]
        found = dict(zip(unknown, self._detect([pictures[number] for number in unknown]), strict=True))
        graphs = {number: self._graph(pictures[number], _task(boxes[number])) for number in number_of}
        by_task: dict[Task, list[int]] = {"sgdet": [number for number in unknown if len(found[number])]}
        for number, one in enumerate(boxes):
            if one is not None and len(one.boxes):
                by_task.setdefault(_task(one), []).append(number)
        for task, numbers in by_task.items():
            if numbers:
                contents = [found.get(number) or boxes[number] for number in numbers]
                images = _image_set([pictures[number] for number in numbers], contents, maps[numbers])
                scores = [found[number].scores for number in numbers] if task == "sgdet" else []
                for prediction in self._ask(task, images, scores):
                    number = numbers[prediction.image_id]
                    graphs[number] = self._graph(
                        pictures[number], task, self._asked(pictures[number], prediction)
                    )
        return [graphs[number] for number in number_of]

    def _detect(self, pictures: Sequence[Prepared]) -> list[Detections]:
        """What the detector stage would write to proposals.parquet for these."""
        finder = self.models.finder
        if not pictures:
            return []
        if finder is None:
            raise InputError(
                "there is no detector beside this model; give --boxes, or run the stage `detector` of its pipeline"
            )
        shrunk = [one.for_detector for one in pictures if one.for_detector is not None]
        found = detect_batch(finder.network, shrunk, self.models.predictor.device)
        return [propose(one, finder.settings) for one in found]

    def _ask(self, task: Task, images: ImageSet, scores: Sequence[NDArray[np.float32]]) -> list[Prediction]:
        models = self.models
        if task == "sgdet":
            assert models.finder is not None
            most, detected = models.finder.settings.class_nms, np.concatenate(scores)
            return list(sgdet_stage.predictions(models.predictor, images, detected, models.inputs, most))
        sets = stage.pair_sets(images, models.predictor.request.params.pairs)
        regions = [models.predictor.regions(some, models.inputs) for some in sets]
        both = stage.predictions(models.predictor, regions, range(len(images)))
        return [prediction for name, prediction in both if name == task]

    def _asked(self, picture: Prepared, prediction: Prediction) -> Prediction:
        """The prediction with the scores of what the user looks for."""
        asked = self.models.asked
        if asked is None:
            return prediction
        return asked.of(prediction, picture.for_crops, (picture.width, picture.height))

    def _graph(self, picture: Prepared, task: Task, prediction: Prediction | None = None) -> SceneGraph:
        """What was found in a picture; nothing where nothing was asked."""
        objects: tuple[Object, ...] = ()
        relations: tuple[Relation, ...] = ()
        if prediction is not None:
            names = [self.models.vocabulary.objects[number - 1] for number in prediction.class_id.tolist()]
            rows = zip(names, prediction.object_score.tolist(), prediction.boxes.tolist(), strict=True)
            objects = tuple(Object(name, score, *box) for name, score, box in rows)
            relations = ranked(prediction, self.models.predicates, self.models.source.request.params.keep)
        return SceneGraph(
            photo=picture.name,
            width=picture.width,
            height=picture.height,
            task=task,
            objects=objects,
            relations=relations,
            about=self.models.about,
        )


def _check_defaults() -> None:
    """Raise InputError where torch makes other tensors than float32 in main memory: nothing would fit together."""
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    if dtype != torch.float32 or device.type != "cpu":
        raise InputError(
            f"torch makes tensors of {dtype} on '{device}' by default, and these models need torch.float32 on 'cpu'; "
            "set torch.set_default_dtype and torch.set_default_device back, and say the device to SceneGraphs.load"
        )


def _bounded(pixels: Pixels) -> Pixels:
    if max(pixels.shape) <= CROPPED_FROM:
        return pixels
    return shrink(torch.from_numpy(pixels), CROPPED_FROM).permute(1, 2, 0).numpy()


def _task(boxes: UserBoxes | None) -> Task:
    if boxes is None:
        return "sgdet"
    return "sgcls" if boxes.classes is None else "predcls"


def _image_set(
    pictures: Sequence[Prepared], contents: Sequence[UserBoxes | Detections | None], maps: NDArray[np.float16]
) -> ImageSet:
    """Photos as the stages see images: numbered from 0, their boxes too."""
    counts = np.array([len(one.boxes) for one in contents if one is not None], np.int64)
    known = [one.classes if isinstance(one, UserBoxes) else None for one in contents]
    classes = [
        np.zeros(count, np.int64) if some is None else some for count, some in zip(counts, known, strict=True)
    ]
    return ImageSet.from_arrays(
        image_ids=np.arange(len(pictures)),
        sizes=np.array([[one.width, one.height] for one in pictures], np.float32),
        maps=maps,
        map_rows=np.arange(len(pictures)),
        object_counts=counts,
        object_ids=np.concatenate([np.arange(count, dtype=np.int32) for count in counts]),
        class_ids=np.concatenate(classes),
        boxes=np.concatenate([one.boxes for one in contents if one is not None]),
    )
