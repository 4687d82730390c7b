"""Runs Streamlit with one of the server's tricks switched off, and all others as they are.

python -m tests.load.without TRICK streamlit run app.py [...]
"""

import contextlib
import importlib
import os
import runpy
import sys
from typing import Any

# What is put in place of what.
TRICKS: dict[str, tuple[str, Any]] = {
    "gc.freeze": ("gc.freeze", lambda: None),
    "mallopt and malloc_trim": ("pages.serving.startup.configure_malloc", lambda: lambda: None),
    "run queue": ("pages.serving.run_queue.turn", contextlib.nullcontext),
    "one BLAS thread": ("threadpoolctl.threadpool_limits", lambda *given, **named: None),
}
# Names and values of environment variables.
VARIABLES = {
    "no collection after each rerun": ("STREAMLIT_RUNNER_POST_SCRIPT_GC", "true"),
}


def switch_off(trick: str) -> None:
    """Switches a trick off in this process, before the app is imported."""
    if trick in VARIABLES:
        name, text = VARIABLES[trick]
        os.environ[name] = text
    elif trick:
        target, value = TRICKS[trick]
        module, _, name = target.rpartition(".")
        setattr(importlib.import_module(module), name, value)


if __name__ == "__main__":
    _, trick, *sys.argv = sys.argv
    switch_off(trick)
    runpy.run_module(sys.argv[0], run_name="__main__")
