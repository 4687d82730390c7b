"""Sweeps: every kind with every code size and every seed, each a training of its own in the queue.

What makes them one sweep is an id in the record of each job; there is nothing else to keep, lose or clear away.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ae_core import kinds, runs, tasks
from ae_core.errors import OptionError, TrainingError
from ae_core.spec import Spec, make_spec
from ae_core.tasks import Job, queue

MAX_RUNS = 500  # of one sweep


@dataclass(frozen=True)
class Sweep:
    """Some trainings that were asked for together.

    Attributes:
        id: What they share.
        jobs: They, in the order in which they were asked for.
    """

    id: str
    jobs: tuple[Job, ...]

    @property
    def ended(self) -> int:
        """How many have ended, however they did."""
        return sum(not job.status.active for job in self.jobs)

    @property
    def failed(self) -> list[Job]:
        """Those that failed."""
        return [job for job in self.jobs if job.status.state == "failed"]

    @property
    def runs(self) -> list[str]:
        """Names of the whole runs that they have left so far."""
        return [job.id for job in self.jobs if runs.find(job.id) is not None]

    @property
    def fraction(self) -> float:
        """Share of all that is done, in [0, 1]."""
        return sum(job.status.fraction if job.status.active else 1.0 for job in self.jobs) / len(self.jobs)


def plan(
    names: Sequence[str],
    sizes: Sequence[int | None] = (None,),
    seeds: Sequence[int] = (0,),
    dataset: str = "fashion-mnist",
    **training: Any,
) -> list[tuple[Spec, str]]:
    """What a sweep trains, and what each run is called.

    Args:
        names: Of kinds.
        sizes: Of codes, in units; None is what suits the kind.
        seeds: Of the trainings.
        dataset: Name of the data set.
        **training: Fields of `TrainingConfig` that differ from the network's default training.

    Raises:
        OptionError: if nothing is asked for, too much, or what does not go together; says which.
    """
    combinations = list(dict.fromkeys(itertools.product(names, sizes, seeds)))
    count = len(combinations)
    if not 1 <= count <= MAX_RUNS:
        raise OptionError(f"A sweep has 1 to {MAX_RUNS} runs, got {count}: choose kinds, code sizes and seeds for it.")
    found = []
    for name, size, seed in combinations:
        network = {} if size is None else {"latent_dim": size}
        try:
            what = make_spec(name, dataset, network=network, seed=seed, **training)
        except OptionError as error:
            raise OptionError(str(error) if size is None else f"{name}, {_units(size)}: {error}") from error
        found.append((what, f"{kinds.get(name).title}, {_units(what.network.latent_dim)}, seed {seed}"))
    return found


def submit(planned: Sequence[tuple[Spec, str]], owner: str | None) -> Sweep:
    """Puts all trainings of a plan into the queue, or none.

    Raises:
        OptionError, TrainingError: as `queue.submit_all`.
    """
    sweep = runs.new_name("sweep")
    return Sweep(sweep, tuple(queue.submit_all(planned, owner, sweep)))


def find(sweep: str, owner: str | None) -> Sweep:
    """An owner's sweep of that id, as it stands now.

    Raises:
        TrainingError: if there is none.
    """
    found = _among(tasks.jobs_of(owner), sweep)
    if found is None:
        raise TrainingError(f"There is no sweep {sweep!r}: its trainings may have been deleted.")
    return found


def latest(owner: str | None) -> Sweep | None:
    """An owner's latest sweep, if there is one."""
    jobs = tasks.jobs_of(owner)
    return _among(jobs, next((job.sweep for job in jobs if job.sweep), ""))


def ended_last(owner: str | None) -> Sweep | None:
    """An owner's latest sweep, if it has ended and they have asked for no other training since."""
    jobs = tasks.jobs_of(owner)
    sweep = _among(jobs, jobs[0].sweep) if jobs else None
    return sweep if sweep is not None and sweep.ended == len(sweep.jobs) else None


def _among(jobs: Sequence[Job], sweep: str) -> Sweep | None:
    """The sweep of that id, if any of an owner's jobs are of it; a job of none has the id ""."""
    found = sorted(
        (job for job in jobs if sweep and job.sweep == sweep), key=lambda job: (job.status.submitted, job.id)
    )
    return Sweep(sweep, tuple(found)) if found else None


def stop(sweep: Sweep) -> None:
    """Asks all its trainings to stop, the waiting ones first, so that none of them begins meanwhile.

    Raises:
        TrainingError: if one cannot be asked.
    """
    for job in sorted(sweep.jobs, key=lambda job: job.status.state != "queued"):
        tasks.request_stop(job)


def _units(size: int) -> str:
    return f"{size} unit{'s' * (size != 1)}"
