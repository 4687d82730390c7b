"""A training as it goes: phase, time left, curves, and reconstructions that sharpen."""

import math

import numpy as np
import streamlit as st

from ae_core import comparison, data, figures, kinds, metrics, runs, tasks, training
from ae_core.data import as_float
from ae_core.errors import ExplorerError
from ae_core.figures import Row
from ae_core.forms import Form
from ae_core.runs import BrokenRun
from ae_core.spec import Spec
from ae_core.tasks import Job, catalog
from pages.serving import caches, page_state, visitor
from pages.serving.fields import Field, Values
from pages.widgets import alerts, counts, dataset_picker, menu, plot, run_picker, times, training_film, under_way
from pages.widgets.words import Words

# In the session.
NOT_STOPPED, NOT_RESUMED, SUBJECT, TURNED = "not-stopped", "not-resumed", "to-train", "turned-to-another"
LOOK_SECONDS = 0.5
IMPORT = "import-run"  # the name of the task
PREVIEWS = 10
SHOWING = (
    "lens",
    "latent_space",
    "paths",
    "directions",
    "all_units",
    "stability",
    "sampler",
    "reconstruct",
    "denoise",
)  # a model


def _linked(job_id: str, values: Values) -> str:
    if not runs.NOT_GUESSED.fullmatch(job_id):
        raise ValueError("Expected the id of a training.")
    try:
        return tasks.find(job_id).id
    except ExplorerError as error:
        raise ValueError(str(error)) from None


# The training that the page shows, whosesoever it is.
JOB = Field("job", "Your trainings", _linked, told="training (deleted, or mistyped)")


def choose(job: Job) -> None:
    """Has the page show this training, which has just begun."""
    page_state.put(JOB.name, job.id)
    st.session_state[TURNED] = False
    under_way.note([job])


def turn_to(kind: str, dataset: str) -> None:
    """Lets go of the training that is shown once the visitor turns to another kind or data set."""
    before = st.session_state.get(SUBJECT, (kind, dataset))
    if before != (kind, dataset):
        page_state.put(JOB.name, None)
        st.session_state[TURNED] = True
    st.session_state[SUBJECT] = (kind, dataset)


def pick(kind: str, dataset: str) -> Job | None:
    """The training to show, if any: the one that is picked, whosesoever it is, or else the visitor's latest one; once
    they have turned to another kind or data set, the latest that is of these or under way.

    Shows a picker where the visitor has any.
    """
    mine = {job.id: job for job in tasks.jobs_of(visitor.current())}
    state = page_state.open(JOB)
    asked = state["job"]
    every = not st.session_state.get(TURNED)
    of_these = [
        j for j in mine.values() if every or j.status.active or (j.spec.kind, j.spec.dataset) == (kind, dataset)
    ]
    of_these.sort(key=lambda job: job.status.state != "running")  # of several that were started, the one that learns
    shown = (mine.get(asked) or tasks.find(asked)) if asked else next(iter(of_these), None)
    others = shown is not None and shown.id not in mine
    if mine and (shown is None or len(mine) > 1 or others):
        # Its state is not in the label: by the time that one is chosen it may be another.
        called = run_picker.distinct({job.id: f"{_called(job)} · {_clock(job)}" for job in mine.values()})
        state.draw(
            st.selectbox,
            "job",
            shows=None if shown is None or others else shown.id,
            options=list(mine),
            index=None if others or shown is None else 0,
            format_func=called.__getitem__,
            placeholder="Opened by a link, not yours" if others else "None of this kind",
        )
    return shown


def _clock(job: Job) -> str:
    return times.say(job.status.submitted, seconds=True)


@st.fragment(run_every=LOOK_SECONDS)
def stand(job_id: str) -> None:
    """Says how far a training is, for as long as it is under way; only its owner can stop it."""
    try:
        job = tasks.find(job_id)
    except ExplorerError:
        return  # `watch` says so
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(job.status.fraction, text=job.stopping or standing(job))
        if tasks.owns(job, visitor.current()):
            _offer_to_stop(job)
        else:
            st.caption(f"Someone else's {_noun(job)}: you can watch it.")


