"""The tasks: each module in this package that holds a `Task` subclass is one; a task's name is its module's name."""

from functools import cache
from pathlib import Path

from ae_core import discovery
from ae_core.errors import TrainingError
from ae_core.tasks import folder
from ae_core.tasks.catalog.base import Lane, Task

__all__ = ["Lane", "Task", "get", "lane_of"]


@cache
def _tasks() -> dict[str, Task]:
    return {name: found() for name, found in discovery.subclasses(__name__, __path__, Task).items()}


def get(name: str) -> Task:
    """The task of that name.

    Raises:
        TrainingError: if there is none, as for a job that another version of the app has queued.
    """
    try:
        return _tasks()[name]
    except KeyError:
        raise TrainingError(f"Unknown task {name!r}: must be one of {', '.join(_tasks())}.") from None


def lane_of(path: Path) -> Lane:
    """The lane of the job in that folder; "long" if the folder is damaged."""
    try:
        return get(folder.task_of(path)).lane
    except TrainingError:
        return "long"
