"""Training a run."""

import itertools
import time
from collections.abc import Callable, Iterator
from functools import lru_cache

from ae_core import runs, settings, training
from ae_core.events import Event
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.folder import Job

BESIDE = 15.0  # seconds for starting and saving


class Train(Task):
    """Trains the job's spec, from the last finished epoch if there is one."""

    title = "Training"
    lane = "long"
    keeps = True

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        state = job.path / "resume"
        return training.fit(job.spec, job.run_path, stop=stop, state=state, title=job.title, owner=job.owner)

    def seconds(self, job: Job) -> float:
        what, most = job.spec, settings.current().minutes * 60 or float("inf")
        each = _seconds_of_an_epoch(what.kind, what.dataset, what.network.family, int(time.time()) // 60)
        return min(most, BESIDE + each * (what.training.epochs - job.status.epoch))


@lru_cache(maxsize=256)
def _seconds_of_an_epoch(kind: str, dataset: str, family: str, minute: int) -> float:
    """As in the latest run here of that kind, data set and family, or else the one that ships; infinite without any."""
    own = sorted(runs.scan(runs.data_folder() / "runs"), key=lambda run: run.name[-32:], reverse=True)
    for run in itertools.chain(own, runs.shipped()):
        if not isinstance(run, runs.Run) or not run.history:
            continue
        if (run.spec.kind, run.spec.dataset, run.spec.network.family) == (kind, dataset, family):
            return float(run.history[-1]["seconds"]) / len(run.history)
    return float("inf")
