"""Sweeps: every kind with every code size, value and seed, each a training of its own in the queue.

What makes them one sweep is an id in the record of each job; there is nothing else to keep, lose or clear away.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ae_core import cards, kinds, runs, tasks, texts
from ae_core.errors import OptionError, TrainingError
from ae_core.spec import Spec, make_spec
from ae_core.tasks import Job, queue

MAX_RUNS = 500  # of one sweep
TRIED = 50_000  # combinations, of which many may be the same


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
    values: Mapping[str, Sequence[Any]] | None = None,
    **training: Any,
) -> list[tuple[Spec, str]]:
    """What a sweep trains, and what each run is called.

    Args:
        names: Of kinds.
        sizes: Of codes, in units; None is what suits the kind.
        seeds: Of the trainings.
        dataset: Name of the data set.
        values: Those of hyperparameters by name, as {"beta": [0.25, 1, 4]}. A kind that has no such hyperparameter, or
            in which it has no effect beside the other values, is trained without it.
        **training: Fields of `TrainingConfig` that differ from the network's default training; also `likelihood` and
            `left_out`, as of `make_spec`.

    Raises:
        OptionError: if nothing is asked for, too much, or what does not go together; says which.
    """
    varied = {name: list(dict.fromkeys(each)) for name, each in (values or {}).items() if each}
    most = len(names) * len(sizes) * len(seeds) * math.prod(map(len, varied.values()))
    if most > TRIED:  # before they are all made
        raise OptionError(f"A sweep has 1 to {MAX_RUNS} runs, got up to {most:,}: choose fewer of each.")
    every = (
        (name, size, given, seed)
        for name, size in dict.fromkeys(itertools.product(names, sizes))
        for given in _combined(name, varied)
        for seed in dict.fromkeys(seeds)
    )
    combinations = list(itertools.islice(every, MAX_RUNS + 1))
    if len(combinations) > MAX_RUNS:
        raise OptionError(f"A sweep has 1 to {MAX_RUNS} runs, got more: choose fewer of each.")
    if not combinations:
        raise OptionError(f"A sweep has 1 to {MAX_RUNS} runs, got 0: choose kinds, code sizes and seeds for it.")
    for name in varied:
        if not any(name in given for _, _, given, _ in combinations):
            raise OptionError(
                f"{name} has no effect on {', '.join(dict.fromkeys(names))}: {_where_it_has(name, names)}."
            )
    found = []
    for name, size, given, seed in combinations:
        network = {} if size is None else {"latent_dim": size}
        try:
            what = make_spec(name, dataset, given, network, seed=seed, **training)
        except OptionError as error:
            raise OptionError(str(error) if size is None else f"{name}, {_units(size)}: {error}") from error
        told = [f"{h.brief} {h.told(given[h.name])}" for h in kinds.get(name).hyperparameters if h.name in given]
        title = [kinds.get(name).title, _units(what.network.latent_dim), *told, f"seed {seed}"]
        title += [what.told_classes] * bool(what.left_out)
        found.append((what, texts.short(", ".join(title), cards.MAX_TITLE)))
    return found


def _where_it_has(name: str, among: Sequence[str]) -> str:
    """Where a hyperparameter has an effect, for the end of a sentence."""
    found = {kind: h for kind in kinds.names() for h in kinds.get(kind).hyperparameters if h.name == name}
    for h in (found[kind] for kind in among if kind in found):
        return f"it needs {' and '.join(f'{other} {value}' for other, value in h.only_if.items())}"
    return f"it belongs to {', '.join(found)}" if found else "no kind has it"


def _combined(name: str, varied: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination of the values that have an effect on a kind, once each; of none, that of no value."""
    of_kind = [h for h in kinds.get(name).hyperparameters if h.name in varied]
    default = {h.name: h.default for h in kinds.get(name).hyperparameters}
    seen = set()
    for combination in itertools.product(*(varied[h.name] for h in of_kind)):
        given = {h.name: value for h, value in zip(of_kind, combination, strict=True)}
        matters = {h.name: given[h.name] for h in of_kind if h.matters(default | given)}
        key = tuple(matters.items())
        if key not in seen:
            seen.add(key)
            yield matters


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
