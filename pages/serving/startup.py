"""Starts the server: settings, logs, tasks, memory, and what is computed before a visitor asks for it."""

import asyncio
import ctypes
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import streamlit as st
import threadpoolctl
from starlette.requests import Request
from starlette.responses import PlainTextResponse

import ae_core
from ae_core import kinds, logs, pca, runs, settings, tasks
from ae_core.errors import ExplorerError, SettingsError
from ae_core.runs import Run
from pages.serving import caches, lens_tiles, plotly_script, routes, visitor

TRIM_SECONDS = 5
TICK_SECONDS = 1  # between two steps of the task queue
CLEAN_UP_SECONDS = 3600
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of malloc.h
LARGE = 1 << 20  # bytes
_ready = asyncio.Event()  # the warm-up is over


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Prepares what every page needs; once the server answers, computes what visitors would wait for."""
    _exit_on_invalid_settings()
    await asyncio.to_thread(tasks.tick)  # before the warm-up, so that trainings go on
    logs.identify(visitor.tab)
    logs.adopt("streamlit", "uvicorn", "websockets")
    trim = configure_malloc()
    prepare()
    # Its threads wait for one another by turning round: with several visitors that takes all cores from all of them.
    threadpoolctl.threadpool_limits(1, "blas")
    await asyncio.to_thread(tasks.clean_up)
    each = (TRIM_SECONDS, trim), (TICK_SECONDS, tasks.tick), (CLEAN_UP_SECONDS, tasks.clean_up)
    background = [asyncio.create_task(_every(seconds, task)) for seconds, task in each]
    background.append(asyncio.create_task(_warm_up()))
    logs.event("server started", version=ae_core.__version__, port=st.get_option("server.port"))
    yield
    logs.event("server stopped")
    for task in background:
        task.cancel()


def _exit_on_invalid_settings() -> None:
    """Exits with one sentence if a setting is invalid."""
    try:
        settings.explain()
    except SettingsError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        os._exit(1)  # an exception would be printed with its traceback


async def _every(seconds: float, act: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(act)
            logs.lasting("background task failed", error="", where=act.__name__)
        except Exception as error:  # a bug, which must not end the loop
            logs.lasting("background task failed", error=repr(error), where=act.__name__)


def configure_malloc() -> Callable[[], object]:
    """Has glibc use two heaps for all threads instead of eight for each core, and gives back what is free in them.

    Decoding allocates and frees megabytes in every thread; docs/benchmarks-tricks.md says what that leaves. By itself
    glibc would take ever larger arrays into its heaps, where small objects that stay keep their room from others.

    Returns:
        Returns free memory to the system when called.
    """
    try:
        library = ctypes.CDLL(None)
        mallopt, malloc_trim = library.mallopt, library.malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None  # not glibc
    mallopt(M_ARENA_MAX, 2)
    mallopt(M_MMAP_THRESHOLD, LARGE)
    return lambda: malloc_trim(0)


def prepare() -> None:
    """Imports what the pages import, and sets up the process."""
    import onnxruntime  # noqa: F401
    import scipy.ndimage  # noqa: F401, has a BLAS of its own to limit
    import threadpoolctl

    # On a busy machine several threads take five times the CPU for products of small matrices.
    threadpoolctl.threadpool_limits(1, user_api="blas")
    gc.collect()
    gc.freeze()  # a full collection takes 10 ms without what was imported, 70 ms with it


async def _warm_up() -> None:
    """Computes what visitors would wait for, where strangers are expected."""
    try:
        if settings.current().ahead == "yes":
            shipped = [run for run in runs.shipped() if isinstance(run, Run)]
            await asyncio.to_thread(warm_up, shipped)
            _ready.set()
            await lens_tiles.keep_main_planes(shipped)
    except Exception as error:  # a bug; the pages work without
        logs.event("warm-up failed", "error", error=repr(error))
    finally:
        _ready.set()


def warm_up(shipped: Sequence[Run]) -> None:
    """Computes what pages need of these runs: else all visitors of a replica that ended wait for it at once."""
    for run in shipped:
        with suppress(ExplorerError):  # a damaged run: its pages say so themselves
            caches.errors(run)
            if run.name in kinds.names():  # those that Your image compares
                caches.training_index(run)
    for dataset in {run.spec.dataset for run in shipped}:
        with suppress(ExplorerError):
            pca.errors(dataset)
    plotly_script.content()


def _tell_whether_ready(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ready") if _ready.is_set() else PlainTextResponse("warming up", 503)


READY = routes.route("/ready", _tell_whether_ready)
