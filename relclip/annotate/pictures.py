"""Pictures for the page: decoded and encoded anew, so that stored pixels and boxes agree and no foreign bytes leave."""

import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from relclip.core.errors import InputError
from relclip.core.images import read_image
from relclip.core.parquet import IMAGES, read_table

#: The longer side of what is sent; boxes scale with it.
LARGEST_SIDE = 2048
QUALITY = 92


@dataclass(frozen=True)
class Picture:
    """A picture of the data set: where it lies, its size in pixels."""

    path: Path
    width: int
    height: int


def read_pictures(dataset: Path, raw: Path) -> dict[int, Picture]:
    """Image id -> picture, by images.parquet. Raises InputError where a name leads out of `raw`."""
    table = read_table(dataset / "images.parquet", IMAGES)
    columns = (table[name].to_pylist() for name in ("image_id", "file", "width", "height"))
    return {
        image_id: Picture(_inside(raw, file), width, height)
        for image_id, file, width, height in zip(*columns, strict=True)
    }


def _inside(raw: Path, file: str) -> Path:
    name = PurePosixPath(file)
    if name.is_absolute() or ".." in name.parts:
        raise InputError(
            f"images.parquet has the file '{file}', which leads out of {raw}; make the dataset again"
        )
    return raw / name


def as_jpeg(path: Path) -> bytes:
    """A picture as JPEG without metadata: RGB, orientation as stored. Raises InputError as `read_image` does."""
    picture = Image.fromarray(read_image(path))
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()