@st.fragment(run_every=LOOK_SECONDS)
def watch(job_id: str) -> None:
    """Follows the curves and images of a training until it ends, then shows the page anew."""
    try:
        job = tasks.find(job_id)
    except ExplorerError as error:
        alerts.error("This training no longer exists.", error)
        return
    if not job.status.active:
        if tasks.owns(job, visitor.current()) and runs.linked(job.id) is not None:
            page_state.open(run_picker.RUN).choose(run_picker.RUN.name, job.id)  # other pages go on with it
        st.rerun(scope="app")
    _title(job)
    status = job.status
    if status.state == "queued" and not job.progress():
        st.caption("It waits for the trainings before it. You can leave the page; it starts by itself.")
        show_shipped(job.spec.kind, job.spec.dataset)
    elif job.task == IMPORT:
        st.caption(
            "TensorFlow is loading, and the networks are being built and tested: this takes 5 to 30 seconds, longer "
            "on a busy machine."
        )
    elif job.progress():
        _pictures(job, _epochs(job), "now")
        _film_so_far(job)
    else:
        st.caption(
            "TensorFlow is loading and the network is being built: the first curve takes 5 to 30 seconds, longer on a "
            "busy machine."
        )
        show_shipped(job.spec.kind, job.spec.dataset)


def standing(job: Job) -> str:
    """Where a job under way stands, in a few words."""
    status = job.status
    if status.state == "queued":
        return _waiting(tasks.place(job))
    left = f" · {_duration(status.seconds_left)} left" if status.seconds_left is not None else ""
    if status.phase != "Training":
        return f"{status.phase}{left}"
    return f"Epoch {min(status.epoch + 1, _epochs(job))} of {_epochs(job)}{left}"


def _waiting(place: tasks.Place) -> str:
    others = place.position
    before = f"{others} other{'s' * (others > 1)} first" if others else "Next in the queue"
    if place.trouble:
        return f"{before}. {place.trouble}"
    if place.seconds is None:
        return f"{before}, starts when a training ends"
    minutes = round(place.seconds / 60)
    return f"{before}, starts in about {minutes} min" if minutes else f"{before}, starts in under a minute"


def _offer_to_stop(job: Job) -> None:
    label = "Leave the queue" if job.status.state == "queued" else f"Stop {_noun(job)}"
    keeps = "What was learnt so far is kept as a model." if label == "Stop training" else None
    if job.status.phase == training.SAVING:
        keeps = "Its model is being saved. If you stop that, you can resume from the last finished epoch."

    def stop() -> None:
        try:
            tasks.request_stop(job)
        except ExplorerError as error:
            st.session_state[NOT_STOPPED] = str(error)

    st.button(
        label, icon=":material/stop:", disabled=bool(job.stopping), help=keeps, key=f"stop-{job.id}", on_click=stop
    )
    if refused := st.session_state.pop(NOT_STOPPED, None):
        alerts.error("It could not be stopped.", refused)


def _offer_to_resume(job: Job) -> None:
    def resume() -> None:
        try:
            choose(tasks.resume(job))
        except ExplorerError as error:
            st.session_state[NOT_RESUMED] = str(error)

    goes_on = "The training continues from the last finished epoch."
    # Its key says which: if the page shows another training by the time that it is clicked, it is not that one's.
    st.button("Resume", icon=":material/resume:", help=goes_on, key=f"resume-{job.id}", on_click=resume)


