"""relclip predict PHOTO...: scene graphs of photos, as JSON, pictures, graphs and pages."""

import argparse
import sys
from pathlib import Path

from relclip.core import command
from relclip.core.errors import InputError
from relclip.photo.given import read_boxes
from relclip.photo.graph import SceneGraph
from relclip.photo.photos import find_photos, passed_over

TOP = 10


def main() -> None:
    """Parse the command line, predict, say what was found."""
    arguments = command.parser(
        "relclip.photo",
        "The scene graph of each photo: graph.json, picture.png, graph.dot, graph.svg and page.html to explore.",
    )
    arguments.prog = "relclip predict"
    arguments.add_argument(
        "photos", metavar="PHOTO", type=Path, nargs="+", help="a picture, or a folder of them"
    )
    arguments.add_argument(
        "--run", help="a trained run of params.yaml (default: relclip_kb_ext, else the first)"
    )
    arguments.add_argument(
        "--boxes",
        type=Path,
        help="your own boxes instead of the detector's: JSON {photo: [{x1, y1, x2, y2, label?}]} or Parquet",
    )
    arguments.add_argument(
        "--predicates",
        type=lambda text: [name.strip() for name in text.split(",")],
        default=[],
        help="look for these instead, such as feeding,leading: matched by their words, trained or not",
    )
    arguments.add_argument(
        "--output", type=Path, default=Path("scene-graphs"), help="a folder in it for each photo"
    )
    arguments.add_argument(
        "--top", type=_from_one, default=TOP, help="relations in the picture and the graph"
    )
    arguments.add_argument("--data", type=Path, default=Path("data"), help="what `make tables` made")
    arguments.add_argument(
        "--model", type=Path, help="instead of --data: a folder that `relclip export` wrote"
    )
    arguments.add_argument("--encoder", type=Path, help="the encoder's folder, for a --model that holds none")
    arguments.add_argument("--params", type=Path, help="its params.yaml (default: beside --data)")
    command.add_device(arguments)
    command.add_threads(arguments)
    given = arguments.parse_args()
    if given.model and (given.run or given.params):
        arguments.error("--run and --params choose among the models of --data; a --model is one")
    photos = find_photos(given.photos, given.output)
    boxes = read_boxes(given.boxes, photos) if given.boxes else {}
    from relclip.compute.device import prepare  # noqa: PLC0415  # torch loads once the arguments are good
    from relclip.core.ordered import available_threads  # noqa: PLC0415
    from relclip.photo.exported import DESCRIPTION, is_export  # noqa: PLC0415
    from relclip.photo.run import Work, predict_photos  # noqa: PLC0415
    from relclip.photo.scene_graphs import SceneGraphs  # noqa: PLC0415

    prepare(0, given.threads)
    if given.model and not is_export(given.model):
        raise InputError(f"{given.model} holds no {DESCRIPTION}; give a folder that `relclip export` wrote")
    folder = given.model or given.data
    graphs = SceneGraphs.load(
        folder,
        given.run,
        given.device,
        given.params,
        encoder=given.encoder,
        predicates=given.predicates,
    )
    about = graphs.models.about
    print(f"relclip: {about.sentence}", file=sys.stderr)
    rest = passed_over(given.photos, given.output)
    work = Work(graphs, given.output, boxes, given.top, rest)
    done, index = predict_photos(work, photos, given.threads or available_threads())
    if index is None:
        _tell(done[0].graph, given.top)
        print(done[0].folder / "page.html")
        return
    print(index)
    failed = sum(bool(photo.failure) for photo in done)
    if failed:
        raise InputError(f"{failed} of {len(done)} photos could not be used; {index} says why")


def _tell(graph: SceneGraph | None, top: int) -> None:
    """The first relations of the one photo."""
    for subject, predicate, object_, score in graph.triplets(top) if graph else []:
        print(f"{score:6.2f}  {subject} {predicate} {object_}")


def _from_one(text: str) -> int:
    number = command.count(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 relation")
    return number


if __name__ == "__main__":
    command.run(main)
