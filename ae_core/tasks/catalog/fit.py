"""Fitting a density to the test codes of a run."""

from collections.abc import Callable, Iterator

from ae_core import derived, fitting, inference
from ae_core.events import Advanced, Done, Event
from ae_core.latent import densities
from ae_core.tasks.catalog.base import Task
from ae_core.tasks.folder import Job


class Fit(Task):
    """Fits a mixture of Gaussians and keeps it as `fitting` reads it."""

    title = "the density"
    lane = "short"

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        run = job.run()
        path = derived.kept(run, fitting.NAME)  # of the examples that are there now
        yield Advanced("Encoding the test images", 0.0)
        codes = inference.load(run.path).encode_kept(run.dataset.split("test").images)
        yield Advanced("Fitting a density to the codes", 0.3)
        mixture = densities.fit_mixture(densities.sample(codes))
        fitting.write(path, mixture)
        yield Done()

    def seconds(self, job: Job) -> float:
        return 5.0
