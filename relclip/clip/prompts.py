"""python -m relclip.clip.prompts: embed every prompt that training can meet."""

from relclip.core import command
from relclip.core.params.clip import Clip
from relclip.core.params.raw import Raw
from relclip.core.params.reading import load_section


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.clip.prompts",
        "Encode the prompts of objects and triplets with CLIP's text tower, once, into data/clip/prompts.",
    )
    command.add_params(parser)
    command.add_folders(parser, "dataset", "kb", model="clip/model")
    command.add_output(parser, "clip/prompts")
    command.add_threads(parser)
    options = vars(parser.parse_args())
    path = options.pop("params")
    params = load_section(path, "clip", Clip)
    if not load_section(path, "raw", Raw).captioned:  # what an earlier data set left there is not this one's
        options["kb"] = None
    from relclip.clip.embed import run  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    run(params, **options)


if __name__ == "__main__":
    command.run(main)
