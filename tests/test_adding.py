"""Data sets of one's own: how they are split, scaled and kept, and what becomes of them."""

import hashlib
import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ae_core import archive, data, inference, runs, training
from ae_core.data import adding, own, sources
from ae_core.data.adding import Plan
from ae_core.errors import DatasetError, RunError
from ae_core.spec import make_spec
from tests import data_sources

RNG = np.random.default_rng(1)
X = RNG.integers(0, 256, (60, 8, 8), np.uint8)
Y = np.repeat([0, 1, 2], 20)  # sorted by class


@pytest.fixture(autouse=True)
def kept_here(data_folder: Path) -> Path:
    return data_folder


def left(folder: Path) -> list[str]:
    """What is in a folder of data sets, hidden things included."""
    return sorted(path.name for path in (folder / "datasets").glob("*")) if (folder / "datasets").exists() else []


@pytest.mark.parametrize(
    ("x", "told"),
    [
        ([[1, 2, 3], [1, 2]], "x_train holds examples of several shapes"),
        ([None, 1], "one holds Python objects"),
        ([["a", "b"]] * 20, "x_train holds texts"),
        (3, "Examples of shape ()"),
    ],
)
def test_what_is_no_array_of_examples_is_refused_in_a_sentence(x: Any, told: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(told)):
        data.from_arrays("Mine", x)


def test_a_data_set_of_arrays_is_what_was_given_in_another_order() -> None:
    dataset = data.from_arrays("Mine", X, Y, class_names=["cat", "dog", "emu"])
    assert (dataset.title, dataset.form.shape, dataset.class_names) == ("Mine", (8, 8), ("cat", "dog", "emu"))
    assert dataset.sizes == {"train": 51, "test": 9}
    found = {}
    for which in ("train", "test"):
        split = dataset.split(which)
        assert isinstance(split.images, np.memmap), "it stays on the disk"
        for image, label in zip(split.images, split.labels, strict=True):
            found[image.tobytes()] = int(label)
    assert found == {image.tobytes(): int(label) for image, label in zip(X, Y, strict=True)}


def test_both_splits_hold_all_classes_in_no_order() -> None:
    dataset = data.from_arrays("Mine", X, Y)
    for which, each in (("train", 17), ("test", 3)):
        labels = dataset.split(which).labels
        assert np.bincount(labels).tolist() == [each] * 3, "each class has its share"
        assert (np.diff(labels.astype(int)) != 0).sum() > 2, "they are shuffled, so that those held out are of all"
    again = data.from_arrays("Again", X, Y)
    other = data.from_arrays("Other", X, Y, seed=1)
    assert again.name == dataset.name, "the same content has the same name"
    assert other.name != dataset.name


def test_a_given_split_is_kept_if_enough_is_for_training() -> None:
    kept = data.from_arrays("Kept", X[:45], Y[:45], X[45:], Y[45:])
    assert {i.tobytes() for i in kept.split("test").images} == {i.tobytes() for i in X[45:]}
    assert kept.details["split"] == "the split that was given"
    pooled = data.from_arrays("Pooled", X[:20], Y[:20], X[20:], Y[20:])
    assert pooled.sizes == {"train": 51, "test": 9}
    assert "only 20 of 60 were given for training" in pooled.details["split"]


def test_tests_are_at_most_so_many_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "MOST_TEST", 6)
    anew = data.from_arrays("Anew", X, Y)
    assert anew.sizes == {"train": 54, "test": 6}
    assert str(anew.details["split"]).startswith("6 for tests")
    given = data.from_arrays("Given", X[:45], Y[:45], X[45:], Y[45:])
    assert given.sizes == {"train": 45, "test": 6}
    assert "9 by chance are left out" in str(given.details["split"])


def test_missing_classes_are_a_class_of_their_own(tmp_path: Path) -> None:
    lines = [
        "a,b,c,d,e,f,g,h,kind",
        *[",".join([*map(str, RNG.random(8)), "xy"[i % 2] if i % 3 else ""]) for i in range(30)],
    ]
    (tmp_path / "some.csv").write_text("\n".join(lines))
    dataset = data.add(tmp_path / "some.csv")
    assert dataset.class_names == ("x", "y", adding.UNLABELLED)
    assert dataset.unlabelled
    assert dataset.has_class(np.arange(3)).tolist() == [True, True, False]


