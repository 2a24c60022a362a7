"""`relclip init FOLDER`: the pipeline in a folder of one's own, from the installed package alone."""

import shutil
from pathlib import Path

import relclip
from relclip.core import command
from relclip.core.atomic import atomic_folder, write_text
from relclip.core.errors import InputError
from relclip.project.preset import preset_text
from relclip.project.seeds import write_seeds

PACKAGE = Path(relclip.__file__).parent
#: The repository's files around the package; in a checkout links to them, in a wheel the files.
PIPELINE = Path(__file__).parent / "pipeline"
#: What has a dot before its name in a project.
DOTTED = ("dvc", "dvcignore", "gitignore")


def init(folder: Path, preset: str) -> None:
    """Make a project of the preset: Snakefile, rules, profiles, dvc.yaml, Makefile, params.yaml, and the code.

    The code is a copy, as in a clone: git can pin it, an edit of it reruns what it can meet, and a newer package does
    not change what was computed here. Raises InputError where the folder holds anything, or for an unknown preset.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name a new folder")
    if not PIPELINE.is_dir():
        raise InputError(
            f"{PACKAGE} is a project's copy of relclip; use the command of the installed package"
        )
    with atomic_folder(folder) as made:
        shutil.copytree(
            PACKAGE, made / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__", PIPELINE.name)
        )
        shutil.copytree(PIPELINE, made, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        for name in DOTTED:
            (made / name).rename(made / f".{name}")
        (made / ".dvc" / "gitignore").rename(made / ".dvc" / ".gitignore")
        write_text(made / "params.yaml", preset_text(preset, made / "workflow" / "presets"))
        write_seeds(made / "params.yaml")


def main() -> None:
    """Parse; make the folder; say what comes next."""
    parser = command.parser(
        "relclip.project.init",
        "Make a project folder with the pipeline, its code and the params.yaml of a preset.",
    )
    parser.add_argument("folder", type=Path, help="a new folder")
    presets = ", ".join(sorted(path.stem for path in PIPELINE.glob("workflow/presets/*.yaml")))
    parser.add_argument(
        "--preset",
        metavar="NAME",
        default="scenes",
        help=f"{presets}; make preset NAME=... in the folder changes it",
    )
    options = parser.parse_args()
    init(options.folder, options.preset)
    print(
        f"{options.folder} has the pipeline with the preset '{options.preset}'; next: "
        f"cd {command.typed(options.folder)} && snakemake --cores all "
        "(with the extra relclip[all]; for DVC git init before it)"
    )


if __name__ == "__main__":
    command.run(main)