def show_ended(job: Job) -> None:
    """A training or import that has ended: its result, or why there is none, and what to do next."""
    _title(job)
    status, run = job.status, runs.read_or_tell(job.run_path) if job.run_path.exists() else None
    if status.state == "failed":
        alerts.error(f"This {_noun(job)} failed.", status.reason)
    elif run is None and status.reason:
        alerts.error(f"This {_noun(job)} was stopped.", status.reason, st.info)
    elif run is None and job.resumable:
        st.info(f"Stopped after {job.saved.epoch} of {counts.epochs(_epochs(job))}; it can be resumed from there.")
    elif run is None and status.state == "cancelled" and not status.starts:
        st.info("It left the queue before it began.")
    elif run is None:
        deleted = status.state == "finished" or status.epoch
        nothing = "nothing was kept." if job.task == IMPORT else "nothing was learnt."
        st.info("Its model was deleted." if deleted else f"Stopped before the first step: {nothing}")
    elif isinstance(run, BrokenRun):
        alerts.error(f"The model of this {_noun(job)} is damaged.", run.reason)
    else:
        if job.task == IMPORT:
            took = f", trained in {_duration(run.card.seconds)}" if run.card.seconds else ""
            st.success(f"Imported: {counts.epochs(run.card.epochs)}{took}.", icon=":material/check:")
        elif status.state == "finished":
            training, whole = run.card.seconds, status.updated - status.submitted
            # One that was resumed counts the seconds that it had before.
            around = f"; {_duration(whole)} with waiting, starting and saving" if whole > training else ""
            st.success(
                f"Finished: {counts.epochs(run.card.epochs)} in {_duration(training)}{around}.",
                icon=":material/check:",
            )
        else:
            st.info(
                f"Stopped after {status.epoch} of {counts.epochs(_epochs(job))}; what was learnt is kept as a model."
            )
            if status.reason:
                st.text(status.reason)
        figure = run.card.figure
        say = Words(run.spec.form)
        loss, mse, shift = st.columns(3)
        if run.spec.likelihood == "gaussian":
            loss.metric(
                "Test −log p, nats per value",
                f"{figure('nll'):.4f}",
                help=say(
                    "Negative log-density of the test images under a Gaussian around their reconstructions; smaller is "
                    "better. It is below 0 where errors are small."
                ),
            )
        else:
            loss.metric(
                say("Test BCE, nats per pixel"),
                f"{figure('bce'):.4f}",
                help=say(
                    "Binary cross-entropy on the test images; smaller is better. It cannot fall below the entropy of "
                    f"the pixels themselves, {figure('bce') - figure('above_floor'):.4f}."
                ),
            )
        help = say("Mean squared error on the test images; smaller is better.")
        mse.metric("Test MSE", metrics.written(figure("mse")), help=help)
        shift.metric(
            "Code shift",
            f"{figure('code_shift'):.3f}" if math.isfinite(figure("code_shift")) else "–",
            help=say(
                "How far units move when Gaussian noise of σ = 0.1 is added to the test images, as a share of how far "
                "they vary between images. Smaller is steadier; none if all codes are one."
            ),
        )
        told = [*comparison.settings(run).values(), f"seed {run.spec.training.seed}"]
        st.caption("Trained with " + alerts.escape_markdown(", ".join(told)))
        _tell_of_pca(run)
        _ways_on(job)
    if job.resumable and tasks.owns(job, visitor.current()):
        _offer_to_resume(job)
    if refused := st.session_state.pop(NOT_RESUMED, None):
        alerts.error("It could not be resumed.", refused)
    if isinstance(run, runs.Run):
        _learnt(run, job.progress())
        _film(run)
    else:
        _pictures(job, 0, "at the end")
        _film_so_far(job)


def _tell_of_pca(run: runs.Run) -> None:
    """Says how the model's error compares with that of PCA: of one's own data nobody knows another figure."""
    with st.spinner("Computing PCA of the training data …"):
        pca = comparison.pca_error(run.spec.dataset, run.spec.network.latent_dim)
    mse = run.card.figure("mse")
    if not (math.isfinite(pca) and math.isfinite(mse)):
        return
    units = counts.units(run.spec.network.latent_dim)
    beside = f"PCA with a code of {units} has an MSE of {metrics.written(pca)}"
    if mse < pca:
        st.caption(f"{beside}: this model is better by {1 - mse / pca:.0%}.")
    else:
        more = "more epochs, a larger network, or another learning rate"
        if best := training.overfits_after(run.history):
            more = (
                "fewer epochs, a smaller network, or more data. Its loss on training examples that were held out was "
                f"lowest after epoch {best} of {len(run.history)} and has risen since"
            )
        st.caption(f"{beside}, no worse than this model's: try {more}.")


