"""Which codes, or images, lie nearest."""

import numpy as np

from ae_core.errors import OptionError


def nearest(codes: np.ndarray, code: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of codes (n, d) to one code (d,) by Euclidean distance; images flattened to (n, h·w) do as well.

    Returns:
        indices: (k,), the nearest first; of equal distances the lower number first. Fewer if n < k.
        distances: (k,) float32.

    Raises:
        OptionError: if the code is not finite or has another number of units.
    """
    code = np.asarray(code, np.float32)
    if code.shape != codes.shape[1:]:
        raise OptionError(f"The code must have shape {codes.shape[1:]}, got {code.shape}.")
    if not np.isfinite(code).all():
        raise OptionError("The code must be finite numbers.")
    squared = np.empty(len(codes), np.float32)
    for i in range(0, len(codes), 2048):  # without a second copy of all codes
        squared[i : i + 2048] = ((codes[i : i + 2048] - code) ** 2).sum(axis=1)
    k = min(k, len(codes))
    found = np.argpartition(squared, k - 1)[:k] if k else np.empty(0, np.intp)
    # All that are as near as the last one, so that ties fall the same way everywhere.
    if k:
        found = np.flatnonzero(squared <= squared[found].max())
    order = found[np.lexsort((found, squared[found]))][:k]
    return order, np.sqrt(squared[order])
