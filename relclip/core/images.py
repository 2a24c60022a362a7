"""Reading pictures from outside: hostile files end in one sentence, good ones as RGB arrays.

Pixels are as stored: EXIF orientation is not applied, because Visual Genome's boxes count stored pixels. `read_shown`
gives what a viewer shows instead.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from relclip.core.errors import InputError, errors_as, no_file, one_line

#: Formats whose decoders run in this process and stay in it (EPS, for one, would start Ghostscript).
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA")
#: Endings that files of these formats have, the usual one first.
SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".bmp",
    ".gif",
    ".jpe",
    ".jfif",
    ".tif",
    ".tiff",
    ".avif",
    ".jp2",
    ".j2k",
    ".ppm",
    ".pgm",
    ".pnm",
    ".tga",
)
#: Read where pillow-heif is installed (the extra `heif`).
HEIF_SUFFIXES = (".heic", ".heif")
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
#: Bits that cameras and scanners count grey in; a file that says 16 often holds fewer.
_GREY_BITS = (8, 10, 12, 14, 16)
_ORIENTATION = 0x0112
#: As RGB bytes 192 MB. A larger JPEG is decoded at a half, a quarter or an eighth of its sides.
MAX_PIXELS = 64_000_000
#: Modes that Pillow converts to RGB without losing the picture. 16-bit grey is scaled here.
_CONVERTIBLE = {"RGB", "RGBA", "RGBX", "L", "LA", "1", "P", "PA", "CMYK", "YCbCr", "LAB"}
# Pillow refuses twice this at the header; phones take 200 megapixels, which come reduced. Our own limit lies below and
# ends in a sentence of ours: Pillow's warning would only stand beside it.
Image.MAX_IMAGE_PIXELS = 2 * MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class TooLarge(InputError):
    """A picture with more than MAX_PIXELS."""


def read_image(path: Path) -> NDArray[np.uint8]:
    """Decode a picture wholly: (H, W, 3) uint8, RGB, stored orientation, first frame, alpha left out.

    Raises InputError where the file is missing, no picture, cut off, too large or in a mode without colours.
    """
    with _opened(path) as (stored, _):
        return _pixels(stored, as_shown=False)


def read_shown(path: Path, *, reduced: bool = False) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The same as a viewer shows it, and its (width, height): turned as EXIF says, what is transparent on white.

    `reduced`: the pixels of a JPEG beyond MAX_PIXELS come with a half, a quarter or an eighth of its sides.
    """
    with _opened(path, reduced=reduced) as (stored, (width, height)):
        size = (height, width) if _orientation(stored) >= 5 else (width, height)
        return _pixels(stored, as_shown=True), size


def shown_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of a picture that a program opened, as `read_shown` has it. Raises InputError for a bad one."""
    _refuse("the picture", image)
    with errors_as(lambda error: InputError(f"the picture cannot be decoded ({one_line(error, 100)})")):
        return _pixels(image, as_shown=True)


def _pixels(stored: Image.Image, as_shown: bool) -> NDArray[np.uint8]:
    image = _turned(stored) if as_shown else stored
    if image.mode.startswith("I;16"):
        return _grey(image, as_shown)
    return np.array((_on_white(image) if as_shown else image).convert("RGB"))


def _grey(image: Image.Image, as_shown: bool) -> NDArray[np.uint8]:
    """16-bit grey as RGB bytes: the fewest of _GREY_BITS that hold its brightest value are its full range."""
    values = np.asarray(image)
    bits = int(values.max(initial=0)).bit_length()
    grey = (values >> (next(known for known in _GREY_BITS if bits <= known) - 8)).astype(np.uint8)
    clear = image.info.get("transparency")
    if as_shown and isinstance(clear, int):
        grey[values == clear] = 255
    return np.repeat(grey[..., None], 3, axis=2)


def check_image(path: Path) -> tuple[tuple[int, int], int]:
    """Return (width, height) and EXIF orientation, 1 to 8, of a picture that `read_image` will read.

    All bytes are read and entropy-decoded; a JPEG's pixels are only computed at an eighth of the size.
    Raises InputError as `read_image` does.
    """
    with _opened(path) as (image, (width, height)):
        image.draft("RGB", (max(1, width // 8), max(1, height // 8)))
        image.load()
        return (width, height), _orientation(image)


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION)
    except Exception:  # EXIF can be any bytes
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _turned(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # EXIF can be any bytes; the picture is good without it
        return image.copy()


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    shown = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)


def image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) as a picture's header says, no pixels read; raises InputError as `read_image` does."""
    with _opened(path) as (_, size):
        return size


def check_is_file(path: Path) -> None:
    """Raise InputError where no file is there, before its bytes are asked for: a pipe has none, a device no end."""
    if not path.is_file():
        raise InputError(f"{path} {no_file(path)}; put the picture in place")


@contextmanager
def _opened(path: Path, *, reduced: bool = False) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """The file, as yet undecoded, and its (width, height) as stored; `reduced`: it comes smaller where it must."""
    check_is_file(path)
    formats = _formats(path)

    def undecoded(error: Exception) -> InputError:
        if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
            return TooLarge(f"{path} has more than {MAX_PIXELS:,} pixels; make it smaller")
        if isinstance(error, Image.UnidentifiedImageError):
            return InputError(f"{path} is no picture in a known format; allowed: {', '.join(formats)}")
        reason = one_line(error, 100)  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
        return InputError(f"{path} cannot be decoded ({reason}); get a whole copy of the picture")

    with errors_as(undecoded), Image.open(path, formats=formats) as image:
        size = image.size
        if reduced and image.format == "JPEG":
            _reduce(image)
        _refuse(path, image)
        yield image, size


def _formats(path: Path) -> tuple[str, ...]:
    """FORMATS, and HEIF for a file that is one; raises InputError for an empty file, or without HEIF's reader."""
    with path.open("rb") as file:
        start = file.read(12)
    if not start:
        raise InputError(f"{path} is empty; get a whole copy of the picture")
    if start[4:8] != b"ftyp" or start[8:12] not in _HEIF_BRANDS:
        return FORMATS
    try:
        import pillow_heif  # noqa: PLC0415  # an extra
    except ModuleNotFoundError:
        raise InputError(
            f"{path} is HEIC, which needs pillow-heif: pip install 'relclip[heif]', or save the photo as JPEG"
        ) from None
    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def _reduce(image: Image.Image) -> None:
    """Let the JPEG decoder give the largest of 1/2, 1/4, 1/8 of the sides that MAX_PIXELS allows, where it must."""
    width, height = image.size
    for share in (1, 2, 4, 8):
        if (width // share) * (height // share) <= MAX_PIXELS:
            if share > 1:
                image.draft("RGB", (width // share, height // share))
            return


def _refuse(path: Path | str, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLarge(f"{path} has {width} x {height} pixels; allowed: {MAX_PIXELS:,}; make it smaller")
    if image.mode not in _CONVERTIBLE and not image.mode.startswith("I;16"):
        raise InputError(f"{path} is in the mode '{image.mode}'; save it as RGB or grey, 8 or 16 bits")
