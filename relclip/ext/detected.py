"""python -m relclip.ext.detected: CLIP's scores of all predicates for pairs of proposed boxes, for SGDet."""

from relclip.core import command
from relclip.core.params.reading import load_sections
from relclip.core.shard import add_shard
from relclip.ext.sections import Job, Sections


def main() -> None:
    """Parse the command line and score."""
    parser = command.parser(
        "relclip.ext.detected",
        "Score all predicates on union crops of the detector's boxes with CLIP, into data/ext_sgdet.",
    )
    command.add_params(parser)
    command.add_folders(parser, "raw", "dataset", model="clip/model")
    command.add_proposals(parser)
    add_shard(parser, "images", "relclip.ext.merge")
    command.add_output(parser, "ext_sgdet")
    command.add_threads(parser)
    options = vars(parser.parse_args())
    params, proposals = load_sections(options.pop("params"), Sections), options.pop("proposals")
    from relclip.ext.stage import run_detected  # noqa: PLC0415  # torch loads only after the arguments are good

    run_detected(Job(params, **options), proposals)


if __name__ == "__main__":
    command.run(main)
