"""How far codes move when images are nudged: any runs over the size of the nudge."""

import numpy as np
import streamlit as st

from ae_core import figures, metrics, stability, uses
from ae_core.figures import Row
from ae_core.uses import transforms
from pages.serving import caches, fields, page_state
from pages.widgets import alerts, current_image, glossary, measured, next_page, plot, run_picker, source_code, tables
from pages.widgets.words import Words

MAX_RUNS = 4
FIELDS = (fields.choice("sigma", "Noise that is added (σ)", stability.SIGMAS, "{:g}".format, default=stability.SIGMA),)
SHOWN = {"moved": "How far codes move", "probe": "What a probe still tells"}
MOVED, TOLD = "shift, share of the units' spread", "accuracy of a linear probe"
OF_TRANSFORMS = (
    fields.choice("transform", "Transform", lambda values: values["transforms"], fields.titled(transforms.get)),
    fields.choice("measure", "Figure", list(SHOWN), SHOWN.__getitem__, when=lambda values: values["classes"]),
)

st.title("Stability")
intro = st.container()
overlaid = run_picker.pick_several(["contractive", "vanilla"], MAX_RUNS)
dataset = next(iter(overlaid.values())).dataset
say = Words(dataset.form)
with intro:
    glossary.say(
        say(
            "How far the [[code]] of an image moves when a little noise is added to it, compared with how far codes "
            "vary between images."
        )
    )
with st.spinner("Nudging the test images …" if dataset.form.is_image else "Nudging the test examples …"):
    curves = {title: caches.nudge_curve(run.run) for title, run in overlaid.items()}
at = stability.SIGMAS.index(stability.SIGMA)
tables.show(
    {
        "model": [*map(alerts.escape_markdown, overlaid)],
        f"shift at σ = {stability.SIGMA:g}": [f"{curve[at]:.3f}" for curve in curves.values()],
        f"at σ = {stability.SIGMAS[0]:g}": [f"{curve[0]:.4f}" for curve in curves.values()],
        "test MSE": [metrics.written(caches.errors(run.run).mean()) for run in overlaid.values()],
    }
)
left, right = st.columns([3, 2], gap="large")
with left:
    plot.show(
        figures.nudge_curves(stability.SIGMAS, curves, stability.SIGMA),
        key="curves",
        alt="Shift of the units over the size of the noise, for each model",
    )
    st.caption(
        say(
            "Root mean square over units and test images: 1 is as far as a unit varies between images. Each unit is "
            "measured by its own spread, so that no unit that varies much hides the others. Twice the noise moves a "
            "linear code twice as far; noisy values are cut to the range from 0 to 1, which bends a line as well."
        )
    )
with right:
    image = current_image.show(dataset)
    state = page_state.open(*FIELDS)
    sigma = float(state.draw(st.select_slider, "sigma"))
    noise = np.random.default_rng(0).standard_normal(image.x.shape, dtype=np.float32)
    nudged = np.clip(image.x + np.float32(sigma) * noise, 0, 1)
    both = np.stack([image.x, nudged])
    rows = [Row(dataset.form.noun, both)]
    rows += [Row(figures.wrapped(title), run.reconstruct(both)) for title, run in overlaid.items()]
    plot.show(
        figures.image_rows(rows, ["as it is", "nudged"], tile=76, form=dataset.form),
        key="nudged",
        alt=say("An image and the same with noise, and what each model reconstructs of both"),
    )
st.info(
    say(
        "A contractive model is trained to keep its code still, a denoising one to give the clean image. In a sparse "
        "code of many units noise changes which of them are active. Compare them with vanilla."
    ),
    icon=":material/visibility:",
)

transformed, made = transforms.of_form(dataset.form), ""
st.header(say("Turned, shifted, dimmed" if dataset.form.is_image else "Shifted in time, amplified"))
found = measured.of("transforms", overlaid, ends=False)
if found:
    has_classes = any("probe" in row.figures for rows in found.values() for row in rows)
    state = page_state.open(*OF_TRANSFORMS, transforms=[t.name for t in transformed], classes=has_classes)
    one, other = st.columns([3, 2])
    chosen = transforms.get(state.segments("transform", one))
    measure = state.segments("measure", other) if has_classes else "moved"
    where, up = chosen.at(measure), TOLD if measure == "probe" else MOVED
    if measure == "probe" and 1 not in where.values():
        where = {"probe": 0.0} | where
    plot.show(
        figures.over(uses.lines(found, where), chosen.across, up, False, measure == "moved"),
        key="transforms",
        alt="How far codes move, or what a probe tells, over the strength of a transform, for each model and floor",
    )
    st.caption(
        say(
            f"{transforms.DRAWS} draws of up to {transforms.TESTED:,} test images, each changed to one side at random; "
            "bars are a standard deviation over draws. What comes in at the rim is as the rim was. As above, 1 is as "
            "far as a unit varies between images, and each unit is measured by its own spread: rim pixels and small "
            "principal components vary little, so that they count as much as large ones. The codes of two images "
            "taken at random are 1.4 apart."
        )
        + (
            say(" The probe is logistic regression on codes of unchanged images, never of changed ones.")
            if has_classes
            else ""
        )
    )
    measured.table("transforms", found, say)
    measured.verdict("transforms", found, getattr(chosen, measure)(chosen.figured), say)
    st.info(
        say(
            "No model that ships was shown a changed image, and a probe of its code loses about as much as one of "
            "principal components, even where the code moves half as far. What a code is to ignore it must be "
            "taught. A code may also stay because it carries little: hold how far it moves against what a probe tells."
            if has_classes
            else "No model that ships was shown a changed image. What a code is to ignore it must be taught; it may "
            "also stay because it carries little."
        ),
        icon=":material/visibility:",
    )
    made = f"""
measured = {{
    title: uses.read_or_measure("transforms", run)
    for title, run in runs.items()
    if title in {list(found)!r}
}}
figures.over(uses.lines(measured, {where}), {chosen.across!r}, {up!r}, False, {measure == "moved"}).show()
"""
next_page.link("lens", "See the plane of such a model beside vanilla's", run="contractive-2d", beside="vanilla-2d")
opened = source_code.several({title: run.run for title, run in overlaid.items()})
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import data, figures, stability{", uses" * bool(made)}

runs = {opened}
x = data.as_float(data.load({dataset.name!r}).split("test").images)
curves = {{title: np.sqrt(stability.nudge_curve(run.encode, x)) for title, run in runs.items()}}
figures.nudge_curves(stability.SIGMAS, curves, stability.SIGMA).show()
{made}""")
