"""Exporting a run in a form that needs Keras, or its figures, to be written."""

from collections.abc import Callable, Iterator

from ae_core import exporting
from ae_core.events import Advanced, Done, Event
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.folder import Job


class Export(Task):
    """Writes a run in the one of `exporting.FORMS` that the job names, and keeps it as `exporting.kept` gives it."""

    title = "the export"
    lane = "short"

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        form = str(job.arguments["what"])
        yield Advanced(f"Writing the {exporting.FORMS[form].title}", 0.1)
        exporting.keep(job.run(), form)
        yield Done()

    def seconds(self, job: Job) -> float:
        return 10.0
