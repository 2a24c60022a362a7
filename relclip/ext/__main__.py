"""python -m relclip.ext: CLIP scores of candidate predicates on union crops; all of them, or a shard's."""

from relclip.core import command
from relclip.core.errors import InputError
from relclip.core.params.reading import load_sections
from relclip.core.shard import add_shard
from relclip.ext.sections import Job, Sections

OUTPUT = "ext"
OBJECTS, PAIRS = "objects", "pairs"


def main() -> None:
    """Parse the command line and run the stage, or one step of it on a share of the images."""
    parser = command.parser(
        "relclip.ext",
        "Score predicates on union crops and classes on object crops with CLIP, into data/ext. In shards: first the "
        "step objects of all of them, then the step pairs, then relclip.ext.merge.",
    )
    command.add_params(parser)
    command.add_folders(parser, "raw", "dataset", "kb", model="clip/model")
    add_shard(parser, "images", "relclip.ext.merge")
    parser.add_argument("--step", choices=[OBJECTS, PAIRS], help="what a shard scores")
    command.add_path(
        parser, "--objects", "FOLDER", "for pairs: the folders of all shards of objects", nargs="+"
    )
    command.add_output(parser, OUTPUT)
    command.add_threads(parser)
    options = vars(parser.parse_args())
    step, kb, objects = (options.pop(name) for name in ("step", "kb", "objects"))
    if bool(step) != bool(options["shard"]):
        raise InputError("--shard and --step go together")
    if (step == PAIRS) != bool(objects):
        raise InputError(f"--step {step} {'needs' if step == PAIRS else 'takes no'} --objects")
    if step and options["output"] == command.DATA / OUTPUT:
        raise InputError(f"{options['output']} is the folder of all shards; name this one's with --output")
    job = Job(load_sections(options.pop("params"), Sections), **options)
    from relclip.ext import stage  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    if step == OBJECTS:
        stage.run_objects(job, kb)
    elif step == PAIRS:
        stage.run_pairs(job, kb, objects)
    else:
        stage.run(job, kb)


if __name__ == "__main__":
    command.run(main)
