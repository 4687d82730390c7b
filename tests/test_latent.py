"""Planes, grids and densities, held to scikit-learn, SciPy and known distributions."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.decomposition import PCA

from ae_core import latent
from ae_core.errors import OptionError


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    """400 codes of 32 units whose variances fall, turned at random, off the origin."""
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.standard_normal((32, 32)))
    return (3 + rng.standard_normal((400, 32)) * np.geomspace(5, 0.1, 32) @ turn).astype(np.float32)


# Principal directions


def test_principal_directions_are_scikit_learns(codes: np.ndarray) -> None:
    directions, variances = latent.principal_directions(codes)
    pca = PCA().fit(codes.astype(np.float64))
    np.testing.assert_allclose(variances, pca.explained_variance_, rtol=1e-4)
    alike = np.abs(np.sum(directions * pca.components_, axis=1))
    np.testing.assert_allclose(alike, 1, atol=1e-4)
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    assert (largest > 0).all()
    few = np.random.default_rng(0).standard_normal((5, 64)).astype(np.float32)
    _, variances = latent.principal_directions(few)
    assert (variances >= 0).all(), "also of more units than codes"
    assert np.sum(variances > 1e-6) == 4


# Planes


def test_the_plane_of_one_or_two_units_is_the_space_itself() -> None:
    codes = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    plane, line = latent.main_plane(codes), latent.main_plane(codes[:, :1])
    np.testing.assert_array_equal(plane.points(codes), codes)
    np.testing.assert_array_equal(plane.codes(codes), codes)
    assert (plane.share, plane.labels) == (1.0, ("z₁", "z₂"))
    np.testing.assert_array_equal(line.points(codes[:, :1]), codes * [1, 0])
    np.testing.assert_array_equal(line.codes(codes * [1, 9]), codes[:, :1])
    assert (line.share, line.labels) == (1.0, ("z₁", ""))


def test_the_plane_of_many_units_is_scikit_learns_projection(codes: np.ndarray) -> None:
    plane = latent.main_plane(codes)
    pca = PCA(2).fit(codes.astype(np.float64))
    np.testing.assert_allclose(np.abs(plane.points(codes)), np.abs(pca.transform(codes)), atol=1e-3)
    assert plane.share == pytest.approx(pca.explained_variance_ratio_.sum(), rel=1e-4)


def test_the_share_of_a_flat_cloud_is_one_and_of_a_ball_two_in_d() -> None:
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((500, 2)) @ rng.standard_normal((2, 16))
    assert latent.main_plane(flat.astype(np.float32)).share == pytest.approx(1, abs=1e-6)
    ball = rng.standard_normal((50_000, 16)).astype(np.float32)
    assert latent.main_plane(ball).share == pytest.approx(2 / 16, rel=0.05)
    same = np.full((20, 8), 2.5, np.float32)
    assert latent.main_plane(same).share == 1.0
    np.testing.assert_array_equal(latent.main_plane(same).points(same[:1]), [[0, 0]])


# Grids


@pytest.mark.parametrize(("n", "reach"), [(2, 1.0), (15, 2.0), (30, 4.0)])
def test_prior_quantiles_hold_equal_shares_between_them(n: int, reach: float) -> None:
    places = latent.prior_quantiles(n, reach)
    assert (places[0], places[-1]) == pytest.approx((-reach, reach), abs=1e-4)
    shares = np.diff(norm.cdf(places.astype(np.float64)))
    np.testing.assert_allclose(shares, (norm.cdf(reach) - norm.cdf(-reach)) / (n - 1), rtol=1e-3)


def test_a_grid_reads_from_the_top_left() -> None:
    points = latent.grid(np.array([1, 2, 3]), np.array([10, 20]))
    assert points.tolist() == [[1, 20], [2, 20], [3, 20], [1, 10], [2, 10], [3, 10]]


def test_the_extent_holds_all_but_the_outermost() -> None:
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-1, 1, 10_000), rng.uniform(5, 25, 10_000)])
    points[:20] = 1e6  # 0.2 %
    left, right, bottom, top = latent.extent(points)
    assert (left, right) == pytest.approx((-1.1, 1.1), abs=0.04)
    assert (bottom, top) == pytest.approx((4, 26), abs=0.4)
    left, right, bottom, top = latent.extent(np.column_stack([np.linspace(0, 1, 50), np.zeros(50)]))
    assert left < 0 < 1 < right
    assert bottom < 0 < top, "a line has a height, too"
    left, right, bottom, top = latent.extent(points[20:], outside=0)
    assert left < points[20:, 0].min() < points[20:, 0].max() < right
    assert bottom < points[20:, 1].min() < points[20:, 1].max() < top


# Densities


def mixture(n: int, d: int) -> np.ndarray:
    """Two Gaussians of known mean and covariance: ±2 in every unit, variances 0.25."""
    rng = np.random.default_rng(0)
    centre = np.where(rng.random(n) < 0.5, 2.0, -2.0)[:, None]
    return (centre + 0.5 * rng.standard_normal((n, d))).astype(np.float32)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_draws_have_the_mixtures_moments(d: int) -> None:
    drawn = latent.fit_density(mixture(2000, d)).draw(20_000, 0)
    assert (drawn.shape, drawn.dtype) == ((20_000, d), np.float32)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.2)
    # Var = E[0.25] + Var[±2] in each unit; between two units only the latter.
    expected = 0.25 * np.eye(d) + 4
    np.testing.assert_allclose(np.atleast_2d(np.cov(drawn, rowvar=False)), expected, rtol=0.06)
    assert np.mean(np.abs(drawn[:, 0]) < 0.5) < 0.01, "there is next to nothing between the two"


def test_draws_of_many_units_keep_each_units_moments() -> None:
    codes = mixture(2000, 80)
    codes[:, 1] = 0
    density = latent.fit_density(codes)
    drawn = density.draw(5000, 0)
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(np.delete(drawn, 1, 1).std(axis=0), np.delete(codes, 1, 1).std(axis=0), rtol=0.05)
    assert np.abs(drawn[:, 1]).max() < 0.1, "a unit that is dead stays dead"
    np.testing.assert_array_equal(density.draw(10, 7), density.draw(10, 7))
    assert (density.draw(10, 7) != density.draw(10, 8)).any()


def test_fewer_codes_than_components_are_enough_but_not_one_code() -> None:
    density = latent.fit_density(np.array([[0.0, 1], [2, 3], [4, 5]], np.float32))
    assert "3 Gaussians" in density.name
    assert np.isfinite(density.draw(10, 0)).all()
    with pytest.raises(OptionError, match=r"^All codes are the same: .*\.$"):
        latent.fit_density(np.ones((100, 4), np.float32))


def test_codes_of_a_relu_are_never_drawn_negative() -> None:
    codes = np.maximum(mixture(500, 4), 0)
    density = latent.fit_density(codes, limits=(0.0, np.inf))
    drawn = density.draw(2000, 0)
    assert drawn.min() == 0
    assert "limited to 0 or above" in density.name
    assert latent.fit_density(codes).draw(2000, 0).min() < 0


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_a_density_is_fitted_to_codes_of_any_size(size: float) -> None:
    codes = np.random.default_rng(0).normal(size=(3000, 1)) * np.ones((1, 32)) * size  # on a line, as few codes are
    drawn = latent.fit_density(codes.astype(np.float32)).draw(2000, seed=0)
    assert drawn.std() == pytest.approx(size, rel=0.1)
    assert np.abs(drawn[:, 0] - drawn[:, 1]).mean() < 0.05 * size


def test_the_prior_has_the_moments_of_a_standard_normal() -> None:
    drawn = latent.standard_normal(3).draw(50_000, 0)
    assert (drawn.shape, drawn.dtype) == ((50_000, 3), np.float32)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn, rowvar=False), np.eye(3), atol=0.03)
    np.testing.assert_array_equal(drawn, latent.standard_normal(3).draw(50_000, 0))


def test_draws_are_off_the_manifold_where_no_code_is_near() -> None:
    codes = np.random.default_rng(0).standard_normal((3000, 2)).astype(np.float32)
    usual = latent.neighbour_distance(codes)
    prior = latent.standard_normal(2)
    assert latent.off_manifold_share(prior, codes, usual) < 0.05
    right = codes[codes[:, 0] > 0]
    assert latent.off_manifold_share(prior, right, usual) == pytest.approx(0.5 - 0.3989 * usual, abs=0.05), (
        "the left half"
    )
    assert latent.off_manifold_share(prior, codes + 100, usual) == 1


def test_an_index_of_bytes_finds_what_one_of_floats_finds() -> None:
    images = np.random.default_rng(5).integers(0, 256, (3000, 40)).astype(np.uint8)
    small, large = latent.Index(images), latent.Index(images.astype(np.float32) / 255)
    for code in (large[7], np.full(40, 0.3, np.float32)):
        for ours, theirs in zip(small.nearest(code, 9), large.nearest(code, 9), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(small.distances(large[:50] + 0.01), large.distances(large[:50] + 0.01), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("size", [1e15, 1e19, 1e30])
def test_codes_of_any_size_have_neighbours(size: float) -> None:
    codes = size * np.random.default_rng(6).standard_normal((200, 3)).astype(np.float32)
    near, far = latent.nearest(codes, codes[5], 8)
    assert len({*near.tolist()}) == len(far) == 8
    if size == 1e15:
        assert near[0] == 5
