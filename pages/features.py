"""What a classifier reads out of a code, by the number of labels it learns from: models beside what one would use."""

import streamlit as st

from ae_core import figures, uses
from ae_core.uses import selection
from ae_core.uses.features import LABELS
from pages.serving import caches
from pages.widgets import glossary, measured, next_page, plot, run_picker, source_code, unseen_classes
from pages.widgets.words import Words

MAX_RUNS = 4
COMPARED = 8  # units with which models are compared in words

st.title("Features")
intro = st.container()
chosen = run_picker.pick_several(["vanilla", "convolutional"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
say = Words(dataset.form)
with intro:
    glossary.say(
        say(
            "How much a simple classifier, a [[linear probe|probe]], knows of an image from its [[code]] alone, and "
            "how many labels it needs. The encoder learnt without any label."
        )
    )
found = measured.of("features", chosen)
count = dataset.sizes["train"]
if dataset.unlabelled:
    count = int(dataset.has_class(caches.training_labels(dataset.name)).sum())
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
at_unseen = unseen_classes.show(chosen, dataset, say)
st.header("A few of the units")
few = measured.of("selection", chosen, ends=False)
if few:
    plot.show(
        figures.over(selection.by_count(few), "units", "accuracy of a linear probe"),
        key="units",
        alt="Accuracy of a linear classifier by the number of units that it is given, for each model and each floor",
    )
    st.caption(
        say(
            f"The same probe from {min(selection.LABELS, count):,} labels, given k units only: those whose values "
            "differ most between classes (largest F of an analysis of variance, each unit for itself, on the examples "
            "that the probe learns from), or k at random, with a standard deviation over draws. Of PCA it is the first "
            "k directions. The best pixels, each for itself, are often neighbours that say the same: then pixels at "
            "random know more."
        )
    )
    measured.verdict("selection", few, selection.largest(few, COMPARED), say)
st.info(
    "A small code spares a classifier labels; with all labels raw values are hard to beat. What the untrained network "
    "reaches was not learnt. A unit of a dense code is seldom a feature of its own: look at what as many principal "
    "directions know.",
    icon=":material/visibility:",
)
next_page.link("latent_space", "See where the classes lie", run=next(iter(chosen.values())).run.name)
opened = source_code.several({title: run.run for title, run in chosen.items() if title in found})
of_few = (
    """
few = {title: uses.read_or_measure("selection", run) for title, run in runs.items()}
figures.over(selection.by_count(few), "units", "accuracy of a linear probe").show()
"""
    if few
    else ""
)
of_unseen = "".join(
    f"""
unseen = {{title: uses.read_or_measure("transfer", runs[title]) for title in {titles}}}
figures.over(uses.lines(unseen, {places}), "labels of unseen classes", "accuracy of a linear probe").show()
"""
    for titles, places in at_unseen
)
source_code.show(f"""
import ae_core
from ae_core import figures, uses
from ae_core.uses import selection

runs = {opened}
measured = {{title: uses.read_or_measure("features", run) for title, run in runs.items()}}
figures.over(uses.lines(measured, {at}), "labels", "accuracy of a linear probe").show()
{of_unseen}{of_few}
""")
