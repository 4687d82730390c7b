"""Any models on the same footing: their figures, their error by code size, and what they make of the same images."""

import numpy as np
import streamlit as st

from ae_core import comparison, figures, metrics, pca
from ae_core.errors import RunError
from ae_core.figures import Row
from pages.serving import caches, fields, page_state
from pages.widgets import (
    alerts,
    compared,
    counts,
    dataset_picker,
    glossary,
    image_picker,
    measured,
    models_table,
    next_page,
    plot,
    run_picker,
    source_code,
)
from pages.widgets.words import Words

MOST = 40
DOTTED = (
    " The dotted line is the same network with random weights: its encoder as it is, and the best linear decoder of "
    "its codes."
)
SHOWN = 8  # models whose images are shown at a time


def _where_it_ends(title: str, sizes: list[int], errors: list[float]) -> str:
    """From which code size on more units do not pay, a sentence."""
    enough, largest = comparison.enough(sizes, errors), max(sizes)
    if enough == largest:
        return f"{title}: up to {counts.units(largest)}, the largest code here, more units pay."
    return (
        f"{title}: more than {counts.units(enough)} hardly pay. Their error is within {comparison.PAYS:.0%} of that of "
        f"{counts.units(largest)}."
    )


FIELDS = (
    fields.number(
        "first-model",
        "First model",
        1,
        MOST,
        1,
        of=lambda values: values["dataset"],
        when=lambda values: values["count"] > SHOWN,
    ),
    *image_picker.SEVERAL,
)

st.title("Compare")
intro = st.container()
picked = run_picker.name_several(models_table.at_first(), MOST, opened_last=True)
dataset = next(iter(picked.values())).dataset
models, say = models_table.called(list(picked.values())), Words(dataset.form)
with intro:
    glossary.say(
        say(
            "Compare models: their metrics on all test images, such as [[MSE]], [[BCE]] in [[nats|nat]] and the "
            "[[code shift|shift]], [[PCA]] with a [[code]] of the same size, and how each model "
            "reconstructs the same ten images."
        )
    )

st.header(f"Metrics on {alerts.escape_markdown(dataset.title)}")
with st.spinner(say("Computing PCA of the training images …")):
    columns = comparison.table(models)
shown = page_state.open(models_table.FIGURES).segments("figures")
table = (
    columns if shown == models_table.TRAINING else models_table.of_use(models, shown, measured.missing(shown, models))
)
averaged = compared.ask_for_one_row(models)
if averaged:
    table = comparison.over_seeds(table, list(models.values()))
way_on = st.container()  # above the table, whose end may be out of view
row = models_table.show(table, say)
with way_on:
    compared.lead_on(list(models.values()), table, row, averaged, shown)
models_table.offer(table)
models_table.explain(table, say)
compared.others(dataset, table)

collapsed = {i for i, run in enumerate(models.values()) if comparison.has_collapsed(run)}
if collapsed:
    named = ", ".join(alerts.escape_markdown(list(models)[i]) for i in sorted(collapsed))
    st.warning(
        say(
            f"**Collapsed**: {named}. Such a code says less than one bit of an image, so the decoder draws nearly the "
            "same for every image, whatever the size of the code. Train with a smaller β or with more epochs."
        )
    )
if len(models) == 1:
    st.info("This is one model. Choose another one above to compare it with, or train some.")
    next_page.link("train", "Train many at once")
elif "mse" in columns:
    st.header("Error by code size")
    sizes, of_kind = columns["code"], [run.spec.kind for run in models.values()]
    alike = [comparison.alike(run) for run in models.values()]
    of_pca = pca.errors(dataset.name) if dataset.whole else np.array([np.nan])
    with st.spinner("Computing what untrained networks do …"):
        floor = comparison.untrained_errors(list(models.values()))
    plot.show(
        lambda: figures.error_by_code_size(columns["model"], of_kind, alike, sizes, columns["mse"], of_pca, floor),
        key="sizes",
        alt="Test error of each model by the size of its code, that of PCA, and that of untrained networks",
    )
    groups = comparison.by_size(list(models.values()))
    for title, which in groups.items():
        found = [(sizes[i], columns["mse"][i]) for i in which if not np.isnan(columns["mse"][i]) and i not in collapsed]
        if len({size for size, _ in found}) > 1:
            st.markdown(_where_it_ends(title, *map(list, zip(*found, strict=True))))
    several = bool(groups)
    st.caption(
        say("A model below the dashed line reconstructs test images better than PCA with a code of the same size; a ")
        + "model above it, worse."
        + " A solid line joins the means of models that differ only in code size and seed." * several
        + DOTTED * (not np.isnan(floor).all())
    )

