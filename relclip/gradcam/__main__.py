"""python -m relclip.gradcam: heat maps of CLIP and of one trained run."""

from relclip.core import command
from relclip.core.params.reading import load_sections


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.gradcam",
        "Write heat maps of where CLIP and a trained run look into data/gradcam/<run> (figure 2).",
    )
    command.add_params(parser)
    parser.add_argument(
        "--run", metavar="RUN", required=True, help="an entry of `runs` or `refined` in params.yaml"
    )
    command.add_folders(
        parser, "raw", "dataset", features="features/<encoder>", model="clip/model", train="train/<run>"
    )
    command.add_output(parser, "gradcam/<run>")
    command.add_threads(parser)
    options = command.parse(parser)
    from relclip.gradcam.stage import Inputs, Sections, run  # noqa: PLC0415  # torch loads only once the arguments are good

    sections = load_sections(options.params, Sections)
    command.fill(options, encoder=sections.run(options.run).features)
    inputs = Inputs(
        raw=options.raw,
        dataset=options.dataset,
        features=options.features,
        model=options.model,
        train=options.train,
    )
    run(sections, options.run, inputs, options.output, options.threads)


if __name__ == "__main__":
    command.run(main)
