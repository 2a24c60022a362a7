"""relclip evaluate compare A B: paired differences, predicate by predicate, and the images that changed most.

relclip evaluate compare a/hits.parquet b/hits.parquet                     what `relclip evaluate --hits` wrote
relclip evaluate compare a/ b/ --groundtruth DIR --task sgcls              two folders of predictions
relclip evaluate compare --worse a0 a1 a2 --better b0 b1 b2                three seeds of each
"""

import argparse
from typing import Any

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.errors import InputError
from relclip.core.recall import MAIN_NAMES, TASKS
from relclip.core.vocabulary import load_vocabulary
from relclip.evaluate.compare_inputs import Side, check_switches, judged_side, written_side
from relclip.evaluate.hit_changes import compare_hits
from relclip.evaluate.inputs import load_groundtruth
from relclip.evaluate.metrics import OF_PREDICATE
from relclip.evaluate.switches import add_switches, switches_of
from relclip.evaluate.text import comparison_text
from relclip.evaluate.views import load_train_triplets


def main() -> None:
    """Parse, compare, print, write."""
    options = _options().parse_args()
    first, second = _sides(options)
    check_switches(first, second)
    recall = (first.switches or second.switches or {}).get("recall", options.recall)
    settings: dict[str, Any] = {"recall": recall, "bootstrap": options.bootstrap, "seed": options.seed}
    settings["train_count"] = second.train_count if first.train_count is None else first.train_count
    chosen: dict[str, Any] = {"by": options.by, "images": options.images}
    content = compare_hits(
        first.tables, second.tables, _predicates(options, first, second), **chosen, **settings
    )
    print(command.shown(comparison_text(content)), end="")
    if options.output:
        write_json(options.output, content)


def _sides(options: argparse.Namespace) -> tuple[Side, Side]:
    if options.better or options.worse:
        paths = [options.worse or [], options.better or []]
    else:
        paths = [[path] for path in options.sides]
    if len(paths) != 2 or not all(paths) or (options.sides and (options.better or options.worse)):
        raise InputError("give two sides, A and B (or --worse A... and --better B..., a path a seed)")
    if options.groundtruth is None:
        return written_side(paths[0]), written_side(paths[1])
    if options.task is None:
        raise InputError("predictions are judged for one task; give --task predcls, sgcls or sgdet")
    truth = load_groundtruth(options.groundtruth, options.split)
    train = load_train_triplets(options.train_triplets, truth.vocabulary) if options.train_triplets else None
    judged_by = (truth, options.task, switches_of(options), train)
    return judged_side(paths[0], *judged_by), judged_side(paths[1], *judged_by)


def _predicates(options: argparse.Namespace, first: Side, second: Side) -> tuple[str, ...]:
    """The names by id: of --vocabulary, else as the sides say them."""
    if options.vocabulary:
        return load_vocabulary(options.vocabulary).predicates
    names = first.predicates or second.predicates
    if second.predicates and second.predicates != names:
        raise InputError(
            "A and B name other predicates in their metrics.json; judge both against the same ground truth, or give"
            " --vocabulary where these are the same under other names"
        )
    if names is None:
        raise InputError(
            "there is no metrics.json beside the hits that names the predicates; give --vocabulary"
        )
    return names


def _options() -> argparse.ArgumentParser:
    parser = command.parser(
        "relclip.evaluate.compare",
        "Compare two models, A and B, on the same images: prints the differences B - A of every metric with 95 % "
        "intervals, and which predicates and images changed most.",
        "relclip compare data/evaluate/motif_full/predcls data/evaluate/relclip_full/predcls",
    )
    add = parser.add_argument
    command.add_path(
        parser,
        "sides",
        "A B",
        "each a folder with hits.parquet and metrics.json (relclip evaluate writes both), a run's task "
        "(data/evaluate/<run>/predcls), or a file of hits; with --groundtruth folders of predictions",
        nargs="*",
    )
    command.add_path(parser, "--worse", "A", "several seeds of A, instead of A B", nargs="+")
    command.add_path(parser, "--better", "B", "several seeds of B, paired in their order", nargs="+")
    command.add_path(parser, "--output", "FILE", "JSON to write, with every number in full")
    add(
        "--by",
        choices=tuple(OF_PREDICATE),
        default=MAIN_NAMES[0],
        metavar="METRIC",
        help=f"recall by which predicates and images are compared: {', '.join(OF_PREDICATE)}",
    )
    add(
        "--images", type=command.count, default=10, help="how many of the images that changed most are listed"
    )
    command.add_path(parser, "--vocabulary", "FILE", "vocabulary.json that names the predicates of the hits")
    command.add_path(
        parser, "--groundtruth", "FOLDER", "judge A and B, folders of predictions, against this one"
    )
    add("--task", choices=TASKS, help="with --groundtruth: the task")
    add_switches(parser)
    return parser


if __name__ == "__main__":
    command.run(main)