swept = comparison.by_beta(list(models.values()))
if swept:
    st.header("Rate and distortion")
    ways = [(title, i) for title, which in swept.items() for i in which]
    runs_of = [list(models.values())[i] for _, i in ways]
    rates = figures.rate_distortion(
        [list(models)[i] for _, i in ways],
        [title for title, _ in ways],
        [run.spec.hyperparameters["beta"] for run in runs_of],
        [run.card.figure("kl") for run in runs_of],
        [run.card.figure("elbo_reconstruction") for run in runs_of],
        dataset.form.noun,
    )
    plot.show(rates, key="rates", alt="Reconstruction term of variational models by the KL divergence of their codes")
    st.caption(
        say(
            "Each dot is a model. The rate is the KL divergence of its codes: the most that they can tell of an image. "
            "The distortion is the reconstruction term, of one code drawn for each test image. With a larger β a model "
            "gives up rate and accepts distortion; at β = 1 it trains their sum, −ELBO. Alemi et al. 2018, Fixing a "
            "broken ELBO."
        )
    )
    in_sweep = {i for _, i in ways}
    left = [t for i, (t, run) in enumerate(models.items()) if "beta" in run.spec.hyperparameters and i not in in_sweep]
    if left:
        st.caption(
            "Not shown, since no other model here differs from it in β alone: "
            + ", ".join(alerts.escape_markdown(title) for title in left)
        )
    with st.container(horizontal=True):
        for i in sorted(in_sweep, key=lambda i: list(models.values())[i].spec.hyperparameters["beta"]):
            next_page.link("lens", alerts.escape_markdown(list(models)[i]), run=list(models.values())[i].name)

axes = compared.two_columns(table, say) if len(models) > 1 else None

st.header(say("The same test images"))
dataset_picker.tell_scale(dataset)
state = page_state.open(*FIELDS, dataset=dataset.name, count=len(models))
numbers = image_picker.several(state, alone=True)
first = 1
if "first-model" in state.values:
    label = f"First model, 1 to {len(models)}; {SHOWN} are shown"
    first = min(state["first-model"], len(models))  # there are fewer as some are let go
    state.draw(st.number_input, "first-model", label, step=SHOWN, shows=first, max_value=len(models))
x = caches.test_images(dataset.name, numbers)
rows, loaded = [Row("original", x)], {}
for title, run in list(models.items())[first - 1 : first - 1 + SHOWN]:
    try:
        model = caches.load(run)
    except RunError as error:
        alerts.error(f"{alerts.escape_markdown(title)} is damaged and is left out.", error)
        continue
    loaded[title] = model
    x_hat = model.reconstruct(x)
    rows.append(
        Row(figures.wrapped(title), x_hat, [f"MSE {metrics.written(e)}" for e in metrics.squared_error(x, x_hat)])
    )
plot.show(
    lambda: figures.image_rows(rows, tile=56, form=dataset.form),
    key="images",
    alt=say("Test images, and below each its reconstructions by the models"),
    narrow=lambda: figures.image_rows(rows, tile=56, wrap=plot.WRAP, form=dataset.form),
)
st.info(
    "A larger code usually makes a smaller error: compare models of one code size, or each with PCA beside it. "
    "Denoising and variational models accept a larger error because they also have other aims.",
    icon=":material/visibility:",
)
for title, model in list(loaded.items())[:1]:
    next_page.link("lens", f"Look at the plane of {alerts.escape_markdown(title)}", run=model.run.name)
next_page.link("runs", "Your models")
opened = source_code.several(models)
table_of = "table = comparison.table({title: model.run for title, model in models.items()})"
if shown != models_table.TRAINING:
    table_of = f"""measured = {{title: uses.read_or_measure({shown!r}, model) for title, model in models.items()}}
table = uses.with_uses({{title: model.run for title, model in models.items()}}, {{{shown!r}: measured}})"""
by_size = f"""
kinds, alike = zip(*((model.spec.kind, comparison.alike(model.run)) for model in models.values()))
floor = comparison.untrained_errors([model.run for model in models.values()])
cards = comparison.table({{title: model.run for title, model in models.items()}})
errors, of_pca = cards["mse"], pca.errors({dataset.name!r})
figures.error_by_code_size(cards["model"], kinds, alike, cards["code"], errors, of_pca, floor).show()
"""
by_beta = """
swept = comparison.by_beta([model.run for model in models.values()])
ways = [(title, list(models)[i]) for title, rows in swept.items() for i in rows]
runs = [models[name].run for _, name in ways]
figures.rate_distortion(
    [name for _, name in ways],
    [title for title, _ in ways],
    [run.spec.hyperparameters["beta"] for run in runs],
    [run.card.figure("kl") for run in runs],
    [run.card.figure("elbo_reconstruction") for run in runs],
    runs[0].spec.form.noun,
).show()
"""
of_axes = ""
if axes:
    across, up = axes
    headings = models_table.numbers(table)
    of_axes = f"""
figures.two_columns(
    rows["model"], rows["kind"], rows[{across!r}], rows[{up!r}], {headings[across]!r}, {headings[up]!r}
).show()
"""
rows_of = "comparison.over_seeds(table, [model.run for model in models.values()])" if averaged else "table"
source_code.show(f"""
import ae_core
from ae_core import comparison, data, figures, metrics, pca, uses
from ae_core.figures import Row

models = {opened}
{table_of}
rows = {rows_of}
print(*rows, sep="\\t")
for cells in zip(*rows.values()):
    print(*cells, sep="\\t")
{by_size if len(models) > 1 and "mse" in columns and dataset.whole else ""}{by_beta if swept else ""}{of_axes}
x = data.as_float(data.load({dataset.name!r}).split("test").images[{numbers.tolist()}])
pictures = [Row("original", x)]
for title in {list(loaded)}:
    x_hat = models[title].reconstruct(x)
    captions = [f"MSE {{metrics.written(e)}}" for e in metrics.squared_error(x, x_hat)]
    pictures.append(Row(figures.wrapped(title), x_hat, captions))
figures.image_rows(pictures, tile=56{source_code.form(dataset.form, "models[title]")}).show()
""")
