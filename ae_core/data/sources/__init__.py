"""Looks at files of one's own: what they hold, and how they could be read."""

from pathlib import Path

from ae_core.data.sources import arrays, bundles, exported, pictures, tables
from ae_core.data.sources.base import Batch, Choices, Problems, Source
from ae_core.errors import DatasetError, ExplorerError

__all__ = ["Batch", "Choices", "Problems", "Source", "bundles", "exported", "look"]

READ = "images in a .zip or a folder; .npz, .npy or IDX arrays; or rows of numbers as CSV, TSV, Parquet or .ts"


def look(path: Path, name: str = "") -> Source:
    """Looks at a file or a folder.

    Args:
        path: Where it is.
        name: What the person calls it, if not as its path.

    Raises:
        DatasetError: if it holds nothing that can be read.
    """
    bundle = bundles.open_bundle(path, name)
    try:
        return _taken(bundle)
    except ExplorerError:
        raise
    except Exception as error:  # whatever a library makes of a file that nobody has seen
        raise DatasetError(f"{bundle.name} cannot be read ({type(error).__name__}): is it damaged?") from error


def _taken(bundle: bundles.Bundle) -> Source:
    """What a bundle is taken for."""
    if exported.holds_export(bundle):
        return exported.Exported(bundle)
    if pictures.holds_pictures(bundle):
        return pictures.Pictures(bundle)
    if arrays.holds_arrays(bundle):
        return arrays.Arrays(bundle)
    if tables.holds_tables(bundle):
        return tables.Rows(bundle)
    if not bundle.entries:
        raise DatasetError(f"{bundle.name} is empty: it should hold {READ}.")
    if [entry.name for entry in bundle.entries] == [bundle.name]:
        raise DatasetError(f"{bundle.name} cannot be read: a data set is made of {READ}.")
    shown = ", ".join(entry.name for entry in bundle.entries[:3])
    raise DatasetError(f"{bundle.name} holds nothing that can be read, but {shown}: it should hold {READ}.")
