"""`relclip`: a map of the commands. `relclip STAGE ...` is the same as `python -m relclip.STAGE ...`."""

import importlib
import sys
from collections.abc import Sequence

from relclip import __version__
from relclip.core import command
from relclip.core.errors import InputError, nearest
from relclip.internals.torch_compile import spare_in_imports

#: Command -> (module with a `main`, what it does), in the order the data takes.
COMMANDS = {
    "init": ("relclip.project.init", "make a project folder from the installed package"),
    "import": ("relclip.raw.survey", "show a data set in COCO's, PSG's, GQA's or Open Images' format"),
    "raw": ("relclip.raw.__main__", "draw scenes, take a folder, or fetch Visual Genome"),
    "dataset": ("relclip.dataset.__main__", "align to the vocabulary, filter, split -> Parquet"),
    "kb": ("relclip.kb.__main__", "captions -> a knowledge base: triplets and their sentences"),
    "kb-merge": ("relclip.kb.merge", "shards that were mined apart -> one knowledge base"),
    "kb-judge": ("relclip.kb.judge", "a knowledge base -> its coverage and precision"),
    "kb-page": ("relclip.kb.page", "a knowledge base -> a page with the sentences of any triplet"),
    "words": ("relclip.words.__main__", "captions -> word vectors -> phrase vectors"),
    "clip": ("relclip.clip.__main__", "pre-train the small CLIP, or load any open_clip model"),
    "labels": ("relclip.clip.labels", "table 4's encoder: class names alone, or any model of timm"),
    "prompts": ("relclip.clip.prompts", "encode each distinct prompt once"),
    "features": ("relclip.features.__main__", "images -> frozen patch maps"),
    "ext": ("relclip.ext.__main__", "CLIP's scores of predicates on union crops"),
    "detector": ("relclip.detector.__main__", "Faster R-CNN: proposals for SGDet"),
    "ext-sgdet": ("relclip.ext.detected", "CLIP's scores on the detector's boxes"),
    "train": ("relclip.train.__main__", "train runs of params.yaml"),
    "refine": ("relclip.train.refine.__main__", "VisualDS and BA-SGG: go on from a trained run"),
    "predict-run": ("relclip.predict.__main__", "trained runs -> PredCls and SGCls triplets"),
    "sgdet": ("relclip.predict.sgdet", "trained runs on the detector's boxes -> SGDet triplets"),
    "training-free": ("relclip.predict.training_free", "EXT, KB, KB+EXT, KB counts -> triplets"),
    "gradcam": ("relclip.gradcam.__main__", "where CLIP and RelCLIP look (figure 2)"),
    "evaluate": ("relclip.evaluate.__main__", "anybody's triplets -> recalls with intervals"),
    "compare": ("relclip.evaluate.compare", "two models on the same images -> paired difference"),
    "convert": ("relclip.evaluate.convert", "a peer's eval_results.pytorch -> Parquet"),
    "annotate": ("relclip.annotate.__main__", "people judge table 2's triplets on a page of this machine"),
    "tables": ("relclip.tables.__main__", "metrics -> tables, figures, model cards, one page"),
    "ui": ("relclip.tracking.ui", "MLflow's pages: every training, its curves and test metrics"),
    "completion": ("relclip.project.completion", "a script that completes these commands in your shell"),
    "predict": ("relclip.photo.__main__", "your photos -> scene graphs, with pages to explore"),
    "export": (
        "relclip.photo.export",
        "a trained run -> a folder to hand over, for predict --model",
    ),
}
#: What needs no pipeline around it, by who asks; every other command is a stage.
ALONE = {
    "A project": ("init",),
    "Your photographs": ("predict", "export"),
    "Your data set": ("import",),
    "Your captions": ("kb", "kb-merge", "kb-judge", "kb-page"),
    "Your predictions": ("evaluate", "compare", "convert"),
    "Your trainings": ("ui",),
    "Your shell": ("completion",),
}
STAGES = "Stages of the pipeline, in the order the data takes"


def overview() -> str:
    """Return the text of `relclip --help`."""
    alone = {name for names in ALONE.values() for name in names}
    groups = {**ALONE, STAGES: tuple(name for name in COMMANDS if name not in alone)}
    return (
        f"relclip {__version__}: visual relationship detection, from images and captions to tables\n\n"
        "A project's folder:   relclip init FOLDER, or a clone\n"
        "The whole pipeline:   make tables   in it (in the activated environment: snakemake --cores all)\n"
        "One part of it:       relclip COMMAND --help\n\n" + "\n\n".join(map(_group, groups, groups.values()))
    )


def _group(title: str, names: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {name:14}{COMMANDS[name][1]}" for name in names)])


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
        raise InputError(f"'{name}' is no command{nearest(name, COMMANDS)}; see relclip --help")
    sys.argv = [f"relclip {name}", *sys.argv[2:]]
    importlib.import_module(COMMANDS[name][0]).main()


def console() -> None:
    """Entry point of the `relclip` script; `python -m relclip` has spared it by then."""
    spare_in_imports()
    command.run(main)


if __name__ == "__main__":
    command.run(main)
