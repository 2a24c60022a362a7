"""The command's work: read photos in threads, ask the models batch by batch, write each photo's results."""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from PIL import Image

from relclip import __version__
from relclip.core.digest import file_digest
from relclip.core.errors import InputError
from relclip.core.images import read_image
from relclip.core.ordered import in_order
from relclip.core.progress import progress
from relclip.encoder.encoder import WEIGHTS as ENCODER_WEIGHTS
from relclip.photo.colours import colours
from relclip.photo.drawing import LARGEST
from relclip.photo.evidence import Knowledge, load_knowledge
from relclip.photo.given import Box, Given
from relclip.photo.graph import SceneGraph, printable
from relclip.photo.photos import folder_names
from relclip.photo.results import check_index, key_of, write_index, write_results
from relclip.photo.scene_graphs import Prepared, SceneGraphs
from relclip.predict.request import WEIGHTS

#: Photos that go through the models together.
BATCH = 8


@dataclass(frozen=True)
class Photo:
    """A photo on its way: where it comes from, where its results go, what was made of it so far."""

    path: Path
    folder: Path
    key: str = ""
    prepared: Prepared | None = None  # None: its results are there already, or it failed
    given: Given | None = None
    shown: Image.Image | None = None
    failure: str = ""
    graph: SceneGraph | None = None


@dataclass(frozen=True)
class Work:
    """What all photos share."""

    graphs: SceneGraphs
    output: Path
    boxes: Mapping[Path, Sequence[Box]]
    top: int
    passed_over: str = ""  # what else lies in the photos' folder, a sentence

    @cached_property
    def palette(self) -> dict[str, str]:
        """Predicate -> colour."""
        return colours(self.graphs.models.predicates)

    @cached_property
    def knowledge(self) -> Knowledge | None:
        """What captions said, where they lie beside the models."""
        return load_knowledge(self.graphs.models.source.knowledge, self.graphs.models.vocabulary)

    @cached_property
    def models_key(self) -> str:
        """Which models these are: their files' places, sizes and times."""
        models = self.graphs.models
        files = [models.inputs.model / WEIGHTS, models.source.encoder / ENCODER_WEIGHTS]
        files += [models.finder.weights] if models.finder else []
        states = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        return f"{__version__} {models.about} {models.predicates} {states} {self.top}"


def predict_photos(work: Work, photos: Sequence[Path], workers: int) -> tuple[list[Photo], Path | None]:
    """Write work.output/<name>/ for each photo and, for several, index.html; returns what became of each photo.

    Results that are there already and depend on the same photo, boxes and models are left as they are. A photo that
    is no good is told on stderr and does not stop the others; a single one raises InputError.
    """
    asked = [Photo(path, work.output / name) for path, name in zip(photos, folder_names(photos), strict=True)]
    known = {photo.folder: key_of(photo.folder) for photo in asked}
    if len(asked) == 1:
        known = {asked[0].folder: None}
    else:
        check_index(work.output)
    work.knowledge  # noqa: B018  # read once here, not by several threads at once
    made = in_order(partial(_write, work), _predicted(work, asked, known, workers), workers)
    if len(asked) == 1:
        (photo,) = made
        if photo.failure:
            raise InputError(photo.failure)
        return [photo], None
    shown = progress(made, "photos", "photo", total=len(asked))
    done = [replace(photo, graph=None) for photo in shown]  # thousands of graphs need not stay in memory
    failures = [photo.failure for photo in done if photo.failure]
    for failure in failures:
        print(f"relclip: {failure}", file=sys.stderr)
    if work.passed_over:
        print(f"relclip: {work.passed_over}", file=sys.stderr)
        failures.append(work.passed_over)
    names = [photo.folder.name for photo in done if not photo.failure]
    return done, write_index(work.output, names, failures, work.graphs.models.about)


def _predicted(
    work: Work, asked: Sequence[Photo], known: Mapping[Path, str | None], workers: int
) -> Iterator[Photo]:
    """The photos in order, with their graphs; pictures are read by threads a little ahead."""
    waiting: list[Photo] = []
    for photo in in_order(partial(_read, work, known), asked, workers):
        waiting.append(photo)
        if len(waiting) == BATCH:
            yield from _ask(work, waiting)
            waiting = []
    yield from _ask(work, waiting)


def _read(work: Work, known: Mapping[Path, str | None], photo: Photo) -> Photo:
    """Decode, shrink and check; in a thread."""
    boxes = work.boxes.get(photo.path)
    name = printable(str(photo.path))
    try:
        key = _key(work, photo.path, boxes)
        if known[photo.folder] == key:
            return replace(photo, key=key)
        pixels = read_image(photo.path, as_shown=True, reduced=boxes is None)  # boxes count whole pixels
        prepared = work.graphs.prepare(pixels, name)
        given = work.graphs.given(prepared, boxes)
    except (InputError, OSError) as error:
        return replace(photo, failure=printable(str(error)))
    shown = Image.fromarray(pixels)
    shown.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return replace(photo, key=key, prepared=prepared, given=given, shown=shown)


def _key(work: Work, path: Path, boxes: Sequence[Box] | None) -> str:
    said = None if boxes is None else [box.model_dump() for box in boxes]
    parts = [work.models_key, printable(str(path)), file_digest(path), json.dumps(said)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _ask(work: Work, photos: Sequence[Photo]) -> Iterator[Photo]:
    ready = [photo.prepared for photo in photos if photo.prepared]
    given = [photo.given for photo in photos if photo.prepared]
    found = iter(work.graphs.predict(ready, given) if ready else [])
    for photo in photos:
        yield replace(photo, prepared=None, given=None, graph=next(found)) if photo.prepared else photo


def _write(work: Work, photo: Photo) -> Photo:
    """Write what was found, and let go of the picture."""
    if photo.graph is None or photo.shown is None:
        return photo
    write_results(
        photo.folder,
        photo.graph,
        photo.shown,
        palette=work.palette,
        knowledge=work.knowledge,
        top=work.top,
        key=photo.key,
    )
    return replace(photo, shown=None)
