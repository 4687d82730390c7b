"""Loaded runs: NumPy in, NumPy out, with ONNX Runtime; no TensorFlow."""

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ae_core import cards, processes, runs
from ae_core.data import Dataset, as_float
from ae_core.errors import OptionError, RunError
from ae_core.kinds import Kind
from ae_core.runs import Run
from ae_core.spec import Spec

if TYPE_CHECKING:
    from ae_core.latent import PlaneSpec
    from ae_core.lens import LensFile

# Read when ONNX Runtime is imported: else it keeps a device id in the home folder and reports its use.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

PART = 1024  # examples as floats at a time
BATCH = 16  # small batches need little memory and stay in the cache: a tenth faster than 32
MOST_CORES = 8
WORTH = 0.0005  # seconds a batch must take for batches to run in parallel


@cache
def _cores() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(processes.cores(), MOST_CORES), "onnx")


class OnnxNetwork:
    """One exported network, a file or its bytes: (n, ...) float32 → {output: (n, ...) float32}, in small batches."""

    def __init__(self, source: Path | bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        # An arena keeps the most that its session ever used, for each of the runs that a server has open.
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        # Better of a path than of bytes: those it keeps.
        content = source if isinstance(source, bytes) else str(source)
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.outputs = [o.name for o in self._session.get_outputs()]

    def __call__(self, x: np.ndarray) -> dict[str, np.ndarray]:
        x = np.ascontiguousarray(x, np.float32)
        began = time.perf_counter()
        first = self._session.run(None, {self._input: x[:BATCH]})
        shared = time.perf_counter() - began > WORTH and len(x) > 2 * BATCH
        # Written into one array: separate results would fragment the heap by 100 MB and more.
        found = {
            o: np.empty((len(x), *part.shape[1:]), part.dtype) for o, part in zip(self.outputs, first, strict=True)
        }

        def keep(start: int, parts: list[np.ndarray]) -> None:
            for values, part in zip(found.values(), parts, strict=True):
                values[start : start + BATCH] = part

        def run(start: int) -> None:
            keep(start, self._session.run(None, {self._input: x[start : start + BATCH]}))

        keep(0, first)
        for _ in (_cores().map if shared else map)(run, range(BATCH, len(x), BATCH)):
            pass
        return found


class Model:
    """Encoder and decoder of a spec.

    Attributes:
        name: What errors call it.
        recipe: Kind with its hyperparameters.
        form: What an example is.
        latent_dim: Number of units in the code.

    Raises:
        RunError: if they are not networks of that spec.
    """

    def __init__(self, name: str, spec: Spec, encoder: Path | bytes, decoder: Path | bytes) -> None:
        self.name = name
        self.spec = spec
        self.recipe: Kind = spec.recipe()
        self.form = spec.form
        self.latent_dim = spec.network.latent_dim
        example, code = (1, *self.form.shape), (1, self.latent_dim)
        self._encoder = self._open("encoder", encoder, example, dict.fromkeys(self.recipe.heads, code))
        self._decoder = self._open("decoder", decoder, code, {"x_hat": example})

    def _open(
        self, name: str, source: Path | bytes, given: tuple[int, ...], expected: Mapping[str, tuple[int, ...]]
    ) -> OnnxNetwork:
        try:
            network = OnnxNetwork(source)
            answer = network(np.zeros(given, np.float32))
        except Exception as error:
            raise RunError(f"{self.name}: {name}.onnx is not a network that can be run ({_brief(error)}).") from error
        shapes = {k: v.shape for k, v in answer.items()}
        if shapes != expected:
            raise RunError(f"{self.name}: {name}.onnx gives {shapes}, expected {expected}.")
        if not all(np.isfinite(v).all() for v in answer.values()):
            raise RunError(
                f"{self.name}: {name}.onnx gives values that are not finite numbers; its weights are damaged."
            )
        return network

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Encodes examples: (n, *shape) in [0, 1] → (n, latent_dim) float32; z_mean for a variational run."""
        return self._encoder(self._images(x))[self.recipe.heads[0]]

    def encode_kept(self, images: np.ndarray) -> np.ndarray:
        """Encodes examples as a data set keeps them, in parts: all as floats may take a gigabyte.

        Args:
            images: (n, *shape), as of a `Split`.

        Returns:
            (n, latent_dim) float32, as `encode` gives them.
        """
        return np.concatenate([self.encode(as_float(images[i : i + PART])) for i in range(0, len(images), PART)])

    def encode_distribution(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Encodes examples to z_mean and z_log_var, (n, latent_dim) float32 each.

        Raises:
            OptionError: if the run's kind encodes to points.
        """
        if self.recipe.heads != ("z_mean", "z_log_var"):
            raise OptionError(f"{self.recipe.title} encodes to points, not distributions: use encode.")
        out = self._encoder(self._images(x))
        return out["z_mean"], out["z_log_var"]

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decodes codes: (n, latent_dim) → (n, *shape) float32; in [0, 1] unless the likelihood is Gaussian."""
        try:
            z = np.asarray(z)
            finite = z.dtype.kind in "fiu" and bool(np.isfinite(z).all())
        except ValueError:  # rows of different lengths
            finite = False
        if not finite:
            raise OptionError(f"Codes must be finite numbers of shape (n, {self.latent_dim}).")
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise OptionError(f"Codes must be of shape (n, {self.latent_dim}), got {z.shape}.")
        return self._decoder(z)["x_hat"]

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Encodes and decodes examples: (n, *shape) in [0, 1] → the same shape."""
        return self.decode(self.encode(x))

    def _images(self, x: np.ndarray) -> np.ndarray:
        things = "Images" if self.form.is_image else "Examples"
        try:
            x = np.asarray(x)
        except ValueError:
            raise OptionError(f"{things} must be arrays of one size, got some of different sizes.") from None
        if x.shape[1:] != self.form.shape:
            expected = ", ".join(map(str, ("n", *self.form.shape)))
            raise OptionError(f"{things} must be of shape ({expected}), got {x.shape}.")
        if x.dtype.kind != "f":
            raise OptionError(f"{things} must be floats in [0, 1], got {x.dtype}.")
        if x.size and not (x.min() >= 0 and x.max() <= 1):  # NaN is neither
            raise OptionError(f"{things} must be floats in [0, 1], got values from {x.min()} to {x.max()}.")
        return x


class LoadedRun(Model):
    """Encoder and decoder of a run.

    Attributes:
        run: Record on disk.
        recipe, form, latent_dim: As of a `Model`.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        encoder, decoder = (run.path / f"{name}.onnx" for name in ("encoder", "decoder"))
        for path in (encoder, decoder):
            cards.verify_file(run.path, path.name, run.card)
        super().__init__(run.path.name, run.spec, encoder, decoder)

    @property
    def dataset(self) -> Dataset:
        """As of `Run`."""
        return self.run.dataset

    @cached_property
    def parameters(self) -> int:
        return self.run.card.parameters

    def lens(
        self,
        plane: "PlaneSpec | None" = None,
        *,
        overlay: str | None = None,
        pin: tuple[float, float] | None = None,
        view: tuple[float, float, float] | None = None,
        alone: str | None = None,
    ) -> "LensFile":
        """A lens that decodes under the pointer: it shows itself in a notebook, and `save(path)` writes it as one file.

        It holds all that it shows, 8 MB at most, so it needs neither a server nor this run.

        Args:
            plane: Through the codes of the test examples; by default the main one.
            overlay: "Density", "Round trip" or "Stretch" to colour the plane by how far to trust it.
            pin: A place (x, y) on the plane that is pinned.
            view: What it shows at first, as its middle and half its side, (x, y, reach); by default all of the plane.
            alone: The one class in colour at first.

        Raises:
            OptionError: if there is no such overlay.
        """
        from ae_core.latent import MAIN_PLANE
        from ae_core.lens import LensFile

        return LensFile(self, plane or MAIN_PLANE, overlay, pin, view, alone)


def load(path: str | Path) -> LoadedRun:
    """Loads a run, checked against its card.

    Args:
        path: Its folder, or the name of a shipped or local run.

    Raises:
        RunError: if there is none, or if it is incomplete, changed or of another shape.
    """
    run = runs.read(runs.locate(path))
    cards.verify_file(run.path, "model.weights.h5", run.card)  # not used here, but part of what the run claims to be
    return LoadedRun(run)


def _brief(error: Any) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
