"""Planes through a latent space: what lies on them, how far the rest is off, how much they hold."""

import numpy as np
import pytest

from ae_core import latent
from ae_core.errors import OptionError
from ae_core.latent import PlaneSpec


@pytest.fixture
def codes() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.standard_normal((400, 6)) * [5, 3, 2, 1, 0.5, 0.1] + 1).astype(np.float32)


def planes(codes: np.ndarray) -> dict[str, latent.Plane]:
    return {
        "principal": latent.principal_plane(codes, (1, 3), codes[7]),
        "units": latent.unit_plane(codes, (2, 5), codes[7]),
        "images": latent.triangle_plane(codes, codes[[7, 8, 9]]),
    }


@pytest.mark.parametrize("name", ["principal", "units", "images"])
def test_a_plane_goes_through_its_image_and_back(codes: np.ndarray, name: str) -> None:
    plane = planes(codes)[name]
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-5)
    assert plane.offsets(codes[7:8])[0] == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(plane.codes(plane.points(codes[7:8])), codes[7:8], atol=1e-4)
    points = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
    np.testing.assert_allclose(plane.points(plane.codes(points)), points, atol=1e-4)
    assert plane.codes(points).dtype == plane.points(plane.codes(points)).dtype == np.float32
    # Place and offset give the distance in full.
    full = np.linalg.norm(codes - plane.codes(points[:1]), axis=1)
    on_plane = np.linalg.norm(plane.points(codes) - points[:1], axis=1)
    np.testing.assert_allclose(np.hypot(on_plane, plane.offsets(codes)), full, rtol=1e-3)


def test_places_on_a_plane_mean_what_made_it(codes: np.ndarray) -> None:
    made = planes(codes)
    np.testing.assert_allclose(made["images"].offsets(codes[[7, 8, 9]]), 0, atol=1e-4)
    first, second, third = made["images"].points(codes[[7, 8, 9]])
    np.testing.assert_allclose(first, 0, atol=1e-4)
    assert second[0] > 0
    assert second[1] == pytest.approx(0, abs=1e-4)
    assert third[1] > 0
    np.testing.assert_allclose(made["units"].points(codes), codes[:, [1, 4]], atol=1e-5)
    assert made["units"].labels == ("z₂", "z₅")


def test_principal_planes_hold_what_scikit_learn_says(codes: np.ndarray) -> None:
    from sklearn.decomposition import PCA

    ratio = PCA().fit(codes).explained_variance_ratio_
    assert latent.principal_plane(codes).share == pytest.approx(ratio[:2].sum(), abs=1e-4)
    assert latent.principal_plane(codes, (2, 4), codes[0]).share == pytest.approx(ratio[[1, 3]].sum(), abs=1e-4)


def test_what_makes_no_plane_is_said_in_a_sentence(codes: np.ndarray) -> None:
    with pytest.raises(OptionError, match="6 units is not a plane"):
        latent.whole_plane(codes)
    with pytest.raises(OptionError, match="same code"):
        latent.triangle_plane(codes, codes[[7, 7, 9]])
    with pytest.raises(OptionError, match="one line"):
        latent.triangle_plane(codes, np.stack([codes[7], codes[8], 2 * codes[8] - codes[7]]))
    with pytest.raises(OptionError, match="two different unit"):
        latent.unit_plane(codes, (2, 2), codes[0])
    with pytest.raises(OptionError, match="expected 1 to 6"):
        latent.principal_plane(codes, (1, 7))


@pytest.mark.parametrize(
    "name",
    ["main", "directions-1-3-image-7", "units-2-5-image-0", "images-7-8-9"]
    + [f"{kind}-2-5-code-{latent.code_text(np.linspace(-1, 2, 6))}" for kind in ("directions", "units")],
)
def test_a_plane_has_one_name_and_goes_through_its_start(codes: np.ndarray, name: str) -> None:
    spec = PlaneSpec.parse(name)
    assert str(spec) == name
    start = spec.start(codes)
    assert spec.plane(codes).offsets(start[None])[0] == pytest.approx(0, abs=1e-3) or name == "main"


def test_specs_make_the_planes_they_name(codes: np.ndarray) -> None:
    named = ("directions-1-3-image-7", "units-2-5-image-7", "images-7-8-9")
    for name, plane in zip(named, planes(codes).values(), strict=True):
        np.testing.assert_array_equal(PlaneSpec.parse(name).plane(codes).axes, plane.axes)
        np.testing.assert_array_equal(PlaneSpec.parse(name).plane(codes).origin, plane.origin)
    code = np.float32([0.5, -1, 2, 0, 0.25, 3])
    np.testing.assert_array_equal(latent.parse_code(latent.code_text(code)), code)
    assert len(latent.parse_code(latent.code_text(np.zeros(1024)))) == 1024


@pytest.mark.parametrize(
    "name",
    ["", "Main", "main-1", "units-1-2", "units-1-2-image-", "units-01-2-image-0", "units-1-2-image-0 ", "images-1-2"]
    + [f"units-1-2-code-{text}" for text in ("A", "AAA=", "AAAB", "AHw", "", "A" * 2736)]
    + [f"units-{'9' * 5000}-1-image-0", "units-١-2-image-0"],
)
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(OptionError):
        PlaneSpec.parse(name)


@pytest.mark.parametrize(
    "name", ["units-1-7-image-0", "images-0-1-400", "directions-1-2-code-AAAA", "units-1-2-image-400"]
)
def test_planes_that_the_codes_do_not_have_are_refused(codes: np.ndarray, name: str) -> None:
    with pytest.raises(OptionError):
        PlaneSpec.parse(name).plane(codes)
