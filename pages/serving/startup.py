"""What a server does before its first visitor, and beside the first ones, so that no visitor waits for it."""

import asyncio
import ctypes
import gc
import importlib
import os
import pkgutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import streamlit as st

import ae_core
from ae_core import logs, runs, settings, tasks
from ae_core.errors import ExplorerError, SettingsError
from ae_core.runs import Run
from pages import serving
from pages.serving import lens_tiles, plotly_script, visitor

TRIM_SECONDS = 5
SWITCH_SECONDS = 0.003  # what answers browsers waits at most so long for the page that computes; each switch costs both
TICK_SECONDS = 1  # between two looks at the queue
SWEEP_SECONDS = 3600
FIRST_SHOWN = "variational"  # by most pages
M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -8, -3, -1  # of malloc.h


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Prepares what every page needs, then lets the server answer, and goes on with what most pages show first."""
    _refuse_nonsense()
    await asyncio.to_thread(tasks.tick)  # trainings wait for no warm-up
    logs.identify(visitor.tab)
    logs.adopt("streamlit", "uvicorn", "websockets")
    trim = give_memory_back()
    prepare()
    await asyncio.to_thread(tasks.sweep)
    each = (TRIM_SECONDS, trim), (TICK_SECONDS, tasks.tick), (SWEEP_SECONDS, tasks.sweep)
    chores = [asyncio.create_task(_every(seconds, chore)) for seconds, chore in each]
    chores.append(asyncio.create_task(_go_on()))
    logs.event("server started", version=ae_core.__version__, port=st.get_option("server.port"))
    yield
    logs.event("server stopped")
    for chore in chores:
        chore.cancel()


def _refuse_nonsense() -> None:
    """Ends a server whose settings make no sense, with the sentence that says so."""
    try:
        settings.explain()
    except SettingsError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        os._exit(1)  # an exception would be shown with all that called this


async def _every(seconds: float, act: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(act)
        except Exception as error:  # a mistake of ours; the next time may be better
            logs.event("chore failed", "error", error=repr(error))


def give_memory_back() -> Callable[[], object]:
    """Makes glibc return large blocks when they are freed, and keep few heaps for its many threads.

    Decoding allocates and frees megabytes in every thread: with the defaults the server grew to twice its size. And
    where NumPy asks for pages of 2 MB, as it does for large arrays, all that later lies there takes as much.

    Returns:
        What returns the free pages between the used ones; to be called now and then.
    """
    try:
        library = ctypes.CDLL(None)
        mallopt, malloc_trim = library.mallopt, library.malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None  # another C library
    mallopt(M_ARENA_MAX, 2)
    mallopt(M_MMAP_THRESHOLD, 8 * 2**20)
    mallopt(M_TRIM_THRESHOLD, 64 * 2**20)  # what is free at the heap's end goes back when all else does
    return lambda: malloc_trim(0)


def prepare() -> None:
    """Imports what the pages import, and sets what holds for all of this process."""
    import onnxruntime  # noqa: F401
    import scipy.linalg  # it brings BLAS of its own, which is to obey as well
    import scipy.ndimage  # noqa: F401
    import threadpoolctl

    sys.setswitchinterval(SWITCH_SECONDS)
    # Products of small matrices: on a busy machine threads that wait for one another cost more than they save.
    threadpoolctl.threadpool_limits(1, user_api="blas")
    for module in pkgutil.iter_modules(serving.__path__, f"{serving.__name__}."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # what is there now stays: to look through it again and again would hold everybody up


async def _go_on() -> None:
    """What visitors would wait for, as far as none of the first ones has asked for it yet."""
    try:
        await asyncio.to_thread(warm_up)
        if settings.current().ahead == "yes":
            await lens_tiles.keep_main_planes([run for run in runs.shipped() if isinstance(run, Run)])
    except Exception as error:  # a mistake of ours; the pages work without
        logs.event("warm-up failed", "error", error=repr(error))


def warm_up() -> None:
    """Opens the runs that ship, and computes what most pages show first."""
    from pages.serving import caches

    found = [run for run in runs.shipped() if isinstance(run, Run)]
    for run in sorted(found, key=lambda run: run.name != FIRST_SHOWN):
        with suppress(ExplorerError):  # a damaged run: its pages say so themselves
            caches.load(run)
            if run.name == FIRST_SHOWN:
                lens_tiles.prepare(run)
                caches.errors(run)
    plotly_script.content()
