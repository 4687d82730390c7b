"""Figures about this server for its About page; none of them is about a single visitor."""

import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata

import psutil
import streamlit as st

import ae_core
from ae_core.tasks import folder

SECONDS = 2  # that the figures are cached
TRAINER = "ae_core.tasks.worker"
LIBRARIES = ("streamlit", "onnxruntime", "numpy", "plotly", "pillow", "keras", "tensorflow", "tensorflow-cpu")


@dataclass(frozen=True)
class Facts:
    """The server's state.

    Attributes:
        uptime: Seconds since it started.
        load: The system's load average over a minute; None where there is none.
        cores: Of this machine.
        bytes: The server's resident memory.
        trainers_bytes: Resident memory of the trainers of its data folder on this machine.
        training, waiting: Number of running and of queued trainings, of all visitors.
    """

    uptime: float
    load: float | None
    cores: int
    bytes: int
    trainers_bytes: int
    training: int
    waiting: int


@st.cache_resource(ttl=SECONDS, max_entries=1, show_spinner=False)
def facts() -> Facts:
    """The server's state now."""
    me = psutil.Process()
    states = _states()
    return Facts(
        uptime=time.time() - me.create_time(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        cores=os.cpu_count() or 1,
        bytes=me.memory_info().rss,
        trainers_bytes=_trainers_bytes(),
        training=sum(state in ("starting", "running") for state in states),
        waiting=states.count("queued"),
    )


def versions() -> str:
    """The versions of this app, Python and the main libraries, in one line."""
    found = [f"Latent Explorer {ae_core.__version__}", f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    return " · ".join(found)


def duration(seconds: float) -> str:
    """A duration as text, rounded down to its largest unit."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}" + "s" * (count > 1)
    return "under a minute"


def _states() -> list[str]:
    """The states of all trainings and imports on disk, which each server updates once a second."""
    found = [(path, folder.noted(path)) for path in folder.paths()]
    return [noted.state for path, noted in found if noted is not None and folder.task_of(path) in folder.MAKE_RUNS]


def _trainers_bytes() -> int:
    data, total = str(folder.jobs_folder()), 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            if TRAINER in command and any(part.startswith(data) for part in command):
                total += process.memory_info().rss
    return total
