"""Signals and rows that a person brings: what is read of files and of pasted numbers, and what is refused."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ae_core import data, series
from ae_core.data.dataset import Dataset, Scale
from ae_core.errors import DatasetError
from ae_core.forms import Form


@pytest.fixture(scope="module")
def beats() -> Dataset:
    return data.load("ecg")


def like(medium: str, shape: tuple[int, ...], scale: Scale) -> Dataset:
    """A data set of another form."""
    ecg = data.load("ecg")
    return replace(ecg, about=replace(ecg.about, form=Form(medium, shape), title="Mine"), scale=scale)


THREE = like("signal", (20, 3), Scale((0.0, -1.0, 0.0), (1.0, 1.0, 10.0), ("x", "y", "z")))
TABLE = like("table", (4,), Scale((0.0,) * 4, (10.0, 10.0, 100.0, 1.0), ("age", "height", "weight", "risk")))
COLUMNS = pd.DataFrame({"age": [5.0, 1], "height": [2.0, 1], "weight": [50.0, 1], "risk": [0.25, 0]})


def wave(steps: int = 128) -> np.ndarray:
    """Millivolts."""
    return np.sin(np.linspace(0, 6, steps)) + 0.25


def text(values: np.ndarray, header: str = "", separator: str = ",") -> bytes:
    file = io.StringIO()
    np.savetxt(file, np.atleast_2d(values), "%.6f", separator, header=header, comments="")
    return file.getvalue().encode()


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


IN_TS = b"@classlabel true a b\n@data\n" + b":".join(text(wave(128)).strip().split(b"\n")) + b":a\n"
TIME = "Its first column rises all the way: it is taken for the time and left out."
CLASS = "Column {} is taken for a class and left out."
SIGNALS: dict[str, tuple[str, bytes, list[str]]] = {
    "a row": ("a.csv", text(wave()), []),
    "a column": ("a.csv", text(wave()[:, None]), []),
    "a column with a name": ("a.csv", text(wave()[:, None], header="mV"), []),
    "a time and a column": (
        "a.csv", text(np.stack([np.arange(128) / 128, wave()], axis=1), header="time,mV"), [TIME],
    ),
    "a column among others, by its name": (
        "a.csv", text(np.stack([np.arange(128), 9 * wave(), wave()], axis=1), header="t,other,Millivolts"), [],
    ),
    "a name in front": ("a.csv", b"somebody," + text(wave()), []),
    "tabs": ("a.tsv", text(wave(), separator="\t"), []),
    "blanks": ("a.txt", text(wave(), separator=" "), []),
    "a class before it": ("a.tsv", text(np.append([3], wave()), separator="\t"), [CLASS.format(1)]),
    "a class after it": ("a.csv", text(np.append(wave(), [0])), [CLASS.format(129)]),
    "a class by its name": (
        "a.csv", text(np.append(wave(), [0.5]), header=",".join([*(f"t{i}" for i in range(128)), "label"])),
        [CLASS.format(129)],
    ),
    "decimal commas": ("a.csv", text(wave(), separator=";").replace(b".", b","), []),
    "array (t,)": ("a.npy", npy(wave()), []),
    "array (n, t)": ("a.npy", npy(wave()[None].astype(np.float32)), []),
    "array (n, t, 1)": ("a.npy", npy(wave()[None, :, None]), []),
    "array of the other byte order": ("a.npy", npy(wave().astype(">f8")), []),
    ".ts": ("a.ts", IN_TS, []),
}  # fmt: skip


@pytest.mark.parametrize("what", SIGNALS)
def test_one_signal_is_read_however_it_is_written(what: str, beats: Dataset) -> None:
    name, content, notes = SIGNALS[what]
    found = series.read(content, name, beats)
    assert found.examples.shape == (1, 128, 1)
    assert found.examples.dtype == np.float32
    np.testing.assert_allclose(found.examples[0, :, 0], (wave() + 1.5) / 4, atol=1e-5)  # 0 is −1.5 mV, 1 is 2.5 mV
    assert found.notes == notes, "whatever was done is said"


def test_several_channels_are_columns_and_each_has_its_scale() -> None:
    t = np.linspace(0, 1, 20)
    values = np.stack([t, 2 * t - 1, 10 * t**2], axis=1)
    for content in (text(values), text(np.hstack([np.arange(20.0)[:, None], values]), header="s,x,y,z")):
        (example,) = series.read(content, "a.csv", THREE).examples
        np.testing.assert_allclose(example, np.stack([t, t, t**2], axis=1), atol=1e-6)
    (example,) = series.read(npy(values[None]), "a.npy", THREE).examples
    np.testing.assert_allclose(example[:, 1], t, atol=1e-6)


def test_columns_of_a_table_are_found_by_name_and_else_by_order() -> None:
    mixed = COLUMNS[["risk", "age", "weight", "height"]].assign(name=["a", "b"])
    for content in (COLUMNS, mixed):
        found = series.read(content.to_csv(index=False).encode(), "a.csv", TABLE)
        np.testing.assert_allclose(found.examples, [[0.5, 0.2, 0.5, 0.25], [0.1, 0.1, 0.01, 0]], atol=1e-6)
    unnamed = series.read(b"5,2,50,0.25", "a.csv", TABLE)
    np.testing.assert_allclose(unnamed.examples, [[0.5, 0.2, 0.5, 0.25]], atol=1e-6)
    upright = series.read(b"5\n2\n50\n0.25", "a.csv", TABLE)
    np.testing.assert_allclose(upright.examples, unnamed.examples)


def test_a_signal_of_another_length_is_stretched_and_told_of(beats: Dataset) -> None:
    found = series.read(text(wave(300)), "a.csv", beats)
    np.testing.assert_allclose(found.examples[0, :, 0], (wave(128) + 1.5) / 4, atol=1e-3)
    assert found.notes == ["It has 300 steps and is stretched to 128, as those that the models learnt."]


def test_another_unit_is_told_of(beats: Dataset) -> None:
    found = series.read(text(1000 * wave()), "microvolts.csv", beats)
    assert found.examples.min() >= 0
    assert found.examples.max() <= 1
    (note,) = found.notes
    assert "of 128 values lie outside the range of Heartbeats (-1.5 to 2.5)" in note
    assert not series.read(text(wave()), "a.csv", beats).notes


PRINTED = {
    "a list": repr(wave().tolist()),
    "an array": str(wave()),
    "an array with its name": repr(wave().astype(np.float32)),
    "a list of NumPy's numbers": repr([np.float32(v) for v in wave()]),
    "lines": "\n".join(map(str, wave())),
    "tabs": "\t".join(map(str, wave())),
}


@pytest.mark.parametrize("pasted", PRINTED.values(), ids=PRINTED)
def test_pasted_numbers_are_read(pasted: str, beats: Dataset) -> None:
    (example,) = series.read(pasted.encode(), "pasted.txt", beats).examples
    np.testing.assert_allclose(example[:, 0], (wave() + 1.5) / 4, atol=1e-5)


def test_pasted_lists_of_lists_are_several(beats: Dataset) -> None:
    assert series.read(repr([wave().tolist()] * 2).encode(), "pasted.txt", beats).examples.shape == (2, 128, 1)


def test_only_the_first_of_very_many_are_read(beats: Dataset) -> None:
    found = series.read(text(np.tile(wave(), (150, 1))), "a.csv", beats)
    assert len(found.examples) == series.MOST
    assert found.count == 150
    assert not found.notes


BAD = {
    "nothing": ("a.csv", b"", "is empty"),
    "words": ("a.csv", b"hello there", "holds no row of numbers"),
    "few numbers": ("a.csv", b"1,2,3", "1 row of 3 values: expected a row for each signal, of about 128 values"),
    "a word among numbers": ("a.csv", text(wave()) + text(wave()).replace(b"0.250000", b"x", 1), "holds 'x' in column"),
    "no number": ("a.csv", text(wave()) + text(wave()).replace(b"0.250000", b"nan", 1), "has no number"),
    "not finite": ("a.npy", npy(np.full(128, np.inf)), "no numbers"),
    "texts": ("a.npy", npy(np.array(["a"] * 128)), "numbers are needed"),
    "channels": ("a.npy", npy(np.zeros((1, 128, 2))), "shape (1, 128, 2): expected a row for each signal"),
    "a picture": ("a.png", b"\x89PNG", "a.png is none of .csv"),
    "packed": ("a.csv.gz", b"\x1f\x8b", "none of"),
    "binary": ("a.csv", b"\0\1\2", "not text"),
    "Parquet": ("a.parquet", b"PAR1", "none of .csv"),
    "objects": ("a.npy", npy(np.array([1, None])), "objects"),
    "too large": ("a.csv", b"1" * (series.MAX_BYTES + 1), "more than 5: cut it"),
    "too many values": ("a.csv", b"1\n" * (series.MAX_VALUES + 1), "cut it"),
}


def test_a_model_of_images_takes_no_series() -> None:
    with pytest.raises(DatasetError, match="holds images"):
        series.read(text(wave()), "a.csv", data.load("digits"))


def test_the_file_of_a_test_signal_comes_back_as_it_is_kept(beats: Dataset, tmp_path: Path) -> None:
    kept = beats.split("test").images[7]
    assert beats.scale
    path = tmp_path / "a.csv"
    np.savetxt(path, beats.scale.restore(kept)[:, 0][None], "%.7g", ",")
    np.testing.assert_allclose(series.read(path.read_bytes(), path.name, beats).examples[0], kept, atol=1e-6)


AMBIGUOUS = {
    "both ends may be a class": ("a.csv", text(np.concatenate([[9], wave(127), [1]])), "both ends may be a class"),
    "a missing value": ("a.csv", text(wave()).replace(b"0.250000", b"", 1), "has no number in column"),
    "a missing value in a .ts": ("a.ts", IN_TS.replace(b"0.250000", b"?", 1), "has no number in column"),
    "printed in short": ("pasted.txt", str(np.zeros((2000, 128))).encode(), "printed in short"),
    "three levels of lists": ("pasted.txt", repr(np.zeros((1, 2, 64)).tolist()).encode(), "lists in lists in lists"),
    "None": ("pasted.txt", repr([None, *wave().tolist()]).encode(), "holds 'None', where numbers are expected"),
    "infinity": ("pasted.txt", b"[inf, 1, 2]", "holds 'inf'"),
    "no class after all": (
        "a.ts",
        b"@classlabel true a b\n@data\n1,2,3,4,5,6,7,8\n",
        "says that each series has a class",
    ),
}


@pytest.mark.parametrize("what", BAD | AMBIGUOUS)
def test_whatever_else_or_can_be_meant_in_two_ways_is_refused(what: str, beats: Dataset) -> None:
    name, content, said = (BAD | AMBIGUOUS)[what]
    with pytest.raises(DatasetError) as refused:
        series.read(content, name, beats)
    assert said in str(refused.value)


def test_a_missing_channel_is_not_taken_from_another_column() -> None:
    t = np.arange(20.0)
    content = "s,x,y,z\n" + "\n".join(f"{s},{s / 20},{s / 20}," for s in t)
    with pytest.raises(DatasetError, match="has no number in column 'z'"):
        series.read(content.encode(), "a.csv", THREE)


def test_channels_and_columns_are_found_by_their_names_in_any_order() -> None:
    t = np.linspace(0, 1, 20)
    swapped = text(np.stack([10 * t**2, t, 2 * t - 1], axis=1), header="Z,X,Y")
    found = series.read(swapped, "a.csv", THREE)
    np.testing.assert_allclose(found.examples[0], np.stack([t, t, t**2], axis=1), atol=1e-6)
    assert not found.notes
    others = series.read(text(np.stack([t, 2 * t - 1, 10 * t**2], axis=1), header="a,b,c"), "a.csv", THREE)
    np.testing.assert_allclose(others.examples[0], found.examples[0], atol=1e-6)
    assert others.notes == ["Its columns are taken in their order for x, y, z: they are called otherwise."]


def test_time_that_is_not_even_is_said() -> None:
    t = np.linspace(0, 1, 20)
    values = np.stack([t**3, t, 2 * t - 1, 10 * t**2], axis=1)
    assert series.read(text(values), "a.csv", THREE).notes == [
        TIME,
        "Its steps in time are not even, and are taken as if they were.",
    ]


def test_notes_of_the_file_are_passed_on(beats: Dataset) -> None:
    content = text(np.ones(3)) + text(wave())
    assert "The first line of a.csv, with 3 values, is left out." in series.read(content, "a.csv", beats).notes
