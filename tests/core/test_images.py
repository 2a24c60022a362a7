"""read_image: what it returns for odd pictures, and one sentence for broken ones."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from relclip.core.errors import InputError
from relclip.core.images import TooLarge, check_image, read_image, read_shown


@pytest.fixture
def picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_becomes_rgb(tmp_path, picture, mode):
    path = tmp_path / "a.png"
    picture.convert(mode).save(path)
    image = read_image(path)
    assert image.shape == (37, 53, 3) and image.dtype == np.uint8
    np.testing.assert_array_equal(image, np.asarray(picture.convert(mode).convert("RGB")))


def test_lab_becomes_the_colours_it_stands_for(tmp_path):
    """Red in CIE L*a*b* under D50 is (54.3, 80.8, 69.9); TIFF keeps L in bytes, a and b as signed ones."""
    Image.frombytes("LAB", (2, 1), bytes([139, 81, 70, 255, 0, 0])).save(tmp_path / "a.tif")
    # 8-bit L, a, b
    np.testing.assert_allclose(read_image(tmp_path / "a.tif")[0], [[255, 0, 0], [255, 255, 255]], atol=8)


def test_cmyk_jpeg_and_16_bit_grey(tmp_path, picture):
    picture.convert("CMYK").save(tmp_path / "c.jpg")
    assert read_image(tmp_path / "c.jpg").shape == (37, 53, 3)
    Image.fromarray(np.full((4, 5), 0x80FF, np.uint16)).save(tmp_path / "g.png")
    assert (read_image(tmp_path / "g.png") == 0x80).all()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("keep", [10, 0.3, 0.7, -3, 1.0])
def test_cheap_check_agrees_with_whole_decoding(tmp_path, picture, keep, progressive):
    whole, path = tmp_path / "whole.jpg", tmp_path / "a.jpg"
    picture.resize((640, 480)).save(whole, progressive=progressive)
    content = whole.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    outcomes = []
    for read in (read_image, check_image):
        try:
            read(path)
            outcomes.append(True)
        except InputError:
            outcomes.append(False)
    assert outcomes == [keep == 1.0] * 2
    assert check_image(whole) == ((640, 480), 1)


def _bomb(side):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
        (_bomb(9000), "pixels"),
        (_bomb(40000), "pixels"),
        (_bomb(50), "cannot be decoded"),
    ],
)
def test_broken_files_end_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    for read in (read_image, check_image):
        with pytest.raises(InputError, match=sentence):
            read(path)


def test_missing_folder_and_float(tmp_path):
    Image.fromarray(np.zeros((3, 3), np.float32)).save(tmp_path / "f.tiff")
    for path in (tmp_path / "none.jpg", tmp_path, tmp_path / "f.tiff"):
        with pytest.raises(InputError):
            read_image(path)


def test_a_picture_that_memory_does_not_hold_is_not_called_broken(tmp_path, picture, monkeypatch):
    picture.save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        read_image(tmp_path / "a.png")


def test_pillow_says_nothing_beside_our_sentence(tmp_path):
    (tmp_path / "large.png").write_bytes(_bomb(10_000))
    code = f"import pathlib, relclip.core.images as i; i.image_size(pathlib.Path({str(tmp_path / 'large.png')!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "has 10000 x 10000 pixels" in done.stderr and "Warning" not in done.stderr


def test_12_bit_grey_keeps_its_range_and_a_transparent_grey_is_a_hole_alone(tmp_path):
    ramp = np.linspace(0, 65535, 60_000).reshape(200, 300).astype(np.uint16)
    Image.fromarray(ramp // 16).save(tmp_path / "twelve.png")
    Image.fromarray(ramp).save(tmp_path / "clear.png", transparency=0)
    for name in ("twelve.png", "clear.png"):
        for pixels in (read_image(tmp_path / name), read_shown(tmp_path / name)[0]):
            assert abs(pixels.mean() - 127.5) < 1
    assert read_shown(tmp_path / "clear.png")[0][0, 0].tolist() == [255] * 3


@pytest.mark.parametrize("name", ["a.tif", "a.avif", "a.jp2", "a.ppm", "a.tga", "a.jfif", "a.jpe", "a.heic"])
def test_what_phones_and_scanners_write_is_read(tmp_path, name):
    picture, path = Image.new("RGB", (40, 30), (200, 40, 40)), tmp_path / name
    if name.endswith("heic"):
        pytest.importorskip("pillow_heif").from_pillow(picture).save(path)
    else:
        picture.save(path, format="JPEG" if name.startswith("a.j") and name != "a.jp2" else None)
    assert abs(read_image(path).mean(axis=(0, 1)) - (200, 40, 40)).max() < 6


def test_heic_without_its_reader_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    with pytest.raises(InputError, match=r"pip install 'relclip\[heif\]'"):
        read_image(tmp_path / "a.jpg")


def test_a_damaged_heic_is_told_with_heif_among_what_is_read(tmp_path):
    pytest.importorskip("pillow_heif")
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    with pytest.raises(InputError, match=r"no picture in a known format; allowed: .*AVIF.*, HEIF"):
        read_image(tmp_path / "a.heic")


def test_a_jpeg_beyond_the_limit_is_decoded_reduced_where_that_will_do(tmp_path, monkeypatch):
    monkeypatch.setattr("relclip.core.images.MAX_PIXELS", 10_000)
    Image.new("RGB", (300, 400), (90, 120, 60)).save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="300 x 400 pixels"):
        read_image(tmp_path / "a.jpg")
    assert read_shown(tmp_path / "a.jpg", reduced=True)[0].shape == (100, 75, 3)
    assert read_shown(tmp_path / "a.jpg", reduced=True)[1] == (300, 400)


def test_a_phone_of_200_megapixels_is_read_reduced_and_four_times_that_is_refused_by_its_size(tmp_path):
    Image.new("L", (16320, 12240), 90).save(tmp_path / "a.jpg", quality=10)
    with pytest.raises(TooLarge, match="16320 x 12240 pixels"):
        check_image(tmp_path / "a.jpg")
    picture, size = read_shown(tmp_path / "a.jpg", reduced=True)
    assert picture.shape == (6120, 8160, 3) and size == (16320, 12240)
    stored = (tmp_path / "a.jpg").read_bytes()
    claims = struct.pack(">HH", 12240, 16320)
    (tmp_path / "a.jpg").write_bytes(stored.replace(claims, struct.pack(">HH", 32000, 32000)))
    with pytest.raises(TooLarge, match="more than 64,000,000 pixels"):
        read_shown(tmp_path / "a.jpg", reduced=True)
