"""Measuring what a run is good for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from ae_core import uses
from ae_core.events import Advanced, Done, Event
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.folder import Job


class Measure(Task):
    """Measures a run and its floors for the use that the job names, and keeps the figures as `uses.read` gives them."""

    title = "figures"
    lane = "short"

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        name, run = str(job.arguments["what"]), job.run()
        events = SimpleQueue[Advanced | None]()
        phase = f"Measuring {uses.get(name).title.lower()}"
        with ThreadPoolExecutor(1) as thread:
            future = thread.submit(uses.compute, name, run, lambda fraction: events.put(Advanced(phase, fraction)))
            future.add_done_callback(lambda _: events.put(None))
            yield from iter(events.get, None)
            rows = future.result()
        uses.write(name, run, rows)
        yield Done()

    def seconds(self, job: Job) -> float:
        return 60.0
