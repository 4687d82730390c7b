"""What a task declares."""

from collections.abc import Callable, Iterator
from typing import ClassVar, Literal

from ae_core.events import Event
from ae_core.tasks.folder import Job

Lane = Literal["long", "short"]


class Task:
    """What a job does; a subclass in a file of its own in this package is all that a new one needs.

    Attributes:
        title: What its jobs are called, for people.
        lane: "short" for what is done within about a minute, "long" for everything else. Each lane has its own limits
            and its own processes, so that no short job waits for a training.
        keeps: Whether it keeps what it has done when it is stopped; what does not is killed.
    """

    title: ClassVar[str]
    lane: ClassVar[Lane]
    keeps: ClassVar[bool] = False

    def work(self, job: Job, stop: Callable[[], bool]) -> Iterator[Event]:
        """Does a job, event by event; the last one is Finished, Done, Cancelled or Failed.

        Args:
            job: Which.
            stop: Whether to stop; for tasks that keep what they have done.

        Raises:
            ExplorerError: if it fails; its message is shown to the job's owner.
        """
        raise NotImplementedError

    def seconds(self, job: Job) -> float:
        """How long the whole job will take; infinite if that is not known."""
        raise NotImplementedError
