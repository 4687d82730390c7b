"""Densities of runs' codes: fitted once, in a process of its own, and kept as `derived` says.

scikit-learn would take 150 MB of a server for what takes two seconds: the process that fits gives them back.
"""

import io
import subprocess
import sys
from contextlib import suppress
from threading import Lock

import numpy as np

from ae_core import derived, processes
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent import densities
from ae_core.latent.densities import Density, Mixture
from ae_core.runs import Run

NAME = "density.npz"
MAX_FILE = 1 << 20
MAX_SECONDS = 120
REFUSED = 3  # the status of a process that says why nothing can be fitted; Python's own mistakes have others
FAILED = "No density could be fitted to these codes"

_one_at_a_time = Lock()  # each takes its 150 MB while it fits


def density(run: LoadedRun, codes: np.ndarray) -> Density:
    """What `latent.density` gives, from what is kept, or else in some seconds.

    Raises:
        OptionError: as `latent.density` does.
    """
    if prior := densities.prior(run):
        return prior
    mixture = read(run.run) or keep(run.run, codes)
    return densities.of_mixture(mixture, densities.limits(run))


def read(run: Run) -> Mixture | None:
    """What is kept of a run; None if there is nothing that is whole."""
    d = run.spec.network.latent_dim
    for content in derived.read(run, NAME, MAX_FILE):
        with suppress(Exception):  # whatever NumPy makes of another content
            mixture = _unpacked(content)
            k = len(mixture.weights)
            if mixture.means.shape == (k, d) and mixture.roots.shape in ((k, d, d), (k, d)):
                return mixture
    return None


def keep(run: Run, codes: np.ndarray, beside: bool = False) -> Mixture:
    """Fits a mixture to codes (n, d) of a run and keeps it.

    Args:
        run: Whose codes they are.
        codes: Of its test images.
        beside: Whether it is to ship with the run.

    Raises:
        OptionError: if none can be fitted.
    """
    given = io.BytesIO()
    np.save(given, densities.sample(codes))
    command = [sys.executable, "-m", "ae_core.fitting"]
    try:
        with _one_at_a_time:
            found = subprocess.run(
                command, input=given.getvalue(), capture_output=True, cwd=processes.ROOT, timeout=MAX_SECONDS
            )
    except subprocess.TimeoutExpired:
        raise OptionError(f"{FAILED}: it took longer than {MAX_SECONDS} seconds.") from None
    except OSError as error:
        raise OptionError(f"{FAILED}: {error.strerror}.") from error
    if found.returncode:
        told = found.stderr.decode(errors="replace").strip()
        raise OptionError(told if found.returncode == REFUSED else f"{FAILED}: the process that fits it failed.")
    with suppress(OSError):  # on a full disk it is fitted again next time
        derived.write(derived.beside(run, NAME) if beside else derived.folder(run) / NAME, found.stdout)
    return _unpacked(found.stdout)


def _packed(mixture: Mixture) -> bytes:
    file = io.BytesIO()
    np.savez(file, **vars(mixture))
    return file.getvalue()


def _unpacked(content: bytes) -> Mixture:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return Mixture(arrays["weights"], arrays["means"], arrays["roots"])


def main() -> None:
    """Reads codes, writes a mixture."""
    try:
        mixture = densities.fit_mixture(np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False))
    except OptionError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    sys.stdout.buffer.write(_packed(mixture))


if __name__ == "__main__":
    main()
