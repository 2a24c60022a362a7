"""python -m relclip.dataset: data/raw -> data/dataset."""

from pathlib import Path

from relclip.core import command
from relclip.core.params.dataset import Dataset
from relclip.core.params.reading import load_section
from relclip.dataset.build import make_dataset


def main() -> None:
    """Filter, align and split one data set; print what was kept and dropped."""
    arguments = command.parser(
        "relclip.dataset", "Filter, align and split Visual Genome's files into Parquet."
    )
    command.add_params(arguments)
    arguments.add_argument("--raw", type=Path, default=Path("data/raw"), help="folder of the stage raw")
    arguments.add_argument("--output", type=Path, default=Path("data/dataset"), help="folder to write")
    options = arguments.parse_args()
    params = load_section(options.params, "dataset", Dataset)
    account = make_dataset(params, options.raw, options.output, every_split=True)
    print(account.table())


if __name__ == "__main__":
    command.run(main)
