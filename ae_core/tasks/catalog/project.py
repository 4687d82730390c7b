"""Projecting the test codes of a run by t-SNE."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from ae_core import derived, projecting
from ae_core.events import Advanced, Cancelled, Done, Event
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.folder import Job


class Project(Task):
    """Computes t-SNE places and keeps them as `projecting` reads them."""

    title = "t-SNE"
    lane = "short"

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        run, events = job.run(), SimpleQueue[Advanced | None]()
        path = derived.kept(run, projecting.TSNE)  # of the examples that are there now

        def note(phase: str, fraction: float) -> bool:
            events.put(Advanced(phase, fraction))
            return stop()

        with ThreadPoolExecutor(1) as thread:
            future = thread.submit(projecting.compute, run, note)
            future.add_done_callback(lambda _: events.put(None))
            yield from iter(events.get, None)
            places = future.result()
        if places is None:
            yield Cancelled(None, 0)
            return
        projecting.write(path, places)
        yield Done()

    def seconds(self, job: Job) -> float:
        return 60.0
