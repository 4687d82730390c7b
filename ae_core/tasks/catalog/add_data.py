"""Making a data set of files that somebody brought."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from ae_core import disk
from ae_core.data import Dataset
from ae_core.events import Advanced, Cancelled, Done, Event
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.datasets import RESULT, UPLOAD, plan_of
from ae_core.tasks.folder import Job


class AddData(Task):
    """Reads the job's files and keeps what they are as a data set, whose name is the job's result."""

    title = "Data set"
    lane = "short"

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        from ae_core.data import adding, sources

        events = SimpleQueue[Advanced | None]()

        def note(phase: str, fraction: float) -> bool:
            events.put(Advanced(phase, fraction))
            return stop()

        def make() -> Dataset:
            source = sources.look(job.path / UPLOAD, str(job.arguments["origin"]))
            return adding.make(source, plan_of(job), str(job.arguments["origin"]), job.owner, note)

        with ThreadPoolExecutor(1) as thread:
            future = thread.submit(make)
            future.add_done_callback(lambda _: events.put(None))
            yield from iter(events.get, None)
            try:
                dataset = future.result()
            except adding.Stopped:
                yield Cancelled(None, 0)
                return
            finally:
                shutil.rmtree(job.path / UPLOAD, ignore_errors=True)
        disk.write_json(job.path / RESULT, {"dataset": dataset.name})
        yield Done()

    def seconds(self, job: Job) -> float:
        return 30.0
