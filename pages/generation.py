"""Draws of models, judged: how near they come to the examples, beside the best and the worst that could be."""

from functools import partial

import streamlit as st

from ae_core import figures, uses
from ae_core.figures import Row
from ae_core.uses import generation
from pages.serving import caches, fields, page_state
from pages.widgets import alerts, glossary, measured, models_table, next_page, plot, run_picker, source_code, tables
from pages.widgets.words import Words

MAX_RUNS = 4
SHOWN, NARROW = 12, 5  # draws on the wall, and beside one another on a phone
FROM = {"prior": "Prior", "mixture": "Mixture"}
FIELDS = (
    fields.choice("from", "Draw codes from", list(FROM), FROM.__getitem__, when=lambda values: values["prior"]),
)  # fmt: skip

st.title("Generation")
intro = st.container()
chosen = run_picker.pick_several(["variational-2d", "vanilla"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
say = Words(dataset.form)
noun = dataset.form.noun
with intro:
    glossary.say(
        say(
            "Whether new images from random [[codes|code]] look like those that the model learnt from, by "
            "[[Fréchet distance]], [[precision and coverage]], and whether they are new."
        )
    )
found = measured.of("generation", chosen)
judge = generation.judge_of(dataset)
ways = {way: called if way != "again" else f"test {noun}s, reconstructed" for way, called in generation.WAYS.items()}
left, right = st.columns([3, 2], gap="large")
with left:
    plot.show(
        figures.draws_judged(found, ways, f"test {noun}s"),
        key="frechet",
        alt=say("Fréchet distance of draws from training images, for each model, each floor and each way of drawing"),
    )
with right:
    plot.show(
        figures.precision_and_coverage(found, ways),
        key="precision",
        alt="Precision over coverage of the same draws",
    )
    st.caption(
        say(
            "Precision is the share of draws that lie among training images; coverage the share of training images "
            "that have a draw near. Read both: around an odd image there is so much room that noise may lie in "
            "it, and draws that are all alike and ordinary are more precise than test images. Colours are those of "
            "the models; grey are raw pixels and PCA: point at a mark to see which."
        )
    )
count = min(generation.COUNT, *dataset.sizes.values())
st.caption(
    say(
        f"Judged in {judge.title}, by {count:,} draws against training images; bars are a standard deviation over "
        f"{generation.SEEDS} seeds. With fewer draws the Fréchet distance is larger, so it compares only with "
        "others of the same number. The dotted line is what test images themselves reach, crosses are what the "
        f"decoder alone loses. Precision, recall and coverage are by the {generation.NEIGHBOURS} nearest "
        "neighbours. What is drawn of raw pixels is each pixel by itself."
    )
    + (
        ""
        if judge.learnt
        else " Principal components favour PCA: in those that it keeps, a Gaussian of its codes has the right mean and "
        "covariance by construction. Look at its precision as well."
    )
)
of_part = [alerts.escape_markdown(title) for title, run in chosen.items() if title in found and run.spec.left_out]
if of_part:
    st.caption(
        say(
            f"Training images are of all classes here, also of those that {', '.join(of_part)} never saw: that it "
            "draws none of them counts against it."
        )
    )
measures = {m.name: m for m in uses.get("generation").figures}
columns: dict[str, list[str]] = {name: [] for name in ("Code", "Judged", *generation.SAID)}
for title, _, judged in uses.listed(found):
    for way in generation.WAYS:
        if f"frechet_{way}" in judged.figures:
            columns["Code"].append(title)
            columns["Judged"].append(generation.told(judged.kind, way, noun))
            for name in generation.SAID:
                columns[name].append(measured.written(judged, measures[f"{name}_{way}"]))
headings = {
    name: st.column_config.TextColumn(
        say(heading) + models_table.ARROWS[better], help=say(help) + models_table.SENTENCES[better], alignment="right"
    )
    for name, (heading, help, better, _) in generation.SAID.items()
}
st.dataframe(
    tables.table(columns),
    hide_index=True,
    lazy=False,
    placeholder="",
    column_config={"Code": st.column_config.TextColumn(pinned=True)} | headings,
)
st.caption(
    say(
        "Nearer: the probability that a draw is nearer to its nearest training image than a test image is to its own. "
        "0.5 is as new as test images, 1 a copy. Blurred images are near to everything, so hold it against "
        "the reconstructions of test images, which no training image was copied for."
    )
)
measured.verdict("generation", found, "frechet_mixture", say)

st.header(say("Draws and their nearest training images"))
whole = {title: run for title, run in chosen.items() if title in found}
state = page_state.open(*FIELDS, prior=any(run.recipe.prior for run in whole.values()))
way = state.segments("from") if state["prior"] else "mixture"
for name, run in whole.items():
    own = way if run.recipe.prior else "mixture"
    with st.spinner("Looking for the nearest training examples …"):
        wall = caches.draws_and_nearest(run.run, own, SHOWN)
    shown = [Row(label, part) for label, part in zip(generation.LABELS, wall, strict=True)]

    st.markdown(f"**{alerts.escape_markdown(name)}**, {generation.told('run', own, noun)}")
    plot.show(
        partial(figures.image_rows, shown, tile=64, form=dataset.form),
        key=f"wall-{run.run.name}",
        alt=say("Draws, and below each the nearest training image in the features and by pixels"),
        narrow=partial(figures.image_rows, shown, tile=64, wrap=NARROW, form=dataset.form),
        of=(caches.content(run.run), own),
    )
st.info(
    say(
        "Few units make draws alike and blurred; many make more kinds of them, and more that are nothing. What "
        "reconstructions lose, no way of drawing wins back."
    ),
    icon=":material/visibility:",
)
first = next(iter(whole.values()))
next_page.link("sampler", "Draw more of them", run=first.run.name)
opened = source_code.several({title: run.run for title, run in whole.items()})
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import figures, uses
from ae_core.figures import Row
from ae_core.uses import generation

runs = {opened}
measured = {{title: uses.read_or_measure("generation", run) for title, run in runs.items()}}
ways = {ways}
figures.draws_judged(measured, ways, {f"test {noun}s"!r}).show()
figures.precision_and_coverage(measured, ways).show()

for run in runs.values():
    way = {way!r} if run.recipe.prior else "mixture"
    density = generation.density(run, way, run.encode_kept(run.dataset.split("test").images))
    drawn = generation.decoded(run, density, {SHOWN})
    rows = generation.nearest_training(run, drawn)
    wall = [drawn, *generation.training_examples(run, rows)]
    named = [Row(label, part) for label, part in zip(generation.LABELS, wall)]
    figures.image_rows(named, tile=64{source_code.form(dataset.form)}).show()
""")
