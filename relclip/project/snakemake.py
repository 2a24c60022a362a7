"""`python -m relclip.project.snakemake` is `snakemake`; Ctrl-C ends it in a sentence even while it is imported."""

import sys

from relclip.internals.snakemake import say_when_interrupted


def main() -> None:
    """Become Snakemake, with its own command line."""
    say_when_interrupted()
    sys.argv[0] = "snakemake"
    from snakemake.cli import main as snakemake  # noqa: PLC0415

    sys.exit(snakemake())


if __name__ == "__main__":
    main()
