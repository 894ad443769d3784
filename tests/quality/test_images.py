"""Image files of every kind that test sets come in become 8-bit RGB, and what was done is said."""

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from srbench.errors import InputError
from srbench.quality import datasets
from srbench.quality.images import cut_to_multiple, read_image

COLOURS = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)


def written(path: Path, pixels: NDArray[Any]) -> Path:
    """By OpenCV, which writes 16 bits; it has blue first."""
    assert cv2.imwrite(str(path), pixels if pixels.ndim == 2 else pixels[..., ::-1])
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "TIFF"])
def test_eight_bit_rgb_is_taken_as_it_is(tmp_path: Path, suffix: str) -> None:
    picture = read_image(written(tmp_path / f"a.{suffix}", COLOURS))
    assert np.array_equal(picture.pixels, COLOURS)
    assert picture.notes == ()


def test_jpeg_comes_near(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Pillow.new("RGB", (16, 16), (200, 100, 50)).save(path, quality=100)
    assert np.abs(read_image(path).pixels.astype(int) - (200, 100, 50)).max() <= 3


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_rounded_not_cut(tmp_path: Path, suffix: str) -> None:
    # 65535 / 255 = 257: value v is v / 257 in 8 bits; cut off, 255 * 257 - 1 would be 254.
    sixteen = np.array([[[0, 128, 129], [255 * 257, 255 * 257 - 1, 1000]]], np.uint16)
    picture = read_image(written(tmp_path / f"a.{suffix}", sixteen))
    assert picture.pixels.tolist() == [[[0, 0, 1], [255, 255, 4]]]
    assert picture.notes == ("16 bits were rounded to 8",)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_becomes_three_equal_channels(tmp_path: Path, dtype: type[np.generic]) -> None:
    factor = 257 if dtype is np.uint16 else 1
    picture = read_image(written(tmp_path / "a.png", (np.arange(6).reshape(2, 3) * factor).astype(dtype)))
    assert picture.pixels[..., 1].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (picture.pixels == picture.pixels[..., :1]).all()
    assert picture.notes[-1] == "grey became RGB with three equal channels"


def test_a_palette_is_resolved(tmp_path: Path) -> None:
    image = Pillow.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert picture.pixels.tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert picture.notes == ("a palette was resolved",)


def test_alpha_is_left_out(tmp_path: Path) -> None:
    Pillow.new("RGBA", (2, 2), (1, 2, 3, 77)).save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert picture.pixels[0, 0].tolist() == [1, 2, 3]
    assert picture.notes == ("alpha was left out",)


def test_grey_with_alpha_says_both(tmp_path: Path) -> None:
    Pillow.new("LA", (2, 2), (9, 77)).save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert picture.pixels[0, 0].tolist() == [9, 9, 9]
    assert picture.notes == ("grey became RGB with three equal channels", "alpha was left out")


@pytest.mark.parametrize(("mode", "suffix"), [("CMYK", "jpg"), ("CMYK", "tif"), ("YCbCr", "tif")])
def test_colours_of_print_and_video_are_said(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Pillow.new("RGB", (16, 16), (200, 100, 50)).convert(mode).save(path, quality=100)
    picture = read_image(path)
    assert np.abs(picture.pixels.astype(int) - (200, 100, 50)).max() <= 3
    assert picture.notes == (f"{mode} became RGB without a colour profile",)


def test_a_photo_is_not_turned_and_says_so(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[274] = 6  # turn by a quarter to be seen upright
    Pillow.fromarray(COLOURS).save(tmp_path / "a.png", exif=exif)
    picture = read_image(tmp_path / "a.png")
    assert np.array_equal(picture.pixels, COLOURS)
    assert picture.notes == ("it was not turned as its EXIF orientation says",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an image"),
        (b"hello", "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not an image|damaged|cannot read"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        read_image(path)
    assert str(path) in str(error.value)


def test_half_an_image_is_no_image(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    path = written(tmp_path / "a.png", dice.integers(0, 256, (200, 200, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:60_000])
    with pytest.raises(InputError, match=r"a\.png"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "bmp"])
@pytest.mark.parametrize("exif", [False, True])
def test_whatever_is_damaged_is_named(tmp_path: Path, suffix: str, exif: bool) -> None:
    path = tmp_path / f"a.{suffix}"
    turned = Pillow.Exif()
    turned[274] = 6
    Pillow.fromarray(COLOURS).save(path, exif=turned if exif else Pillow.Exif())
    whole = path.read_bytes()
    dice = np.random.default_rng(0)
    cut = [whole[:length] for length in range(min(len(whole), 200))]
    # Headers lie at the front, those of a TIFF's pages at the end.
    places = {*range(min(len(whole), 150)), *range(max(0, len(whole) - 150), len(whole))}
    if suffix == "png":  # its zeros are upper bytes of sides and lengths, which would ask for gigabytes
        places = {at for at in places if whole[at]}
    changed = [whole[:at] + bytes([value]) + whole[at + 1 :] for at in places for value in (0, 255, dice.integers(256))]
    said = []
    for content in (*cut, *changed):
        path.write_bytes(content)
        try:
            read_image(path)
        except InputError as error:
            said.append(str(error))
    assert len(said) >= len(cut) / 2
    assert all(str(path) in each and "\n" not in each for each in said)


def header_of_png(width: int, height: int) -> bytes:
    """A PNG of one bit a pixel, up to where its pixels begin and with none of them."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_000, 14_000])
def test_a_large_image_is_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder, side: int
) -> None:
    # Pillow warns from 89 million pixels on, and refuses from 179 million; it must not decode them here either.
    (tmp_path / "a.png").write_bytes(header_of_png(side, side))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: np.zeros((4, 4, 3), np.uint8))
    assert read_image(tmp_path / "a.png").pixels.shape == (4, 4, 3)
    assert list(recwarn) == []


def test_an_image_beyond_what_can_be_decoded_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(header_of_png(40_000, 40_000))
    with pytest.raises(InputError, match=r"a\.png is of 40000x40000 pixels; srbench reads up to 200,000,000") as error:
        read_image(path)
    assert "\n" not in str(error.value)


def test_a_png_that_says_behind_its_pixels_how_it_is_turned(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", COLOURS)
    # TIFF's layout: little-endian, one entry of tag 274 (orientation), a SHORT with the value 6.
    exif = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 274, 3, 1, 6) + b"\0\0\0\0"
    late = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    whole = path.read_bytes()
    path.write_bytes(whole[:-12] + late + whole[-12:])  # IEND is 12 bytes
    assert read_image(path).notes == ("it was not turned as its EXIF orientation says",)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(InputError, match=f"cannot read {path}"):
            read_image(path)


def test_values_that_are_no_integers_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", np.zeros((4, 4), np.float32))
    with pytest.raises(InputError, match="float32"):
        read_image(path)


def test_the_scale_divides_what_is_left() -> None:
    assert cut_to_multiple(np.zeros((10, 7, 3), np.uint8), 4).shape == (8, 4, 3)
    assert cut_to_multiple(np.zeros((10, 7, 3), np.uint8), 1).shape == (10, 7, 3)


@pytest.mark.parametrize("cut", [1, 4, 12, 40])
def test_a_png_that_was_cut_off_is_said_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], cut: int
) -> None:
    path = written(tmp_path / "a.png", COLOURS)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match=r"cannot read .*a\.png"):
        read_image(path)
    assert capfd.readouterr() == ("", "")  # nor does the decoder speak to the terminal


def test_a_png_with_a_changed_byte_is_said_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "a.png", COLOURS)
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 8] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_image(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_no_image_and_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match="it is a pipe or a device, not a file"):
        read_image(path)
    with pytest.raises(InputError, match="no images in"):
        datasets.find(str(tmp_path), tmp_path, 4)
