"""One unit of a code: what drives it, what it adds, how it differs by class, and which units go with it."""

from functools import partial

import numpy as np
import streamlit as st

from ae_core import evaluation, figures, metrics
from ae_core.latent import traversals, unit_facts, unit_weights
from pages.serving import caches, page_state
from pages.widgets import (
    alerts,
    current_image,
    gallery,
    glossary,
    next_page,
    plot,
    run_picker,
    source_code,
    unit_tiles,
)
from pages.widgets.words import Words

ROW = 6  # images of a percentile
FRAMES = 11
NEAREST = 6
WEIGHTS = (
    "What the unit looks for: it grows with values at orange places, and falls with those at blue ones. What it draws: "
    "as it grows, the decoder raises values at orange places and lowers them at blue ones."
)

st.title("One unit")
intro = st.container()
of_model, of_unit, of_image = st.columns([3, 2, 2], gap="large")
with of_model:
    run = run_picker.pick(default="sparse-topk")
dataset, say, noun = run.dataset, Words(run.form), run.form.noun
with intro:
    glossary.say(
        say(
            "What one [[unit]] of the [[code]] stands for: the test images that drive it, and what it adds to an image."
        )
    )
state = page_state.open(unit_tiles.UNIT, run=run)
with of_unit:
    number = state.draw(st.number_input, "unit", f"Unit, 1 to {run.latent_dim:,}")
    unit = number - 1
    next_page.link("all_units", "All units", run=run.run.name)
with of_image:
    image = current_image.show(dataset)

codes, rates = caches.codes(run.run), caches.activity(run.run).rates
values, driving, off = codes[:, unit], caches.driving(run.run), caches.off_values(run.run)
active = np.flatnonzero(evaluation.active(run, codes[:, [unit]]))
by_class = unit_facts.by_class(values, caches.test_labels(dataset.name), len(dataset.class_names))
own = image.code(run)
if rates[unit] == 0:
    st.warning(say("This unit is dead: no test image makes it active."))

facts = st.container(horizontal=True, gap="medium")
facts.metric("Active for", f"{rates[unit] * 100:.3g} %", help=say("Share of the test images."), width="content")
if driving.leading[unit] >= 0:
    facts.metric(
        "Leading class",
        alerts.escape_markdown(f"{dataset.class_names[driving.leading[unit]]}, {driving.share[unit] * 100:.0f} %"),
        help=say(f"Of the {driving.counts[unit]} test images for which it is active and largest."),
        width="content",
    )
if by_class.best >= 0:
    labels = caches.test_labels(dataset.name)
    known = labels[labels < len(dataset.class_names)]
    most = 1.0
    if run.spec.network.code_activation == "relu":  # elsewhere a unit has a rank where it is not active
        most = unit_facts.ceiling(float(rates[unit]), float(np.mean(known == by_class.best)))
    limit = f" At most {most:.2f} for a unit that is active as rarely as this one." if most < 0.995 else ""
    facts.metric(
        "Tells apart best",
        alerts.escape_markdown(f"{dataset.class_names[by_class.best]}, {by_class.telling:.2f}"),
        help=say(
            "AUROC: how often its value differs in the same direction for an image of that class and one of another; "
            f"0.5 is chance, 1 is always.{limit}"
        ),
        width="content",
    )
strongest = int(driving.examples[unit, 0])
facts.metric(
    "Largest value",
    f"{values[strongest]:.3g}",
    help=say(f"For test image {strongest}; the smallest: {values.min():.3g}."),
    width="content",
)


take = partial(current_image.take, dataset.name)
st.header(say("Images that drive it most"))
shown = driving.examples[unit, : min(caches.DRIVING, max(len(active), 1))]
gallery.some(dataset.name, shown.tolist(), "most", image.number, take)
ranked = values[active] if len(active) else values
among = active if len(active) else np.arange(len(values))
rows = {
    f"At its {percentile}th percentile": among[unit_facts.at_percentile(ranked, percentile, ROW)]
    for percentile in unit_facts.AT[::-1]
}
if values.min() < 0:
    rows["Those with the smallest values"] = np.argsort(values, kind="stable")[:ROW]
for column, (title, found) in zip(st.columns(len(rows), gap="large"), rows.items(), strict=True):
    with column:
        st.subheader(title)
        gallery.some(dataset.name, found.tolist(), f"row-{title}", image.number, take, savable=False)
