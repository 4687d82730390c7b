"""Anything a person uploads becomes an array of the right kind, or one sentence."""

import base64
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from ae_core import images
from ae_core.errors import ImageError

SHAPE = (28, 28)


def file_of(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises those dimensions and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def spot(ground: int, thing: int, size: tuple[int, int] = (40, 40)) -> np.ndarray:
    """A bright or dark block in the upper left quarter of a uniform ground, uint8 (h, w)."""
    pixels = np.full(size, ground, np.uint8)
    pixels[size[0] // 8 : size[0] // 2, size[1] // 8 : size[1] // 2] = thing
    return pixels


def test_png_of_the_right_size_passes_exactly() -> None:
    x = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8) / 255
    assert np.array_equal(images.decode(images.to_png(x)), images.as_uint8(x))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_keeps_its_grey_in_every_format_that_holds_it(mode: str) -> None:
    level = 255 if mode == "1" else 128
    image = Image.new("L", (30, 20), level).convert(mode)
    read = 0
    for form in images.FORMATS:
        try:
            content = file_of(image, form)
        except (OSError, ValueError):  # this format has no such mode
            continue
        x = images.decode(content) / 255
        assert x.shape == (20, 30)
        assert x == pytest.approx(level / 255, abs=0.02)
        read += 1
    assert read >= 1


def test_colours_become_luminance_and_sixteen_bits_are_scaled_not_clipped() -> None:
    for colour, luma in (((255, 0, 0), 0.299), ((0, 255, 0), 0.587), ((0, 0, 255), 0.114)):
        assert images.decode(file_of(Image.new("RGB", SHAPE, colour))) / 255 == pytest.approx(luma, abs=1 / 255)
    ramp = np.linspace(0, 65535, 28 * 28).astype(np.uint16).reshape(SHAPE)
    x = images.decode(file_of(Image.fromarray(ramp))) / 255
    assert x == pytest.approx(ramp / 65535, abs=0.5 / 255 + 1e-6)
    for size in ((1, 1), (1, 5000), (5000, 1)):
        x = images.decode(file_of(Image.new("RGB", size, (9, 9, 9)))) / 255
        assert x == pytest.approx(9 / 255, abs=1e-6), "small ones and thin ones"


def test_cmyk_jpeg_is_read_as_it_looks() -> None:
    black_left = Image.new("CMYK", (64, 64), (0, 0, 0, 0))
    black_left.paste((0, 0, 0, 255), (0, 0, 32, 64))
    x = images.decode(file_of(black_left, "JPEG", quality=95)) / 255
    assert x[:, :30].max() < 0.1
    assert x[:, 34:].min() > 0.9


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_lies_on_white(mode: str) -> None:
    image = Image.new("LA", SHAPE, (0, 0))  # black, and invisible
    image.paste((0, 255), (7, 7, 21, 21))
    image.paste((0, 102), (0, 14, 7, 15))
    x = images.decode(file_of(image.convert("RGBA" if mode == "PA" else mode))) / 255
    assert (x[0, 0], x[14, 14]) == (1, 0)
    assert x[14, 3] == pytest.approx(1 - 102 / 255, abs=1 / 255), "half transparent, it is grey"


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_palette_transparency_lies_on_white(form: str) -> None:
    image = Image.new("P", SHAPE, 0)
    image.putpalette([0, 0, 0, 10, 10, 10] + [0] * 762)
    image.paste(1, (7, 7, 21, 21))
    x = images.decode(file_of(image, form, transparency=0)) / 255
    assert (x[0, 0], x[14, 14]) == (1, pytest.approx(10 / 255, abs=1 / 255))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    upright = spot(0, 255, (40, 60))
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file_of(Image.fromarray(np.ascontiguousarray(stored)), "JPEG", quality=95, exif=exif)
    expected = images.decode(file_of(Image.fromarray(upright))) / 255
    assert images.decode(content) / 255 == pytest.approx(expected, abs=0.05)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_exif_note_does_not_spoil_the_image() -> None:
    content = file_of(Image.new("L", SHAPE, 7), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff garbage")
    assert images.decode(content) / 255 == pytest.approx(7 / 255, abs=2 / 255)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_large_picture_comes_at_a_fraction_of_its_size(form: str) -> None:
    pixels = images.decode(file_of(Image.linear_gradient("L").resize((1000, 700)), form))
    assert 8 * 28 <= max(pixels.shape) < 16 * 28
    assert pixels.shape[0] / pixels.shape[1] == pytest.approx(0.7, abs=0.01)
    stripes = np.tile(np.array([0, 255], np.uint8), (560, 280))  # nearest pixels would all be alike
    assert images.decode(file_of(Image.fromarray(stripes))) == pytest.approx(127.5, abs=1), "shrinking averages"


def test_only_the_first_frame_counts() -> None:
    frames = [Image.new("L", SHAPE, level) for level in (30, 120, 220)]
    for form in ("GIF", "WEBP", "PNG"):
        content = file_of(frames[0], form, save_all=True, append_images=frames[1:])
        assert images.decode(content) / 255 == pytest.approx(30 / 255, abs=3 / 255), form


def noise_file(form: str) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    return file_of(Image.fromarray(pixels), form)


@pytest.mark.parametrize("form", images.FORMATS)
def test_every_cut_and_every_flip_is_read_or_refused_in_a_sentence(form: str) -> None:
    content, rng, sentences = noise_file(form), np.random.default_rng(2), []
    cuts = [content[:length] for length in np.linspace(0, len(content) - 2, 60).astype(int)]
    flips = [bytearray(content) for _ in range(150)]
    for damaged in flips:
        # Headers are where a flip does most.
        for place in rng.integers(0, rng.choice([24, 200, len(content)]), 3):
            damaged[place] ^= int(rng.integers(1, 256))
    for damaged in (*cuts, *map(bytes, flips)):
        try:
            pixels = images.decode(damaged)
        except ImageError as error:
            sentences.append(str(error))
        else:
            assert (pixels.ndim, pixels.dtype) == (2, np.uint8)
    assert len(sentences) >= 50
    assert all(s.endswith(".") for s in sentences)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"hello, I am a photo.png\n" * 50, "no image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no image"),
        (np.random.default_rng(0).bytes(5000), "no image"),
        (file_of(Image.new("L", SHAPE), "TIFF"), "no image"),
        (noise_file("JPEG")[:-900], "cut short"),
        (bytes(images.MAX_BYTES + 1), "MB"),
        (png_header(1_000_000, 10), "1,000,000 × 10"),
        (png_header(5000, 5000), "5,000 × 5,000"),
        (png_header(2**31 - 1, 2**31 - 1), "far too many"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(content: bytes, says: str) -> None:
    with pytest.raises(ImageError, match=says) as caught:
        images.decode(content)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_huge_image_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = file_of(Image.new("L", (9000, 9000)))
    webp = file_of(Image.new("L", (4000, 3200)), "WEBP", lossless=True, method=0)
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: decoded.append(image.size))
    for content, says in ((huge, "9,000 × 9,000"), (webp, "4,000 × 3,200 pixels, at most 12,500,000")):
        with pytest.raises(ImageError, match=says):
            images.decode(content)
    assert decoded == []


def largest(mode: str, side: int) -> Image.Image:
    ramp = np.linspace(0, 255, side).astype(np.uint8) * np.ones((side, 1), np.uint8)
    if mode == "I;16":
        return Image.fromarray(ramp.astype(np.uint16) * 257)
    return Image.merge(mode, [Image.fromarray(ramp)] * len(mode))


@pytest.mark.parametrize(("mode", "form"), [("I;16", "PNG"), ("RGBA", "WEBP")])
def test_the_largest_image_takes_no_more_than_256_mb(mode: str, form: str, tmp_path: Path) -> None:
    pixels = images.MAX_WEBP_PIXELS if form == "WEBP" else images.MAX_PIXELS
    options = {"PNG": {"compress_level": 1}, "WEBP": {"lossless": True, "method": 0}}[form]
    path = tmp_path / "largest"
    path.write_bytes(file_of(largest(mode, int(pixels**0.5)), form, **options))
    # The most that a process had is also what it began with as another: a shell begins with little.
    script = (
        "import resource, sys; from ae_core import images; images.decode(open(sys.argv[1], 'rb').read());"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = ["sh", "-c", f'"{sys.executable}" -c "{script}" "{path}"; exit $?']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 256_000


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_a_picture_made_grey_in_pieces_has_no_seams(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (50, 40), dtype=np.uint8)
    grey = Image.fromarray(pixels)
    image = Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    if mode == "RGBA":
        image.putalpha(grey)
    form = "JPEG" if mode == "CMYK" else "PNG"
    content = file_of(image, form, **({"transparency": 7} if mode == "P" else {}))
    whole = images.decode(content)
    monkeypatch.setattr(images, "PIECE", 7 * 40)
    assert np.array_equal(images.decode(content), whole)


def test_mosaic_puts_each_image_in_its_place() -> None:
    sheet = images.mosaic(np.linspace(0, 1, 5)[:, None, None] * np.ones((5, 2, 3)), columns=3, gap=1, fill=7)
    assert (sheet.shape, sheet.dtype) == ((2 * 3 - 1, 3 * 4 - 1), np.uint8)
    assert sheet[0, [0, 3, 4, 7, 8]].tolist() == [0, 7, 64, 7, 128]
    assert sheet[3, [0, 4, 8]].tolist() == [191, 255, 7]
    assert (sheet[2] == 7).all()
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    assert np.array_equal(images.mosaic(pixels, columns=1, gap=0), pixels.reshape(8, 3))
    assert images.mosaic(pixels[:0], columns=2).shape == (2, 7)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (28, 28), (7, 9, 2), (7, 9, 3), (1, 300, 4), (64, 1, 4)], ids=str)
def test_pillow_reads_every_kind_of_png_as_it_was(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    head, packed = images.data_uri(pixels).split(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(packed))) as picture:
        picture.verify()
    with Image.open(io.BytesIO(base64.b64decode(packed))) as picture:
        assert picture.format == "PNG"
        np.testing.assert_array_equal(np.asarray(picture), pixels)
