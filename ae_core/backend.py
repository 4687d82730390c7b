"""Imports TensorFlow and Keras, quietly and without what no training needs."""

import atexit
import gc
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ae_core import processes

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Keras's exporter asks whether NumPy still has `np.object`.
warnings.filterwarnings("ignore", r"In the future `np\.object`", FutureWarning)
NEWS = re.compile(rb"I\d{4} |WARNING: All log messages before absl::InitializeLog")


@contextmanager
def _without_news() -> Iterator[None]:
    """Keeps TensorFlow's INFO lines off stderr while it is imported; all other lines are passed on at the end.

    It writes them in C++ before it reads TF_CPP_MIN_LOG_LEVEL (tensorflow#100442), so that only the
    file descriptor can hold them back.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not NEWS.match(line)))


@contextmanager
def _without_sklearn() -> Iterator[None]:
    """Hides scikit-learn from Keras, which would import it for wrappers that nobody here uses: a fifth of its start."""
    if "sklearn" in sys.modules:
        yield
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["sklearn"]


@contextmanager
def _without_home() -> Iterator[None]:
    """Has Keras find an empty home, unless KERAS_HOME names one.

    It would write ~/.keras/keras.json, and read there what other projects set: a backend, a precision.
    """
    if "KERAS_HOME" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory() as home:
        os.environ["KERAS_HOME"] = home
        try:
            yield
        finally:
            del os.environ["KERAS_HOME"]


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Looks for no garbage among what is being imported: a fifth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


with _without_news(), _without_sklearn(), _without_home(), _without_collecting():
    import keras
    import tensorflow as tf

# At its end Python looks for garbage among all objects; TensorFlow's take it a second, and the process ends anyway.
atexit.register(gc.freeze)

# By default TensorFlow starts a thread for each processor, whatever share of them its container may use.
with suppress(RuntimeError):  # it was used before, and has its threads
    tf.config.threading.set_intra_op_parallelism_threads(processes.cores())
    tf.config.threading.set_inter_op_parallelism_threads(processes.cores())

__all__ = ["keras", "tf"]
