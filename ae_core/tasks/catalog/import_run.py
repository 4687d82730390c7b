"""Building the run of an archive, which was checked when it arrived."""

from collections.abc import Callable, Iterator

from ae_core import archive, training
from ae_core.events import Cancelled, Event, Preparing
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.folder import Job
from ae_core.tasks.status import ARCHIVE


class ImportRun(Task):
    """Builds the network of the archive's spec, gives it the weights and writes the run."""

    title = "Import"
    lane = "long"
    keeps = True

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        found = archive.unpack((job.path / ARCHIVE).read_bytes())
        for event in training.rebuild(found, job.run_path, job.title, job.owner):
            yield event
            if isinstance(event, Preparing) and stop():
                yield Cancelled(None, 0)
                return

    def seconds(self, job: Job) -> float:
        return 15.0
