"""python -m relclip.ext.shard: one share of EXT's objects or pairs, for relclip.ext.merge."""

from pathlib import Path

from relclip.core import command
from relclip.core.errors import InputError
from relclip.core.params.reading import load_sections
from relclip.core.shard import Shard
from relclip.ext.sections import Job, Sections

OBJECTS, PAIRS = "objects", "pairs"


def main() -> None:
    """Parse the command line and run one step on one share of the images."""
    arguments = command.parser(
        "relclip.ext.shard",
        "A share of EXT: first the objects of all shards, then the pairs, then relclip.ext.merge.",
    )
    command.add_params(arguments)
    command.add_folders(arguments, "raw", "dataset", "kb", model="clip/model")
    arguments.add_argument("--step", choices=[OBJECTS, PAIRS], required=True, help="what to score")
    arguments.add_argument("--shard", type=Shard.parse, required=True, help="k/n: which share of the images")
    arguments.add_argument(
        "--objects", type=Path, nargs="+", help="for pairs: the folders of all shards of objects"
    )
    arguments.add_argument("--output", type=Path, required=True, help="the folder to make")
    command.add_threads(arguments)
    options = vars(arguments.parse_args())
    params = load_sections(options.pop("params"), Sections)
    step, kb, objects = (options.pop(name) for name in ("step", "kb", "objects"))
    if (step == PAIRS) != bool(objects):
        raise InputError(f"--step {step} {'needs' if step == PAIRS else 'takes no'} --objects")
    from relclip.ext import stage  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    job = Job(params, **options)
    if step == OBJECTS:
        stage.run_objects(job, kb)
    else:
        stage.run_pairs(job, kb, objects)


if __name__ == "__main__":
    command.run(main)
