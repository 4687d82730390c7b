"""Colours that everyone can see and tell apart, computed from the theme that the app is shown in."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from ae_core import data, figures
from ae_core.data import Dataset
from ae_core.figures.style import CLASS_COLOURS, SERIES_COLOURS, edge
from pages.widgets import glossary

THEME = tomllib.loads((Path(__file__).resolve().parent.parent / ".streamlit" / "config.toml").read_text())["theme"]
GROUNDS = [THEME[mode][f"{part}ackgroundColor"] for mode in ("light", "dark") for part in ("b", "secondaryB")]
# Machado, Oliveira & Fernandes 2009, A physiologically-based model for simulation of color vision deficiency,
# severity 1; on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
LEAST_CONTRAST = 3  # WCAG 2.2, 1.4.11, graphics
MOST_LINES = 4  # that a page lays over one another
LEAST_DISTANCE = 10  # CIEDE2000; side by side, 1 to 2 are seen


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb(values: np.ndarray) -> np.ndarray:
    values = values.clip(0, 1)
    return np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)


def contrast(one: str, other: str) -> float:
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (one, other))
    return light / dark


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def over(colour: str, ground: str, opacity: float) -> str:
    """What is seen of a colour on a ground."""
    channels = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (colour, ground)]
    return "#" + "".join(f"{round(opacity * a + (1 - opacity) * b):02x}" for a, b in zip(*channels, strict=True))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(
    "dataset", [found for name in data.names() if (found := data.load(name)).class_names], ids=lambda d: d.name
)
@pytest.mark.parametrize("count", [500, 5000])
def test_the_dots_of_every_class_stand_out_from_the_map_and_the_lens(count: int, dataset: Dataset, mode: str) -> None:
    labels = np.arange(count) % len(dataset.class_names)
    drawn = figures.scatter(np.random.default_rng(0).random((count, 2)), labels, dataset.class_names, ("x", "y")).data
    assert len({trace.name for trace in drawn}) == len(dataset.class_names)
    for trace in drawn:
        fill, outline = trace.marker.color, trace.marker.line.color
        for place, opacity in (("backgroundColor", trace.marker.opacity), ("secondaryBackgroundColor", 1)):
            ground = THEME[mode][place]
            seen = [contrast(over(colour, ground, opacity), ground) for colour in (fill, outline)]
            # A small dot is mostly its fill, so on dark ground, where no outline would be darker, that stands out.
            assert (max(seen) if mode == "light" else seen[0]) >= LEAST_CONTRAST, (trace.name, place, seen)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("colour", sorted({*CLASS_COLOURS, *SERIES_COLOURS}))
def test_every_outline_stands_out_from_every_ground(colour: str, ground: str) -> None:
    assert contrast(edge(colour), ground) >= LEAST_CONTRAST


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("colour", SERIES_COLOURS[:MOST_LINES])
def test_every_line_of_runs_beside_each_other_stands_out(colour: str, mode: str) -> None:
    assert contrast(colour, THEME[mode]["backgroundColor"]) >= LEAST_CONTRAST


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("colour", [glossary.INK, glossary.MAIN])
def test_the_focus_and_the_pictures_of_terms_are_seen_on_every_ground(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= LEAST_CONTRAST


def test_an_outline_keeps_the_hue_and_what_is_seen_already() -> None:
    assert edge("#767676") == "#767676"
    red, green = (linear(edge("#ffa90e")) / linear("#ffa90e"))[:2]
    assert green == pytest.approx(red, rel=0.05)
    assert linear(edge("#8a48d2")).argmax() == linear("#8a48d2").argmax()


@pytest.mark.parametrize("vision", VISION)
def test_ten_classes_are_told_apart(vision: str) -> None:
    seen = srgb(np.array([linear(c) for c in CLASS_COLOURS]) @ VISION[vision].T)
    lab = rgb2lab(seen[None])[0]
    distances = deltaE_ciede2000(lab[:, None], lab[None])
    assert len(lab) == 10
    assert distances[~np.eye(len(lab), dtype=bool)].min() > LEAST_DISTANCE
    assert set(SERIES_COLOURS) < set(CLASS_COLOURS)
    assert len(set(SERIES_COLOURS)) == len(SERIES_COLOURS)
