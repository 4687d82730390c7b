"""Arrays that replicas share through the data folder."""

from pathlib import Path

import numpy as np
import pytest

from ae_core import derived, metrics, runs
from ae_core.latent import Index
from ae_core.latent.neighbours import FEW
from ae_core.runs import Run
from pages.serving import caches


@pytest.fixture
def run(digits_runs: dict[str, Path], data_folder: Path) -> Run:
    """A run of which this process has computed nothing."""
    caches.errors.cache_clear()
    caches.neighbour_distance.cache_clear()
    return runs.read(digits_runs["vanilla"])


def test_a_new_replica_reads_what_another_has_computed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    errors, distance = caches.errors(run), caches.neighbour_distance(run)
    caches.errors.cache_clear()
    caches.neighbour_distance.cache_clear()
    monkeypatch.delattr(metrics, "squared_error")
    assert np.array_equal(caches.errors(run), errors)
    assert caches.neighbour_distance(run) == distance


def test_indexes_are_kept_by_their_size(run: Run) -> None:
    codes = caches.codes(run)
    assert caches.index(run).nbytes == codes.nbytes + 4 * len(codes)
    wide = np.zeros((100, 784), np.uint8)
    assert Index(wide).nbytes == wide.nbytes + 100 * 4 * (FEW + 1 + 1)


def test_a_damaged_file_is_computed_again(run: Run) -> None:
    errors = caches.errors(run)
    (file,) = derived.folder(run).glob("errors-*")
    file.write_bytes(file.read_bytes()[:-1])
    caches.errors.cache_clear()
    assert np.array_equal(caches.errors(run), errors)
