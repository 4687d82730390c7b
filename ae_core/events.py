"""Events of trainings and other tasks."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ae_core.epoch_film import Film
from ae_core.runs import Run


@dataclass(frozen=True)
class Preparing:
    """A phase before the first or after the last training step has begun."""

    phase: str


@dataclass(frozen=True)
class Advanced:
    """A task that is no training has come further.

    Attributes:
        phase: What it is doing, for people.
        fraction: The share of that which is done, in [0, 1].
    """

    phase: str
    fraction: float


@dataclass(frozen=True)
class Done:
    """A task that makes no run has kept its result."""


@dataclass(frozen=True)
class Started:
    """The model is built.

    Attributes:
        parameters: Number of trainable parameters.
        epochs, steps_per_epoch: Length of the training.
        history: Records of the epochs finished before a resume.
    """

    parameters: int
    epochs: int
    steps_per_epoch: int
    history: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Progress:
    """Training steps were taken.

    Attributes:
        epoch: Number of finished epochs.
        step: Steps taken in the current epoch.
        fraction: Share of all steps taken, in [0, 1].
        terms: Loss terms by name, mean over the latest steps.
        seconds_left: Estimated remaining time; None after the first call, which includes compilation.
        preview: Reconstructions of the first test images, uint8 of shape (10, h, w), every few seconds, else None.
    """

    epoch: int
    step: int
    fraction: float
    terms: dict[str, float]
    seconds_left: float | None
    preview: np.ndarray | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class EpochEnd:
    """An epoch has finished.

    Attributes:
        epoch: Its number, from 1.
        terms: Loss terms by name, mean over its steps.
        validation: The same on held-out training images.
        learning_rate: At its last step.
        seconds: Training time so far, without the import of TensorFlow.
        preview: Reconstructions of the first test images, uint8 of shape (10, h, w).
        film: Where test images lay and what units did, up to this epoch.
    """

    epoch: int
    terms: dict[str, float]
    validation: dict[str, float]
    learning_rate: float
    seconds: float
    preview: np.ndarray = field(repr=False, compare=False)
    film: Film | None = field(default=None, repr=False, compare=False)

    def record(self) -> dict[str, Any]:
        """Record for history.jsonl."""
        return {
            "epoch": self.epoch,
            "seconds": round(self.seconds, 3),
            "learning_rate": self.learning_rate,
            "terms": self.terms,
            "validation": self.validation,
        }


@dataclass(frozen=True)
class Finished:
    """All epochs have finished and the run is written."""

    run: Run


@dataclass(frozen=True)
class Cancelled:
    """Training ended before its last epoch.

    Attributes:
        run: Holds the weights so far; None before the first step.
        epoch: Number of finished epochs.
        reason: Why, if nobody asked for it, a sentence: a loss term became no number.
    """

    run: Run | None
    epoch: int
    reason: str = ""


@dataclass(frozen=True)
class Failed:
    """Training ended without a run."""

    reason: str


Event = Preparing | Advanced | Done | Started | Progress | EpochEnd | Finished | Cancelled | Failed
