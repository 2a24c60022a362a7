"""Pictures with relations drawn in: samples of the annotation, figure 5's predictions, figure 2's heat maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from relclip.core.errors import ContractError
from relclip.core.images import read_image
from relclip.core.json_file import read_json
from relclip.core.params.whole import Params
from relclip.tables.examples import (
    CORRECT,
    MISSED,
    REASONABLE,
    Box,
    Example,
    Said,
    Scene,
    choose_pictures,
    choose_scenes,
    read_examples,
)
from relclip.tables.figures.scenes import Mark, gradcam_figure, numbered, save_marked
from relclip.tables.figures.style import LIGHT, Drawn, save_themed
from relclip.tables.sources import DataSet, written_by

#: The paper's colours of figure 5, the topmost last. What is wrong is listed beside the picture and not drawn.
COLOURS = {REASONABLE: LIGHT.series[0], MISSED: LIGHT.series[1], CORRECT: LIGHT.series[2]}
CHOSEN = "chosen.json"


@dataclass(frozen=True)
class Panel:
    """One picture as one run sees it: the drawn file, the list beside it as (number, said)."""

    example: Example
    path: Path
    listed: tuple[tuple[int, Said], ...]


def draw_samples(params: Params, data: DataSet, raw: Path, folder: Path) -> list[tuple[Scene, Path]]:
    """Draw a few test pictures with their annotated relations."""
    samples = []
    for number, scene in enumerate(choose_scenes(data, params.evaluate.seed), 1):
        path = folder / f"scene-{number}.jpg"
        save_marked(raw / scene.file, numbered(scene.relations), path)
        samples.append((scene, path))
    return samples


def draw_examples(
    params: Params, data: DataSet, raw: Path, predict: Path | None, folder: Path
) -> list[list[Panel]]:
    """Draw figure 5: a list a picture, in it a panel for each run of the examples that was predicted."""
    runs = params.report.figures.examples
    if not (predict and runs):
        return []
    pictures = choose_pictures(data.annotation, params.evaluate.seed)
    columns = [read_examples(data, predict, run, pictures) for run in runs] if pictures else []
    rows = zip(*filter(None, columns), strict=True)
    return [
        [_panel(example, raw, folder / f"example-{number}-{example.run}.jpg") for example in row]
        for number, row in enumerate(rows, 1)
    ]


def _panel(example: Example, raw: Path, path: Path) -> Panel:
    listed = tuple(enumerate(example.said, 1))
    save_marked(raw / example.file, marks(listed), path)
    return Panel(example, path, listed)


def marks(listed: Sequence[tuple[int, Said]]) -> list[Mark]:
    """What is drawn on the picture: reasonable ones below, missed ones, correct ones on top."""
    return [
        Mark(said.relation, f"{number} {said.relation.predicate}", colour)
        for verdict, colour in COLOURS.items()
        for number, said in listed
        if said.verdict == verdict
    ]


def draw_attention(gradcam: Path | None, raw: Path, folder: Path) -> list[Drawn]:
    """Draw figure 2 for every run that `gradcam` has a folder of; none where the stage was not run."""
    found = sorted(gradcam.glob(f"*/{CHOSEN}")) if gradcam else []
    return [_draw_attention(path.parent, raw, folder) for path in found]


def _draw_attention(source: Path, raw: Path, folder: Path) -> Drawn:
    chosen = read_json(source / CHOSEN)
    if not isinstance(chosen, list) or not chosen:
        raise ContractError(f"{source / CHOSEN} must be a list of relations; run gradcam again")
    clip, relclip = (_heat(source / f"heat_{name}.npy", len(chosen)) for name in ("clip", "relclip"))
    with written_by("gradcam", source / CHOSEN):
        texts = [" ".join(str(one[part]) for part in ("subject", "predicate", "object")) for one in chosen]
        pictures = [read_image(raw / str(one["file"])) / 255 for one in chosen]
        boxes = [(_box(one["subject_box"]), _box(one["object_box"])) for one in chosen]
    draw = partial(
        gradcam_figure, pictures=pictures, clip=list(clip), relclip=list(relclip), texts=texts, boxes=boxes
    )
    text = (
        "Grad-CAM for the sentence above each row: which places of the image raise its score, from blue (not at all) "
        f"to red (most), in CLIP and in RelCLIP ({source.name}). Solid box: subject; dashed: object."
    )
    title = "Figure 2. Where CLIP and RelCLIP look"
    return save_themed(folder, f"attention-{source.name}", draw, title=title, text=text, suffix=".jpg")


def _heat(path: Path, number: int) -> np.ndarray[Any, Any]:
    """Read (K, h, w) heat maps. Raises ContractError where the file is absent, holds objects or another shape."""
    try:
        heat: np.ndarray[Any, Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ContractError(f"{path} is not a file of heat maps ({error}); run gradcam again") from None
    if heat.ndim != 3 or len(heat) != number or not np.issubdtype(heat.dtype, np.floating):
        raise ContractError(
            f"{path} holds {heat.dtype} {heat.shape}, expected floats ({number}, h, w); run gradcam again"
        )
    return heat


def _box(values: Sequence[float]) -> Box:
    x1, y1, x2, y2 = (float(value) for value in values)
    return x1, y1, x2, y2
