"""python -m relclip.dataset: data/raw -> data/dataset."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params
from relclip.dataset.build import make_dataset


def main() -> None:
    """Filter, align and split one data set; print what was kept and dropped."""
    arguments = command.parser(
        "relclip.dataset", "Filter, align and split Visual Genome's files into Parquet."
    )
    command.add_params(arguments)
    arguments.add_argument("--raw", type=Path, default=Path("data/raw"), help="folder of the stage raw")
    arguments.add_argument("--output", type=Path, default=Path("data/dataset"), help="folder to write")
    given = arguments.parse_args()
    account = make_dataset(load_params(given.params).dataset, given.raw, given.output, every_split=True)
    print(account.table())


if __name__ == "__main__":
    command.run(main)
