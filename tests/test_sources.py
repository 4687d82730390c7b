"""What files are taken for: real ones from packages, and small ones of every layout."""

import gzip
import io
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from ae_core.data import sources
from ae_core.data.sources import Choices, Source
from ae_core.errors import DatasetError
from ae_core.forms import Form
from tests import data_sources

RNG = np.random.default_rng(0)


@pytest.fixture(scope="session", autouse=True)
def fetched() -> None:
    """The files of packages; `make` gets them, this gets what is missing."""
    data_sources.fetch()


def png(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def picture(number: int = 0, side: int = 20) -> bytes:
    return png(np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8))


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def everything(source: Source, choices: Choices | None = None) -> tuple[np.ndarray, list, list, list]:
    """All values, labels and splits of a source, and what is left out."""
    problems: list[tuple[str, str]] = []
    batches = list(source.batches(choices or source.proposal, problems))
    values = np.concatenate([batch.values for batch in batches])
    return values, [n for b in batches for n in b.labels], [p for b in batches for p in b.parts], problems


# Real files


def test_a_zip_of_emoji_is_colour_pictures_in_nine_classes() -> None:
    source = sources.look(data_sources.emoji_zip())
    assert (source.count, source.media, source.has_parts) == (1906, ("image",), False)
    assert source.classes == tuple(sorted(source.classes))
    assert len(source.classes) == 9
    assert source.form(source.proposal) == Form("image", (32, 32, 3))
    assert source.proposal.fit.ground in (0, 255), "one ground behind all of them"
    with zipfile.ZipFile(data_sources.emoji_zip()) as archive:
        name = "emoji/flags/1f1e9-1f1ea.png"  # black, red, gold
        with Image.open(io.BytesIO(archive.read(name))) as image:
            middle = np.asarray(image.convert("RGB"))[32, 32]
        number = archive.namelist().index(name)
    (batch,) = source.batches(source.proposal, [], [number])
    assert batch.labels == ["flags"]
    assert np.abs(batch.values[0][16, 16].astype(int) - middle).max() < 40, "red, not blue: the order of the channels"
    assert batch.values[0][16, 16].argmax() == 0


def test_a_csv_of_digits_sorted_by_class_is_images_with_their_labels() -> None:
    source = sources.look(data_sources.mnist_csv())
    assert (source.count, source.media[0]) == (5000, "image")
    values, labels, _, _ = everything(source)
    rows = np.loadtxt(data_sources.mnist_csv(), delimiter=",")  # NumPy unpacks it by its name
    np.testing.assert_array_equal(values.reshape(5000, -1), rows[:, :-1].astype(np.uint8))
    assert labels == [str(int(label)) for label in rows[:, -1]]


@pytest.mark.parametrize("layout", ["ts", "tsv"])
def test_a_days_power_is_24_steps_with_the_class_before_or_behind(layout: str, tmp_path: Path) -> None:
    if layout == "tsv":
        source = sources.look(data_sources.italy_tsv(tmp_path))
    else:
        for path in data_sources.series("ItalyPowerDemand"):
            shutil.copy(path, tmp_path)
        source = sources.look(tmp_path)
    assert (source.count, source.media[0], source.has_parts) == (67 + 1029, "signal", True)
    values, labels, parts, _ = everything(source)
    assert values.shape == (1096, 24, 1)
    assert (parts.count("train"), parts.count("test")) == (67, 1029)
    line = data_sources.series("ItalyPowerDemand")[0].read_text().split("@data")[1].strip().splitlines()[0]
    numbers, label = line.rsplit(":", 1)
    np.testing.assert_allclose(values[0, :, 0], [float(v) for v in numbers.split(",")], rtol=1e-6)
    assert labels[0] == label.strip()
    assert set(labels) == {"1", "2"}


