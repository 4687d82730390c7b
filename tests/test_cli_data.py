"""Data of one's own from the shell: each layout is added, trained on and evaluated; NumPy finds the same figures."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from ae_core import cli
from tests import data_sources

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture(scope="session", autouse=True)
def fetched() -> None:
    data_sources.fetch()


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, list(map(str, arguments)))


def told(*arguments: str | Path) -> Any:
    """What a command prints as JSON."""
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# One for each layout that the documentation names; from real files, the arrays in other layouts than they came in.


def emoji_zip(folder: Path) -> Path:
    return data_sources.emoji_zip()


def folder_of_splits(folder: Path) -> Path:
    """train/CLASS and test/CLASS, 40 and 10 of each."""
    with zipfile.ZipFile(data_sources.emoji_zip()) as archive:
        for name in ("flags", "nature"):
            for number, path in enumerate([path for path in archive.namelist() if f"/{name}/" in path][:50]):
                file = folder / "icons" / ("train" if number < 40 else "test") / name / Path(path).name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(archive.read(path))
    return folder / "icons"


def folder_with_metadata(folder: Path) -> Path:
    """All pictures in one folder, and a table of their classes."""
    (folder / "flat").mkdir()
    rows = ["file_name,label"]
    with zipfile.ZipFile(data_sources.emoji_zip()) as archive:
        for path in archive.namelist()[::40]:
            rows.append(f"{Path(path).name},{Path(path).parent.name}")
            (folder / "flat" / Path(path).name).write_bytes(archive.read(path))
    (folder / "flat" / "metadata.csv").write_text("\n".join(rows))
    return folder / "flat"


def keras_npz(folder: Path) -> Path:
    values = np.loadtxt(data_sources.mnist_csv(), delimiter=",", max_rows=3000)
    images, classes = values[:, :-1].reshape(-1, 28, 28).astype(np.uint8), values[:, -1].astype(np.int64)
    test = np.arange(3000) % 5 == 0
    arrays = {"x_train": images[~test], "y_train": classes[~test], "x_test": images[test], "y_test": classes[test]}
    np.savez(folder / "keras.npz", **arrays)
    return folder / "keras.npz"


def npy(folder: Path) -> Path:
    np.save(folder / "digits.npy", np.loadtxt(data_sources.mnist_csv(), delimiter=",")[::5, :-1].reshape(-1, 28, 28))
    return folder / "digits.npy"


def medmnist_npz(folder: Path) -> Path:
    return data_sources.medmnist_npz(folder)


def idx(folder: Path) -> Path:
    return data_sources.idx()


def csv(folder: Path) -> Path:
    return data_sources.cancer_csv()


def csv_of_images(folder: Path) -> Path:
    return data_sources.mnist_csv()


def tsv(folder: Path) -> Path:
    return data_sources.italy_tsv(folder)


def ts(folder: Path) -> Path:
    return data_sources.series("BasicMotions")[0]


def parquet(folder: Path) -> Path:
    lines = data_sources.series("ItalyPowerDemand")[1].read_text().split("@data")[1].strip().splitlines()
    rows = [line.rsplit(":", 1) for line in lines]
    values = np.array([row[0].split(",") for row in rows], np.float64)
    columns = {f"h{hour}": values[:, hour] for hour in range(24)} | {"season": [row[1] for row in rows]}
    pyarrow.parquet.write_table(pa.table(columns), folder / "power.parquet")
    return folder / "power.parquet"


def channels_npz(folder: Path) -> Path:
    """Series of six channels as an array (n, t, c)."""
    rows = data_sources.series("BasicMotions")[1].read_text().split("@data")[1].strip().splitlines()
    series = [[channel.split(",") for channel in row.rsplit(":", 1)[0].split(":")] for row in rows]
    np.savez(folder / "motions.npz", x_train=np.array(series, np.float64).transpose(0, 2, 1))
    return folder / "motions.npz"


LAYOUTS: dict[Callable[[Path], Path], tuple[str, list[int], int, dict[str, int]]] = {
    emoji_zip: ("image", [32, 32, 3], 9, {"train": 1618, "test": 288}),
    folder_of_splits: ("image", [32, 32, 3], 2, {"train": 80, "test": 20}),
    folder_with_metadata: ("image", [32, 32, 3], 9, {"train": 38, "test": 10}),
    keras_npz: ("image", [28, 28], 6, {"train": 2400, "test": 600}),
    npy: ("image", [28, 28], 0, {"train": 850, "test": 150}),
    medmnist_npz: ("image", [28, 28], 10, {"train": 5000, "test": 1000}),
    idx: ("image", [28, 28], 10, {"train": 60_000, "test": 10_000}),
    csv: ("table", [30], 2, {"train": 484, "test": 85}),
    csv_of_images: ("image", [28, 28], 10, {"train": 4250, "test": 750}),
    tsv: ("signal", [24, 1], 2, {"train": 932, "test": 164}),
    ts: ("signal", [100, 6], 4, {"train": 32, "test": 8}),
    parquet: ("signal", [24, 1], 2, {"train": 875, "test": 154}),
    channels_npz: ("signal", [100, 6], 0, {"train": 34, "test": 6}),
}


def numpys_figures(folder: Path, data: Path) -> dict[str, float]:
    """Figures of a run of one dense layer each way, from its weights and the arrays of its data set alone."""
    given = np.load(data / "test.npy").astype(np.float64)
    x = given.reshape(len(given), -1) / (255 if np.load(data / "test.npy", mmap_mode="r").dtype == np.uint8 else 1)
    with h5py.File(folder / "model.weights.h5") as file:
        w, b, v, c = (
            np.array(file[f"{part}/layers/dense/vars/{i}"], np.float64) for part in ("encoder", "decoder") for i in "01"
        )
    logits = np.maximum(x @ w + b, 0) @ v + c
    if json.loads((folder / "spec.json").read_text())["likelihood"] == "gaussian":
        mse = np.mean((x - logits) ** 2)
        return {"mse": float(mse), "nll": float((np.log(2 * np.pi * mse) + 1) / 2)}
    bce = np.mean(np.logaddexp(0, logits) - x * logits)
    return {"mse": float(np.mean((x - 1 / (1 + np.exp(-logits))) ** 2)), "bce": float(bce)}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_each_layout_is_added_trained_on_and_evaluated(layout: Callable[[Path], Path], tmp_path: Path) -> None:
    medium, shape, classes, sizes = LAYOUTS[layout]
    added = told("data", "add", layout(tmp_path), "--name", "mine")
    assert (added["medium"], added["shape"], len(added["classes"])) == (medium, shape, classes)
    assert added["sizes"] == sizes
    assert told("data", "show", "mine") == {name: value for name, value in added.items() if name != "seconds"}
    assert "mine" in call("data", "list").stdout
    one_layer = ["--network", "dense", "--hidden", "none", "--decoder-hidden", "none", "--latent-dim", "8"]
    run = tmp_path / "run"
    trained = call(
        "train", "vanilla", "--dataset", "mine", *one_layer, "--code-activation", "relu", "--epochs", "1", "--out", run
    )
    assert trained.exit_code == 0, trained.output
    (evaluated,) = told("evaluate", run, "--no-neighbours")
    expected = numpys_figures(run, Path(added["path"]))
    for name, value in expected.items():
        assert evaluated["figures"][name] == pytest.approx(value, rel=2e-4), name
    if classes > 1 and min(sizes.values()) > 1:
        assert 0 <= told("evaluate", run)[0]["figures"]["knn_accuracy"] <= 1
    assert call("data", "remove", "mine").exit_code == 0
    assert not Path(added["path"]).exists()
    assert call("evaluate", run).exit_code == 0, "the run carries enough"


def test_a_run_and_its_data_set_go_elsewhere_and_find_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = told("data", "add", folder_of_splits(tmp_path), "--name", "mine")
    run = tmp_path / "run"
    small = ["--network", "dense", "--hidden", "none", "--latent-dim", "2", "--epochs", "1", "--out", run]
    assert call("train", "vanilla", "--dataset", "mine", *small).exit_code == 0
    before = told("evaluate", run)
    assert call("data", "export", "mine", tmp_path / "mine.txt").exit_code == 2
    assert call("data", "export", "digits", tmp_path / "digits.zip").exit_code == 2
    assert call("data", "export", "mine", tmp_path / "none" / "mine.zip").exit_code == 1
    assert call("data", "export", "mine", tmp_path / "mine.zip").exit_code == 0
    assert call("export", run, tmp_path / "run.zip").exit_code == 0
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path / "elsewhere"))
    imported = tmp_path / "imported"
    assert call("import", tmp_path / "run.zip", "--out", imported).exit_code == 0
    assert told("data", "add", tmp_path / "mine.zip")["name"] == added["name"]
    (after,), (expected,) = told("evaluate", imported), before
    for name in ("mse", "bce", "knn_accuracy"):
        assert after["figures"][name] == pytest.approx(expected["figures"][name], abs=1e-6), "on all test examples"
