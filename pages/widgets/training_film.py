"""What a training did to the units of its code and to the places of test examples, epoch by epoch."""

from collections.abc import Hashable

import numpy as np
import streamlit as st

from ae_core import epoch_film, figures, kinds, unit_history
from ae_core.epoch_film import Film
from ae_core.errors import ExplorerError
from ae_core.spec import Spec
from pages.serving import caches
from pages.widgets import counts, epochs, plot
from pages.widgets.words import Words

NAMED = 10  # units that a sentence names


def show(film: Film, what: Spec, of: Hashable, planned: int = 0) -> None:
    """Shows what each unit does and where test examples lie, with a slider over the epochs.

    Args:
        film: Of the finished epochs.
        what: Was or is trained.
        of: Whose film it is.
        planned: How many epochs there will be; 0 once there come no more.
    """
    # As much is below it from epoch to epoch: a slider that moved among its neighbours would lose its place.
    with st.container():
        if kinds.get(what.kind).watched == "kl":
            _show_kl(film, what, planned)
        elif what.network.code_activation == "relu":
            _show_dead(film, what, planned)
    st.subheader(Words(what.form)("Codes of test images, epoch by epoch"))
    show_places(film, what, of)


def _show_kl(film: Film, what: Spec, planned: int) -> None:
    say, units = Words(what.form), what.network.latent_dim
    kl = film.units[-1].astype(np.float32)
    active = unit_history.carrying(film.units).sum(axis=1).tolist()
    total = float(kl.sum())
    st.subheader("KL divergence by unit")
    st.markdown(
        say(
            f"{_of(active[-1], units)} {_verb(active[-1], 'carries', 'carry')} something. "
            if active[-1]
            else f"None of {counts.units(units)} carries anything. "
        )
        + say(f"All together carry {total:.2f} nats per image.")
    )
    if unit_history.has_settled(film.epochs, planned or film.epochs) and unit_history.has_collapsed(kl):
        why = (
            f"all units together carry {total:.2f} nats, less than one bit"
            if active[-1]
            else "no unit carries anything"
        )
        st.warning(
            f"**The posterior has collapsed**: {why}, "
            + say("so that the decoder draws nearly the same for every image. ")
            + f"What helps: {_ways_out(what)}."
        )
    plot.show(
        figures.kl_by_unit(kl), key="kl-by-unit", alt="KL divergence of each unit from the prior, the largest first"
    )
    if len(active) > 1:
        _show_counts(film, active, units, "active units", planned)
    st.caption(
        say(
            f"Means over {_examples(what):,} test images. A unit is active if its KL divergence is above "
            f"{unit_history.ACTIVE_NATS} nats; Burda et al. 2016 ask for a variance of z_mean above 0.01 instead."
        )
    )


def _ways_out(what: Spec) -> str:
    """What may help against a collapse, of which nothing is tried yet."""
    given = what.hyperparameters
    ways = [f"a lower β than {given['beta']:g}"] if given.get("beta") else []
    if given.get("schedule") == "constant":
        ways.append("a β that rises by a warm-up or in cycles")
    if given.get("free_bits") == 0:
        ways.append("free bits")
    return ", ".join([*ways, "a smaller code"]) + ", or more epochs"


def _show_dead(film: Film, what: Spec, planned: int) -> None:
    say, units = Words(what.form), what.network.latent_dim
    dead = unit_history.are_dead(film.units)
    numbers = (np.flatnonzero(dead[-1]) + 1).tolist()
    st.subheader("Dead units")
    among = f"{_examples(what):,} test images"
    if numbers:
        st.markdown(
            f"{_of(len(numbers), units)} {_verb(len(numbers), 'is', 'are')} dead, active for none of "
            + say(f"{among}: {_named(numbers)}.")
        )
    else:
        st.markdown(say(f"None of {counts.units(units)} is dead: each is active for some of {among}."))
    if dead.any() and len(dead) > 1:
        _show_counts(film, dead.sum(axis=1).tolist(), units, "dead units", planned)


def _named(numbers: list[int]) -> str:
    """The first of some units by their numbers, from 1."""
    named = ", ".join(map(str, numbers[:NAMED])) + ", …" * (len(numbers) > NAMED)
    return f"unit{'s' * (len(numbers) > 1)} {named}"


def _show_counts(film: Film, of_epochs: list[int], units: int, what: str, planned: int) -> None:
    plot.show(
        figures.units_by_epoch(epoch_film.kept(film.epochs), of_epochs, units, what, planned),
        key="units-by-epoch",
        alt=f"Number of {what} after each epoch",
    )


def show_places(film: Film, what: Spec, of: Hashable, last: np.ndarray | None = None) -> None:
    """Shows where test examples lie, with a slider over the epochs; `last` as of `epoch_film.aligned`."""
    say, count = Words(what.form), what.about.sizes["test"]
    names = what.about.class_names
    try:
        labels = caches.test_labels(what.dataset) if names else np.empty(0, int)
    except ExplorerError:  # it has been deleted
        labels = np.empty(0, int)
    shown = labels[epoch_film.examples(count)] if len(labels) == count else None
    epochs.show(
        lambda: epoch_film.aligned(film, last).places,
        epoch_film.kept(film.epochs),
        shown,
        names,
        key=f"epochs-{of}",
        alt=say("Dots for the codes of test images after the epoch that the slider stands at"),
        at_end=True,
        of=(of, film.epochs, shown is None, last is None),
    )
    planes = {1: "along the only unit", 2: "on the plane of the two units"}
    plane = planes.get(what.network.latent_dim, "along the two main directions of their codes")
    st.caption(
        say(f"{_examples(what):,} test images, {plane}. ")
        + "Each epoch is turned and moved to fit the next one. The axes stay."
    )


def _examples(what: Spec) -> int:
    return len(epoch_film.examples(what.about.sizes["test"]))


def _of(count: int, units: int) -> str:
    return f"{count:,} of {counts.units(units)}"


def _verb(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
