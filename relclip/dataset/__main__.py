"""python -m relclip.dataset: data/raw -> data/dataset."""

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
    command.add_folders(arguments, "raw")
    command.add_output(arguments, "dataset")
    options = arguments.parse_args()
    params = load_section(options.params, "dataset", Dataset)
    account = make_dataset(params, options.raw, options.output, every_split=True)
    print(account.table())


if __name__ == "__main__":
    command.run(main)
