"""Any models on the same footing: their figures, their error by code size, and what they make of the same images."""

import numpy as np
import streamlit as st

from ae_core import comparison, figures, metrics
from ae_core.errors import RunError
from ae_core.figures import Row
from pages.serving import caches, fields, page_state
from pages.widgets import (
    alerts,
    dataset_picker,
    glossary,
    image_picker,
    models_table,
    next_page,
    plot,
    run_picker,
    source_code,
)
from pages.widgets.words import Words

MOST = 40
SHOWN = 8  # models whose images are shown at a time
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
models_table.offer(columns)
models_table.show(columns, say)
models_table.explain(columns, say)

if len(models) == 1:
    st.info("This is one model. Choose another one above to compare it with, or train some.")
    next_page.link("train", "Train many at once")
elif "mse" in columns:
    st.header("Error by code size")
    sizes, of_kind = columns["code"], [run.spec.kind for run in models.values()]
    alike = [comparison.alike(run) for run in models.values()]
    pca = comparison.pca_errors(dataset.name) if dataset.whole else np.array([np.nan])
    plot.show(
        lambda: figures.error_by_code_size(columns["model"], of_kind, alike, sizes, columns["mse"], pca),
        key="sizes",
        alt="Test error of each model by the size of its code, and that of PCA",
    )
    several = any(len({sizes[i] for i, a in enumerate(alike) if a == same}) > 1 for same in alike)
    st.caption(
        say("A model below the dashed line reconstructs test images better than PCA with a code of the same size; a ")
        + "model above it, worse."
        + " A solid line joins the means of models that differ only in code size and seed." * several
    )

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
opened = "".join(f"    {title!r}: {source_code.opened(run)},\n" for title, run in models.items())
by_size = f"""
kinds, alike = zip(*((model.spec.kind, comparison.alike(model.run)) for model in models.values()))
pca = comparison.pca_errors({dataset.name!r})
figures.error_by_code_size(table["model"], kinds, alike, table["code"], table["mse"], pca).show()
"""
source_code.show(f"""
import ae_core
from ae_core import comparison, data, figures, metrics
from ae_core.figures import Row

models = {{
{opened}}}
table = comparison.table({{title: model.run for title, model in models.items()}})
print(*table, sep="\\t")
for cells in zip(*table.values()):
    print(*cells, sep="\\t")
{by_size if len(models) > 1 and "mse" in columns and dataset.whole else ""}
x = data.as_float(data.load({dataset.name!r}).split("test").images[{numbers.tolist()}])
rows = [Row("original", x)]
for title in {list(loaded)}:
    x_hat = models[title].reconstruct(x)
    captions = [f"MSE {{metrics.written(e)}}" for e in metrics.squared_error(x, x_hat)]
    rows.append(Row(figures.wrapped(title), x_hat, captions))
figures.image_rows(rows, tile=56{source_code.form(dataset.form, "models[title]")}).show()
""")
