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
from PIL import Image, ImageChops, ImageDraw, ImageFile

from ae_core import images
from ae_core.errors import ImageError

SHAPE = (28, 28)


def file_of(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png_of(width: int, height: int, bits: int = 8, colour: int = 0, rows: bytes = b"") -> bytes:
    """A PNG of those dimensions, bits a channel and number of a kind of colour; by default it holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


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


def test_colours_become_luminance() -> None:
    for colour, luma in (((255, 0, 0), 0.299), ((0, 255, 0), 0.587), ((0, 0, 255), 0.114)):
        assert images.decode(file_of(Image.new("RGB", SHAPE, colour))) / 255 == pytest.approx(luma, abs=1 / 255)
    for size in ((1, 1), (1, 5000), (5000, 1)):
        x = images.decode(file_of(Image.new("RGB", size, (9, 9, 9)))) / 255
        assert x == pytest.approx(9 / 255, abs=1e-6), "small ones and thin ones"


@pytest.mark.parametrize(("bits", "least"), [(8, 0), (10, 0), (12, 0), (16, 0), (10, 20_000), (12, 32_768)])
def test_sixteen_bits_are_scaled_by_the_range_that_is_used(bits: int, least: int) -> None:
    ramp = np.linspace(0, 2**bits - 1, 28 * 28).astype(np.uint16).reshape(SHAPE)
    grey = images.decode(file_of(Image.fromarray(ramp + np.uint16(least))))
    assert len(np.unique(grey)) == 256
    assert grey.astype(float) == pytest.approx(ramp / (2**bits - 1) * 255, abs=0.5 + 1e-3)


def test_sixteen_bits_keep_what_has_few_levels_as_bright_as_it_is() -> None:
    for values, expected in ((np.full(SHAPE, 65_535), 255), (np.full(SHAPE, 200), 200), (np.full(SHAPE, 32_768), 128)):
        grey = images.decode(file_of(Image.fromarray(values.astype(np.uint16))))
        assert grey.astype(float) == pytest.approx(expected, abs=1)
    noise = 30_000 + np.random.default_rng(0).integers(0, 9, SHAPE)
    assert images.is_plain(images.decode(file_of(Image.fromarray(noise.astype(np.uint16))))), "it is not blown up"


@pytest.mark.parametrize("colour", [2, 4, 6])
def test_sixteen_bits_a_colour_of_which_the_upper_ones_are_unused_are_refused_in_a_sentence(colour: int) -> None:
    channels = {2: 3, 4: 2, 6: 4}[colour]
    values = np.linspace(0, 255, 28 * 28).astype(">u2").reshape(28, 28, 1).repeat(channels, axis=2)
    if channels != 3:
        values[..., -1] = 65_535  # opaque
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    with pytest.raises(ImageError, match=r"16 bits per colour.*: save it with 8 bits\.$"):
        images.decode(png_of(28, 28, 16, colour, rows))


def without_adobe(jpeg: bytes) -> bytes:
    """A JPEG without the segment in which Adobe's programs say that they wrote it."""
    at = jpeg.index(b"\xff\xee\x00\x0eAdobe")
    return jpeg[:at] + jpeg[at + 16 :]


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_jpeg_is_read_as_it_looks(adobe: bool) -> None:
    black_left = Image.new("CMYK", (64, 64), (0, 0, 0, 0))
    black_left.paste((0, 0, 0, 255), (0, 0, 32, 64))
    if adobe:
        content = file_of(black_left, "JPEG", quality=95)
    else:  # Pillow writes as Adobe does, 0 for full ink
        content = without_adobe(file_of(ImageChops.invert(black_left), "JPEG", quality=95))
    x = images.decode(content) / 255
    assert x[:, :30].max() < 0.1
    assert x[:, 34:].min() > 0.9


def ring(size: int = 64) -> Image.Image:
    """Where something is drawn, 255, and where not, 0; between them the grey of a smooth edge."""
    mask = Image.new("L", (4 * size, 4 * size))
    ImageDraw.Draw(mask).ellipse((size // 2, size // 2, 7 * size // 2, 7 * size // 2), outline=255, width=size // 4)
    return mask.reduce(4)


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "LA", {}),
        ("PNG", "RGBA", {}),
        ("GIF", "RGBA", {}),
        ("WEBP", "RGBA", {"lossless": True, "exact": True}),
        ("AVIF", "RGBA", {"quality": 100}),
    ],
)
@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("ink", [0, 90, 200, 255])
def test_a_drawing_on_a_transparent_ground_is_seen(
    ink: int, hidden: int, form: str, mode: str, options: dict[str, object]
) -> None:
    drawn = ring()
    grey = Image.composite(Image.new("L", drawn.size, ink), Image.new("L", drawn.size, hidden), drawn.point(bool, "1"))
    found = images.decode(file_of(Image.merge("LA", [grey, drawn]).convert(mode), form, **options)).astype(float)
    assert found[np.asarray(drawn) == 0] == pytest.approx(0 if ink > 127 else 255, abs=8)
    assert found[np.asarray(drawn) == 255] == pytest.approx(ink, abs=8)