def test_series_of_several_channels_keep_them_apart(tmp_path: Path) -> None:
    for path in data_sources.series("BasicMotions"):
        shutil.copy(path, tmp_path)
    source = sources.look(tmp_path)
    values, labels, _, _ = everything(source)
    assert values.shape == (80, 100, 6)
    line = data_sources.series("BasicMotions")[0].read_text().lower().split("@data")[1].strip().splitlines()[0]
    third = [float(v) for v in line.split(":")[2].split(",")]
    np.testing.assert_allclose(values[0, :, 2], third, rtol=1e-6)
    assert set(labels) == {"Badminton", "Running", "Standing", "Walking"}


def test_series_of_different_lengths_are_stretched_and_it_is_said(tmp_path: Path) -> None:
    for path in data_sources.series("JapaneseVowels"):
        shutil.copy(path, tmp_path)
    source = sources.look(tmp_path)
    values, *_ = everything(source)
    assert values.shape == (640, 29, 12)
    assert "7 to 26 steps; all are stretched to 29" in source.notes[0]


def test_a_table_of_measurements_is_a_table_since_its_columns_are_unlike() -> None:
    source = sources.look(data_sources.cancer_csv())
    assert (source.count, source.media[0]) == (569, "table")
    values, labels, _, _ = everything(source)
    rows = np.loadtxt(data_sources.cancer_csv(), delimiter=",", skiprows=1)
    np.testing.assert_allclose(values, rows[:, :-1])
    assert labels == [str(int(label)) for label in rows[:, -1]]
    assert "The first line of breast_cancer.csv, with 4 values, is left out." in source.notes


def test_the_four_files_of_mnist_are_two_splits() -> None:
    source = sources.look(data_sources.idx())
    assert (source.count, source.has_parts) == (70_000, True)
    first, other = source.batches(source.proposal, [], [0, 60_000])
    assert first.values.shape == other.values.shape == (1, 28, 28)
    assert [*first.parts, *other.parts] == ["train", "test"]
    assert [*first.labels, *other.labels] == ["9", "9"], "an ankle boot begins both"


def test_medmnist_joins_validation_to_training(tmp_path: Path) -> None:
    source = sources.look(data_sources.medmnist_npz(tmp_path))
    _, labels, parts, _ = everything(source)
    assert (source.count, parts.count("train"), parts.count("test")) == (6000, 5000, 1000)
    assert set(labels) == {str(n) for n in range(10)}


# Layouts


@pytest.mark.parametrize(
    ("names", "labels", "parts"),
    [
        ("a/1 a/2 b/3", "a a b", None),
        ("top/a/1 top/a/2 top/b/3", "a a b", None),
        ("train/a/1 train/b/2 test/a/3", "a b a", "train train test"),
        ("x/train/a/1 x/val/b/2 x/Test/a/3", "a b a", "train train test"),
        ("1 2 3", None, None),
        ("all/1 all/2 all/3", None, None),
        ("a/x/1 a/y/2 b/z/3", "a a b", None),
        ("кот/1 犬/2 قط/3", "кот 犬 قط", None),
        ("train/1 train/2 test/3", None, "train train test"),
        ("a/b/c/d/cat/1 a/b/c/d/cat/2 a/b/c/d/dog/3", "cat cat dog", None),
    ],
)
def test_folders_are_classes_and_splits(names: str, labels: str | None, parts: str | None, tmp_path: Path) -> None:
    files = {f"{name}.png": picture(i) for i, name in enumerate(names.split())}
    source = sources.look(zipped(tmp_path / "some.zip", files))
    _, found, found_parts, _ = everything(source)
    assert found == (labels.split() if labels else [None] * 3)
    assert found_parts == (parts.split() if parts else [None] * 3)


def test_a_table_beside_pictures_says_their_classes(tmp_path: Path) -> None:
    files = {f"{i}.png": picture(i) for i in range(3)} | {"metadata.csv": b"file_name,label\n0.png,cat\n2.png,dog\n"}
    source = sources.look(zipped(tmp_path / "some.zip", files))
    assert everything(source)[1] == ["cat", None, "dog"]


def test_a_folder_is_read_as_a_zip_is(tmp_path: Path) -> None:
    files = {f"{c}/{i}.png": picture(i) for i in range(4) for c in "ab"}
    archive = sources.look(zipped(tmp_path / "some.zip", files))
    for name, content in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    folder = sources.look(tmp_path / "folder")
    assert sorted(everything(folder)[1]) == sorted(everything(archive)[1])


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


