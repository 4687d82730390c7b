"""What a training may ask for here; whoever works at the command line (owner None) may ask for anything."""

from ae_core import settings, training
from ae_core.errors import OptionError, TrainingError
from ae_core.spec import Spec
from ae_core.tasks import folder


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


def check_room(owner: str | None, more: int = 1) -> None:
    """Refuses so many jobs more where the queue or the visitor would have too many; to be asked under the lock.

    Raises:
        TrainingError: says how many there are, how many may be, and what to do; also if nothing can be trained here.
    """
    check_trainer()
    if owner is None:
        return
    most = settings.current()
    under_way = [path for path in folder.paths() if (noted := folder.noted(path)) is not None and noted.active]
    queued = sum(noted.state == "queued" for path in under_way if (noted := folder.noted(path)) is not None)
    if queued + more > most.queued and more > 1:
        raise TrainingError(
            f"The queue has no room for {more} trainings: {queued} wait, at most {most.queued} may; ask for fewer, or "
            "try again later."
        )
    if queued >= most.queued:
        raise TrainingError(f"The queue is full: {queued} trainings wait, at most {most.queued} may; try again later.")
    mine = [job for job in folder.listing(owner) if job.status.active]
    if len(mine) + more > most.per_visitor and more > 1:
        raise TrainingError(
            f"You may have {most.per_visitor} trainings under way and have {len(mine)}: {more} more are too many, ask "
            "for fewer."
        )
    if len(mine) >= most.per_visitor:
        raise TrainingError(
            f"You have {len(mine)} training{'s' * (len(mine) > 1)} under way, the latest {mine[0].title!r}; at most "
            f"{most.per_visitor} may be: stop one, or wait for its end."
        )
