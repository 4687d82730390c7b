"""Data sets: those that come with the app, and those that were added.

``load("fashion-mnist").split("test").images`` is a uint8 array of shape (n, h, w).
"""

import contextlib
from pathlib import Path
from typing import Any

from ae_core.data import own, shipped
from ae_core.data.dataset import About, Dataset, Scale, Split, as_float
from ae_core.errors import DatasetError

__all__ = ["About", "Dataset", "Scale", "Split", "as_float", "find", "load", "mistake", "names", "of_run"]


def names() -> list[str]:
    """The names of the data sets that come with the app, in their order."""
    return list(shipped.datasets())


def load(name: str, owner: str | None = None) -> Dataset:
    """The data set of that name, whoever added it; its examples are read when first asked for.

    Args:
        name: Of one that ships, or the digest of one that was added.
        owner: Whose copy to prefer: all have the same content, but each a title of its own.

    Raises:
        DatasetError: if no data set has that name.
    """
    found = shipped.datasets().get(name)
    if found is not None:
        return found
    for added in (*own.named(name, owner)[-1:], *own.carried(name)):
        return added
    raise DatasetError(
        f"Unknown data set {name!r}: it must be one of {', '.join(names())}, or one that was added and not deleted "
        "since."
    )


def of_run(about: About, run_folder: Path) -> Dataset:
    """The data set that a run learnt; where that is gone, the test examples that are in the run's folder.

    Neither if what the run says of it is not true.

    Raises:
        DatasetError: if there are none.
    """
    with contextlib.suppress(DatasetError):
        found = load(about.name)
        if not mistake(about, found):
            return found
    carried = own.carried_by(run_folder)
    if carried is None or mistake(about, carried):
        raise DatasetError(
            f"The data set {about.title!r} is not here, and the model carries no examples of it: add it again."
        )
    return carried


def mistake(about: About, found: Dataset) -> str:
    """What is said of a data set and not true of it, to follow "It has"; "" if all is true.

    Titles may differ, and of one that is not whole the sizes are not known.
    """
    if about.form != found.form:
        return f"examples of {about.form}, not of {found.form}"
    if about.class_names != found.class_names:
        return "other classes"
    if found.whole and about.sizes != found.sizes:
        told, true = (f"{sizes['train']:,} and {sizes['test']:,} examples" for sizes in (about.sizes, found.sizes))
        return f"{told}, not {true}"
    return ""


def find(text: str, owner: str | None = None) -> Dataset:
    """The data set that a person means, by its name, the beginning of it, or its title.

    Args:
        text: What they call it.
        owner: Who they are; without one, all data sets that have no owner are looked through.

    Raises:
        DatasetError: if there is none, or more than one.
    """
    if text in shipped.datasets():
        return load(text)
    wanted = text.strip().casefold()
    candidates = [*shipped.datasets().values(), *own.listed(owner)]
    found = [d for d in candidates if d.title.casefold() == wanted]
    found = found or [d for d in candidates if len(wanted) >= 6 and d.name.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        known = ", ".join(d.name[:8] for d in found)
        raise DatasetError(f"Several data sets are called {text!r}: give the beginning of one's digest, {known}.")
    titles = "".join(f", {d.title}" for d in own.listed(owner))
    raise DatasetError(f"Unknown data set {text!r}: must be one of {', '.join(names())}{titles}.")


def __getattr__(name: str) -> Any:
    # What reads files of all kinds is imported when it is wanted.
    if name in ("add", "from_arrays"):
        from ae_core.data import adding

        return getattr(adding, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