def test_half_transparent_is_half_as_strong() -> None:
    image = Image.new("LA", SHAPE, (0, 0))
    image.paste((0, 255), (7, 7, 21, 21))
    image.paste((0, 102), (0, 14, 7, 15))
    assert float(images.decode(file_of(image))[14, 3]) == pytest.approx(255 - 102, abs=1)


@pytest.mark.parametrize("paper", [20, 235])
def test_corners_that_were_cut_off_are_no_content(paper: int) -> None:
    mask = Image.new("L", (200, 100))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 199, 99), 20, fill=255)
    grey = Image.new("L", mask.size, paper)
    grey.paste(255 - paper, (80, 30, 120, 70))
    found = images.decode(file_of(Image.merge("LA", [grey, mask])))
    assert abs(int(found[0, 0]) - paper) <= 20


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_one_colour_of_a_palette_can_be_transparent(form: str) -> None:
    image = Image.new("P", SHAPE, 0)
    image.putpalette([0, 0, 0, 10, 10, 10] + [0] * 762)
    image.paste(1, (7, 7, 21, 21))
    x = images.decode(file_of(image, form, transparency=0)) / 255
    assert (x[0, 0], x[14, 14]) == (1, pytest.approx(10 / 255, abs=1 / 255))


def test_one_value_of_sixteen_bits_can_be_transparent() -> None:
    values = np.full(SHAPE, 300, np.uint16)
    values[7:21, 7:21] = 60_000
    values[10:12, 10:12] = 50_000
    x = images.decode(file_of(Image.fromarray(values), transparency=60_000))
    assert (x[0, 0], x[8, 8]) == (0, 255), "the hole in a dark picture is white"


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


ANIMATED = ["GIF", "WEBP", "PNG", "AVIF"]


def film(form: str, *levels: int, **options: object) -> bytes:
    """An animation whose frames show a spot of those levels on black; 0 is a blank frame."""
    first, *others = (Image.fromarray(spot(0, level)) for level in levels)
    return file_of(first, form, save_all=True, append_images=others, **options)


@pytest.mark.parametrize("form", ANIMATED)
def test_of_an_animation_the_first_frame_with_content_counts(form: str) -> None:
    for levels, expected in (((120, 220, 0), 120), ((0, 0, 120, 220), 120)):
        found = images.decode(film(form, *levels)).astype(float)
        assert found == pytest.approx(spot(0, expected).astype(float), abs=12), levels


@pytest.mark.parametrize("form", ANIMATED)
def test_an_animation_of_blank_frames_is_plain(form: str) -> None:
    frames = [Image.new("L", SHAPE, level) for level in (30, 120, 220)]
    content = file_of(frames[0], form, save_all=True, append_images=frames[1:])
    assert images.decode(content).astype(float) == pytest.approx(30, abs=3)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_transparent_first_frames_are_passed_over(form: str) -> None:
    nothing, drawn = Image.new("RGBA", (64, 64)), Image.merge("LA", [Image.new("L", (64, 64), 255), ring()])
    content = file_of(nothing, form, save_all=True, append_images=[drawn.convert("RGBA")], disposal=2)
    assert not images.is_plain(images.decode(content))


