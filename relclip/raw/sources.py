"""The values of raw.source: how each makes data/raw, and what the pipeline asks of a data set before it is made.

A new source is an entry of SOURCES, with its name in `Raw.source` (relclip/core/params/raw.py) and a test. A folder may
be a data set of the Hugging Face Hub by its name (HF_ENDPOINT and HF_TOKEN are heeded).
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from relclip.core.atomic import real
from relclip.core.digest import inputs_digest
from relclip.core.errors import InputError, one_line
from relclip.core.images import SUFFIXES
from relclip.core.params.raw import HUB, Format, Raw
from relclip.raw.folder import annotation_of, take_folder

#: Where what was fetched is kept; what stopped goes on there.
KEPT = Path("data", "downloads", "hub")
_NAME = re.compile(rf"{re.escape(HUB)}(\w[\w.-]*/\w[\w.-]*?)(?:@(\w[\w./-]*))?")


@dataclass(frozen=True)
class Source:
    """One source.

    `make`: fills the folder it is given, returns counts in words. `room`: bytes that the pipeline writes from nothing,
    roughly. `reads`: files from outside whose change is seen. `files`, `folders`: what only this source writes.
    """

    make: Callable[[Raw, Path], Counter[str]]
    room: Callable[[Raw], int]
    reads: Callable[[Raw], list[Path]] = lambda raw: []
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


# Each source imports what it alone needs itself.
def _draw(raw: Raw, output: Path) -> Counter[str]:
    from relclip.raw.scenes import make_scenes  # noqa: PLC0415

    make_scenes(raw.scenes, output)
    return Counter()


def _fetch(raw: Raw, output: Path) -> Counter[str]:
    from relclip.raw.vg.stage import take_visual_genome  # noqa: PLC0415

    return take_visual_genome(raw.vg, raw.captions, output)


def _room(raw: Raw) -> int:
    """What lies beside the pictures, and what these are still to take on this disk.

    The presets' sum in GB: maps of an encoder 8 (vg has two), CLIP's scores on detected boxes 4 (vg50, of 50
    predicates: 10) and once more while their parts are put together, annotation and captions 4, trainings 3,
    predictions 3, encoders 1, the rest 2.
    """
    from relclip.raw.vg.collect import pictures_to_come  # noqa: PLC0415

    return 36_000_000_000 + pictures_to_come(raw.vg, Path("data", "raw"))


def _take(raw: Raw, output: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    folder = local_folder(raw.folder or "", raw.format, counts)
    return counts + take_folder(folder, raw.captions, output, raw.format)


def _at_hand(raw: Raw) -> list[Path]:
    """What the user has of Visual Genome; not the pictures, for Snakemake reads its inputs at every start."""
    paths = [Path(path) for name, path in raw.vg.have.items() if not name.startswith("images")]
    return [path for path in paths if path.is_file()]


SOURCES = {
    # The default data set, 6,300 pictures, leaves 0.8 GB; while it is made some of it is there twice.
    "scenes": Source(
        _draw,
        room=lambda raw: 100_000_000 + 200_000 * (raw.scenes.images + raw.scenes.pretrain_images),
        folders=("truth", "pretrain"),
    ),
    # A folder may hold any number of photographs.
    "folder": Source(_take, room=lambda raw: 1_500_000_000, reads=annotation_of),
    "vg": Source(_fetch, room=_room, reads=_at_hand, files=("object_alias.txt", "relationship_alias.txt")),
}


def local_folder(name: str, layout: Format, counts: Counter[str]) -> Path:
    """The folder that `name` says; hf://datasets/OWNER/NAME[@REVISION] is fetched first, or brought up to date.

    Its zip archives and Parquet shards are unpacked there. A folder of shards that lies on this disk, to be read as
    COCO's format, which they hold, is unpacked below `data`. What is left out of them is counted in words.
    Raises InputError where the name is none, the Hub does not give the data set, or what it comes packed in is broken.
    """
    if "://" not in name:
        return _unpacked(Path(name), counts) if layout == "coco" else Path(name)
    found = _NAME.fullmatch(name)
    if not found:
        raise InputError(
            f"'{name}' names no data set of the Hub; write {HUB}OWNER/NAME or {HUB}OWNER/NAME@REVISION"
        )
    from huggingface_hub import snapshot_download  # noqa: PLC0415 (other sources need no Hub)
    from huggingface_hub.errors import HTTPError  # noqa: PLC0415

    place = KEPT / found[1].replace("/", "--")
    try:
        snapshot_download(found[1], repo_type="dataset", revision=found[2], local_dir=place)
    except (HTTPError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault
        reason = one_line(error)
        raise InputError(
            f"the Hub does not give '{name}' ({reason}); correct the name, set HF_TOKEN where it is gated, or "
            "fetch its files elsewhere and name their folder"
        ) from None
    from relclip.raw.packed import unpack  # noqa: PLC0415 (it imports pyarrow)

    unpack(place, counts)
    return place


def _unpacked(folder: Path, counts: Counter[str]) -> Path:
    """The folder; where all its pictures lie in Parquet shards, as a copy of the Hub's files may, what they hold."""
    pictures = any(path.suffix.lower() in SUFFIXES for path in folder.rglob("*"))
    if pictures or not any(folder.rglob("*.parquet")):
        return folder
    from relclip.raw.packed import unpack  # noqa: PLC0415

    place = KEPT.with_name("shards") / f"{folder.name}-{inputs_digest(str(real(folder)))[:8]}"
    unpack(folder, counts, place)
    return place