if len(active) < len(values):
    st.caption(say(f"Percentiles are those of the {len(active):,} test images for which the unit is active."))

left, right = st.columns(2, gap="large")
with left:
    st.header("Its values")
    plot.show(
        figures.unit_histogram(values, float(own[unit]), noun),
        key="values",
        alt=say("How large the unit is for images"),
    )
if dataset.class_names:
    with right:
        st.header("Its mean by class")
        plot.show(
            figures.unit_by_class(by_class.means, by_class.aurocs, dataset.class_names),
            key="classes",
            alt="The unit's mean value for each class",
        )

adds, weights_column = st.columns(2, gap="large")
with adds:
    st.header("What it adds")
    is_own = bool(own[unit] != off[unit])
    code = own if is_own else codes[strongest]
    x = image.x if is_own else caches.test_images(dataset.name, strongest)
    with_it, without = run.decode(np.stack([code, traversals.switch_off(run, code, [unit], off)]))
    plot.show(
        figures.without_units(x, with_it, without, f"unit {number}", run.form),
        key="without",
        alt=f"An example with all units and without unit {number}; below each its error",
    )
    which = image.name if is_own else f"{dataset.called(strongest)}, which drives it most: it is off for {image.name}"
    st.caption(say(f"Of {alerts.escape_markdown(which)}."))
    low, high = caches.unit_ranges(run.run)[unit]
    top = max(float(high), float(values[strongest]))
    steps = np.linspace(min(float(low), float(off[unit])), top, FRAMES)[None]
    least = "off" if steps[0, 0] == off[unit] else "least"
    pictures = traversals.traverse_units(run, code, [unit], steps)
    change = np.sqrt(metrics.squared_error(pictures[:, -1], pictures[:, 0]))
    plot.show(
        figures.traversals(
            np.array([unit]), steps, code[[unit]], change, pictures, form=run.form, ends=(least, "most")
        ),
        key="range",
        alt=f"The same example with unit {number} moved through its range",
    )
with weights_column:
    found = unit_weights.of_units(run.run, np.array([unit]))
    if found:
        st.header("Its weights")
        plot.show(
            figures.weights(found[0].looks_for, found[0].draws, run.form),
            key="weights",
            alt="The weights of the unit in the encoder and in the decoder",
        )
        st.caption(say(WEIGHTS))
        if any(found[0].layers):
            st.caption(
                "There are hidden layers between, so these are products of their weights: what the layers would do if "
                "none of their units were ever off and nothing were normalised. What it adds, on the left, is exact."
            )
    else:
        st.header("Its weights")
        st.caption(
            say(
                "Convolutions lie between this unit and the pixels, so it has no weight on each pixel of its own. What "
                "it adds, on the left, shows what it draws."
            )
        )

st.header("Units that go with it")
others, correlations = unit_facts.correlated(codes, unit, NEAREST, caches.unit_spreads(run.run))
if len(others):
    unit_tiles.show(run, others.tolist(), [f"correlation {value:+.2f}" for value in correlations], key="correlated")
    st.caption(
        say(
            "Pearson's correlation of their values over the test images; below 0 one is large where the other is small."
        )
    )
else:
    st.caption(say("It has the same value for all test images, so nothing goes with it."))
next_page.link("paths", "Walk along this unit", run=run.run.name, path="Along a direction", direction=str(number))
source_code.show(
    f"""
import numpy as np

import ae_core
from ae_core import data, evaluation, figures
from ae_core.latent import unit_facts, unit_weights

run = {source_code.opened(run.run)}
dataset = data.load({dataset.name!r})
test = dataset.split("test")
codes = run.encode(data.as_float(test.images))
active = evaluation.active(run, codes)

values = codes[:, {unit}]
print("active for", active[:, {unit}].mean())
found = unit_facts.driving(codes, active, test.labels, len(dataset.class_names), {caches.DRIVING})
print("driven most by", found.examples[{unit}])
by_class = unit_facts.by_class(values, test.labels, len(dataset.class_names))
print("tells apart", by_class.best, by_class.telling)
figures.unit_histogram(values{"" if noun == "image" else f", noun={noun!r}"}).show()
print("goes with", unit_facts.correlated(codes, {unit}, {NEAREST}, unit_facts.spreads(codes)))
"""
)
