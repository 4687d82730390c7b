"""Train an autoencoder and watch it learn."""

import streamlit as st

from ae_core import kinds, spec, tasks, texts
from ae_core.errors import ExplorerError
from ae_core.tasks import Job, ownership
from pages.serving import fields, page_state, visitor
from pages.widgets import alerts, dataset_picker, progress, recipe_input, source_code, starts, sweep_input
from pages.widgets.starts import Starts
from pages.widgets.words import Words

FIELDS = (
    fields.choice("kind", "Kind", lambda values: kinds.names(), fields.titled(kinds.get)),
    dataset_picker.field(),
)

st.title("Train")
st.markdown(
    "Choose a kind of autoencoder and its settings, and watch it learn. The training continues when you leave the page."
)

state_of_it = st.container(key="training-state")  # it stays in view
state = page_state.open(*FIELDS)
begun: Starts[Job] = starts.of("training")
form, picture = st.columns([2, 3], gap="large")
with form:
    which, on = st.columns(2)
    found = dataset_picker.available(state["dataset"])
    titles = dataset_picker.labels(found)
    name = state.draw(which.selectbox, "kind")
    dataset = state.draw(on.selectbox, "dataset", options=list(found), format_func=titles.__getitem__)
    kind = kinds.get(name)
    st.caption(f"{Words(found[dataset].form)(kind.idea)} *{kind.reference}*")
    this, more = st.container(), st.container()
with this:
    if path := found[dataset].path:
        tasks.note_use(path.name)
    progress.turn_to(name, dataset)
    for job in begun.new:
        progress.choose(job)
    begun.new.clear()
    hyperparameters, below = recipe_input.hyperparameters(kind)
    network = recipe_input.network(kind, dataset, more)
    recipe_input.tell_notes(kind, hyperparameters, network, below)
    training = recipe_input.training(network, dataset, more)
    if left_out := recipe_input.left_out(dataset, more):
        training["left_out"] = left_out
    default_title = f"{kind.title}, {network['latent_dim']} units"
    naming, starting = st.columns(2, vertical_alignment="bottom")
    what: spec.Spec | None = None
    try:
        what = spec.make_spec(name, dataset, hyperparameters, network, **training)
        if what.left_out:
            default_title = texts.short(f"{default_title}, {what.told_classes}", ownership.MAX_TITLE)
    except ExplorerError as error:
        alerts.error("These settings cannot be trained.", error, st.warning)
    title = naming.text_input("Name", placeholder=default_title, key="title", persist_state="session")
    refused, called = None, default_title
    try:
        called = tasks.check_title(title.strip() or default_title)
    except ExplorerError as error:
        refused = error
        alerts.error("This name cannot be used.", error, st.warning)
    try:
        tasks.check_trainer()
    except ExplorerError as error:
        refused = error
        alerts.error("This server shows models but does not train any.", error, st.info)
    try:
        if what is not None:
            tasks.check(what)
    except ExplorerError as error:
        refused = error
        alerts.error("This server trains smaller models only.", error, st.warning)
    start = starting.button(
        "Start training",
        key=begun.key,
        # Streamlit writes white on the primary colour, which is too light for that on dark ground.
        type="secondary" if st.context.theme.type == "dark" else "primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=what is None or refused is not None,
    )
    if start and what is not None:
        try:
            begun.add(tasks.submit(what, visitor.current(), called))
        except ExplorerError as error:
            alerts.error("The training could not be started.", error)
        else:
            st.rerun()
with more:
    sweep_input.show(dataset)

with picture:
    sweep_input.watch(state_of_it)
    shown = progress.pick(name, dataset)
    if shown is None:
        progress.show_shipped(name, dataset)
    elif shown.status.active:
        with state_of_it:
            progress.stand(shown.id)
        progress.watch(shown.id)
    else:
        progress.show_ended(shown)

if what is not None:
    source_code.show(f"""
import ae_core
from ae_core import data, figures
from ae_core.figures import Row

run = ae_core.train(
    {name!r},
    dataset={dataset!r},
    hyperparameters={hyperparameters!r},
    network={network!r},
    title={title.strip() or default_title!r},
    {", ".join(f"{option}={value!r}" for option, value in training.items())},
)
x = data.as_float(data.load({dataset!r}).split("test").images[:10])
rows = [Row("test {found[dataset].form.noun}", x), Row("at the end", run.reconstruct(x))]
figures.image_rows(rows, tile=56{source_code.form(found[dataset].form)}).show()
figures.learning_curves(run.run.history, unit=run.recipe.unit).show()
""")
