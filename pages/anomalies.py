"""What a model finds strange: scores of examples that are odd and of others, beside what one would use instead."""

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from ae_core import figures
from ae_core.uses import anomalies
from ae_core.uses.anomalies import SCORES
from pages.serving import caches
from pages.widgets import (
    alerts,
    current_image,
    glossary,
    measured,
    next_page,
    odd_ones,
    plot,
    run_picker,
    source_code,
    tables,
)
from pages.widgets.words import Words

MAX_RUNS = 4
DOTS = 2000  # of a scatter

st.title("Anomalies")
intro = st.container()
chosen = run_picker.pick_several(["vanilla-without-sandal", "vanilla"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
say = Words(dataset.form)
with intro:
    glossary.say(
        say(
            "Whether a [[model]] finds an image strange that is like none it has learnt. A score says how strange an "
            "image is: how badly it is reconstructed, or how far its [[code]] is from those of training images. How "
            "well it tells is its [[AUROC]] or its [[average precision]]."
        )
    )
found = measured.of("anomalies", chosen)
groups: dict[str, list[str]] = {}
for title in found:
    groups.setdefault(anomalies.protocol(dataset, chosen[title].spec.left_out), []).append(title)
places = st.columns(2) if len(groups) == 2 else [st.container() for _ in groups]
for i, (place, (protocol, titles)) in enumerate(zip(places, groups.items(), strict=True)):
    with place:
        st.markdown(f"**{alerts.escape_markdown(protocol[0].upper() + protocol[1:])}**")
        plot.show(
            figures.anomaly_scores({title: found[title] for title in titles}),
            key=f"scores-{i}",
            alt="AUROC of each score, for each model and for what one would use instead",
        )
        first = chosen[titles[0]]
        st.caption(
            alerts.escape_markdown(say(anomalies.told(caches.odd_ones(first.run), first.spec.left_out)))
            + " Bars are a standard deviation over bootstrap draws of them."
        )
        odd_ones.verdict({title: found[title] for title in titles}, say)
if not any(run.spec.left_out for run in chosen.values()) and dataset.classes > 1:
    one = dataset.class_names[1]
    preset: dict[str, Any] = {"dataset": dataset.name, f"{dataset.name}-without": one}
    next_page.link(
        "train", f"Train a model without {alerts.escape_markdown(one)}, and ask for that class here", **preset
    )

st.header("Set a threshold")
names = {chosen[title].run.name: title for title in found}
left, right = st.columns([3, 2], gap="large")
with right:
    state = odd_ones.controls(
        names,
        {name: anomalies.applying(chosen[title]) for name, title in names.items()},
    )
run = chosen[names[state["odd-of"]]]
protocol = anomalies.protocol(dataset, run.spec.left_out)
score, alarms = state["score"], state["alarms"] / 100
with st.spinner(say("Scoring the test images …")):
    asked, scores = caches.odd_ones(run.run), caches.oddness(run.run)
values, odd = scores[score], asked.odd
threshold = float(np.quantile(values[~odd], 1 - alarms))
with left:
    curves = {SCORES[name][0]: anomalies.curve(each, odd) for name, each in scores.items()}
    draw = partial(figures.anomaly_curves, curves, SCORES[score][0], alarms, float(odd.mean()))
    plot.show(
        draw,
        key="curves",
        alt="Share of odd ones found over the share of others called odd, and precision over the share found",
        narrow=partial(draw, stacked=True),
    )
with right:
    odd_ones.confusion(values >= threshold, odd)
st.caption(
    alerts.escape_markdown(f"{protocol[0].upper() + protocol[1:]}; {run_picker.title(run)}. ")
    + say("At the threshold, the least strange image first; the second half is called odd:")
)
odd_ones.examples(asked, odd_ones.border(values, threshold), "border")

st.header(say("An image of your choice"))
image = current_image.show(dataset)
asked_too = [image, *current_image.beside(dataset, image)]
own = anomalies.of_examples(
    run, np.stack([each.x for each in asked_too]), caches.learnt_codes(run.run), np.random.default_rng(0)
)[score]
tables.show(
    {
        say("image"): [alerts.escape_markdown(each.name) for each in asked_too],
        SCORES[score][0]: [f"{value:.4g}" for value in own],
        "stranger than … % of the others": [f"{100 * np.mean(values[~odd] < value):.1f}" for value in own],
        "called": ["odd" if value >= threshold else "usual" for value in own],
    }
)

st.header("Most and least strange")
odd_ones.extremes(asked, values)

st.header("How much of it is the mean value")
if state.draw(st.toggle, "by-mean"):
    rows = np.arange(0, len(odd), max(1, len(odd) // DOTS))
    plot.show(
        figures.score_by_mean(scores["brightness"][rows], values[rows], odd[rows], SCORES[score][0], "mean value"),
        key="score-by-mean",
        alt="The score of test examples over their mean value",
    )
    odd_ones.trap(scores, odd)
    st.caption(
        alerts.escape_markdown(f"{protocol[0].upper() + protocol[1:]}. ")
        + "Correlations are rank correlations (Spearman) among the others alone."
        + say(
            " Grey pixels have an entropy that no model can spare: cross-entropy says mostly how much grey there is, "
            "so that what is dark passes for usual. Less the entropy it is a divergence, 0 where the reconstruction "
            "is perfect."
        )
        * ("bce" in scores)
    )

with st.expander("All figures"):
    odd_ones.figures_table(found, say)
    st.caption("Each is of the odd ones of its own model: " + alerts.escape_markdown("; ".join(groups)) + ".")
st.info(
    say(
        "Reconstruction errors miss what is made of parts that the model knows, as one top among other tops. Distances "
        "between raw values need no training, and are hard to beat."
    ),
    icon=":material/visibility:",
)
next_page.link("reconstruct", "See what it reconstructs", run=run.run.name)
opened = source_code.several({title: chosen[title].run for title in found})
by_mean = f"""
rows = np.arange(0, len(asked.odd), {max(1, len(odd) // DOTS)})
means, values = scores["brightness"][rows], scores[{score!r}][rows]
figures.score_by_mean(means, values, asked.odd[rows], {SCORES[score][0]!r}, "mean value").show()
"""
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import figures, uses
from ae_core.uses import anomalies

runs = {opened}
measured = {{}}
for title, run in runs.items():
    measured[title] = uses.read_or_measure("anomalies", run)
for titles in {list(groups.values())!r}:
    figures.anomaly_scores({{title: measured[title] for title in titles}}).show()

run = runs[{names[state["odd-of"]]!r}]
asked = anomalies.ask(run.dataset, run.spec.left_out)
codes = run.encode_kept(anomalies.learnt(run.dataset, run.spec.left_out))
scores = anomalies.of_run(run, asked, codes) | {{"brightness": asked.means()}}
curves = {{anomalies.SCORES[name][0]: anomalies.curve(values, asked.odd) for name, values in scores.items()}}
figures.anomaly_curves(curves, {SCORES[score][0]!r}, {alarms!r}, float(asked.odd.mean())).show()
{by_mean if state["by-mean"] else ""}""")
