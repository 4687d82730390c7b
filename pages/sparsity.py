"""How many units speak, how loudly, how often: any runs overlaid."""

import streamlit as st

from ae_core import figures, metrics
from pages.serving import caches
from pages.widgets import alerts, glossary, next_page, plot, run_picker, source_code, tables
from pages.widgets.words import Words

MAX_RUNS = 4

st.title("Sparsity")
intro = st.container()

overlaid = run_picker.pick_several(["sparse-visible", "vanilla"], MAX_RUNS, any_dataset=True)
say = Words(*(run.form for run in overlaid.values()))
noun = say("image")
with intro:
    glossary.say(
        say("How many [[units|unit]] of the [[code]] are active for an image: nearly all of them, or only a few.")
    )
found = {title: caches.activity(run.run) for title, run in overlaid.items()}

titles = {title: run.dataset.title for title, run in overlaid.items()}
# A phone has no room for a column more.
models = [
    f"{title} · {of}" if len({*titles.values()}) > 1 and of not in title else title for title, of in titles.items()
]
tables.show(
    {
        "model": [*map(alerts.escape_markdown, models)],
        "units": [f"{run.latent_dim:,}" for run in overlaid.values()],
        say("active for an image"): [f"{activity.counts.mean():.1f}" for activity in found.values()],
        "dead": [f"{(activity.rates == 0).sum():,}" for activity in found.values()],
        "zero activations": [f"{activity.zeros * 100:.1f} %" for activity in found.values()],
        "test MSE": [metrics.written(caches.errors(run.run).mean()) for run in overlaid.values()],
    }
)
st.caption(
    say("Active for an image: units, on average over the test images. Dead: units that are active for no test image. ")
    + "Zero activations: values that are exactly zero. Test MSE: mean squared error, the price of sparsity."
)
# What the figures show follows from these alone.
of = tuple((title, caches.content(run.run)) for title, run in overlaid.items())
left, right = st.columns(2)
left.header(say("Active units per image"))
with left:
    plot.show(
        lambda: figures.units_per_image({title: activity.counts for title, activity in found.items()}, noun),
        key="units",
        alt=say("Distribution of active units per image"),
        of=of,
    )
right.header("How often each unit is active")
with right:
    plot.show(
        lambda: figures.firing_rates({title: activity.rates for title, activity in found.items()}, noun),
        key="rates",
        alt=say("Share of test images for which each unit is active"),
        of=of,
    )
st.header("Values of the units")
plot.show(
    lambda: figures.activation_histogram({title: caches.codes(run.run) for title, run in overlaid.items()}),
    key="activations",
    alt="Histogram of activations",
    of=of,
)
st.caption(
    "The diamond shows the share of values that are exactly zero. A unit counts as active above 0; "
    "a sigmoid unit, which never reaches 0, above 0.1. A unit of a variational model counts as active only if its mean "
    + say("differs from image to image, with a variance above 0.01.")
)
st.info(
    say(
        "A sparse model has more units but uses fewer for any one image: compare “Active units per image” with the "
        "column “active for an image”. A unit that is active for every image says little about any one of them."
    ),
    icon=":material/visibility:",
)
next_page.link("units", "Move one unit at a time", run=next(iter(overlaid.values())).run.name)
named = "" if noun == "image" else f", {noun!r}"
opened = source_code.several({title: run.run for title, run in overlaid.items()})
source_code.show(f"""
import ae_core
from ae_core import data, evaluation, figures

runs = {opened}
codes, counts, rates = {{}}, {{}}, {{}}
for title, run in runs.items():
    images = data.as_float(data.load(run.spec.dataset).split("test").images)
    codes[title] = run.encode(images)
    active = evaluation.active(run, codes[title])
    counts[title], rates[title] = active.sum(axis=1), active.mean(axis=0)

figures.units_per_image(counts{named}).show()
figures.firing_rates(rates{named}).show()
figures.activation_histogram(codes).show()
""")