def test_signals_come_back_in_their_own_units() -> None:
    x = np.stack([RNG.uniform(310, 490, (50, 40)), RNG.uniform(-0.03, 0.03, (50, 40))], axis=-1)
    dataset = data.from_arrays("Two units", x)
    assert dataset.form.shape == (40, 2)
    assert dataset.scale is not None
    stored = np.concatenate([dataset.split(which).images for which in ("train", "test")])
    assert stored.dtype == np.float32
    assert stored.min() >= 0
    assert stored.max() <= 1
    assert 0.05 < stored[..., 0].std() < 0.3
    assert 0.05 < stored[..., 1].std() < 0.3, "each channel fills its range"
    back = np.sort(dataset.scale.restore(stored), axis=None)
    np.testing.assert_allclose(back, np.sort(x, axis=None), atol=0.05)


def test_doubles_across_the_splits_are_counted() -> None:
    dataset = data.from_arrays("Doubles", np.concatenate([X, X]))
    prints = [{image.tobytes() for image in dataset.split(which).images} for which in ("train", "test")]
    assert dataset.details["doubles"] == sum(i.tobytes() in prints[0] for i in dataset.split("test").images) > 0


def test_long_names_that_repeat_are_kept_and_read_again(tmp_path: Path) -> None:
    column = "a column whose name is so long that it is cut where it may not be "
    header = ",".join([column] * 10 + ["class"])
    rows = [",".join([*map(str, RNG.random(10)), f"{'x' * 59}\u200d{i % 2}"]) for i in range(30)]
    (tmp_path / "x.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    dataset = data.add(tmp_path / "x.csv", medium="table")
    assert data.load(dataset.name).scale is not None
    assert all(len(name) <= own.MAX_NAME for name in data.load(dataset.name).scale.names)


def test_what_cannot_be_learnt_is_refused_and_nothing_is_kept(data_folder: Path) -> None:
    with pytest.raises(DatasetError, match="holds 5 examples: a data set needs at least 20"):
        data.from_arrays("Few", X[:5])
    with pytest.raises(DatasetError, match="holds 2 examples: a data set needs at least 20"):
        data.from_arrays("Two", X[:2])
    with pytest.raises(DatasetError, match="All 30 examples of arrays are the same"):
        data.from_arrays("Same", np.zeros((30, 8, 8), np.uint8))
    with pytest.raises(DatasetError, match="has 3 labels for the 60 examples"):
        data.from_arrays("Labels", X, [0, 1, 2])
    assert left(data_folder) == []


def test_more_classes_than_have_colours_are_none() -> None:
    dataset = data.from_arrays("Many", RNG.integers(0, 256, (300, 8, 8), np.uint8), np.arange(300))
    assert dataset.class_names == ()
    assert any("300 classes" in note for note in dataset.details["notes"])


def test_a_stop_keeps_nothing(data_folder: Path) -> None:
    source = adding.sources.look(data_sources.mnist_csv())
    with pytest.raises(adding.Stopped):
        adding.make(source, Plan("x", source.proposal), "x", None, lambda phase, fraction: fraction > 0.3)
    assert left(data_folder) == []


def test_a_full_disk_keeps_nothing_and_says_so(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*about: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(own, "_write_array", full)
    with pytest.raises(DatasetError, match=r"cannot be written in .*: No space left on device"):
        data.from_arrays("Mine", X)
    assert left(data_folder) == []


def test_a_damaged_card_or_array_is_told(data_folder: Path) -> None:
    dataset = data.from_arrays("Mine", X)
    assert dataset.path
    card = json.loads((dataset.path / own.CARD).read_text())
    (dataset.path / own.CARD).write_text(json.dumps(card | {"classes": ["more"]}))
    with pytest.raises(DatasetError, match="it is not the card that was written"):
        own.read(dataset.path)
    assert own.everything() == []
    (dataset.path / own.CARD).write_text(json.dumps(card))
    own.verify(dataset.path)
    content = bytearray((dataset.path / "train.npy").read_bytes())
    content[-1] ^= 1
    (dataset.path / "train.npy").write_bytes(content)
    with pytest.raises(DatasetError, match="is not the file that was written"):
        own.verify(dataset.path)


def test_it_is_found_by_title_and_by_the_beginning_of_its_digest_renamed_and_removed() -> None:
    dataset = data.from_arrays("My Things", X)
    assert data.find("my things").name == data.find(dataset.name[:8]).name == data.load(dataset.name).name
    with pytest.raises(DatasetError, match=r"Unknown data set 'theirs': must be one of .*My Things"):
        data.find("theirs")
    own.rename(dataset, "Others")
    assert data.find("Others").name == dataset.name, "its name for others stays"
    own.remove(dataset)
    with pytest.raises(DatasetError, match="Unknown data set"):
        data.load(dataset.name)


def test_two_owners_keep_the_same_content_apart() -> None:
    one, other = (data.from_arrays("Mine", X, owner=who) for who in ("ann", "bob"))
    assert one.name == other.name
    assert one.path != other.path
    assert [d.owner for d in own.listed("ann")] == ["ann"]
    own.rename(one, "Ann's")
    own.rename(other, "Bob's")
    assert [data.load(one.name, who).title for who in ("ann", "bob")] == ["Ann's", "Bob's"]
    own.remove(one)
    assert data.load(one.name).owner == "bob"


def test_an_owner_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_ITEMS", "50")
    with pytest.raises(DatasetError, match="holds 60 examples: at most 50 are taken"):
        data.from_arrays("Mine", X, owner="ann")
    monkeypatch.delenv("LATENT_EXPLORER_ITEMS")
    monkeypatch.setenv("LATENT_EXPLORER_SETS_MB", "1")
    big = RNG.integers(0, 256, (2000, 32, 32), np.uint8)
    with pytest.raises(DatasetError, match="It would take 2 MB; your data sets take 0 MB and may take 1 MB"):
        data.from_arrays("Big", big, owner="ann")
    assert data.from_arrays("Big", big, owner=None), "the command line knows no limits"


# With runs


def packed(folder: Path, file: Path, **instead: bytes) -> Path:
    """A data set as the page exports it, with some files changed."""
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(path.name, instead.get(path.stem, path.read_bytes()))
    return file


@pytest.mark.parametrize("medium", ["image", "signal"])
def test_an_exported_data_set_comes_in_as_it_was(medium: str, data_folder: Path, tmp_path: Path) -> None:
    x = X if medium == "image" else RNG.normal(3, 2, (60, 20, 2))
    given = data.from_arrays("Mine", x, Y, class_names=["cat", "dog", "emu"], medium=medium)
    assert given.path
    file = packed(given.path, tmp_path / "away.zip")
    before = {which: np.array(given.split(which).images) for which in ("train", "test")}
    own.remove(given)
    source = sources.look(file)
    assert (source.fixed, source.count, source.title, source.classes) == (True, 60, "Mine", ("cat", "dog", "emu"))
    np.testing.assert_array_equal(adding.sample(source, source.proposal, 60), np.concatenate([*before.values()]))
    found = data.add(file)
    assert (found.name, found.title, found.form, found.scale) == (given.name, "Mine", given.form, given.scale)
    for which, images in before.items():
        np.testing.assert_array_equal(found.split(which).images, images)
    assert data.add(file).path == found.path, "it is not kept twice"


def test_an_exported_data_set_that_was_changed_is_refused(data_folder: Path, tmp_path: Path) -> None:
    given = data.from_arrays("Mine", RNG.normal(3, 2, (60, 20, 2)), Y)
    assert given.path
    card = json.loads((given.path / "card.json").read_text())
    array = np.load(given.path / "train.npy")
    array[0, 0, 0] = np.nan
    file = io.BytesIO()
    np.save(file, array)
    hashes = card["sha256"] | {"train.npy": hashlib.sha256(file.getvalue()).hexdigest()}
    told = {**card, "sha256": hashes, "digest": own.digest({**card, "sha256": hashes})}

    def claimed(**other: object) -> bytes:
        """A card that says something else, with the digest that fits."""
        return json.dumps({**card, **other, "digest": own.digest({**card, **other})}).encode()

    climbing = {name.replace("train.npy", "../../train.npy"): value for name, value in card["sha256"].items()}
    cases = {
        "another value": {"train": file.getvalue()},
        "a value that is no number, and a card that fits": {
            "train": file.getvalue(),
            "card": json.dumps(told).encode(),
        },
        "another card": {"card": json.dumps(card | {"classes": ["a", "b", "c"]}).encode()},
        "no card": {"card": b"{"},
        "a card of anything": {"card": b"[[[]]]"},
        "a name that climbs": {"card": json.dumps(card | {"sha256": climbing}).encode()},
        "sizes that cancel out": {"card": claimed(sizes={"train": 51, "test": 9, "z": -60})},
        "no files that are checked": {"card": claimed(sha256={}, bytes={})},
        "an endless size": {"card": claimed(sizes={"train": 51, "test": float("inf")})},
        "classes that are one": {"card": claimed(classes=["0", "0", "2"])},
        "a class that is no text": {"card": claimed(classes=["0", "\ud800", "2"])},
        "a scale of fewer channels": {"card": claimed(scale={"low": [0], "high": [1], "names": ["a"]})},
        "a scale that is no number": {
            "card": claimed(scale={"low": [0, 0], "high": [1, float("nan")], "names": ["", ""]})
        },
        "a file that is larger than it says": {"test": (given.path / "test.npy").read_bytes() + bytes(9000)},
        "cut short": {"test": (given.path / "test.npy").read_bytes()[:-9]},
    }
    kept = left(data_folder)
    for name, instead in cases.items():
        with pytest.raises(DatasetError):
            print(name, data.add(packed(given.path, tmp_path / "bad.zip", **instead)))
        assert left(data_folder) == kept, name


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a data set of digits and a run that learnt it."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_EXPLORER_DATA", str(folder))
        dataset = data.from_arrays("Mine", np.concatenate([X, 255 - X]), np.concatenate([Y, Y]))
        spec = make_spec("vanilla", dataset.name, network={"family": "dense", "latent_dim": 3}, epochs=1, compile=False)
        *_, last = training.fit(spec, folder / "runs" / "mine")
        assert isinstance(last, training.Finished), last
    return folder


@pytest.fixture
def with_run(trained: Path, data_folder: Path) -> Path:
    shutil.copytree(trained, data_folder)
    return data_folder / "runs" / "mine"


def test_a_run_names_its_data_set_by_digest_and_carries_examples(with_run: Path) -> None:
    run = runs.read(with_run)
    dataset = data.load(run.spec.dataset)
    assert (run.spec.about.title, run.spec.about.sizes) == ("Mine", dataset.sizes)
    assert run.dataset.whole
    assert json.loads((with_run / "spec.json").read_text())["dataset"]["name"] == dataset.name
    images = np.array(dataset.split("test").images)
    own.remove(dataset)
    gone = runs.read(with_run).dataset
    assert not gone.whole
    assert gone.class_names == dataset.class_names
    np.testing.assert_array_equal(gone.split("test").images, images)
    x = data.as_float(gone.split("test").images)
    assert inference.load(with_run).reconstruct(x).shape == x.shape
    again = data.from_arrays("Back", np.concatenate([X, 255 - X]), np.concatenate([Y, Y]))
    assert runs.read(with_run).dataset.whole, "the same data come back under the same name"
    assert again.name == dataset.name


def test_a_run_goes_out_with_its_examples_and_comes_in_where_the_data_set_is_not(with_run: Path) -> None:
    packed = archive.pack(runs.read(with_run))
    own.remove(data.load(runs.read(with_run).spec.dataset))
    found = archive.unpack(packed)
    assert set(found.carried) == {"card.json", "test.npy", "test_labels.npy"}
    *_, last = training.rebuild(found, with_run.with_name("again"))
    assert isinstance(last, training.Finished), last
    assert last.run.dataset.sizes["test"] == runs.read(with_run).dataset.sizes["test"]
    np.testing.assert_array_equal(
        last.run.dataset.split("test").images, runs.read(with_run).dataset.split("test").images
    )


def test_an_archive_whose_examples_were_changed_is_refused(with_run: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(archive.pack(runs.read(with_run)))
    with zipfile.ZipFile(tmp_path / "x.zip") as given:
        files = {name: given.read(name) for name in given.namelist()}
    content = bytearray(files["data.test.npy"])
    content[-1] ^= 1
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as changed:
        for name, kept in files.items():
            changed.writestr(name, bytes(content) if name == "data.test.npy" else kept)
    with pytest.raises(RunError, match="is not the one that was exported"):
        archive.unpack((tmp_path / "y.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as changed:  # without sums, as old archives are
        for name, kept in files.items():
            if name != "SHA256SUMS":
                changed.writestr(name, bytes(content) if name == "data.test.npy" else kept)
    own.remove(data.load(runs.read(with_run).spec.dataset))
    *_, last = training.rebuild(archive.unpack((tmp_path / "z.zip").read_bytes()), with_run.with_name("again"))
    assert isinstance(last, training.Failed)
    assert "is not the file that was written" in last.reason


def told_otherwise(packed: bytes, **changes: Any) -> archive.Import:
    """An archive, without digests and film, that says something else of its data set."""
    with zipfile.ZipFile(io.BytesIO(packed)) as given:
        files = {name: given.read(name) for name in given.namelist()}
    said = json.loads(files["spec.json"])
    said["dataset"] |= changes
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        for name, content in (files | {"spec.json": json.dumps(said).encode()}).items():
            if name != "SHA256SUMS" and not name.startswith("film."):
                changed.writestr(name, content)
    return archive.unpack(out.getvalue())


LIES = {
    "has 100 and 3 examples, not 102 and 18 examples": {"sizes": {"train": 100, "test": 3}},
    "has other classes": {"classes": ["only"]},
    "has examples of 64 columns, not of 8 × 8": {"medium": "table", "shape": [64]},
}


@pytest.mark.parametrize("says", LIES)
def test_what_an_archive_says_of_its_data_set_must_be_true(says: str, with_run: Path) -> None:
    packed = archive.pack(runs.read(with_run))
    dataset, again = data.load(runs.read(with_run).spec.dataset), with_run.with_name("again")
    found = told_otherwise(packed, **LIES[says])
    *_, last = training.rebuild(found, again)
    assert isinstance(last, training.Failed), last
    assert f"says that the data set 'Mine' {says}: export the model again" in last.reason
    assert not again.exists()
    own.remove(dataset)
    *_, last = training.rebuild(found, again)
    if "examples, not" not in says:
        assert isinstance(last, training.Failed), "the examples that it carries tell as well"
        assert "carries no examples of it" in last.reason
        return
    assert isinstance(last, training.Finished), "how many there were is not known"
    data.from_arrays("Back", np.concatenate([X, 255 - X]), np.concatenate([Y, Y]))
    assert runs.read(with_run).dataset.whole
    assert not last.run.dataset.whole, "it never learnt that one"


def test_a_title_is_each_visitors_own(with_run: Path) -> None:
    found = told_otherwise(archive.pack(runs.read(with_run)), title="Hers")
    *_, last = training.rebuild(found, with_run.with_name("again"))
    assert isinstance(last, training.Finished), last
    assert last.run.dataset.whole


def test_details_of_an_exported_data_set_are_not_believed(data_folder: Path, tmp_path: Path) -> None:
    given = data.from_arrays("Mine", X, Y)
    assert given.path
    card = json.loads((given.path / "card.json").read_text())
    card["details"] = {"made": {"fit": [1], "ground": "x"}, "left_out": [1], "origin": {"a": "b"}, "more": "x" * 9999}
    card["title"] = "a\nb" * 99
    file = packed(given.path, tmp_path / "away.zip", card=json.dumps(card).encode())
    own.remove(given)
    found = data.add(file)
    assert len(found.title) <= own.MAX_TITLE
    assert "\n" not in found.title
    assert found.details["made"] == {"fit": "crop", "ground": None}
    assert set(found.details) == {"origin", "layout", "split", "made", "created", "bytes"}


@pytest.mark.parametrize(("label", "told"), [(3, "3"), (-1, "-1"), (0.5, "0.5"), (np.nan, "nan"), ("cat", "'cat'")])
def test_a_class_without_a_name_is_told(label: Any, told: str, data_folder: Path) -> None:
    labels = [label, *[0 if isinstance(label, int | float) else "0"] * (len(X) - 1)]
    with pytest.raises(DatasetError, match=f"y_train must hold whole numbers from 0 to 2, got {told}"):
        data.from_arrays("Mine", X, labels, class_names=["cat", "dog", "emu"])