X8 = RNG.integers(0, 256, (30, 8, 8), np.uint8)
LABELS = np.arange(30) % 3


@pytest.mark.parametrize(
    ("arrays", "medium", "shape", "labels"),
    [
        ({"x_train": X8, "y_train": LABELS}, "image", (8, 8), True),
        ({"x_train": X8 / 255.0, "y_train": np.eye(3)[LABELS]}, "image", (8, 8), True),
        ({"x": RNG.integers(0, 256, (30, 3, 16, 16), np.uint8)}, "image", (16, 16, 3), False),
        ({"x": RNG.integers(0, 256, (30, 16, 16, 1), np.uint8)}, "image", (16, 16), False),
        ({"x": RNG.normal(0, 9, (30, 50))}, "signal", (50, 1), False),
        ({"x": RNG.normal(0, 9, (30, 50, 4))}, "signal", (50, 4), False),
        ({"x": RNG.normal(0, 9, (30, 4, 50))}, "signal", (50, 4), False),
        ({"data": RNG.normal(0, 9, (30, 5)), "target": LABELS}, "table", (5,), True),
        ({"images": X8, "labels": np.array(list("abc"))[LABELS]}, "image", (8, 8), True),
    ],
)
def test_arrays_are_what_their_shape_says(
    arrays: dict, medium: str, shape: tuple, labels: bool, tmp_path: Path
) -> None:
    source = sources.look(npz(tmp_path / "some.npz", **arrays))
    assert source.media[0] == medium
    values, found, _, _ = everything(source)
    assert values.shape == (30, *shape)
    assert (len(set(found)) == 3) is labels
    given = next(iter(arrays.values()))
    if medium == "image" and given.dtype == np.uint8 and given.shape == values.shape:
        np.testing.assert_array_equal(values, given)


@pytest.mark.parametrize(
    ("lines", "medium", "columns", "label"),
    [
        (["a,b,c,kind", "1,2,3,cat", "2,3,4,dog", "3,4,5,cat", "9,9,1,dog"], "table", 3, "kind"),
        (
            ["t1;t2;t3;t4;t5;t6;t7;t8", *[";".join(f"{v},5" for v in range(i, i + 8)) for i in range(9)]],
            "signal",
            8,
            "",
        ),
        ([" ".join(f"{v:.2f}" for v in RNG.random(12)) for _ in range(9)], "signal", 12, ""),
        (["\t".join([str(i % 2), *(f"{v:.2f}" for v in RNG.random(12))]) for i in range(40)], "signal", 12, "column 1"),
        (["x,y,target", *[f"{i},{i * 2.5},{i % 2}" for i in range(9)]], "table", 2, "target"),
    ],
)
def test_tables_are_read_with_their_delimiters_headers_and_labels(
    lines: list[str], medium: str, columns: int, label: str, tmp_path: Path
) -> None:
    (tmp_path / "some.csv").write_text("\n".join(lines), encoding="utf-8")
    source = sources.look(tmp_path / "some.csv")
    assert (source.media[0], source.proposal.label) == (medium, label)
    values, *_ = everything(source)
    assert values.reshape(len(values), -1).shape[1] == columns
    assert np.isfinite(values).all()


def test_parquet_holds_columns_or_lists(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({f"t{i}": RNG.random(25) for i in range(9)}), tmp_path / "columns.parquet")
    lists = {"series": [RNG.random(20).tolist() for _ in range(25)], "label": ["a", "b", "c", "d", "e"] * 5}
    parquet.write_table(pa.table(lists), tmp_path / "lists.parquet")
    assert everything(sources.look(tmp_path / "columns.parquet"))[0].shape == (25, 9, 1)
    values, labels, _, _ = everything(sources.look(tmp_path / "lists.parquet"))
    np.testing.assert_allclose(values[3, :, 0], lists["series"][3])
    assert labels == lists["label"]


