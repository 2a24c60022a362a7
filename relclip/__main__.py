"""`relclip`: a map of the commands. `relclip STAGE ...` is the same as `python -m relclip.STAGE ...`."""

import difflib
import importlib
import sys

from relclip import __version__
from relclip.core import command
from relclip.core.errors import InputError

#: Command -> (module with a `main`, what it does), in the order the data takes.
COMMANDS = {
    "raw": ("relclip.raw.__main__", "render scenes, or take a folder in Visual Genome's formats"),
    "dataset": ("relclip.dataset.__main__", "align to the vocabulary, filter, split -> Parquet"),
    "kb": ("relclip.kb.__main__", "captions -> triplets, with the sentences they came from"),
    "words": ("relclip.words.__main__", "captions -> word vectors -> phrase vectors"),
    "clip": ("relclip.clip.__main__", "pre-train the small CLIP, or load any open_clip model"),
    "prompts": ("relclip.clip.prompts", "encode each distinct prompt once"),
    "features": ("relclip.features.__main__", "pictures -> frozen patch maps"),
    "ext": ("relclip.ext.__main__", "CLIP's scores of predicates on union crops"),
    "train": ("relclip.train.__main__", "train one run of params.yaml"),
    "predict": ("relclip.predict.__main__", "a trained run -> triplets"),
    "training-free": ("relclip.predict.training_free", "EXT, KB, KB+EXT, KB counts -> triplets"),
    "evaluate": ("relclip.evaluate.__main__", "anybody's triplets -> recalls with intervals"),
    "compare": ("relclip.evaluate.compare", "two models on the same images -> paired difference"),
    "tables": ("relclip.tables.__main__", "metrics -> tables, figures, one page"),
}


def overview() -> str:
    """Return the text of `relclip --help`."""
    lines = "\n".join(f"  {name:14}{what}" for name, (_, what) in COMMANDS.items())
    return (
        f"relclip {__version__}: visual relationship detection, from pictures and captions to tables\n\n"
        "The whole pipeline:  snakemake --cores   (or: make tables)\n"
        "One part of it:      relclip COMMAND --help\n\n"
        f"Commands, in the order the data takes:\n{lines}"
    )


def main() -> None:
    """Call the command named by the first argument with the rest of them."""
    if len(sys.argv) < 2 or sys.argv[1] in {"-h", "--help"}:
        print(overview())
        return
    if sys.argv[1] == "--version":
        print(__version__)
        return
    name = sys.argv[1]
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        raise InputError(
            f"'{name}' is no command{f', did you mean {near[0]!r}?' if near else ''}; see relclip --help"
        )
    sys.argv = [f"relclip {name}", *sys.argv[2:]]
    importlib.import_module(COMMANDS[name][0]).main()


def console() -> None:
    """Entry point of the `relclip` script."""
    command.run(main)


if __name__ == "__main__":
    console()
