"""python -m relclip.ext: CLIP scores of candidate predicates on union crops."""

from relclip.core import command
from relclip.core.params.reading import load_sections
from relclip.ext.sections import Job, Sections


def main() -> None:
    """Parse the command line and run the stage."""
    arguments = command.parser(
        "relclip.ext", "Score predicates on union crops and classes on object crops with CLIP."
    )
    command.add_params(arguments)
    command.add_folders(arguments, "raw", "dataset", "kb", model="clip/model")
    command.add_output(arguments, "ext")
    command.add_threads(arguments)
    options = vars(arguments.parse_args())
    params, kb = load_sections(options.pop("params"), Sections), options.pop("kb")
    from relclip.ext.stage import run  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    run(Job(params, **options), kb)


if __name__ == "__main__":
    command.run(main)
