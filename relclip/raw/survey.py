"""relclip import: what a data set in its own format holds, before anything is built from it; or the same as a folder.

The counts are taken from Visual Genome's three files, into which every format is turned.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import yaml

from relclip.core import command
from relclip.core.atomic import check_own, inputs_protected
from relclip.core.entries import Entry, as_list, identifier, read_entries
from relclip.core.errors import counted, how_to_set, in_project
from relclip.core.forms import tidy
from relclip.core.origin import FILE
from relclip.core.params.base import SPLITS
from relclip.core.params.raw import HUB, Format
from relclip.raw.convert import ANNOTATIONS
from relclip.raw.folder import EXTRAS, annotated, check_folder, check_pictures, take_folder
from relclip.raw.sources import local_folder

ABOUT = (
    "Show what a data set holds before anything is built: images, objects, predicates, relations, splits, what is "
    "missing, and the lines of params.yaml (raw.source, raw.folder, raw.format) that train on it. No data set is made "
    "without --output; what comes from the Hub or in shards is kept below data/downloads."
)
MOST_SHOWN = 12


@dataclass
class Survey:
    """Counts of one data set; `splits`: pictures by what image_data.json says first, None where it says nothing.

    `related`: how many of these pictures have a relation.
    """

    splits: Counter[str | None] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)
    predicates: Counter[str] = field(default_factory=Counter)
    related: int = 0

    @classmethod
    def of(cls, folder: Path) -> "Survey":
        """Count a folder with Visual Genome's three files. Raises InputError where one is broken."""
        survey, listed, related = cls(), set(), set()
        for entry in read_entries(folder / "image_data.json"):
            image_id = identifier(entry, "image_id", "id")
            if image_id is not None and image_id not in listed:
                survey.splits[_split(entry)] += 1
                listed.add(image_id)
        for entry in read_entries(folder / "objects.json"):
            things = (thing for thing in as_list(entry.get("objects")) if isinstance(thing, dict))
            survey.objects.update(
                tidy(str(next(iter(as_list(thing.get("names"))), thing.get("name")))) for thing in things
            )
        for entry in read_entries(folder / "relationships.json"):
            links = [link for link in as_list(entry.get("relationships")) if isinstance(link, dict)]
            survey.predicates.update(tidy(str(link.get("predicate"))) for link in links)
            if links:
                related.add(identifier(entry, "image_id", "id"))
        survey.related = len(listed & related)
        return survey

    def lines(self) -> Iterator[str]:
        """The counts as lines of text."""
        pictures = self.splits.total()
        alone = pictures - self.related
        without = f", {alone:,} of them without a relation" if alone else ""
        yield counted(pictures, "image", ">9,") + without
        names = counted(len(self.objects), "name", ",")
        predicates = counted(len(self.predicates), "predicate", ",")
        yield f"{counted(self.objects.total(), 'object', '>9,')} of {names}: {_most(self.objects)}"
        yield f"{counted(self.predicates.total(), 'relation', '>9,')} of {predicates}: {_most(self.predicates)}"
        said = [f"{name or 'none'} {self.splits[name]:,}" for name in (*SPLITS, None) if self.splits[name]]
        yield f"{'splits':>9} {', '.join(said)}"

    def split(self) -> str:
        """What dataset.split can be: the listed one where it has train and test, else fractions."""
        if self.splits[None] or not (self.splits["train"] and self.splits["test"]):
            return "{validation: 0.1, test: 0.3, seed: 0}"
        if self.splits["val"]:
            return "{validation: flag, test: null}"
        return f"{{validation: first_{max(1, self.splits['train'] // 20)}_of_train, test: null}}"


def _split(entry: Entry) -> str | None:
    split = entry.get("split")
    return split if split in SPLITS else None


def _most(counts: Counter[str]) -> str:
    shown = [f"{command.shown(name[:40])} {number:,}" for name, number in counts.most_common(MOST_SHOWN)]
    return ", ".join(shown) + (", ..." if len(counts) > MOST_SHOWN else "")


def _survey(folder: Path, layout: Format, output: Path | None, counts: Counter[str]) -> Survey:
    """Count a data set and, where there is an `output`, take it over; what is left out is counted in `counts`."""
    check_folder(folder, layout)
    # these are copied as they are: looked at where they lie, before anything is written
    survey = Survey.of(folder) if layout == "visual_genome" else None
    if output:
        check_own(output, FILE, (*ANNOTATIONS, *EXTRAS, "captions.tsv", FILE, "images/*"))
        counts.update(take_folder(folder, [], output, layout))
        return survey or Survey.of(output)
    with tempfile.TemporaryDirectory() as made:
        found = sum(1 for _ in annotated(folder, layout, Path(made), counts))
        check_pictures(folder, found, counts)
        counts["images found"] = found
        return survey or Survey.of(Path(made))


def main() -> None:
    """Parse the command line and show, or take, one data set."""
    parser = command.parser("relclip.raw.survey", ABOUT, "relclip import --format psg OpenPSG/")
    parser.add_argument(
        "folder", metavar="FOLDER", help="the data set: a folder, or hf://datasets/OWNER/NAME[@REVISION]"
    )
    parser.add_argument("--format", choices=get_args(Format), required=True, help="how it is laid out")
    command.add_path(parser, "--output", "FOLDER", "also write it there, in Visual Genome's formats")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    folder = local_folder(options.folder, options.format, counts)
    with inputs_protected():
        survey = _survey(folder, options.format, options.output, counts)
    print(f"{command.shown(options.folder)}, format {options.format}:")
    print("\n".join(survey.lines()))
    for what, number in counts.items():
        if number and what not in {"captions"}:
            print(f"{number:>9,} {what}")
    if not survey.predicates:
        print("Nobody can train on it: it has no relation.")
        return
    print(f"To train on it, in params.yaml ({how_to_set('full')} is a start):")
    where, layout = (options.output, "visual_genome") if options.output else (options.folder, options.format)
    named = {"folder": _from_a_project(str(where)), "format": layout}
    print(f"  raw: {_on_a_line({'source': 'folder', **named, 'captions': []})}")
    print(f"  dataset: {{objects: found, predicates: found, split: {survey.split()}, truth: false}}")


def _on_a_line(content: Mapping[str, object]) -> str:
    flow: str = yaml.safe_dump(
        content, default_flow_style=True, sort_keys=False, allow_unicode=True, width=sys.maxsize
    )
    return flow.strip()


def _from_a_project(folder: str) -> str:
    """A folder as the params.yaml of a project names it, which may not be the one where we are."""
    return folder if in_project() or folder.startswith(HUB) else str(Path(folder).absolute())


if __name__ == "__main__":
    command.run(main)
