"""python -m relclip.clip.labels: the encoder of table 4, which knows class labels and no language."""

from relclip.core import command
from relclip.core.params.base import Closed
from relclip.core.params.clip import Clip, LabelsEncoder
from relclip.core.params.reading import load_sections


class Sections(Closed):
    """What this stage reads of params.yaml."""

    labels: LabelsEncoder
    clip: Clip


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.clip.labels",
        "Make table 4's encoder: train CLIP's picture encoder on class labels alone, or load a model of timm (section "
        "`labels`); write it into data/clip/labels.",
    )
    command.add_params(parser)
    command.add_folders(parser, "raw")
    command.add_output(parser, "clip/labels")
    command.add_threads(parser)
    options = parser.parse_args()
    params = load_sections(options.params, Sections)
    from relclip.clip.labels_stage import run  # noqa: PLC0415  # torch loads after the arguments are known to be good

    run(params.labels, params.clip.pretrain, options.raw, options.output, options.threads)


if __name__ == "__main__":
    command.run(main)
