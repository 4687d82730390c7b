"""Writing a run in a format that others read; two of them need Keras, which has no place in the server."""

from collections.abc import Callable, Iterator

from ae_core import exporting
from ae_core.events import Advanced, Done, Event
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.folder import Job


class Export(Task):
    """Writes a run in the one of `exporting.FORMATS` that the job names, and keeps it as `exporting.kept` gives it."""

    title = "the export"
    lane = "short"

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        name = str(job.arguments["what"])
        yield Advanced(f"Writing the {exporting.FORMATS[name].title}", 0.1)
        exporting.keep(job.run(), name)
        yield Done()

    def seconds(self, job: Job) -> float:
        return 10.0
