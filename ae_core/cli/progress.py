"""A training's events, for people and for programs."""

import json
from dataclasses import fields

import click

from ae_core.cli.output import Bar, clock, finite
from ae_core.events import Cancelled, EpochEnd, Event, Failed, Finished, Preparing, Progress, Started
from ae_core.runs import Run
from ae_core.spec import Spec

NAMES = {
    Preparing: "preparing",
    Started: "started",
    Progress: "progress",
    EpochEnd: "epoch",
    Finished: "finished",
    Cancelled: "cancelled",
    Failed: "failed",
}


def print_event(event: Event) -> None:
    """Prints an event as one line of JSON."""
    values = {f.name: getattr(event, f.name) for f in fields(event) if f.name not in ("preview", "film")}
    run = values.pop("run", None)
    if isinstance(event, Finished | Cancelled):
        values |= {"run": str(run.path) if run else None, "metrics": dict(run.card.metrics) if run else None}
    click.echo(json.dumps(finite({"event": NAMES[type(event)], **values})))


class TrainingView:
    """A training's events for people: text and a progress bar on stderr, the run's folder on stdout."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._bar = Bar()
        self._left: float | None = None

    def show(self, event: Event) -> None:
        match event:
            case Preparing(phase):
                self._say(f"{phase} …")
            case Started():
                self._bar = Bar()
                self._say(
                    f"{self._spec.recipe().title} on {self._spec.about.title}: {event.parameters:,} parameters, "
                    f"{event.epochs} epochs of {event.steps_per_epoch} steps."
                )
            case Progress():
                self._left = event.seconds_left
                if event.seconds_left is not None:
                    terms = "  ".join(f"{k} {v:.4g}" for k, v in event.terms.items())
                    self._bar.show(event.fraction, terms, event.seconds_left)
            case EpochEnd():
                terms = "  ".join(f"{k} {v:.4g} (held out {event.validation[k]:.4g})" for k, v in event.terms.items())
                width = len(str(self._spec.training.epochs))
                last = event.epoch == self._spec.training.epochs
                left = "" if self._left is None or last else f"  {clock(self._left)} left"
                self._say(f"Epoch {event.epoch:{width}}/{self._spec.training.epochs}  {terms}{left}")
            case Finished(run):
                self._say(f"Finished in {clock(run.card.seconds)}; {_summary(run)}.")
                click.echo(run.path)
            case Cancelled(run, epoch) if run:
                self._say(f"Stopped after {epoch} whole epochs and saved; {_summary(run)}.")
                click.echo(run.path)
            case Cancelled():
                self._say("Stopped before the first step: nothing was saved.")
            case Failed():
                self._bar.clear()

    def _say(self, text: str) -> None:
        self._bar.clear()
        click.echo(text, err=True)


def _summary(run: Run) -> str:
    form, figure = run.spec.form, run.card.figure
    name, heading = ("nll", "−log p") if run.spec.likelihood == "gaussian" else ("bce", "BCE")
    told = f"{heading} {figure(name):.4f} nats per {form.value}, PSNR {figure('psnr'):.2f} dB"
    return f"on the test {form.noun}s {told}"
