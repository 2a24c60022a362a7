"""python -m relclip.clip: pre-train the small CLIP or load one from elsewhere; torchrun shares a batch among GPUs."""

from relclip.clip import Sections
from relclip.core import command
from relclip.core.params.reading import load_sections


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.clip",
        "Pre-train the small CLIP on data/raw/pretrain, or load a model of open_clip; write it into data/clip/model.",
    )
    command.add_params(parser)
    command.add_folders(parser, "raw")
    command.add_output(parser, "clip/model")
    command.add_device(parser)
    command.add_threads(parser)
    options = parser.parse_args()
    params = load_sections(options.params, Sections)
    # torch loads only after the arguments are known to be good
    from relclip.clip.stage import run  # noqa: PLC0415
    from relclip.compute.halving import told_in_a_sentence  # noqa: PLC0415
    from relclip.compute.world import joined  # noqa: PLC0415

    with joined(options.device) as (world, device), told_in_a_sentence("lower clip.pretrain.batch"):
        run(params, options.raw, options.output, options.threads, device=device, world=world)


if __name__ == "__main__":
    command.run(main)
