"""What codes know of classes that their encoder never saw: transfer, beside what one would use instead."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from ae_core import figures, runs, uses
from ae_core.data import Dataset
from ae_core.inference import LoadedRun
from ae_core.uses.features import LABELS
from ae_core.uses.transfer import PREFIX
from pages.serving import caches
from pages.widgets import alerts, glossary, measured, next_page, plot
from pages.widgets.words import Words

EXAMPLE = "vanilla-of-half"
FEWEST_CLASSES = 4  # of which half can be left out, and told apart


def show(chosen: Mapping[str, LoadedRun], dataset: Dataset, say: Words) -> list[tuple[list[str], dict[str, int]]]:
    """Shows the models that left out classes, each group that left out the same ones in a figure of its own.

    Returns:
        The titles of each group, and at how many labels each figure was measured; nothing of models that saw all.
    """
    st.header("Classes that the encoder never saw")
    lacking = uses.get("transfer").lacking
    of_part = {title: run for title, run in chosen.items() if not lacking(dataset, run.spec.left_out)}
    if not of_part:
        _lead_on(chosen, dataset, say)
        return []
    found = measured.of("transfer", of_part, ends=False)
    groups: dict[tuple[int, ...], list[str]] = {}
    for title in found:
        groups.setdefault(chosen[title].spec.left_out, []).append(title)
    places = []
    for i, (left_out, titles) in enumerate(groups.items()):
        of_group = {title: found[title] for title in titles}
        count = int(np.isin(caches.training_labels(dataset.name), left_out).sum())
        at = {f"{PREFIX}probe_{n}": n for n in LABELS if n < count} | {f"{PREFIX}probe_all": count}
        names = ", ".join(dataset.class_names[number] for number in left_out)
        plot.show(
            figures.over(uses.lines(of_group, at), "labels of unseen classes", "accuracy of a linear probe"),
            key=f"unseen-{i}",
            alt="Accuracy of a linear classifier of unseen classes by the number of labels, for each model and floor",
        )
        chance = f"Guessing reaches {1 / len(left_out):.2f}."
        st.caption(
            alerts.escape_markdown(f"Told apart are {names}, among these alone. {chance} ")
            + say(
                "Neither the encoder nor PCA without classes learnt from an image of them. Long dashes learnt from all "
                "classes: what there was to gain."
            )
        )
        measured.table("transfer", of_group, say)
        measured.verdict("transfer", of_group, next(iter(at)), say)
        places.append((titles, at))
    return places


def _lead_on(chosen: Mapping[str, LoadedRun], dataset: Dataset, say: Words) -> None:
    """Says that the models have seen all classes, and leads to one that has not."""
    glossary.say(
        say(
            "What an encoder learns from some classes may serve for others: this is [[transfer]]. "
            + ("The model that is chosen has" if len(chosen) == 1 else "The models that are chosen have")
            + " seen all classes, or all but one."
        )
    )
    example = runs.find(EXAMPLE)
    if example is not None and example.dataset.name == dataset.name:
        names = [run.run.name for run in chosen.values()]
        label = f"Look at {alerts.escape_markdown(example.title)}"
        next_page.link("features", label, runs=[EXAMPLE, *names[:3]])
    if len(dataset.class_names) >= FEWEST_CLASSES:
        half: dict[str, Any] = {"dataset": dataset.name, f"{dataset.name}-without": list(dataset.class_names[::2])}
        next_page.link("train", "Train a model on every second class", **half)
