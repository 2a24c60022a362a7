"""The command's work: read photos in threads, ask the models batch by batch, write each photo's results."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from PIL import Image

from relclip import __version__
from relclip.core.digest import file_digest, inputs_digest
from relclip.core.errors import InputError, counted
from relclip.core.images import check_is_file, read_shown
from relclip.core.ordered import in_order
from relclip.core.process import say
from relclip.core.progress import progress
from relclip.core.trained import WEIGHTS
from relclip.encoder.encoder import WEIGHTS as ENCODER_WEIGHTS
from relclip.photo.colours import colours
from relclip.photo.drawing import LARGEST
from relclip.photo.evidence import Knowledge, load_knowledge
from relclip.photo.formats import COCO
from relclip.photo.graph import SceneGraph, printable
from relclip.photo.photos import folder_names, shown_names
from relclip.photo.results import INDEX, check_index, key_of, write_index, write_results
from relclip.photo.scene_graphs import Prepared, SceneGraphs
from relclip.photo.user_boxes import Box, UserBoxes

#: Photos that go through the models together.
BATCH = 8


@dataclass(frozen=True)
class Photo:
    """A photo on its way: where it comes from, where its results go, what was made of it so far."""

    path: Path
    folder: Path
    name: str  # its path below the folder that holds all photos
    key: str = ""
    prepared: Prepared | None = None  # None: its results are there already, or it failed
    boxes: UserBoxes | None = None
    shown: Image.Image | None = None
    failure: str = ""
    graph: SceneGraph | None = None


@dataclass(frozen=True)
class Job:
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


def predict_photos(job: Job, paths: Sequence[Path], workers: int) -> tuple[list[Photo], Path | None]:
    """Write job.output/<name>/ for each photo and, for several, index.html; returns what became of each photo.

    Results that are there already and depend on the same photo, boxes and models are left as they are. A photo that
    is no good is told on stderr and does not stop the others; a single one raises InputError.
    """
    named = zip(paths, folder_names(paths, (INDEX, COCO)), shown_names(paths), strict=True)
    photos = [Photo(path, job.output / folder, name) for path, folder, name in named]
    known = {photo.folder: key_of(photo.folder) for photo in photos}
    if len(photos) == 1:
        known = {photos[0].folder: None}
    else:
        check_index(job.output)
    job.knowledge  # noqa: B018  # read once here, not by several threads at once
    made = in_order(partial(_write, job), _predicted(job, photos, known, workers), workers)
    if len(photos) == 1:
        (photo,) = made
        if photo.failure:
            raise InputError(photo.failure)
        return [photo], None
    shown = progress(made, "photos", "photo", total=len(photos))
    done = [replace(photo, graph=None) for photo in shown]  # thousands of graphs need not stay in memory
    failed = [photo for photo in done if photo.failure]
    for failure in [photo.failure for photo in failed] + [job.passed_over] * bool(job.passed_over):
        say(failure)
    return done, write_index(
        job.output, files_of(done), _left_out(job, failed, len(done)), job.graphs.models.about
    )


def _left_out(job: Job, failed: Sequence[Photo], of: int) -> list[str]:
    """What the index says of photos that failed, counted and by the names it shows, and of what is no picture."""
    said = [f"{len(failed)} of {counted(of, 'photo')} could not be used:"] if failed else []
    said += [photo.failure.replace(printable(str(photo.path)), photo.name) for photo in failed]
    return [*said, job.passed_over] if job.passed_over else said


def files_of(photos: Sequence[Photo]) -> dict[str, str]:
    """The folder of each photo's results, below the output -> the photo's own name, of those that did not fail."""
    return {photo.folder.name: photo.name for photo in photos if not photo.failure}


def _predicted(
    job: Job, photos: Sequence[Photo], known: Mapping[Path, str | None], workers: int
) -> Iterator[Photo]:
    """The photos in order, with their graphs; pictures are read by threads a little ahead."""
    waiting: list[Photo] = []
    for photo in in_order(partial(_read, job, known), photos, workers):
        waiting.append(photo)
        if len(waiting) == BATCH:
            yield from _ask(job, waiting)
            waiting = []
    yield from _ask(job, waiting)


def _read(job: Job, known: Mapping[Path, str | None], photo: Photo) -> Photo:
    """Decode, shrink and check; in a thread."""
    boxes = job.boxes.get(photo.path)
    name = printable(str(photo.path))
    try:
        check_is_file(photo.path)
        key = _key(job, photo.path, boxes)
        if known[photo.folder] == key:
            return replace(photo, key=key)
        pixels, size = read_shown(photo.path, reduced=boxes is None)  # boxes count whole pixels
        prepared = job.graphs.prepare(pixels, name, size)
        checked = job.graphs.user_boxes(prepared, boxes)
    except (InputError, OSError) as error:
        return replace(photo, failure=printable(str(error)))
    shown = Image.fromarray(pixels)
    shown.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return replace(photo, key=key, prepared=prepared, boxes=checked, shown=shown)


def _key(job: Job, path: Path, boxes: Sequence[Box] | None) -> str:
    said = None if boxes is None else [box.model_dump() for box in boxes]
    return inputs_digest(job.models_key, printable(str(path)), file_digest(path), json.dumps(said))


def _ask(job: Job, photos: Sequence[Photo]) -> Iterator[Photo]:
    ready = [photo.prepared for photo in photos if photo.prepared]
    boxes = [photo.boxes for photo in photos if photo.prepared]
    found = iter(job.graphs.predict(ready, boxes) if ready else [])
    for photo in photos:
        yield replace(photo, prepared=None, boxes=None, graph=next(found)) if photo.prepared else photo


def _write(job: Job, photo: Photo) -> Photo:
    """Write what was found, and let go of the picture."""
    if photo.graph is None or photo.shown is None:
        return photo
    write_results(
        photo.folder,
        photo.graph,
        photo.shown,
        palette=job.palette,
        knowledge=job.knowledge,
        top=job.top,
        key=photo.key,
    )
    return replace(photo, shown=None)
