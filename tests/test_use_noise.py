"""What models and filters take away of noise: the figures by NumPy and scikit-image, and their known extremes."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio
from skimage.restoration import denoise_nl_means
from sklearn.decomposition import PCA

from ae_core import data, filters, inference, noise, uses
from ae_core.uses import Row, coders
from ae_core.uses import noise as of_noise
from ae_core.uses.noise import DRAWS, LEVELS, named, non_local_means, trained_on


@pytest.fixture(scope="module")
def few() -> pytest.MonkeyPatch:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_noise, "EXAMPLES", 60)  # non-local means is slow
        patch.setattr(of_noise, "CHOSEN_BY", 20)
        yield patch


@pytest.fixture(scope="module")
def rows(digits_runs: dict[str, Path], few: pytest.MonkeyPatch) -> dict[str, Row]:
    return {row.kind: row for row in uses.measure("noise", uses.subject(inference.load(digits_runs["denoising"])))}


CLEAN = data.as_float(data.load("digits").split("test").images[:60])


def test_beside_a_run_stand_pca_filters_and_doing_nothing(rows: dict[str, Row]) -> None:
    assert list(rows) == ["run", "pca", "noisy", *filters.OF_IMAGES, "nl-means"]
    assert all(len(row.figures) == len(LEVELS) * len(noise.NOISES) for row in rows.values())


@pytest.mark.parametrize(("kind", "level"), [("gaussian", 0.3), ("masking", 0.5), ("salt-and-pepper", 0.1)])
def test_figures_are_those_of_scikit_image(
    rows: dict[str, Row], digits_runs: dict[str, Path], kind: str, level: float
) -> None:
    run = inference.load(digits_runs["denoising"])
    train = data.as_float(data.load("digits").split("train").images)
    pca = PCA(run.latent_dim, svd_solver="full").fit(train.reshape(len(train), -1))
    for seed in range(DRAWS):
        noisy = noise.add(CLEAN, kind, level, seed)
        linear = pca.inverse_transform(pca.transform(noisy.reshape(len(noisy), -1))).reshape(noisy.shape)
        for name, cleaned in (("noisy", noisy), ("run", run.reconstruct(noisy)), ("pca", linear)):
            theirs = peak_signal_noise_ratio(CLEAN, np.clip(cleaned, 0, 1).astype(np.float32), data_range=1)
            assert rows[name].figures[named(kind, level)][seed] == pytest.approx(theirs, abs=0.01), name


def test_a_filter_has_the_width_that_is_best_at_each_level(rows: dict[str, Row]) -> None:
    noisy = noise.add(CLEAN, "gaussian", 0.2, 0)
    found = rows["gaussian"].figures[named("gaussian", 0.2)][0]
    each = [
        peak_signal_noise_ratio(CLEAN, filters.FILTERS["gaussian"].apply(noisy, width), data_range=1)
        for width in filters.FILTERS["gaussian"].widths
    ]
    assert found == pytest.approx(max(each), abs=0.3), "chosen by twenty other noisy images"
    for kind in ("gaussian", "median"):
        for level in LEVELS:
            figure = named("gaussian", level)
            assert rows[kind].mean(figure) > rows["noisy"].mean(figure) - 0.1, "off is one of the widths"


def test_non_local_means_is_scikit_images_and_takes_noise_away(rows: dict[str, Row]) -> None:
    noisy = noise.add(CLEAN[:3], "gaussian", 0.1, 0)
    for found, image in zip(non_local_means(noisy, 0.1), noisy, strict=True):
        theirs = denoise_nl_means(image, patch_size=3, patch_distance=5, h=0.1)
        np.testing.assert_allclose(found, theirs, atol=1e-6)
    colour = np.repeat(noisy[..., None], 3, axis=-1)
    assert non_local_means(colour, 0.1).shape == colour.shape
    assert len(rows["nl-means"].figures[named("gaussian", 0.1)]) == 1, "one draw: it is slow"


def test_more_noise_leaves_less(rows: dict[str, Row]) -> None:
    for kind in noise.NOISES:
        for row in (rows["noisy"], rows["pca"]):
            psnrs = [row.mean(named(kind, level)) for level in LEVELS]
            assert psnrs == sorted(psnrs, reverse=True)


def test_what_a_run_was_trained_on_is_told(digits_runs: dict[str, Path]) -> None:
    found = trained_on(inference.load(digits_runs["denoising"]))
    assert found is not None
    assert (found.kind, found.level) == ("gaussian", 0.5)
    assert trained_on(inference.load(digits_runs["vanilla"])) is None


def test_signals_have_filters_of_their_own(data_folder: Path, few: pytest.MonkeyPatch) -> None:
    found = [row.kind for row in uses.measure("noise", uses.subject(inference.load("ecg-vanilla")))]
    assert found == ["run", "pca", "noisy", *filters.OF_SIGNALS]


def test_noise_that_hits_nothing_leaves_its_figure_out(digits_runs: dict[str, Path]) -> None:
    """Of a few values none may be masked: nothing is infinitely near, and a file of figures holds no infinity."""
    use = uses.get("noise")
    run = inference.load(digits_runs["vanilla"])
    two = SimpleNamespace(images=run.dataset.split("test").images[:2, :2, :2])
    dataset = SimpleNamespace(split=lambda which: two, form=run.form)
    nothing = coders.Coder("noisy", "noisy", "nothing done", 0, data.as_float)
    found = use.measure(uses.Subject(nothing, dataset), lambda fraction: None)  # type: ignore[arg-type]
    assert "masking_5" not in found
    assert found
    assert all(np.isfinite(values).all() for values in found.values())
