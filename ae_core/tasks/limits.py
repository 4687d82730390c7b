"""What a training may ask for here; whoever works at the command line (owner None) may ask for anything."""

import contextlib

from ae_core import settings, training
from ae_core.errors import OptionError, TrainingError
from ae_core.spec import Spec
from ae_core.tasks import catalog, folder
from ae_core.tasks.catalog import Lane


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
    queued, mine = _under_way(owner, lane)
    if queued + more > most.queued:
        raise TrainingError(
            f"The queue has no room for {more} {noun}{'s' * (more > 1)}: {queued} wait, and at most {most.queued} can; "
            "try again later."
        )
    if mine + more > most.per_visitor:
        raise TrainingError(
            f"You have {mine} {noun}{'s' * (mine != 1)} under way, and {more} more would be over your "
            f"limit of {most.per_visitor}: stop one, or wait until one ends."
        )


def room(owner: str, lane: Lane = "long") -> int:
    """How many more jobs a visitor may ask for now."""
    most, (queued, mine) = settings.current(), _under_way(owner, lane)
    return max(0, min(most.queued - queued, most.per_visitor - mine))


def _under_way(owner: str, lane: Lane) -> tuple[int, int]:
    """How many jobs of a lane wait in the queue, and how many of an owner's wait or run."""
    queued = mine = 0
    for path in folder.paths():
        noted = folder.noted(path)
        if noted is not None and noted.active and catalog.lane_of(path) == lane:
            queued += noted.state == "queued"
            with contextlib.suppress(TrainingError):
                job = folder.find(path.name)
                mine += job.status.active and job.owner == owner
    return queued, mine
