"""The claims of workflow/tables.yaml, each as paired differences: python -m relclip.evaluate.claims."""

from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.digest import write_digests
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.reading import load_section
from relclip.core.params.tables import Claim, load_report
from relclip.core.progress import progress
from relclip.core.recall import JUDGED_ON, MAIN_NAMES, Task
from relclip.core.vocabulary import load_vocabulary
from relclip.evaluate.differences import Difference, paired_differences
from relclip.evaluate.hits import read_hits


def judge_claim(claim: Claim, task: Task, folder: Path, predicates: int, params: Evaluate) -> dict[str, Any]:
    """Return the claim with its differences, as fractions, on the annotation and, where known, on the full truth.

    `folder`: data/evaluate, a folder a run. Raises ContractError where a run was not evaluated.
    """
    better, worse = (list(side) for side in zip(*claim.pairs, strict=True))
    differences = {
        judged: _differences(claim, folder, f"{task}/{judged}_hits.parquet", predicates, params)
        for judged in JUDGED_ON
        if (folder / better[0] / task / f"{judged}_hits.parquet").is_file() or judged == "annotation"
    }
    return {
        "claim": claim.claim,
        "task": task,
        "better": better,
        "worse": worse,
        "differences": differences,
    }


def _differences(claim: Claim, folder: Path, name: str, predicates: int, params: Evaluate) -> dict[str, Any]:
    better, worse = (
        [read_hits(folder / run / name) for run in runs] for runs in zip(*claim.pairs, strict=True)
    )
    found = paired_differences(
        better,
        worse,
        predicates=predicates,
        recall=params.recall,
        bootstrap=params.bootstrap,
        seed=params.seed,
    )
    return {metric: _plain(found[metric]) for metric in MAIN_NAMES}


def _plain(found: Difference) -> dict[str, Any]:
    return {"difference": found.difference, "low": found.low, "high": found.high, "seeds": found.seeds}


def main() -> None:
    """Parse, judge each claim, write."""
    parser = command.parser(
        "relclip.evaluate.claims",
        "Judge the claims of workflow/tables.yaml by paired differences, into data/claims/claims.json.",
    )
    command.add_params(parser)
    command.add_folders(parser, "evaluate", vocabulary="dataset/vocabulary.json")
    command.add_output(parser, "claims/claims.json")
    options = parser.parse_args()
    params = load_section(options.params, "evaluate", Evaluate)
    predicates = len(load_vocabulary(options.vocabulary).predicates)
    claims = [(claim, task) for claim in load_report(options.params).claims for task in claim.tasks]
    where = (options.evaluate, predicates, params)
    judged = [judge_claim(claim, task, *where) for claim, task in progress(claims, "claims", "claim")]
    write_json(options.output, judged)
    write_digests(options.output.parent, options.output)


if __name__ == "__main__":
    command.run(main)
