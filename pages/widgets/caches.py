"""What visitors share: loaded runs and what was computed from them; nobody may change it."""

from pathlib import Path

import numpy as np
import streamlit as st

from ae_core import data, inference, latent, metrics
from ae_core.data import as_float
from ae_core.inference import LoadedRun
from ae_core.latent import Density, Plane
from ae_core.runs import Run

PART = 1024  # images whose errors are computed at a time


@st.cache_resource(max_entries=32, show_spinner=False)
def _load(path: Path, digest: str) -> LoadedRun:
    return inference.load(path)


def load(run: Run) -> LoadedRun:
    """The run, loaded once for all visitors."""
    return _load(run.path, run.digest)


@st.cache_resource(max_entries=4, show_spinner=False)
def test_images(dataset: str) -> np.ndarray:
    """All test images, float32 (n, h, w) in [0, 1]."""
    return _frozen(as_float(data.load(dataset).split("test").images))


def test_labels(dataset: str) -> np.ndarray:
    """Class numbers of all test images, (n,)."""
    return data.load(dataset).split("test").labels


@st.cache_resource(max_entries=8, show_spinner="Encoding the test images …")
def _codes(path: Path, digest: str) -> np.ndarray:
    run = _load(path, digest)
    return _frozen(run.encode(test_images(run.spec.dataset)))


def codes(run: Run) -> np.ndarray:
    """Codes of all test images, (n, d)."""
    return _codes(run.path, run.digest)


@st.cache_resource(max_entries=32, show_spinner="Reconstructing the test images …")
def _errors(path: Path, digest: str) -> np.ndarray:
    run = _load(path, digest)
    x, z = test_images(run.spec.dataset), _codes(path, digest)
    # All reconstructions at once would take, and keep, a hundred megabytes.
    parts = [metrics.squared_error(x[i : i + PART], run.decode(z[i : i + PART])) for i in range(0, len(x), PART)]
    return _frozen(np.concatenate(parts))


def errors(run: Run) -> np.ndarray:
    """Mean squared error of every test image, (n,)."""
    return _errors(run.path, run.digest)


@st.cache_resource(max_entries=32, show_spinner=False)
def _plane(path: Path, digest: str) -> Plane:
    return latent.main_plane(_codes(path, digest))


def plane(run: Run) -> Plane:
    """The run's main plane."""
    return _plane(run.path, run.digest)


@st.cache_resource(max_entries=16, show_spinner="Fitting a density to the codes …")
def _density(path: Path, digest: str) -> Density:
    return latent.density(_load(path, digest), _codes(path, digest))


def density(run: Run) -> Density:
    """What to draw the run's codes from: its prior, or a density fitted to its codes."""
    return _density(run.path, run.digest)


@st.cache_resource(max_entries=32, show_spinner=False)
def _spacing(path: Path, digest: str) -> float:
    return latent.spacing(_codes(path, digest))


def spacing(run: Run) -> float:
    """How far 99 % of the test codes lie at most from their nearest other one."""
    return _spacing(run.path, run.digest)


@st.cache_resource(max_entries=32, show_spinner=False)
def _directions(path: Path, digest: str) -> np.ndarray:
    return _frozen(latent.principal_directions(_codes(path, digest))[0])


def directions(run: Run) -> np.ndarray:
    """The principal directions of the test codes, (d, d), by falling variance."""
    return _directions(run.path, run.digest)


@st.cache_resource(max_entries=32, show_spinner=False)
def _unit_ranges(path: Path, digest: str) -> np.ndarray:
    return _frozen(latent.unit_ranges(_codes(path, digest)))


def unit_ranges(run: Run) -> np.ndarray:
    """The 1st and 99th percentile of each unit among the test codes, (d, 2)."""
    return _unit_ranges(run.path, run.digest)


@st.cache_resource(max_entries=16, show_spinner=False)
def _draws(path: Path, digest: str, count: int, seed: int) -> np.ndarray:
    return _frozen(_load(path, digest).decode(_density(path, digest).draw(count, seed)))


def draws(run: Run, count: int, seed: int) -> np.ndarray:
    """Images decoded from codes that are drawn from the run's density, (count, h, w).

    Raises:
        OptionError: if there is no density to draw from.
    """
    return _draws(run.path, run.digest, count, seed)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
