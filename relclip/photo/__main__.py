"""relclip predict PHOTO...: scene graphs of photos, as JSON, pictures, graphs and pages."""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from relclip.core import command
from relclip.core.errors import InputError, counted
from relclip.core.process import say
from relclip.photo.graph import two_digits
from relclip.photo.photos import find_photos, passed_over
from relclip.photo.user_boxes import read_boxes

if TYPE_CHECKING:
    from relclip.photo.run import Photo

TOP = 10
FORMATS = ("coco", "networkx")


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "relclip.photo",
        "Predict the scene graph of each photo: a folder in --output with graph.json, picture.png, graph.dot, "
        "graph.svg and page.html to explore.",
        "relclip predict photo.jpg --predicates behind,wearing",
    )
    parser.prog = "relclip predict"
    command.add_path(parser, "photos", "PHOTO", "an image file, or a folder of them", nargs="+")
    parser.add_argument(
        "--run", metavar="RUN", help="a trained run of params.yaml (default: relclip_kb_ext, else the first)"
    )
    command.add_path(
        parser,
        "--boxes",
        "FILE",
        "your own boxes instead of the detector's, in pixels: JSON {photo: [{x1, y1, x2, y2, label?}]} or Parquet",
    )
    parser.add_argument(
        "--predicates",
        type=_names,
        metavar="NAMES",
        default=[],
        help="look for these predicates instead, with commas between them; CLIP judges what the run was not trained "
        "on; one with a comma in it stands in double quotes, as in CSV",
    )
    _add_results(parser)
    _add_models(parser)
    return parser


def _add_results(parser: argparse.ArgumentParser) -> None:
    """Add the options of what is written."""
    command.add_path(
        parser,
        "--output",
        "FOLDER",
        "the folder to make, with a folder for each photo",
        default=Path("scene-graphs"),
    )
    parser.add_argument(
        "--top", type=command.positive, default=TOP, help="how many relations the picture and the graph show"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        action="append",
        default=[],
        help="write also one coco.json of all photos (`relclip import` reads it), or a networkx.json for each; may be"
        " repeated",
    )


def _add_models(parser: argparse.ArgumentParser) -> None:
    """Add the options of which models answer, and where they compute."""
    command.add_data(parser)
    command.add_path(parser, "--model", "FOLDER", "instead of --data: a folder that `relclip export` wrote")
    command.add_path(parser, "--encoder", "FOLDER", "the encoder's folder, for a --model that holds none")
    command.add_path(parser, "--params", "FILE", "its params.yaml (default: beside --data)")
    command.add_device(parser)
    command.add_threads(parser)


def _names(text: str) -> list[str]:
    """The names between commas; in double quotes a comma is a name's own."""
    [names] = csv.reader([" ".join(text.split())], skipinitialspace=True)
    return [name.strip() for name in names] or [""]


def main() -> None:
    """Parse the command line, predict, say what was found."""
    parser = _parser()
    options = parser.parse_args()
    if options.model and (options.run or options.params):
        parser.error("--run and --params choose among the models of --data; a --model is one")
    photos = find_photos(options.photos, options.output)
    boxes = read_boxes(options.boxes, photos) if options.boxes else {}
    from relclip.compute.device import prepare  # noqa: PLC0415  # torch loads once the arguments are good
    from relclip.core.ordered import available_threads  # noqa: PLC0415
    from relclip.photo.formats import WRITERS, check_free  # noqa: PLC0415
    from relclip.photo.model_folder import DESCRIPTION, is_export  # noqa: PLC0415
    from relclip.photo.run import Job, files_of, predict_photos  # noqa: PLC0415
    from relclip.photo.scene_graphs import SceneGraphs  # noqa: PLC0415

    check_free(options.output, options.format)
    prepare(0, options.threads)
    if options.model and not is_export(options.model):
        raise InputError(f"{options.model} holds no {DESCRIPTION}; give a folder that `relclip export` wrote")
    folder = options.model or options.data
    graphs = SceneGraphs.load(
        folder,
        options.run,
        options.device,
        options.params,
        encoder=options.encoder,
        predicates=options.predicates,
    )
    models = graphs.models
    say(models.about.sentence)
    rest = passed_over(options.photos, options.output)
    job = Job(graphs, options.output, boxes, options.top, rest)
    done, index = predict_photos(job, photos, options.threads or available_threads())
    for name in dict.fromkeys(options.format):
        print(WRITERS[name](options.output, files_of(done), models.vocabulary.objects, models.predicates))
    if index is None:
        _tell(done[0], options.top)
    else:
        _end(done, index)


def _tell(photo: "Photo", top: int) -> None:
    """The first relations of the one photo, and where its page is."""
    for subject, predicate, object_, score in photo.graph.triplets(top) if photo.graph else []:
        print(f"{two_digits(score):>8}  {subject} {predicate} {object_}")
    print(photo.folder / "page.html")


def _end(photos: Sequence["Photo"], index: Path) -> None:
    """Where the page of several photos is. Raises InputError where some could not be used."""
    print(index)
    failed = sum(bool(photo.failure) for photo in photos)
    if failed:
        raise InputError(f"{failed} of {counted(len(photos), 'photo')} could not be used; {index} says why")


if __name__ == "__main__":
    command.run(main)
