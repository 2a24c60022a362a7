"""The claims of params.yaml as paired differences of PredCls: python -m relclip.evaluate.claims."""

import json
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.errors import ContractError
from relclip.core.params import Difference as Claim
from relclip.core.params import Evaluate, load_params
from relclip.core.parquet import read_table
from relclip.core.progress import progress
from relclip.evaluate.differences import as_json, paired_differences
from relclip.evaluate.hits import HITS

TASK = "predcls"
#: What the predictions are judged against -> the folder below a run's.
VIEWS = {"annotation": "", "truth": "truth"}


def judge_claims(claims: list[Claim], folder: Path, switches: Evaluate) -> list[dict[str, Any]]:
    """One entry a claim: its runs and, by view and metric, better - worse as in `differences.Difference`.

    `folder` holds one folder a run as `evaluate.run` writes it; a claim without runs has no differences.
    """
    return [_judge(claim, folder, switches) for claim in progress(claims, "claims", "claim")]


def _judge(claim: Claim, folder: Path, switches: Evaluate) -> dict[str, Any]:
    built = bool(claim.better and claim.worse)
    views = [view for view in VIEWS if built and _hits(folder, claim.better[0], view).is_file()]
    if built and not views:
        views = ["annotation"]
    differences = {view: _differences(claim, folder, view, switches) for view in views}
    return {**claim.model_dump(), "task": TASK, "differences": differences}


def _differences(claim: Claim, folder: Path, view: str, switches: Evaluate) -> dict[str, Any]:
    better, worse = (
        [read_table(_hits(folder, run, view), HITS) for run in runs] for runs in (claim.better, claim.worse)
    )
    differences = paired_differences(
        better,
        worse,
        predicates=_predicates(folder / claim.better[0] / VIEWS[view] / f"{TASK}.json"),
        recall=switches.recall,
        bootstrap=switches.bootstrap,
        seed=switches.seed,
    )
    return as_json(differences)


def _hits(folder: Path, run: str, view: str) -> Path:
    return folder / run / VIEWS[view] / f"{TASK}_hits.parquet"


def _predicates(path: Path) -> int:
    """How many predicates the run was judged on."""
    try:
        return len(json.loads(path.read_text("utf-8"))["per_predicate"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ContractError(f"{path} is not what evaluate writes; run relclip.evaluate.run again") from None


def main() -> None:
    """Parse, compare, write."""
    parser = command.parser("relclip.evaluate.claims", "Paired differences of every claim in params.yaml.")
    command.add_params(parser)
    parser.add_argument(
        "--evaluate", type=Path, required=True, help="folder with one folder of metrics a run"
    )
    parser.add_argument("--output", type=Path, required=True, help="claims.json to write")
    options = parser.parse_args()
    params = load_params(options.params)
    write_json(options.output, judge_claims(params.tables.claims, options.evaluate, params.evaluate))


if __name__ == "__main__":
    command.run(main)
