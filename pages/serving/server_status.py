"""What this server says of itself: numbers, and nothing of any visitor."""

import json
import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata

import psutil
import streamlit as st

import ae_core
from ae_core import runs

SECONDS = 2  # so long all visitors see the same numbers
TRAINER = "ae_core.tasks.worker"
LIBRARIES = ("streamlit", "onnxruntime", "numpy", "plotly", "pillow", "keras", "tensorflow", "tensorflow-cpu")


@dataclass(frozen=True)
class Facts:
    """How it fares.

    Attributes:
        uptime: Seconds since it was started.
        load: Processes that wanted a core in the last minute, on average; None where the system does not say.
        cores: Of this machine.
        bytes: Memory that the server holds.
        trainers_bytes: Memory that trainers of its data folder hold on this machine.
        training, waiting: Trainings under way, and in the queue, of all visitors.
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
    """How this server fares now."""
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
    """This app's version and those of what it stands on, one line."""
    found = [f"Latent Explorer {ae_core.__version__}", f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    return " · ".join(found)


def duration(seconds: float) -> str:
    """About how long, in the unit that fits."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}" + "s" * (count > 1)
    return "under a minute"


def _states() -> list[str]:
    """Of all jobs; each server marks within a second those whose process is gone, so that none is asked."""
    found = []
    for path in (runs.data_folder() / "jobs").glob("*/status.json"):
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            found.append(json.loads(path.read_text())["state"])
    return found


def _trainers_bytes() -> int:
    folder, total = str(runs.data_folder() / "jobs"), 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            if TRAINER in command and any(part.startswith(folder) for part in command):
                total += process.memory_info().rss
    return total
