"""Command line of paired differences: python -m relclip.evaluate.compare --better HITS --worse HITS."""

from pathlib import Path

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.params import Evaluate
from relclip.core.parquet import read_table
from relclip.core.vocabulary import load_vocabulary
from relclip.evaluate.differences import as_json, paired_differences
from relclip.evaluate.hits import HITS

VG20 = 20


def main() -> None:
    """Parse, compare, write."""
    defaults = Evaluate()
    parser = command.parser(
        "relclip.evaluate.compare", "Paired bootstrap differences between tables of first hits."
    )
    for name in ("better", "worse"):
        parser.add_argument(
            f"--{name}", type=Path, nargs="+", required=True, help="hits.parquet files, one a seed"
        )
    parser.add_argument("--output", type=Path, required=True, help="difference.json to write")
    parser.add_argument(
        "--vocabulary", type=Path, help="its predicates are averaged over; without it the 20 of VG-20"
    )
    parser.add_argument(
        "--recall", choices=("per_image", "pooled"), default=defaults.recall, help="reading of recall"
    )
    parser.add_argument(
        "--bootstrap", type=command.count, default=defaults.bootstrap, help="samples of the interval"
    )
    parser.add_argument("--seed", type=command.seed, default=defaults.seed, help="seed of the bootstrap")
    options = parser.parse_args()
    better, worse = ([read_table(path, HITS) for path in paths] for paths in (options.better, options.worse))
    predicates = len(load_vocabulary(options.vocabulary).predicates) if options.vocabulary else VG20
    settings = {"recall": options.recall, "bootstrap": options.bootstrap, "seed": options.seed}
    differences = paired_differences(better, worse, predicates=predicates, **settings)
    images = len(better[0]["image_id"].unique())
    write_json(
        options.output, {"metrics": as_json(differences), "images": images, "pairs": len(better), **settings}
    )


if __name__ == "__main__":
    command.run(main)
