"""Transfer: what codes know of classes that the encoder never saw, against scikit-learn."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from ae_core import cards, data, inference, runs, training, uses
from ae_core.errors import OptionError
from ae_core.runs import Run
from ae_core.spec import make_spec
from ae_core.uses import transfer
from ae_core.uses.coders import SEEN
from ae_core.uses.features import choose_penalty

UNSEEN = (0, 2, 4, 6, 8)


@pytest.fixture(scope="module")
def of_half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of digits that has seen no even one; beside it the same of all digits."""
    folder = tmp_path_factory.mktemp("transfer")
    for name, left_out in (("half", UNSEEN), ("all", ())):
        spec = make_spec("vanilla", "digits", network={"latent_dim": 8}, left_out=left_out, epochs=2, compile=False)
        *_, last = training.fit(spec, folder / name, title=name)
        assert isinstance(last, training.Finished), last
    return folder / "half"


def read(path: Path) -> Run:
    return runs.read(path)


def test_figures_are_those_of_scikit_learn_among_unseen_classes_alone(of_half: Path, data_folder: Path) -> None:
    loaded = inference.load(of_half)
    rows = uses.measure("transfer", uses.subject(loaded))
    assert [row.kind for row in rows] == ["run", "pixels", "pca", "untrained", SEEN, SEEN]
    assert [row.title for row in rows[2:]] == [
        "PCA, 8 units, without classes 0, 2, 4, 6, 8",
        "the untrained network",
        "PCA, 8 units, of all classes",
        "all, of all classes",
    ]
    train, test = (loaded.dataset.split(which) for which in ("train", "test"))
    even, asked = train.labels % 2 == 0, test.labels % 2 == 0
    flat, other = (data.as_float(split.images).reshape(len(split), -1) for split in (train, test))
    whole = inference.load(of_half.parent / "all")
    coded = {
        0: (loaded.encode_kept(train.images), loaded.encode_kept(test.images)),
        1: (flat, other),
        5: (whole.encode_kept(train.images), whole.encode_kept(test.images)),
    }
    for row, learnt in ((2, flat[~even]), (4, flat)):
        pca = PCA(8, svd_solver="full").fit(learnt)
        coded[row] = (pca.transform(flat), pca.transform(other))
    for row, (codes, of_test) in coded.items():
        neighbours = KNeighborsClassifier(5).fit(codes[even], train.labels[even])
        theirs = neighbours.score(of_test[asked], test.labels[asked])
        assert rows[row].figures["unseen_knn_all"] == [pytest.approx(theirs, abs=0.004)], rows[row].title
        scaler = StandardScaler().fit(codes[even])
        scaled, labels = scaler.transform(codes[even]), train.labels[even]
        drawn = [np.random.default_rng(seed).permutation(len(labels))[:55] for seed in (0, 1)]
        penalty = choose_penalty(scaled[drawn[0]], labels[drawn[0]])
        probe = LogisticRegression(C=penalty, max_iter=100).fit(scaled[drawn[1]], labels[drawn[1]])
        theirs = probe.score(scaler.transform(of_test[asked]), test.labels[asked])
        assert rows[row].figures["unseen_probe_55"][1] == pytest.approx(theirs, abs=0.006), rows[row].title
    kept = {path.name for path in data_folder.rglob("use-transfer-*")}
    assert {"use-transfer-1-pca-8-without-155.json", "use-transfer-1-pca-8-seen-without-155.json"} <= kept


def test_what_saw_all_classes_is_no_floor_to_be_beaten_by(of_half: Path, data_folder: Path) -> None:
    rows = uses.measure("transfer", uses.subject(inference.load(of_half)))
    contests = uses.get("transfer").contests(rows)
    assert len(contests) == 3
    for contest in contests:
        assert set(contest.floors) == {row.title for row in rows[1:4]}
    (kinds,) = {tuple(uses.with_uses({"half": read(of_half)}, {"transfer": {"half": rows}})["kind"])}
    assert kinds[1:] == ("floor", "floor", "floor", "saw all classes", "saw all classes")


def test_a_run_that_saw_all_classes_or_all_but_one_is_told_so(digits_runs: dict[str, Path]) -> None:
    use, dataset = uses.get("transfer"), data.load("digits")
    assert "two that it never saw are needed" in use.lacking(dataset, (3,))
    assert not use.lacking(dataset, (3, 4))
    assert "no classes" in use.lacking(data.load("ecg"), (3, 4))
    with pytest.raises(OptionError, match="Transfer cannot be measured: it saw all classes"):
        uses.measure("transfer", uses.subject(inference.load(digits_runs["vanilla"])))


def test_classes_without_a_test_example_cannot_be_asked_for(of_half: Path) -> None:
    loaded = inference.load(of_half)
    with pytest.raises(OptionError, match="no test example"):
        uses.get("transfer").measure(replace(uses.subject(loaded), left_out=(17, 18)), lambda fraction: None)


def test_the_run_that_saw_all_classes_differs_in_nothing_else_and_is_nobody_elses(
    of_half: Path, tmp_path: Path
) -> None:
    for name in ("half", "all"):
        shutil.copytree(of_half.parent / name, tmp_path / name)
    run = read(tmp_path / "half")
    found = transfer.of_all_classes(run)
    assert found is not None
    assert found.path == tmp_path / "all"
    cards.write(tmp_path / "all", cards.unchecked(tmp_path / "all") | {"owner": "somebody"})
    assert transfer.of_all_classes(run) is None
    shutil.rmtree(tmp_path / "all")
    spec = json.loads((tmp_path / "half" / "spec.json").read_text(encoding="utf-8"))
    assert spec["left_out"] == list(UNSEEN)
    assert transfer.of_all_classes(run) is None
    shipped = transfer.of_all_classes(read(runs.SHIPPED / "vanilla-of-half"))
    assert shipped is not None
    assert shipped.name == "vanilla"