PARQUET_BOMBS: dict[str, Callable[[], bytes]] = {
    "a long list": lambda: parquet(pa.table({"x": pa.array([np.ones(20_000_000)])})),
    "a list of nothing": lambda: parquet(pa.table({"x": pa.array([[None] * 5_000_000])})),
    "long texts": lambda: parquet(pa.table({"x": ["a" * 900_000] * 2000, "y": np.arange(2000.0)})),
}


@pytest.mark.parametrize("name", PARQUET_BOMBS)
def test_a_small_parquet_that_unpacks_to_gigabytes_is_refused_before_it_does(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(PARQUET_BOMBS[name]())
    assert (tmp_path / "x.parquet").stat().st_size < 200_000
    with pytest.raises(DatasetError, match=r"not a Parquet file that can be read|lists of"):
        sources.look(tmp_path / "x.parquet")


@pytest.mark.parametrize("top", ["x" * 90, "0"])
def test_names_of_columns_are_short_and_all_different(top: str, tmp_path: Path) -> None:
    header = [top, top, "b"]
    (tmp_path / "x.csv").write_text("\n".join([",".join(header), *(f"{i}.5,{i},{-i}" for i in range(40))]))
    source = sources.look(tmp_path / "x.csv")
    names = source.names_of(replace(source.proposal, medium="table", label=""))
    assert len({*names}) == len(names) == 3
    assert max(map(len, names)) <= 60


def test_a_heading_that_counts_is_no_example(tmp_path: Path) -> None:
    rows = ["0,1,2,3,4,5,6,7,8,9", *ROWS]
    (tmp_path / "x.csv").write_text("\n".join(rows))
    source = sources.look(tmp_path / "x.csv")
    assert source.count == 30
    assert any("counts from 0 to 9 and is taken for a heading" in note for note in source.notes)


def rows_of_pixels(values: np.ndarray) -> bytes:
    return "\n".join(",".join(f"{v:g}" for v in row) for row in values).encode()


@pytest.mark.parametrize("layout", ["csv", "npy", "npy-u8"])
@pytest.mark.parametrize("top", [1, 255])
def test_pixels_have_one_scale_however_dark_the_first_of_them_are(layout: str, top: int, tmp_path: Path) -> None:
    white = np.zeros((600, 64))
    white[0, 0] = white[300:, ::2] = top
    if layout == "csv":
        (tmp_path / "x.csv").write_bytes(rows_of_pixels(white))
        source = sources.look(tmp_path / "x.csv")
    else:
        (tmp_path / "x.npy").write_bytes(npy(white.astype(np.uint8 if layout == "npy-u8" else np.float32)))
        source = sources.look(tmp_path / "x.npy")
    values, *_ = everything(source, replace(source.proposal, medium="image", label=""))
    expected = (white / top * 255).astype(np.uint8)
    np.testing.assert_array_equal(values.reshape(600, 64), expected)


def test_pixels_of_another_range_are_stretched_by_the_range_of_all(tmp_path: Path) -> None:
    signed = np.linspace(-1, 1, 600)[:, None] * np.ones((600, 64))
    (tmp_path / "x.csv").write_bytes(rows_of_pixels(signed))
    source = sources.look(tmp_path / "x.csv")
    values, *_ = everything(source, replace(source.proposal, medium="image", label=""))
    assert np.abs(values.reshape(600, 64)[:, 0] - (signed[:, 0] + 1) * 127.5).max() < 1.5


@pytest.mark.parametrize(
    "names",
    [
        ("data/train.csv", "data/test.csv"),
        ("train/x.csv", "test/x.csv"),
        ("test_data/train.csv", "test_data/test.csv"),
        ("x-train.csv", "x-test.csv"),
    ],
)
def test_two_tables_are_two_splits_by_their_names_or_their_folders(names: tuple[str, str], tmp_path: Path) -> None:
    content = "\n".join(ROWS).encode()
    source = sources.look(zipped(tmp_path / "x.zip", dict.fromkeys(names, content)))
    assert source.has_parts
    _, _, parts, _ = everything(source)
    assert parts == ["train"] * 30 + ["test"] * 30


def test_the_column_of_the_class_can_be_another_or_none(tmp_path: Path) -> None:
    lines = ["a,b,c,kind", *[f"{i},{i + 1},{i % 3},{'xy'[i % 2]}" for i in range(30)]]
    (tmp_path / "some.csv").write_text("\n".join(lines))
    source = sources.look(tmp_path / "some.csv")
    assert everything(source)[1][:2] == ["x", "y"]
    with pytest.raises(DatasetError, match=r"holds 'x' in column 'kind'"):
        everything(source, Choices("table", label=""))
    with pytest.raises(DatasetError, match="There is no column 'd': must be one of a, b, c, kind"):
        source.form(Choices("table", label="d"))


# What cannot be read


def npy(values: np.ndarray, **about: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, values, **about)
    return file.getvalue()


def header_only(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


def parquet(table: Any) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


ROWS = [",".join(f"{v:.3f}" for v in RNG.random(10)) for _ in range(30)]


def changed(at: int, cell: str) -> bytes:
    """A table with another value in the third column of a row."""
    cells = ROWS[at].split(",")
    cells[2] = cell
    return "\n".join([*ROWS[:at], ",".join(cells), *ROWS[at + 1 :]]).encode()


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "pickle": ("x.npy", lambda: npy(np.array([{}] * 30, object), allow_pickle=True), "Python objects"),
    "text in numbers": ("x.csv", lambda: changed(20, "oops"), "Row 21 of x.csv holds 'oops' in column 'column 3'"),
    "empty cell": ("x.csv", lambda: changed(20, ""), "Row 21 of x.csv has no number in column 'column 3'"),
    "NaN": ("x.csv", lambda: changed(20, "nan"), "Row 21 of x.csv has no number"),
    "infinity": ("x.csv", lambda: changed(20, "inf"), "Row 21 of x.csv has no number"),
    "ragged": ("x.csv", lambda: "\n".join([*ROWS, ROWS[0] + ",1,2"]).encode(), "Row 31 .* 12 values, .* has 10"),
    "wide": ("x.csv", lambda: b"\n".join([b",".join([b"1.5"] * 5000)] * 30), "5,000 columns"),
    "endless line": ("x.csv", lambda: b"1," * 1_000_000, "a line of more than"),
    "empty table": ("x.csv", lambda: b"", "is empty"),
    "UTF-16": ("x.csv", lambda: "\n".join(ROWS).encode("utf-16"), "not text in UTF-8"),
    "NaN in an array": ("x.npy", lambda: npy(np.full((30, 9), np.nan)), "not numbers"),
    "shape of 40 GB": ("x.npy", lambda: header_only((1_500_000, 64, 64)), "over 4 GB"),
    "many": ("x.npy", lambda: header_only((10_000_000, 8, 8)), "10,000,000 examples of 64 bytes"),
    "one huge example": ("x.npy", lambda: header_only((256, 16_000, 16_000)), "256 examples of 256,000,000 bytes"),
    "endless and empty": ("x.npy", lambda: header_only((10**14, 0)), "it has no examples"),
    "a negative side": ("x.npy", lambda: header_only((20, -8, -8)), "it has no examples"),
    "a scalar": ("x.npy", lambda: npy(np.array(1.0)), "it has no examples"),
    "a cell without an end": ("x.csv", lambda: b'"' + b"1" * 200_000 + b'",2\n"3",4\n' * 30, "cannot be read"),
    "blank lines": ("x.csv.gz", lambda: gzip.compress(b"1,2\n" + b"\n" * 4_000_100), "too many lines"),
    "cut short": ("x.npy", lambda: npy(X8)[:-9], "cut short"),
    "no array": ("x.npy", lambda: b"\x93NUMPY" + bytes(99), "not a .npy file"),
    "complex": ("x.npy", lambda: npy(np.ones((30, 9), complex)), "the type complex128"),
    "a strange shape": ("x.npy", lambda: npy(np.ones((30, 3, 5, 7, 2), np.uint8)), "neither images"),
    "no Parquet": ("x.parquet", lambda: b"PAR1" + bytes(99), "not a Parquet file"),
    "Parquet of texts": (
        "x.parquet",
        lambda: parquet(pa.table({"x": ["a", "b"] * 20})),
        "holds no numbers but 1 column",
    ),
    "a document": ("x.pdf", lambda: b"%PDF-1.7", "x.pdf cannot be read: a data set is made of"),
    "a damaged zip": ("x.zip", lambda: b"PK\3\4" + bytes(99), "damaged or cut short"),
    "damaged gzip": ("x.csv.gz", lambda: gzip.compress("\n".join(ROWS).encode())[:-20], "damaged"),
    "no IDX": ("train-images-idx3-ubyte", lambda: b"\1\2\3\4" * 9, "not an IDX file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    file, make, says = BAD[name]
    (tmp_path / file).write_bytes(make())
    with pytest.raises(DatasetError, match=says) as caught:
        everything(sources.look(tmp_path / file))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def with_flags(path: Path, flag: int) -> Path:
    """A .zip whose files all claim that flag, in both places."""
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        found = content.find(mark)
        while found >= 0:
            content[found + at] |= flag
            found = content.find(mark, found + 4)
    path.write_bytes(content)
    return path


def test_archives_that_are_no_good_are_refused(tmp_path: Path) -> None:
    some = {f"{i}.png": picture(i) for i in range(25)}
    with pytest.raises(DatasetError, match="has a password"):
        sources.look(with_flags(zipped(tmp_path / "locked.zip", some), 1))
    with pytest.raises(DatasetError, match="more than 120,000 files"):
        sources.look(zipped(tmp_path / "many.zip", dict.fromkeys(map(str, range(120_001)), b"")))
    with pytest.raises(DatasetError, match=r"empty .zip"):
        sources.look(zipped(tmp_path / "empty.zip", {}))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(200_000_000))
    with pytest.raises(DatasetError, match="can be read"):
        sources.look(tmp_path / "bomb.zip")


def test_a_list_of_files_that_hides_behind_a_wide_record_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(zipped(tmp_path / "x.zip", {f"{i}.png": b"" for i in range(200)}).read_bytes())
    end = content.rfind(b"PK\5\6")
    length, start = (int.from_bytes(content[end + at : end + at + 4], "little") for at in (12, 16))
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 200, 200, length, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    content[end + 12 : end + 16] = (50).to_bytes(4, "little")  # what is not believed
    (tmp_path / "x.zip").write_bytes(content[:end] + wide + locator + content[end:])
    assert len(zipfile.ZipFile(tmp_path / "x.zip").namelist()) == 200, "zipfile believes the other record"
    monkeypatch.setattr(sources.bundles, "MAX_DIRECTORY", 1000)
    with pytest.raises(DatasetError, match="more than"):
        sources.look(tmp_path / "x.zip")


def test_files_of_a_zip_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.png": picture(0), "b.png": picture(1)})
    with zipfile.ZipFile(path) as archive:
        second = archive.infolist()[1].header_offset
    content = bytearray(path.read_bytes())
    entry = content.rfind(b"PK\1\2")
    content[entry + 42 : entry + 46] = (0).to_bytes(4, "little")  # where the second file is said to begin
    path.write_bytes(content)
    assert second > 0
    with pytest.raises(DatasetError, match="claims to hold more than it does"):
        sources.look(path)


def test_links_are_left_out_and_names_never_climb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        for i in range(3):
            archive.writestr(f"../../up/{i}.png", picture(i))
    source = sources.look(tmp_path / "x.zip")
    assert source.count == 3
    assert any("Left out: 1 entry, as link.png" in note for note in source.notes)


def test_one_broken_picture_among_many_is_named_and_left_out(tmp_path: Path) -> None:
    files = {f"{i:03}.png": picture(i) for i in range(40)} | {"bad.png": picture(3)[:70]}
    source = sources.look(zipped(tmp_path / "x.zip", files))
    assert any(note.startswith("1 cannot be read and will be left out: bad.png: ") for note in source.notes)
    values, _, _, problems = everything(source)
    assert len(values) == 40
    assert [name for name, _ in problems] == ["bad.png"]
