"""A folder in one of the formats -> data/raw: pictures hard-linked or copied, captions in one file."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from relclip.core.atomic import atomic_folder, real
from relclip.core.entries import Entry, identifier, read_entries
from relclip.core.errors import InputError, no_file
from relclip.core.origin import Origin, said_of_itself
from relclip.core.params.raw import HUB, Format, Raw
from relclip.core.progress import progress
from relclip.raw.caption_files import join_captions, names_of
from relclip.raw.convert import ANNOTATIONS, MISSING, PictureFiles, numbered_pictures, write_annotations
from relclip.raw.formats import annotation_files, check_unpacked, reader, words_of

#: Taken along where they are: alias files, and the full truth where a data set knows it.
EXTRAS = ("object_alias.txt", "predicate_alias.txt", "relationship_alias.txt", "truth/relationships.json")
#: Where pictures are looked for: this project's folder, then the two that Visual Genome's zips unpack to.
PLACES = ("images", "VG_100K", "VG_100K_2")
LINKED, COPIED = "images linked", "images copied"


def take_folder(
    folder: Path, captions: Sequence[str], output: Path, layout: Format = "visual_genome"
) -> Counter[str]:
    """Make `output` (the contract of data/raw) from `folder`, whole or not at all; return counts in words.

    Visual Genome's files are copied; its pictures are found by their id in `images`, `VG_100K`, `VG_100K_2`, else by
    `file` in image_data.json. Another format is read and written as such files. Missing pictures are counted here and
    dropped by the stage `dataset`. Captions get ids `<file's stem>:<id>`.
    Raises InputError where a file is missing or broken, no picture is found, or `output` holds `folder`.
    """
    check_folder(folder, layout)
    if real(folder).is_relative_to(real(output)):
        raise InputError(
            f"raw.folder '{folder}' lies in the output '{output}', which is replaced; move it elsewhere"
        )
    counts: Counter[str] = Counter()
    with atomic_folder(output) as made:
        link_pictures(annotated(folder, layout, made, counts), made / "images", counts)
        check_pictures(folder, counts[LINKED] + counts[COPIED], counts)
        counts.update(join_captions([Path(path) for path in captions], made / "captions.tsv"))
        _origin(folder, layout, captions).save(made)
    return counts


def _origin(folder: Path, layout: Format, captions: Sequence[str]) -> Origin:
    """What the folder's own source.json says, and for the rest its name."""
    name = real(folder).name
    about = f"The folder {name} in the format {layout}. Captions: {names_of(captions)}."
    said = {"title": f"the data set {name}", "about": about, **said_of_itself(folder)}
    return Origin(**said | {"source": "folder"})


def annotation_of(raw: Raw) -> list[Path]:
    """The annotation files of raw.folder, of the Hub's none; where their names are the folder's to say and it is not
    there, the folder itself.
    """
    folder = Path(raw.folder or "")
    if raw.folder and raw.folder.startswith(HUB):
        return []
    if raw.format == "visual_genome":
        return [folder / name for name in ANNOTATIONS]
    if not folder.is_dir():
        return [folder]
    return [
        path for ending in (".json", ".csv", ".parquet") for path in annotation_files(folder, ending, least=0)
    ]


def check_folder(folder: Path, layout: Format) -> None:
    """Raise InputError where there is no such folder, or it lacks one of Visual Genome's files, or holds it packed."""
    if not folder.is_dir():
        raise InputError(
            f"'{folder}' is no folder; name one that holds a data set (in params.yaml: raw.folder)"
        )
    for name in ANNOTATIONS if layout == "visual_genome" else ():
        check_unpacked(folder / name)
        if not (folder / name).is_file():
            met = f"{folder / name} {no_file(folder / name)}"
            raise InputError(f"{met}; raw.folder must hold {', '.join(ANNOTATIONS)}")


def check_pictures(folder: Path, found: int, counts: Counter[str]) -> None:
    """Raise InputError where no picture was found, with what was left out."""
    if not found:
        met = (
            ", ".join(f"{number} x {what}" for what, number in counts.items() if number)
            or "its files list none"
        )
        raise InputError(
            f"{folder} has no picture to take ({met}); put them in {folder / 'images'}, called as the format's"
            " own files say: <image_id>.jpg, or the name that `file` gives"
        )


def annotated(folder: Path, layout: Format, made: Path, counts: Counter[str]) -> Iterator[tuple[int, Path]]:
    """Put Visual Genome's three files into `made`; yield the number and file of every picture that is there.

    What is left out is counted in words.
    """
    if layout != "visual_genome":
        pictures = reader(layout)(folder, counts)
        yield from write_annotations(pictures, PictureFiles(folder), made, counts).items()
        return
    for name in ANNOTATIONS + tuple(extra for extra in EXTRAS if (folder / extra).is_file()):
        (made / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / name, made / name)
    numbered = numbered_pictures(folder / place for place in PLACES)
    files = cache(partial(PictureFiles, folder))  # looks at every file below, where a picture needs it
    yield from listed_pictures(read_entries(made / "image_data.json"), numbered, files, counts)


def listed_pictures(
    entries: Iterable[Entry],
    numbered: Mapping[int, Path | str],
    files: Callable[[], PictureFiles] | None,
    counts: Counter[str],
) -> Iterator[tuple[int, Path]]:
    """Number and file of each picture of image_data.json that is there: by its number, else by its `file`.

    All others are counted, one word each.
    """
    met: set[int] = set()
    for entry in entries:
        image_id = identifier(entry, "image_id", "id")
        if image_id is None or image_id in met:
            what = "without a whole image_id" if image_id is None else "whose image_id came before"
            counts[f"entries of image_data.json {what}"] += 1
            continue
        met.add(image_id)
        found, file = numbered.get(image_id, MISSING), words_of(entry.get("file"))
        if isinstance(found, str) and files and file:
            either = found, files().find_near("images", file)
            found = min(either, key=lambda one: (isinstance(one, str), one == MISSING))
        if isinstance(found, str):
            counts[found] += 1
        else:
            yield image_id, found


def link_pictures(pictures: Iterable[tuple[int, Path]], folder: Path, counts: Counter[str]) -> None:
    """Put pictures into `folder`, called by their numbers."""
    folder.mkdir()
    for image_id, picture in progress(pictures, "take images", "image"):
        counts[link(real(picture), folder / f"{image_id}{picture.suffix.lower()}")] += 1


def link(source: Path, target: Path) -> str:
    """Hard-link a picture; copy it where the disk or its owner's rights forbid a link. Return which, in words."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        return COPIED
    return LINKED
