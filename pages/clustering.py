"""Clusters of codes: measured against the classes beside what one would use instead, and looked at."""

from functools import partial

import numpy as np
import streamlit as st

from ae_core import figures, uses
from ae_core.uses import clustering
from pages.serving import caches, fields, page_state
from pages.widgets import (
    alerts,
    colour_input,
    current_image,
    gallery,
    glossary,
    measured,
    next_page,
    plot,
    run_picker,
    source_code,
)
from pages.widgets.words import Words

MAX_RUNS = 4
NEAREST = 10  # examples that stand for a cluster
SHEETS = 2  # side by side
DEFAULT = 10  # clusters, where there are no classes
SCORES = {heading: score for score, (heading, _) in clustering.SCORES.items()}
FIELDS = (
    fields.choice("clustered", "Model", lambda values: values["names"]),
    fields.number("clusters", "Clusters", 2, lambda values: values["most"], lambda values: values["classes"]),
)

st.title("Clustering")
intro = st.container()
chosen = run_picker.pick_several(["vanilla", "variational"], MAX_RUNS)
first = next(iter(chosen.values()))
dataset, classes = first.dataset, first.dataset.classes
say = Words(dataset.form)
with intro:
    glossary.say(
        say(
            "Groups of images with near [[codes|code]], found without any label, and how well they are the classes, by "
            "[[NMI]] and others."
        )
        if classes > 1
        else say("Groups of images with near [[codes|code]], found without any label.")
    )
found = measured.of("clustering", chosen, ends=False)
drawn = ""
if found and classes > 1:
    score = SCORES[str(page_state.open(fields.choice("score", "Score", list(SCORES))).segments("score"))]
    ways = {name: f"{way}_{score}" for way, name in clustering.WAYS.items()}
    across = f"{clustering.SCORES[score][0]} of clusters and classes"
    plot.show(
        figures.beside(*uses.by_way(found, ways), across),
        key="agreement",
        alt="How well clusters of the codes are the classes, for each model and each floor",
    )
    drawn = f"figures.beside(*uses.by_way(measured, {ways}), {across!r}).show()"
    st.caption(
        say(
            f"As many clusters as classes, of the test images: by k-means and by a mixture of Gaussians, each from "
            f"{clustering.STARTS} starts; bars are a standard deviation over them. A mixture has full covariances up "
            f"to {clustering.FULL_UNITS} units, diagonal ones up to {clustering.DIAGONAL_UNITS}, and is left out "
            "beyond: a full one of n units has n (n + 1) ÷ 2 numbers for each cluster. ACC: share of images in the "
            "cluster that stands for their class, matched one to one as fits best. NMI: normalised mutual "
            "information. ARI: adjusted Rand index, 0 by chance."
        )
    )
    measured.table("clustering", found, say)
    for way in clustering.WAYS:
        measured.verdict("clustering", found, f"{way}_{score}", say)
elif found:
    at = {name: k for k in clustering.COUNTS for name in [f"silhouette_{k}"]}
    plot.show(
        figures.over(uses.lines(found, at), "clusters", "mean silhouette", logarithmic=False),
        key="silhouettes",
        alt="Mean silhouette by the number of clusters, for each model and each floor",
    )
    drawn = f'figures.over(uses.lines(measured, {at}), "clusters", "mean silhouette", logarithmic=False).show()'
    st.caption(
        say(
            f"Clusters of the test images by k-means, {clustering.STARTS} starts. Without classes there is nothing to "
            "compare them with: the silhouette says how much nearer images are to their own cluster than to the next, "
            "from −1 to 1, each by distances in its own code. A code of fewer units gets a larger one for the same "
            "clusters, so that it says what number of clusters suits a code rather than which code is better."
        )
    )
    measured.table("clustering", found, say)

st.header("Look at the clusters")
names = {run.run.name: alerts.escape_markdown(title) for title, run in chosen.items()}
count = dataset.sizes["test"]
most = min(colour_input.MOST_CLUSTERS, count)
state = page_state.open(
    *FIELDS, names=list(names), most=most, classes=min(max(classes, 2), most) if classes > 1 else DEFAULT
)
with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
    if len(names) > 1:
        state.segments("clustered", format_func=names.__getitem__)
    wanted = int(state.draw(st.slider, "clusters"))
run = next(run for run in chosen.values() if run.run.name == state["clustered"])
with st.spinner("Finding clusters …"):
    groups = colour_input.clusters(run.run, wanted)
sizes = np.bincount(groups.labels, minlength=len(groups.names)).tolist()
counts = clustering.confusion(groups.labels, caches.test_labels(dataset.name), len(groups.names), max(classes, 1))
if classes > 1:
    of_classes = dataset.class_names[:classes]
    plot.show(
        figures.confusion(counts, groups.names, of_classes, dataset.form.noun),
        key="confusion",
        alt="The share of each class in every cluster",
    )
st.caption(
    f"k-means of all units of {names[run.run.name]}, the largest cluster first. "
    + say("Below, the images whose codes are nearest to the mean of each: click one to take it along to other pages.")
)
take, picked = partial(current_image.take, dataset.name), current_image.test_number(dataset.name)
for number, nearest in enumerate(clustering.typical(caches.codes(run.run), groups.labels, NEAREST)):
    if number % SHEETS == 0:  # a row of its own: on a phone they stay in order
        columns = st.columns(SHEETS, gap="large")
    with columns[number % SHEETS]:
        noun = dataset.form.noun + "s" * (sizes[number] != 1)
        told = f"**{groups.names[number].capitalize()}** · {sizes[number]:,} {noun}"
        if classes > 1 and counts[number].any():
            largest = int(counts[number].argmax())
            share = counts[number, largest] / counts[number].sum()
            told += f" · {share * 100:.0f} % {alerts.escape_markdown(dataset.class_names[largest])}"
        st.markdown(told)
        gallery.some(dataset.name, nearest.tolist(), f"cluster-{number}", picked, take, savable=False)
st.info(
    say(
        "Clusters follow what differs most between images, which need not be the class. Two numbers that a variational "
        "model learnt may cluster better than all pixels; a code with many more units need not cluster better. One "
        "start of k-means differs from the next by several points."
        if classes > 1
        else "k-means finds as many clusters as it is asked for, whether there are any. Look at small ones first: they "
        "hold what is unlike all else."
    ),
    icon=":material/visibility:",
)
next_page.link(
    "latent_space", "See these clusters on the map", run=run.run.name, colour=colour_input.CLUSTER, clusters=str(wanted)
)
opened = source_code.several({title: run.run for title, run in chosen.items() if title in found})
of_measured = (
    f"""
runs = {opened}
measured = {{title: uses.read_or_measure("clustering", run) for title, run in runs.items()}}
{drawn}
"""
    if found
    else ""
)
of_clusters = (
    f"""
counts = clustering.confusion(groups.labels, test.labels, len(groups.names), {classes})
figures.confusion(counts, groups.names, run.dataset.class_names[:{classes}], {dataset.form.noun!r}).show()
"""
    if classes > 1
    else "print(np.bincount(groups.labels))"
)
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import figures, uses
from ae_core.latent import colouring
from ae_core.uses import clustering
{of_measured}
run = {source_code.opened(run.run)}
test = run.dataset.split("test")
codes = run.encode_kept(test.images)
groups = colouring.clusters(codes, {wanted})
print(clustering.typical(codes, groups.labels, {NEAREST}))
{of_clusters}
""")
