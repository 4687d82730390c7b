"""What several tests share: runs, a data folder and made-up trainings; the marks, order and report of tests."""

import os

# Before NumPy comes: threads of linear algebra that wait for one another take the cores from the other test process.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import functools
import importlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from ae_core import kinds, logs, training
from ae_core.spec import make_spec
from ae_core.tasks import local
from tests.trainings import at_work

# Modules of tests that train, fit or start processes import one of these.
STARTERS = {"cluster", "fitting", "keras_model", "processes", "projecting", "subprocess", "tasks", "training"}
SHARED = "PYTEST_XDIST_WORKER" in os.environ  # by processes that work off one list of tests
os.environ["LATENT_EXPLORER_PRIORITY"] = "normal"  # at the lowest, tests would wait for whatever else is running


@pytest.fixture(scope="session")
def digits_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each kind on digits, trained for two epochs; tests must not change these folders."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if SHARED else base) / "digits"
    with FileLock(folder.with_suffix(".lock")):  # the first process trains, the others find its runs
        for kind in kinds.names():
            if (folder / kind).exists():
                continue
            # Compiling by XLA would take longer than these epochs.
            spec = make_spec(kind, "digits", epochs=2, batch_size=128, compile=False)
            *_, last = training.fit(spec, folder / kind)
            assert isinstance(last, training.Finished), last
    return {kind: folder / kind for kind in kinds.names()}


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs and jobs are: nothing, at first."""
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(logs, "_faults", {})  # of another test's folder
    return tmp_path / "data"


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of a megabyte."""
    path = tmp_path / "disk"
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], capture_output=True).returncode:
        pytest.skip("only root mounts a disk")
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(path))
    yield path
    for process in at_work(path):
        process.kill()
        process.wait(5)
    subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture
def made_up_trainings(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trainings on this machine do what the title of their job says; none outlives its test."""
    monkeypatch.setattr(local, "WATCHDOG", "tests.fake_worker")
    yield
    for process in at_work(data_folder):
        process.kill()


@pytest.fixture(scope="session", autouse=True)
def quick_visits() -> Iterator[None]:
    """Spares each visit of Streamlit's test runner most of its time; a Streamlit without these parts is only slower.

    It would look for components in all that is installed, and clear Keras's session where a test has loaded Keras.
    """
    spared: dict[tuple[str, str], Callable[[Any], Any]] = {
        ("streamlit.components.v2.manifest_scanner", "scan_component_manifests"): functools.cache,
        ("streamlit.runtime.scriptrunner.script_runner", "_clean_problem_modules"): lambda _: lambda: None,
    }
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), instead in spared.items():
            with suppress(ImportError, AttributeError):
                owner = importlib.import_module(module)
                patch.setattr(owner, name, instead(getattr(owner, name)))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they need, and orders them.

    In one process what needs more comes later. In several it comes first: its files are the longest, and with one of
    them at the end only one process would be at work.
    """
    needs = ("browser", "process", "page")
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
        elif "page" in item.path.parts:
            item.add_marker("page")
        elif STARTERS & vars(item.module).keys() or "digits_runs" in item.fixturenames:
            item.add_marker("process")

    def little(item: pytest.Item) -> int:
        return next((rank for rank, need in enumerate(needs) if item.get_closest_marker(need)), len(needs))

    items.sort(key=little, reverse=not SHARED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests recorded as their report; xdist shows nothing that a test prints."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "report":
                terminalreporter.write_line(value)
