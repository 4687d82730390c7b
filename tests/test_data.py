"""The data sets are the published ones, whole, and damage to them is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from ae_core import data
from ae_core.data.shipped import fashion_mnist
from ae_core.errors import DatasetError


@pytest.mark.parametrize("name", data.names())
def test_every_data_set_is_what_it_declares(name: str) -> None:
    dataset = data.load(name)
    for which, size in dataset.sizes.items():
        split = dataset.split(which)
        assert split.images.shape == (size, *dataset.form.shape)
        assert split.images.dtype == (np.uint8 if dataset.form.is_image else np.float32)
        assert split.labels.dtype == np.uint8
        assert sorted(set(split.labels.tolist())) == list(range(max(1, len(dataset.class_names))))
        assert split.images.max() == 255 if dataset.form.is_image else 0.5 < split.images.max() <= 1
        with pytest.raises(ValueError, match="read-only"):
            split.images[0, 0, 0] = 1
        assert dataset.split(which) is split


def test_fashion_mnist_is_the_published_one() -> None:
    train, test = (data.load("fashion-mnist").split(which) for which in ("train", "test"))
    assert np.bincount(train.labels).tolist() == [6000] * 10
    assert np.bincount(test.labels).tolist() == [1000] * 10
    # Mean and standard deviation as every tutorial normalises them.
    assert train.images.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert train.images.std() / 255 == pytest.approx(0.3530, abs=5e-5)
    assert train.labels[:5].tolist() == [9, 0, 0, 3, 0]
    assert test.labels[:5].tolist() == [9, 2, 1, 1, 6]


def test_digits_are_all_of_scikit_learns_each_once() -> None:
    dataset, original = data.load("digits"), load_digits()
    images = np.concatenate([dataset.split(which).images for which in ("train", "test")])
    labels = np.concatenate([dataset.split(which).labels for which in ("train", "test")])
    ours = sorted(zip(map(bytes, np.round(images / (255 / 16)).astype(np.uint8)), labels.tolist(), strict=True))
    theirs = sorted(zip(map(bytes, original.images.astype(np.uint8)), original.target.tolist(), strict=True))
    assert ours == theirs
    assert np.bincount(dataset.split("test").labels).min() >= 25  # of 36 on average


def test_as_float_reaches_both_ends_exactly() -> None:
    x = data.as_float(np.array([[[0, 51, 255]]], np.uint8))
    assert x.dtype == np.float32
    assert x.ravel().tolist() == [0.0, pytest.approx(0.2), 1.0]
    with pytest.raises(DatasetError, match=r"'mnist'.*fashion-mnist, emoji, ecg, digits"):
        data.load("mnist")
    with pytest.raises(DatasetError, match=r"'valid'.*train, test"):
        data.load("digits").split("valid")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda content: None, "not in fashion_mnist"),
        (lambda content: content[: len(content) // 2], "cannot be read"),
        (lambda content: b"not gzip at all", "cannot be read"),
        (lambda content: b"", "not the original|cannot be read"),
        (lambda content: content[:900] + bytes([content[900] ^ 1]) + content[901:], "cannot be read|not the original"),
    ],
)
def test_damage_to_fashion_mnist_is_told(damage, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "t10k-labels-idx1-ubyte.gz"
    folder = tmp_path / "fashion_mnist"
    shutil.copytree(fashion_mnist.FOLDER, folder)
    content = damage((folder / name).read_bytes())
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    monkeypatch.setattr(fashion_mnist, "FOLDER", folder)
    with pytest.raises(DatasetError, match=says) as caught:
        fashion_mnist.read("test")
    assert name in str(caught.value)
    assert len(fashion_mnist.read("train")) == 60_000
