"""python -m relclip.dataset: data/raw -> data/dataset."""

from relclip.core import command
from relclip.core.params.dataset import Dataset
from relclip.core.params.reading import load_section
from relclip.dataset.build import make_dataset


def main() -> None:
    """Filter, align and split one data set; print what was kept and dropped."""
    parser = command.parser(
        "relclip.dataset",
        "Align the names of data/raw to the vocabulary, filter and split, and write Parquet into data/dataset.",
    )
    command.add_params(parser)
    command.add_folders(parser, "raw")
    command.add_output(parser, "dataset")
    options = parser.parse_args()
    params = load_section(options.params, "dataset", Dataset)
    account = make_dataset(params, options.raw, options.output, every_split=True)
    print(account.table())


if __name__ == "__main__":
    command.run(main)
