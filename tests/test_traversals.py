"""Units moved and switched off, in runs that ship."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import pytest

import ae_core
from ae_core import runs
from ae_core.data import as_float
from ae_core.errors import OptionError
from ae_core.figures import units
from ae_core.figures.pictures import ADDED
from ae_core.inference import LoadedRun
from ae_core.latent import traversals
from tests.test_figures import picture


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return as_float(ae_core.data.load("fashion-mnist").split("test").images[:500])


@pytest.fixture(scope="module", params=["vanilla", "sparse-visible", "variational", "convolutional"])
def run(request: pytest.FixtureRequest) -> LoadedRun:
    return ae_core.load(runs.SHIPPED / request.param)


@pytest.fixture(scope="module")
def codes(run: LoadedRun, images: np.ndarray) -> np.ndarray:
    return run.encode(images)


def row_of(run: LoadedRun, code: np.ndarray, unit: int, values: Sequence[float] | np.ndarray) -> np.ndarray:
    """The pictures of a code with one unit at each of some values."""
    return traversals.traverse_units(run, code, [unit], np.array([values], np.float32))[0]


def test_changes_are_those_between_the_percentiles_of_a_unit(run: LoadedRun, codes: np.ndarray) -> None:
    code, ranges = codes[7], traversals.unit_ranges(codes)
    assert (ranges.shape, ranges.dtype) == ((codes.shape[1], 2), np.float32)
    np.testing.assert_allclose(ranges[1], np.percentile(codes[:, 1], [1, 99]), rtol=1e-6)
    ranges[0] = 0.5
    changes = traversals.changes(run, code, ranges)
    assert changes.shape == (run.latent_dim,)
    assert changes[0] == 0, "a unit without a range changes nothing"
    assert changes.max() > 0
    for u in (0, 1, run.latent_dim // 2, run.latent_dim - 1):
        low, high = row_of(run, code, u, ranges[u])
        assert changes[u] == pytest.approx(np.sqrt(np.mean((high - low) ** 2)), abs=1e-5)


def test_at_its_own_value_a_unit_changes_nothing(run: LoadedRun, codes: np.ndarray, images: np.ndarray) -> None:
    code = codes[3]
    ends = [0, run.latent_dim - 1]
    values = code[ends, None] + np.float32([-1, 0, 1])
    rows = traversals.traverse_units(run, code, ends, values)
    assert rows.shape == (2, 3, 28, 28)
    for row, u, places in zip(rows, ends, values, strict=True):
        np.testing.assert_allclose(row[1], run.reconstruct(images[3:4])[0], atol=1e-5)
        np.testing.assert_allclose(row, row_of(run, code, u, places), atol=1e-5)


def test_off_is_zero_for_relu_and_the_mean_for_linear(run: LoadedRun, codes: np.ndarray) -> None:
    off = traversals.off_values(run, codes)
    if run.spec.network.code_activation == "relu":
        assert not off.any()
    else:
        np.testing.assert_allclose(off, codes.mean(axis=0), rtol=1e-5, atol=1e-6)
    code = traversals.switch_off(run, codes[4], [1, 0], off)
    np.testing.assert_array_equal(code[:2], off[:2])
    np.testing.assert_array_equal(code[2:], codes[4, 2:])
    np.testing.assert_array_equal(traversals.switch_off(run, codes[4], [], off), codes[4])


def test_a_units_share_is_what_changes_without_it(run: LoadedRun, codes: np.ndarray) -> None:
    off = traversals.off_values(run, codes)
    code = codes[5].copy()
    code[1] = off[1]
    shares = traversals.shares(run, code, off)
    assert shares[1] == 0
    for u in (0, run.latent_dim - 1):
        whole, without = run.decode(np.stack([code, traversals.switch_off(run, code, [u], off)]))
        assert shares[u] == pytest.approx(np.sqrt(np.mean((whole - without) ** 2)), abs=1e-5)
    assert not traversals.shares(run, off, off).any()


def test_what_is_no_unit_or_no_code_is_refused(run: LoadedRun, codes: np.ndarray) -> None:
    ranges, off = traversals.unit_ranges(codes), traversals.off_values(run, codes)
    for u in (-1, run.latent_dim):
        with pytest.raises(OptionError, match="numbered from 0"):
            traversals.switch_off(run, codes[0], [u], off)
        with pytest.raises(OptionError, match="numbered from 0"):
            row_of(run, codes[0], u, [0, 0])
    with pytest.raises(OptionError, match="units"):
        traversals.changes(run, codes[:2], ranges)
    with pytest.raises(OptionError, match="finite"):
        traversals.changes(run, np.full(run.latent_dim, np.nan), ranges)
    with pytest.raises(OptionError, match="finite"):
        row_of(run, codes[0], 0, [0, np.inf])


def test_the_figure_has_a_row_for_each_unit_and_marks_the_images_own_place() -> None:
    values, images = np.linspace([0, -1], [1, 1], 5, axis=1), np.zeros((2, 5, 8, 8))
    given = np.array([4, 0]), values, np.array([0.5, 9]), np.array([0.2, 0.1]), images
    figure = units.traversals(*given)
    labels = ["<b>unit 5</b>: 0.50", "<b>unit 1</b>: 9.00"]
    assert [text.split("<br>")[0] for text in figure.layout.yaxis.ticktext] == labels
    assert list(figure.layout.xaxis.ticktext) == ["1 %", "", "", "", "99 %"]
    assert len(figure.data[1].text) == 10
    assert marked_cells(figure, side=8) == {(0, 2), (1, 4)}
    assert list(units.traversals(*given, brief=True).layout.yaxis.ticktext) == labels, "one line each"


def test_without_units_shows_a_third_picture_only_if_some_are_off() -> None:
    x, x_hat, without = np.zeros((8, 8)), np.full((8, 8), 0.5), np.ones((8, 8))
    for off, columns in (("", ["original", "all units"]), ("unit 6", ["original", "all units", "without unit 6"])):
        figure = units.without_units(x, x_hat, without, off)
        assert list(figure.layout.xaxis.ticktext) == columns
        pixels = picture(figure)
        assert pixels[4, -4].tolist() == [*[round(255 * (1 if off else 0.5))] * 3, 255]
        assert pixels[-4, 4, 3] == 0, "the original has no error"


def marked_cells(figure: go.Figure, side: int) -> set[tuple[int, int]]:
    """Which images, of so many pixels, have an orange border: (row, column)."""
    (frames,) = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "lines"]
    assert frames.line.color == "rgb({}, {}, {})".format(*ADDED)
    x, y = (np.asarray(values).reshape(-1, 6)[:, :5] for values in (frames.x, frames.y))  # closed, then a pause
    assert np.ptp(x, axis=1).tolist() == np.ptp(y, axis=1).tolist() == [side] * len(x)
    return {(int(down), int(across)) for across, down in zip(x.mean(1) // side, y.mean(1) // side, strict=True)}