def show_shipped(kind: str, dataset: str) -> None:
    """Where no curve has come yet: how a shipped run of that kind learnt on that data set, or else the data."""
    shipped = [r for r in runs.shipped() if isinstance(r, runs.Run)]
    alike = [r for r in shipped if (r.spec.kind, r.spec.dataset) == (kind, dataset)]
    run = next((r for r in alike if r.name == kind), alike[0] if alike else None)
    st.header("What to expect")
    if run is None:
        st.info("The curves and reconstructions of your training appear here, live.")
        about = data.load(dataset)
        st.image(dataset_picker.contact_sheet(dataset), width="stretch", alt=f"Some {about.form.noun}s of the data set")
        st.caption(f"What it will learn from: {about.sizes['train']:,} {about.form.noun}s, {about.form}.")
        return
    st.markdown(
        f"This is how the model that ships with the app, with {run.spec.network.latent_dim} units, learnt in "
        f"{counts.epochs(len(run.history))}. The curves of your training appear here, live."
    )
    _learnt(run, [])


def _learnt(run: runs.Run, steps: list) -> None:
    """The curves of a run, with steps between its epochs where they are known, and its reconstructions."""
    originals = caches.test_images(run.dataset.name, slice(PREVIEWS))
    try:
        _compare(originals, caches.load(run).reconstruct(originals), "at the end", run.spec.form)
    except ExplorerError as error:
        alerts.error("This model is damaged.", error)
    if run.history or steps:
        _curves(run.history, steps, run.spec, 0)


def _film(run: runs.Run) -> None:
    """What the training of a run did, where it was kept."""
    try:
        film = caches.film(run)
    except ExplorerError as error:
        alerts.error("The film of its training is damaged.", error)
        return
    if film is not None:
        training_film.show(film, run.spec, run.name)


def _film_so_far(job: Job) -> None:
    """What a training has done after the epochs that it has finished."""
    if (film := job.film()) is not None:
        training_film.show(film, job.spec, job.id, _epochs(job) if job.status.active else 0)


def _title(job: Job) -> None:
    st.header(f"{kinds.get(job.spec.kind).title} on {alerts.escape_markdown(job.spec.about.title)}")
    st.text(_called(job))  # a person's own words: never Markdown


def _called(job: Job) -> str:
    """Its model may have been renamed."""
    run = runs.linked(job.id)
    return run.title if isinstance(run, runs.Run) else job.title


def _pictures(job: Job, epochs: int, when: str) -> None:
    preview = job.preview()
    if preview is not None:
        try:
            originals = caches.test_images(job.spec.dataset, slice(len(preview)))
        except ExplorerError:  # it has been deleted
            originals = as_float(preview)[:0]
        if len(originals) == len(preview) and preview.shape[1:] == job.spec.form.shape:
            _compare(originals, as_float(preview), when, job.spec.form)
    history, steps = job.history(), job.progress()
    if steps:
        _curves(history, steps, job.spec, epochs)


def _compare(originals: np.ndarray, reconstructions: np.ndarray, when: str, form: Form) -> None:
    rows = [Row(f"test {form.noun}", originals), Row(when, reconstructions)]
    plot.show(
        lambda: figures.image_rows(rows, tile=56, form=form),
        key="preview",
        alt=f"Ten test {form.noun}s and their reconstructions",
        narrow=lambda: figures.image_rows(rows, tile=56, wrap=plot.WRAP, form=form),
    )


def _curves(history: list | tuple, steps: list, what: Spec, epochs: int) -> None:
    plot.show(
        figures.learning_curves(history, steps, unit_of(what), epochs),
        key="curves",
        alt="Loss terms by epoch",
    )
    st.caption("Line: loss of each step. Circles: loss on training examples that were held out.")


def unit_of(what: Spec) -> str:
    """The unit of a loss."""
    return Words(what.form)(kinds.get(what.kind).unit)


def _ways_on(job: Job) -> None:
    st.caption("See what it learnt:")
    with st.container(horizontal=True):
        for page in map(menu.PAGES.__getitem__, SHOWING):
            st.page_link(page.file, label=page.title, query_params={run_picker.RUN.name: job.id})


def _noun(job: Job) -> str:
    """What it is called in a sentence: training, or import."""
    return catalog.get(job.task).title.lower()


def _epochs(job: Job) -> int:
    return job.spec.training.epochs


def _duration(seconds: float) -> str:
    whole = int(np.ceil(seconds))
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60:02d} s"
