"""What runs are good for: floors, what is kept, the command; and the figures against scikit-learn."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from ae_core import cli, data, derived, inference, runs, untrained, uses
from ae_core.errors import OptionError
from ae_core.uses import Row, coders
from ae_core.uses.features import Features, choose_penalty, draw, probe, standardised

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def subject(digits_runs: dict[str, Path]) -> uses.Subject:
    return uses.subject(inference.load(digits_runs["vanilla"]))


def test_floors_are_raw_values_principal_components_and_the_untrained_network(subject: uses.Subject) -> None:
    train, test = (data.load("digits").split(which).images for which in ("train", "test"))
    flat = data.as_float(train).reshape(len(train), -1)
    assert subject.run is not None
    found = coders.floors(subject.run)
    assert list(found) == ["pixels", "pca", "untrained"]
    np.testing.assert_array_equal(found["pixels"].encode(train), flat)
    expected = PCA(subject.coder.units, svd_solver="full").fit(flat)
    codes = found["pca"].encode(test)
    theirs = expected.transform(data.as_float(test).reshape(len(test), -1))
    np.testing.assert_allclose(np.abs(codes), np.abs(theirs), atol=1e-4)
    assert found["pca"].decode is not None
    np.testing.assert_allclose(
        found["pca"].decode(codes).reshape(len(test), -1), expected.inverse_transform(theirs), atol=1e-4
    )
    architecture = subject.run.spec.architecture
    layers = (*architecture.encoder, architecture.head)
    np.testing.assert_array_equal(found["untrained"].encode(test), untrained.encode(layers, data.as_float(test)))


def test_features_are_scikit_learns(subject: uses.Subject) -> None:
    rows = uses.measure("features", subject)
    assert [row.kind for row in rows] == ["run", "pixels", "pca", "untrained"]
    codes, labels = subject.train
    asked, truth = subject.test
    for n, row_name in ((55, "probe_55"), (550, "probe_550")):
        some = np.random.default_rng(1).permutation(len(labels))[:n]
        scaler = StandardScaler().fit(codes)
        first = np.random.default_rng(0).permutation(len(labels))[:n]
        penalty = choose_penalty(scaler.transform(codes)[first], labels[first])
        theirs = LogisticRegression(C=penalty, max_iter=100).fit(scaler.transform(codes[some]), labels[some])
        expected = theirs.score(scaler.transform(asked), truth)
        assert rows[0].figures[row_name][1] == pytest.approx(expected, abs=0.006)
    neighbours = KNeighborsClassifier(5).fit(codes, labels).score(asked, truth)
    assert rows[0].figures["knn_all"] == [pytest.approx(neighbours)]
    assert rows[1].mean("probe_all") > 0.85, "digits are told apart by their pixels"
    assert "probe_5500" not in rows[0].figures, "there are not so many labels"


def test_features_know_what_is_there_and_nothing_else() -> None:
    labels = RNG.integers(0, 4, 900)
    told = np.eye(4, dtype=np.float32)[labels] + RNG.normal(0, 0.01, (900, 4)).astype(np.float32)
    noise = RNG.normal(size=(900, 4)).astype(np.float32)
    for codes, low, high in ((told, 1, 1), (noise, 0.15, 0.35)):
        code, other = standardised(codes[:600], codes[600:])
        assert low <= probe(code, labels[:600], other, labels[600:], 1.0) <= high


def test_a_draw_has_two_classes_and_is_the_same_for_all() -> None:
    labels = np.array([0] * 300 + [1] * 3)
    for seed in range(5):
        some = draw(labels, 20, seed)
        assert len(set(some.tolist())) == 20
        assert set(labels[some]) == {0, 1}
        np.testing.assert_array_equal(some, draw(labels, 20, seed))


def test_standardised_codes_keep_dead_units_at_zero() -> None:
    codes = np.hstack([RNG.normal(3, 2, (50, 2)), np.full((50, 1), 7.0)]).astype(np.float32)
    found, other = standardised(codes, codes + 1)
    np.testing.assert_allclose(found[:, :2], StandardScaler().fit_transform(codes[:, :2]), atol=1e-5)
    assert not found[:, 2].any()
    assert not other[:, 2].any()


def test_a_floor_is_measured_once_for_a_data_set(
    digits_runs: dict[str, Path], data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []
    monkeypatch.setattr(
        Features, "measure", lambda self, of, tell: measured.append(of.coder.kind) or {"probe_all": [0.5]}
    )
    for name in ("vanilla", "sparse"):
        uses.measure("features", uses.subject(inference.load(digits_runs[name])))
    assert measured.count("pixels") == 1
    assert measured.count("run") == 2


def test_what_is_kept_is_read_again_unless_it_is_of_another_version_or_damaged(
    digits_runs: dict[str, Path], data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.read(digits_runs["vanilla"])
    rows = [Row("run", "Vanilla", 32, {"probe_all": [0.25, 0.5]})]
    assert uses.read("features", run) is None
    uses.write("features", run, rows)
    assert uses.read("features", run) == rows
    with monkeypatch.context() as patch:
        patch.setattr(Features, "version", 2)
        assert uses.read("features", run) is None
    path = derived.kept(run, "use-features.json")
    path.write_bytes(path.read_bytes().replace(b"0.25", b"0.75"))
    assert uses.read("features", run) is None


@pytest.mark.parametrize(
    "content", [b"null", b"[]", b'{"version": 1, "rows": 5}', b'{"version": 1, "rows": [{"a": 1}]}']
)
def test_what_is_whole_and_no_rows_counts_as_not_measured(
    content: bytes, digits_runs: dict[str, Path], data_folder: Path
) -> None:
    run = runs.read(digits_runs["vanilla"])
    derived.write(derived.kept(run, "use-features.json"), content)
    assert uses.read("features", run) is None


def test_labels_of_one_class_are_refused_and_not_drawn_for_ever() -> None:
    with pytest.raises(OptionError, match="all of one"):
        draw(np.zeros(200, int), 55, 0)


def test_the_command_prints_the_figures_that_pages_show(digits_runs: dict[str, Path], data_folder: Path) -> None:
    path = str(digits_runs["vanilla"])
    told = CliRunner().invoke(cli.main, ["compare", path, "--uses", "features", "--json"])
    assert told.exit_code == 0, told.output
    (record,) = json.loads(told.stdout)
    kept = uses.read("features", runs.read(digits_runs["vanilla"]))
    assert kept is not None
    assert [row["figures"]["probe_all"]["mean"] for row in record["rows"]] == [row.mean("probe_all") for row in kept]
    text = CliRunner().invoke(cli.main, ["compare", path, "--uses", "features"]).stdout
    assert f"{kept[0].mean('knn_all'):.3f}" in text
    refused = CliRunner().invoke(cli.main, ["compare", path, "--uses", "magic"])
    assert refused.exit_code == 1
    assert "Unknown use 'magic': must be one of" in refused.output


def test_a_run_whose_data_lack_classes_is_told_so(data_folder: Path) -> None:
    told = CliRunner().invoke(cli.main, ["compare", "ecg-vanilla", "--uses", "features"])
    assert told.exit_code == 0
    assert "ecg-vanilla: Its data set has no classes" in told.stdout
    with pytest.raises(OptionError, match="Features cannot be measured: its data set has no classes"):
        uses.measure("features", uses.subject(inference.load("ecg-vanilla")))
