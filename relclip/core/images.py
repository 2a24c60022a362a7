"""Reading pictures from outside: hostile files end in one sentence, good ones as RGB arrays.

Pixels are as stored: EXIF orientation is not applied, because Visual Genome's boxes count stored pixels. `as_shown`
asks for what a viewer shows instead.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from relclip.core.errors import InputError

#: Formats whose decoders run in this process and stay in it (EPS, for one, would start Ghostscript).
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
#: Endings that files of these formats have, the usual one first.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
#: More than any camera's photograph; as RGB bytes 192 MB.
MAX_PIXELS = 64_000_000
#: Modes that Pillow converts to RGB without losing the picture. 16-bit grey is scaled here.
_CONVERTIBLE = {"RGB", "RGBA", "RGBX", "L", "LA", "1", "P", "PA", "CMYK", "YCbCr"}
# Our own limit lies below Pillow's and ends in a sentence of ours: its warning would only stand beside it.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_image(path: Path, *, as_shown: bool = False) -> NDArray[np.uint8]:
    """Decode a picture wholly: (H, W, 3) uint8, RGB, stored orientation, first frame, alpha left out.

    `as_shown`: turned as its EXIF orientation says, what is transparent on white.

    Raises InputError where the file is missing, no picture, cut off, too large or in a mode without colours.
    """
    with _opened(path) as stored:
        image = _as_shown(stored) if as_shown else stored
        if image.mode.startswith("I;16"):
            grey = (np.asarray(image) >> 8).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        return np.array(image.convert("RGB"))


def check_image(path: Path) -> tuple[int, int]:
    """Return (width, height) of a picture that `read_image` will read; raises InputError as it does.

    All bytes are read and entropy-decoded; a JPEG's pixels are only computed at an eighth of the size.
    """
    with _opened(path) as image:
        width, height = image.size
        image.draft("RGB", (max(1, width // 8), max(1, height // 8)))
        image.load()
        return width, height


def _as_shown(image: Image.Image) -> Image.Image:
    image.load()
    try:
        image = ImageOps.exif_transpose(image)
    except Exception:  # EXIF can be any bytes; the picture is good without it
        image = image.copy()
    if not image.has_transparency_data:
        return image
    shown = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)


def image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) as a picture's header says, no pixels read; raises InputError as `read_image` does."""
    with _opened(path) as image:
        return image.size


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    if not path.is_file():
        raise InputError(f"{path} is not there or is no file; put the picture in place")
    try:
        with Image.open(path, formats=FORMATS) as image:
            _refuse(path, image)
            yield image
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(f"{path} has more than {MAX_PIXELS:,} pixels; make it smaller") from None
    except Image.UnidentifiedImageError:
        raise InputError(f"{path} is no picture in a known format; allowed: {', '.join(FORMATS)}") from None
    except Exception as error:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more on broken files.
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{path} cannot be decoded ({reason}); get a whole copy of the picture") from None


def _refuse(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(f"{path} has {width} x {height} pixels; allowed: {MAX_PIXELS:,}; make it smaller")
    if image.mode not in _CONVERTIBLE and not image.mode.startswith("I;16"):
        raise InputError(f"{path} is in the mode '{image.mode}'; save it as RGB or grey, 8 or 16 bits")
