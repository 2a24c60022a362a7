"""The stage of the pipeline: python -m relclip.evaluate.run judges runs' predictions in all ways."""

from relclip.core import command
from relclip.core.params.base import Closed
from relclip.core.params.dataset import Dataset
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.reading import load_sections
from relclip.core.recall import TASKS
from relclip.evaluate.stage import RunPaths, evaluate_run, read_provenance
from relclip.tracking.runs import record_later


class Sections(Closed):
    """What this stage reads of params.yaml."""

    evaluate: Evaluate
    dataset: Dataset


def main() -> None:
    """Parse, judge, add the test metrics to the tracked run of that training."""
    parser = command.parser(
        "relclip.evaluate.run", "Judge runs by the annotation of test and val and by the full truth."
    )
    command.add_params(parser)
    command.add_runs(parser, "runs, refined, predictions or predict.training_free")
    parser.add_argument(
        "--tasks", nargs="+", choices=TASKS, default=["predcls", "sgcls"], help="folders of --predictions"
    )
    command.add_folders(parser, "dataset", predictions="predict/<run>")
    command.add_output(parser, "evaluate/<run>")
    runs = command.parse_runs(parser)
    params = load_sections(runs[0].params, Sections)
    for options in runs:
        provenance = read_provenance(options.predictions, options.tasks)
        where = RunPaths(options.dataset, options.predictions, options.output)
        numbers = evaluate_run(where, options.tasks, params.evaluate, truth=params.dataset.truth)
        record_later({**provenance, "run": options.run}, numbers)


if __name__ == "__main__":
    command.run(main)
