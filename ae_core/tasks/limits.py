"""What a training may ask for here; whoever works at the command line (owner None) may ask for anything."""

import contextlib
from pathlib import Path

from ae_core import settings, training
from ae_core.errors import OptionError, TrainingError
from ae_core.spec import Spec
from ae_core.tasks import catalog, folder
from ae_core.tasks.catalog import Lane
from ae_core.tasks.folder import Job


def check(what: Spec) -> None:
    """Refuses a training that is too large for this server.

    Raises:
        OptionError: says what was asked for, what may be, and what to do.
    """
    most = settings.current()
    for name, got, limit, advice in (
        ("Epochs", what.training.epochs, most.epochs, "train for fewer, and resume or compare"),
        ("Code size", what.network.latent_dim, most.code, "choose a smaller code"),
        ("Parameters of the network", what.parameters, most.parameters, "choose fewer or narrower layers"),
    ):
        if got > limit:
            raise OptionError(f"{name} may be at most {limit:,} on this server, got {got:,}: {advice}.")


def check_trainer() -> None:
    """Refuses a training if neither this machine nor a cluster can run one.

    Raises:
        TrainingError: says what to install.
    """
    if not settings.current().scheduler:
        training.check_installed()


def check_room(owner: str | None, lane: Lane = "long", more: int = 1) -> None:
    """Refuses more jobs where a lane or the visitor would have too many; to be asked under the lock.

    Raises:
        TrainingError: says how many there are, how many may be, and what to do.
    """
    if owner is None:
        return
    most, noun = settings.current(), "training" if lane == "long" else "computation"
    under_way = []
    for path in folder.paths():
        noted = folder.noted(path)
        if noted is not None and noted.active and catalog.lane_of(path) == lane:
            under_way.append((path, noted))
    queued = sum(noted.state == "queued" for _, noted in under_way)
    mine = sorted(
        (job for path, _ in under_way if (job := _readable(path)) is not None and job.owner == owner),
        key=lambda job: -job.status.submitted,
    )
    if queued + more > most.queued and more > 1:
        raise TrainingError(
            f"The queue has no room for {more} {noun}s: {queued} wait, at most {most.queued} may; ask for fewer, or "
            "try again later."
        )
    if queued >= most.queued:
        raise TrainingError(f"The queue is full: {queued} {noun}s wait, at most {most.queued} may; try again later.")
    if len(mine) + more > most.per_visitor and more > 1:
        raise TrainingError(
            f"You may have {most.per_visitor} {noun}s under way and have {len(mine)}: {more} more are too many, ask "
            "for fewer."
        )
    if len(mine) >= most.per_visitor:
        raise TrainingError(
            f"You have {len(mine)} {noun}{'s' * (len(mine) > 1)} under way, the latest {mine[0].title!r}; at most "
            f"{most.per_visitor} may be: stop one, or wait for its end."
        )


def _readable(path: Path) -> Job | None:
    with contextlib.suppress(TrainingError):
        return folder.find(path.name)
    return None
