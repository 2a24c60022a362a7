"""Visual Genome by download -> data/raw, the same folder that `folder` and `scenes` make."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from relclip.core.atomic import atomic_folder
from relclip.core.entries import read_entries
from relclip.core.errors import InputError
from relclip.core.images import image_size
from relclip.core.origin import Origin
from relclip.core.params.raw import VisualGenome
from relclip.raw.caption_files import join_captions, names_of
from relclip.raw.convert import numbered_pictures
from relclip.raw.folder import COPIED, LINKED, PLACES, link_pictures, listed_pictures
from relclip.raw.formats import UNPACKED
from relclip.raw.vg import official
from relclip.raw.vg.collect import PICTURES, collect
from relclip.raw.vg.unzip import folder_of, unpack_pictures

ALIASES = ("object_alias.txt", "relationship_alias.txt")
LISTED = "images listed"


def take_visual_genome(settings: VisualGenome, captions: Sequence[str], output: Path) -> Counter[str]:
    """Fetch what is missing, unpack it, and make `output` (the contract of data/raw); return counts in words.

    What was fetched and unpacked stays in raw.vg.folder; pictures are hard-linked from there, so that they take their
    place once. Raises InputError where files remain missing or are not what they should be.
    """
    places = collect(settings)
    kept = Path(settings.folder)
    counts: Counter[str] = Counter()
    folders = []
    for name in PICTURES:
        folder = folder_of(name, kept)
        if places[name].is_dir():
            folder = places[name]
        else:
            counts.update(unpack_pictures(places[name], folder))
        folders.append(folder)
    with atomic_folder(output) as made:
        pictures = numbered_pictures(
            place for folder in folders for place in (folder, *(folder / name for name in PLACES))
        )
        _annotations(settings.route, places, kept / UNPACKED, made, pictures)
        for name in ALIASES:
            shutil.copyfile(places[name], made / name)
        taken: Counter[str] = Counter()
        entries = read_entries(made / "image_data.json")
        link_pictures(listed_pictures(entries, pictures, None, taken), made / "images", taken)
        counts.update({LISTED: taken.total(), **taken})
        if not taken[LINKED] + taken[COPIED]:
            raise InputError(
                f"none of the {counts[LISTED]} pictures of image_data.json is in {', '.join(map(str, folders))}; give "
                "the pictures that belong to it, as <image_id>.jpg"
            )
        texts = [path for name, path in places.items() if name.endswith(".tsv")]
        counts.update(join_captions([*texts, *map(Path, captions)], made / "captions.tsv"))
        _origin(settings, captions, places).save(made)
    return counts


def _annotations(
    route: str, places: Mapping[str, Path], unpacked: Path, made: Path, pictures: Mapping[int, Path | str]
) -> None:
    if route == "json":
        official.put_annotations(places, unpacked, made)
        return
    from relclip.raw.vg import h5  # noqa: PLC0415 (the other route needs no HDF5)

    def size_of(image_id: int) -> tuple[int, int] | None:
        picture = pictures.get(image_id)
        try:
            return image_size(picture) if isinstance(picture, Path) else None
        except InputError:
            return None

    h5.put_annotations(places, unpacked, made, size_of)


def _origin(settings: VisualGenome, captions: Sequence[str], places: Mapping[str, Path]) -> Origin:
    """Which route was taken, and the sizes of the files it was made from."""
    sizes = {name: path.stat().st_size for name, path in places.items() if path.is_file()}
    route = {"json": "its official JSON files", "h5": "the preprocessed VG-SGG file"}[settings.route]
    corpora = ", ".join(settings.captions) or "none"
    return Origin(
        title="Visual Genome",
        about=f"Visual Genome, by {route}. Captions: Conceptual Captions ({corpora}); others: {names_of(captions)}.",
        licence="Licence of the data: Visual Genome's annotations are under CC BY 4.0; its photographs are Flickr "
        "users', each under a licence of its own. Conceptual Captions may be used freely, says its publisher, who "
        "disclaims all liability.",
        source="vg",
        route=settings.route,
        files=sizes,
    )
