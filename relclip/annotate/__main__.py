"""Command line: relclip annotate."""

import argparse
from contextlib import closing
from pathlib import Path

from relclip.annotate.export import export, in_words
from relclip.annotate.pictures import CORE, first_pictures, hours, read_pictures
from relclip.annotate.store import Store
from relclip.core import command
from relclip.core.annotations import load_annotations
from relclip.core.errors import InputError, counted
from relclip.core.params.tables import PRECISION
from relclip.core.params.whole import Params, load_workflow
from relclip.people.questionnaire import Questionnaire, load_questionnaire

PORT = 5001
DESCRIPTION = (
    "People judge the 20 surest PredCls triplets of each image for table 2, without knowing which model said them: "
    "a page on this machine, driven by keys or touch. Every answer is kept at once; come back any time under the same "
    "name. All people begin with the same images, so that their agreement is known. Then --export writes what they "
    "said and P@10, P@20 with their agreement; with reports/people for FOLDER, `snakemake` shows it in table 2."
)


def _options() -> argparse.Namespace:
    parser = command.parser("relclip.annotate", DESCRIPTION)
    command.add_params(parser)
    parser.add_argument(
        "--runs",
        nargs="+",
        metavar="RUN",
        help="runs whose triplets are asked (default: those whose P@K a table of workflow/tables.yaml shows)",
    )
    command.add_folders(parser, "dataset", "raw", "evaluate")
    command.add_path(
        parser, "--database", "FILE",
        "SQLite file of the answers, made where absent (default: annotate.db); --export takes several, from "
        "several machines", nargs="+",
    )  # fmt: skip
    parser.add_argument(
        "--statements", type=command.positive, default=CORE, metavar="N",
        help="about how many triplets are asked, in whole images; the page says how long all would take",
    )  # fmt: skip
    parser.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="a loopback address; others are refused"
    )
    parser.add_argument(
        "--port", type=command.whole(0, 65535), default=PORT, help="port of the page; 0: any free one"
    )
    command.add_path(parser, "--export", "FOLDER", "write the answers there and end")
    options = parser.parse_args()
    options.database = options.database or [Path("annotate.db")]
    return options


def _questionnaire(options: argparse.Namespace, params: Params) -> Questionnaire:
    runs = options.runs or params.report.trainings(*params.report.showing("predcls", PRECISION))
    if not runs:
        raise InputError("no table of workflow/tables.yaml shows P@K of a run; name runs with --runs")
    for run in set(runs).difference(params.predict.training_free):
        if not (options.evaluate / run).exists():
            params.prediction(run)  # a name that is none is refused
    data = load_annotations(options.dataset)
    return load_questionnaire(data, options.evaluate, list(dict.fromkeys(runs)), params.evaluate)


def _serve(options: argparse.Namespace, params: Params, questionnaire: Questionnaire) -> None:
    if len(options.database) > 1:
        raise InputError("the page writes into one --database; several are for --export")
    from relclip.annotate.app import Desk, make_app  # noqa: PLC0415
    from relclip.annotate.server import listening, serve, server_of, url_of  # noqa: PLC0415

    every = len(questionnaire.questions)
    questionnaire = first_pictures(questionnaire, params.evaluate.seed, options.statements)
    pictures = read_pictures(options.dataset, options.raw, questionnaire)
    with (
        listening(options.host, options.port) as listener,
        closing(Store(options.database[0])) as store,
    ):
        server = server_of(make_app(Desk(questionnaire, pictures, store, params.evaluate.seed)), listener)
        count = len(questionnaire.questions)
        more = f", of {every} (--statements {every}: about {hours(every)})" if every > count else ""
        print(
            f"{counted(count, 'statement')} on {counted(len(questionnaire.images), 'image')}, about "
            f"{hours(count)} for each person{more}; answers in {options.database[0]}"
        )
        print(f"open {url_of(server)}  (Ctrl-C ends; nothing is lost)", flush=True)
        serve(server)


def main() -> None:
    """Parse; serve the page, or write what was answered."""
    options = _options()
    params = load_workflow(options.params)
    questionnaire = _questionnaire(options, params)
    if options.export is None:
        _serve(options, params, questionnaire)
    else:
        print(in_words(export(options.database, questionnaire, params.evaluate, options.export)))


if __name__ == "__main__":
    command.run(main)
