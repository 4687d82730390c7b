"""What a classifier reads out of a code, by the number of labels it learns from: models beside what one would use."""

import streamlit as st

from ae_core import figures, uses
from ae_core.uses.features import LABELS
from pages.widgets import glossary, measured, next_page, plot, run_picker, source_code
from pages.widgets.words import Words

MAX_RUNS = 4

st.title("Features")
intro = st.container()
chosen = run_picker.pick_several(["vanilla", "convolutional"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
say = Words(dataset.form)
with intro:
    glossary.say(
        say(
            "How much a simple classifier knows of an image from its [[code]] alone, and how many labels it needs. The "
            "encoder learnt without any label."
        )
    )
found = measured.of("features", chosen)
count = dataset.sizes["train"]
at = {f"probe_{n}": n for n in LABELS if n < count} | {"probe_all": count}
plot.show(
    figures.over(uses.lines(found, at), "labels", "accuracy of a linear probe"),
    key="labels",
    alt="Accuracy of a linear classifier of the codes by the number of labels, for each model and each floor",
)
st.caption(
    say(
        "The probe is logistic regression on codes of mean 0 and variance 1, scored on the test images. Bars are a "
        "standard deviation over draws of labels, which are the same for all. Dotted is the same network with random "
        "weights. Standardised, the many small principal components weigh as much as the few large ones: with few "
        "labels that costs PCA of a large size dearly."
    )
)
measured.table("features", found, say)
fewest = next(iter(at))
measured.verdict("features", found, fewest, say)
st.info(
    "A small code spares a classifier labels; with all labels raw values are hard to beat. What the untrained network "
    "reaches was not learnt.",
    icon=":material/visibility:",
)
next_page.link("latent_space", "See where the classes lie", run=next(iter(chosen.values())).run.name)
opened = "".join(f"    {title!r}: {source_code.opened(run.run)},\n" for title, run in chosen.items() if title in found)
source_code.show(f"""
import ae_core
from ae_core import figures, uses

runs = {{
{opened}}}
measured = {{
    title: uses.read("features", run.run) or uses.measure("features", uses.subject(run)) for title, run in runs.items()
}}
figures.over(uses.lines(measured, {at}), "labels", "accuracy of a linear probe").show()
""")
