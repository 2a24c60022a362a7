"""python -m relclip.clip.prompts: embed every prompt that training can meet."""

from relclip.core import command
from relclip.core.params import load_params


def main() -> None:
    """Parse the command line and run the stage."""
    arguments = command.parser(
        "relclip.clip.prompts", "Embed the prompts of objects and triplets with CLIP's text tower."
    )
    command.add_params(arguments)
    folders = {"model": "data/clip/model", "dataset": "data/dataset", "kb": "data/kb"}
    command.add_folders(arguments, folders)
    command.add_output(arguments)
    command.add_threads(arguments)
    given = arguments.parse_args()
    params = load_params(given.params)
    from relclip.clip.embed import run  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    run(
        params.clip,
        model=given.model,
        dataset=given.dataset,
        kb=given.kb,
        output=given.output,
        threads=given.threads,
    )


if __name__ == "__main__":
    command.run(main)
