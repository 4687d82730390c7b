"""New images decoded from around the codes of a few labelled ones: what they look like, and whether they help."""

import numpy as np
import streamlit as st

from ae_core import figures, uses
from ae_core.figures import Row
from ae_core.uses import augmentation
from pages.serving import caches, fields, page_state
from pages.widgets import alerts, glossary, measured, next_page, plot, run_picker, source_code, tables
from pages.widgets.words import Words

MAX_RUNS = 4
SHOWN, NARROW = 10, 5  # examples, with a new one of each kind below
MADE_OF = 200  # test examples, among which mixtures find partners

st.title("Augmentation")
intro = st.container()
chosen = run_picker.pick_several(["vanilla", "convolutional"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
say = Words(dataset.form)
with intro:
    glossary.say(
        say(
            "A few labelled images, and new ones decoded from around their [[codes|code]]: does a classifier that "
            "learns from both know more?"
        )
    )
found = measured.of("augmentation", chosen)
counts = [
    n for n in augmentation.LABELS if any(f"noise_knn_{n}" in row.figures for rows in found.values() for row in rows)
]
if not counts:
    st.info(say(f"Too few labelled images for this: it takes more than {min(augmentation.LABELS)} to learn from."))
    st.stop()
labels = int(page_state.open(fields.choice("labels", "Labels", counts, default=counts[-1])).segments("labels"))
titles, series = augmentation.gains(found, labels)
across = f"accuracy gained with {labels} labels"
plot.show(
    figures.beside(titles, series, across, mark=0),
    key="gains",
    alt="How much more accurate classifiers are with each kind of new examples than with none",
)
plain = next(rows for rows in found.values())[1]
none = {name: plain.mean(f"none_{c}_{labels}") for c, name in augmentation.CLASSIFIERS.items()}
st.caption(
    say(
        f"Classifiers of raw pixels, scored on up to {augmentation.ASKED:,} test images, that learn from {labels} "
        f"labels and {augmentation.COPIES} new images for each; 0 is without new images: "
        + ", ".join(f"{value:.3f} by {name}" for name, value in none.items())
        + f". Bars are a standard deviation over {augmentation.DRAWS} draws of labels, the same for all. Noise: "
        "decoded from the code, moved by normal noise of a quarter of each unit's spread; of raw pixels, noise of "
        f"σ = {augmentation.NOISE:g}. Mixed: between two images of a class, of codes or of pixels. Shifted: by up to a "
        "fourteenth of the image. The penalty of logistic regression is chosen anew for each kind."
    )
)
tables.show(
    {"what is added": [alerts.escape_markdown(title) for title in titles]}
    | {
        name: [
            ""
            if np.isnan(mean)
            else f"{mean:+.3f}".replace("-", "−") + ("" if np.isnan(spread) else f" ± {spread:.3f}")
            for mean, spread in zip(*values, strict=True)
        ]
        for name, values in series.items()
    }
)
pictured = next(run for title, run in chosen.items() if title in found)
name = alerts.escape_markdown(next(iter(found)))
st.header(say("New images"))
labelled = caches.test_labels(dataset.name)[:MADE_OF]
picks = augmentation.shown(labelled, SHOWN)
pictures = {
    "<br>".join(map(figures.wrapped, title.rsplit(": ", 1))): new
    for title, new in augmentation.pictures(uses.subject(pictured), picks, MADE_OF).items()
}
plot.show(
    lambda: figures.image_rows([Row(*row) for row in pictures.items()], tile=64, form=dataset.form),
    key="new",
    alt=say("Images, and new ones made of them in each way"),
    narrow=lambda: figures.image_rows(
        [Row(title, new[:NARROW]) for title, new in pictures.items()], tile=64, form=dataset.form
    ),
)
st.caption(say("Made of test images; the last two rows by ") + f"{name}.")
st.info(
    say(
        "What is decoded says no more than the code does, and blurs what a stronger classifier would see. Plain noise "
        "and mixtures of the images themselves need no model: only what is ahead of those was gained by one. A "
        "fixed penalty would weigh less beside more images, which may look like a gain: here it is chosen for each."
    ),
    icon=":material/visibility:",
)
next_page.link("sampler", "Draw images that are made of none", run=pictured.run.name)
opened = source_code.several({title: run.run for title, run in chosen.items() if title in found})
source_code.show(f"""
import ae_core
from ae_core import figures, uses
from ae_core.figures import Row
from ae_core.uses import augmentation

runs = {opened}
measured = {{title: uses.read_or_measure("augmentation", run) for title, run in runs.items()}}
figures.beside(*augmentation.gains(measured, {labels}), {across!r}, mark=0).show()
run = {source_code.opened(pictured.run)}
picks = augmentation.shown(run.dataset.split("test").labels[:{MADE_OF}], {SHOWN})
rows = [
    Row("<br>".join(map(figures.wrapped, title.rsplit(": ", 1))), new)
    for title, new in augmentation.pictures(uses.subject(run), picks, {MADE_OF}).items()
]
figures.image_rows(rows, tile=64{source_code.form(dataset.form)}).show()
""")