def test_no_more_frames_are_looked_at_than_a_large_picture_has_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_FRAMES", 3)
    late = film("GIF", 0, 1, 2, 200)
    assert images.is_plain(images.decode(late))
    monkeypatch.setattr(images, "MAX_FRAMES", 4)
    assert not images.is_plain(images.decode(late))
    monkeypatch.setattr(images, "MAX_PIXELS", 3 * 40 * 40)
    assert images.is_plain(images.decode(late))


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


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"hello, I am a photo.png\n" * 50, "not an image"),
        (np.random.default_rng(0).bytes(5000), "not an image"),
        (noise_file("JPEG")[:-900], "cut short"),
        (bytes(images.MAX_BYTES + 1), "MB"),
        (png_of(1_000_000, 10), "1,000,000 × 10"),
        (png_of(5000, 5000), "5,000 × 5,000"),
        (png_of(2**31 - 1, 2**31 - 1), "4,611,686,014,132,420,609 pixels"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(content: bytes, says: str) -> None:
    with pytest.raises(ImageError, match=says) as caught:
        images.decode(content)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def box(*brands: bytes) -> bytes:
    """How a file of the ISO base media format begins."""
    named = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    return struct.pack(">I", 4 + len(named)) + named + bytes(100)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (box(b"heic", b"mif1"), "HEIC"),
        (box(b"mif1", b"heic"), "HEIC"),
        (box(b"hevc", b"msf1"), "HEIC"),
        (b"\xff\x0a" + bytes(100), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "JPEG XL"),
        (file_of(Image.new("L", SHAPE), "JPEG2000"), "JPEG 2000"),
        (file_of(Image.new("L", SHAPE), "TIFF"), "TIFF"),
        (b"8BPS\0\1" + bytes(100), "Photoshop"),
        (file_of(Image.new("L", SHAPE), "PDF"), "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg width='4'/>", "SVG"),
    ],
)
def test_a_format_that_is_not_read_is_refused_by_its_name(content: bytes, name: str) -> None:
    with pytest.raises(ImageError, match=f"The file is {name}, .*cannot be read: save it as PNG, JPEG,"):
        images.decode(content)


def test_a_damaged_avif_is_not_taken_for_another_format() -> None:
    for content in (box(b"avif"), box(b"mif1", b"avif"), noise_file("AVIF")[:100]):
        with pytest.raises(ImageError, match="AVIF image is damaged"):
            images.decode(content)


def test_a_huge_image_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = png_of(9000, 9000)
    webp = file_of(Image.new("L", (4000, 3200)), "WEBP", lossless=True, method=0)
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: decoded.append(image.size))
    for content, says in ((huge, "81,000,000 pixels"), (webp, "4,000 × 3,200 pixels; at most 12,500,000")):
        with pytest.raises(ImageError, match=says):
            images.decode(content)
    assert decoded == []


def largest(mode: str, side: int) -> Image.Image:
    ramp = np.linspace(0, 255, side).astype(np.uint8) * np.ones((side, 1), np.uint8)
    if mode == "I;16":
        return Image.fromarray(ramp.astype(np.uint16) * 257)
    return Image.merge(mode, [Image.fromarray(ramp)] * len(mode))


@pytest.mark.parametrize(("mode", "form"), [("I;16", "PNG"), ("RGBA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "AVIF")])
def test_the_largest_image_takes_no_more_than_256_mb(mode: str, form: str, tmp_path: Path) -> None:
    pixels = images.MAX_PIXELS_OF.get(form, images.MAX_PIXELS)
    options = {"PNG": {"compress_level": 1}, "WEBP": {"lossless": True, "method": 0}, "AVIF": {"speed": 10}}[form]
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
