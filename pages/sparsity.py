"""How many units speak, how loudly, how often: any runs overlaid."""

import pandas as pd
import streamlit as st

from ae_core import data, evaluation, figures, metrics
from pages.widgets import caches, code, onward, plot, run_picker

MAX_RUNS = 4

st.title("Sparsity")
st.markdown("How a code shares the work: many units that whisper, or a few that speak.")

overlaid = run_picker.pick_several(["sparse-visible", "vanilla"], MAX_RUNS)
codes = {t: caches.codes(run.run) for t, run in overlaid.items()}
thresholds = {t: evaluation.activity_threshold(run) for t, run in overlaid.items()}
counts = {t: metrics.active_units(z, thresholds[t]) for t, z in codes.items()}
rates = {t: metrics.firing_rate(z, thresholds[t]) for t, z in codes.items()}

datasets = [data.load(run.spec.dataset).title for run in overlaid.values()]
st.dataframe(
    pd.DataFrame(
        ({"data set": datasets} if len(set(datasets)) > 1 else {})
        | {
            "units": [z.shape[1] for z in codes.values()],
            "active on an image": [float(c.mean()) for c in counts.values()],
            "dead": [int((r == 0).sum()) for r in rates.values()],
            "zero activations": [float((z == 0).mean() * 100) for z in codes.values()],
            "test MSE": [float(caches.errors(run.run).mean()) for run in overlaid.values()],
        },
        index=list(overlaid),
    ),
    column_config={
        "active on an image": st.column_config.NumberColumn(format="%.1f", help="Mean over the test images."),
        "dead": st.column_config.NumberColumn(help="Units that fire on no test image."),
        "zero activations": st.column_config.NumberColumn(format="%.1f %%"),
        "test MSE": st.column_config.NumberColumn(format="%.4f", help="What the sparsity costs."),
    },
)
# What the figures show follows from these alone.
of = tuple((title, caches.content(run.run)) for title, run in overlaid.items())
left, right = st.columns(2)
left.header("Units an image uses")
with left:
    plot.show(lambda: figures.units_per_image(counts), key="units", alt="Distribution of active units per image", of=of)
right.header("How often each unit fires")
with right:
    plot.show(lambda: figures.firing_rates(rates), key="rates", alt="Firing rate of each unit", of=of)
st.header("How strong activations are")
plot.show(lambda: figures.activation_histogram(codes), key="activations", alt="Histogram of activations", of=of)
st.caption(
    "The diamond is the share of activations that are exactly zero. A unit is active above zero; "
    "a sigmoid, which is never zero, above 0.1."
)
st.info(
    "A sparse run has more units but uses fewer for any one image: compare “Units an image uses” with the column "
    "“active on an image”. A unit that fires everywhere says little about any one image.",
    icon=":material/visibility:",
)
onward.link("units.py", "Move one unit at a time", run=next(iter(overlaid.values())).run.name)
opened = "".join(f"    {title!r}: {code.opened(run.run)},\n" for title, run in overlaid.items())
code.show(f"""
import ae_core
from ae_core import data, evaluation, figures, metrics

runs = {{
{opened}}}
codes, counts, rates = {{}}, {{}}, {{}}
for title, run in runs.items():
    images = data.as_float(data.load(run.spec.dataset).split("test").images)
    codes[title] = run.encode(images)
    threshold = evaluation.activity_threshold(run)
    counts[title] = metrics.active_units(codes[title], threshold)
    rates[title] = metrics.firing_rate(codes[title], threshold)

figures.units_per_image(counts).show()
figures.firing_rates(rates).show()
figures.activation_histogram(codes).show()
""")
