"""The units of an image: which hold it, what drives those, and what is left without them."""

import numpy as np
import streamlit as st

from ae_core import figures, metrics
from ae_core.latent import traversals
from pages.serving import caches, fields, page_state
from pages.widgets import current_image, film, glossary, next_page, plot, run_picker, source_code, unit_tiles
from pages.widgets.film import Strip
from pages.widgets.words import Words

SHOWN = 12  # rows
HOLDING = 12  # units with what drives them
SWITCHES = 32
APART = 24  # that are switched off one after another
FRAMES = 11
FIELDS = (
    fields.number(
        "row",
        "First row",
        1,
        run_picker.units_of,
        1,
        of=run_picker.name_of,
        when=lambda values: run_picker.units_of(values) > SHOWN,
    ),
    fields.choice(
        "off",
        "Units",
        lambda values: range(1, run_picker.units_of(values) + 1),
        between=",",
        default=lambda values: [],
        of=run_picker.name_of,
    ),
)

st.title("Units at work")
intro = st.container()

of_model, of_image = st.columns([3, 2], gap="large", vertical_alignment="center")
with of_model:
    run = run_picker.pick(default="sparse-visible")
dataset = run.dataset
say = Words(run.form)
with intro:
    glossary.say(
        say(
            "Which [[units|unit]] of its [[code]] hold an image: what each adds to it, which other images drive the "
            "unit, and what is left once it is off. Click a unit to see more of it."
        )
    )
with of_image:
    image = current_image.show(dataset)
state = page_state.open(*FIELDS, run=run)
z, ranges = image.code(run), caches.unit_ranges(run.run)
changes = traversals.changes(run, z, ranges)

off_values = caches.off_values(run.run)
shares = traversals.shares(run, z, off_values)
ranked = np.argsort(-shares, kind="stable")
# First what holds the image, then what could change it most; of equal ones the lower number first.
order = np.lexsort((-changes, -shares))
ranked = ranked[shares[ranked] > 0]
x = image.x

st.header("What holds it")
if not len(ranked):
    st.info(say("No unit is active for this image: it has an empty code."))
else:
    strongest = ranked[:HOLDING]
    unit_tiles.show(
        run,
        strongest.tolist(),
        [f"holds {share:.3f}" for share in shares[strongest]],
        key="holding",
        codes=np.tile(z, (len(strongest), 1)),
    )
    st.caption(
        say(
            "On the left what the unit adds to this image, beside it the test images that drive the unit most. The "
            "number says how far the image changes without it: the root mean square over its pixels."
        )
    )
    if len(ranked) > 1:
        st.header("Switched off one by one")
        taken = ranked[:APART]
        codes_left = np.tile(z, (len(taken) + 1, 1))
        for k, unit in enumerate(taken, 1):
            codes_left[k:, unit] = off_values[unit]
        left_over = run.decode(codes_left)
        errors = metrics.squared_error(np.broadcast_to(x, left_over.shape), left_over)
        listed = ", ".join(str(unit + 1) for unit in taken[:8]) + (" …" if len(taken) > 8 else "")
        strip = Strip(
            "Reconstruction without the units that hold it most",
            left_over,
            f"Off in this order: {listed}. The MSE is {metrics.written(errors[0])} with all units and "
            f"{metrics.written(errors[-1])} at the end.",
            [0],
            run.form,
        )
        film.show([strip], key="apart", start=0.0, values=list(range(len(taken) + 1)))
        st.caption("The number is how many units are off.")

rows, switches = st.columns([3, 2], gap="large")
with rows:
    st.header("Each moved through its range")
    glossary.say(
        say(
            "Each line moves one unit from its 1st to its 99th [[percentile]] among the test images and keeps all "
            "others. Those that hold the image come first."
        ),
        small=True,
    )
    first = 1
    if run.latent_dim > SHOWN:
        first = state.draw(st.number_input, "row", f"First row, 1 to {run.latent_dim}", step=SHOWN)
    shown = order[first - 1 : first - 1 + SHOWN]
    values = np.linspace(ranges[shown, 0], ranges[shown, 1], FRAMES, axis=1)
    pictures = traversals.traverse_units(run, z, shown, values)
    plot.show(
        lambda: figures.traversals(shown, values, z[shown], changes[shown], pictures, form=run.form),
        key="traversals",
        alt=say(
            f"Rows of images: each moves one of the units {', '.join(str(u + 1) for u in shown)} through its range"
        ),
        # Every other image, and labels of one line, which a row of a phone has room for.
        narrow=lambda: figures.traversals(
            shown, values[:, ::2], z[shown], changes[shown], pictures[:, ::2], brief=True, form=run.form
        ),
    )
    still = int((changes == 0).sum())
    no_range = f" {still} of {run.latent_dim} units have no range: 98 % of the images have the same value."
    st.caption(
        say(
            "Each line begins with the unit's value in this image and, on a wide screen, its range. The image closest "
            f"to that value has an orange border.{no_range if still else ''}"
        )
    )

with switches:
    st.header("Switch units off")
    holding = [int(unit) + 1 for unit in ranked[:SWITCHES]]
    off = state["off"]
    state.draw(
        st.pills,
        "off",
        say("Units to switch off, first those without which most of this image is lost"),
        options=[*holding, *(number for number in off if number not in holding)],
        selection_mode="multi",
        wrap=True,
    )
    switched = traversals.switch_off(run, z, [number - 1 for number in off], off_values)
    x_hat, without = run.decode(np.stack([z, switched]))
    gone = "" if not off else f"unit {off[0]}" if len(off) == 1 else f"{len(off)} units"
    plot.show(
        figures.without_units(x, x_hat, without, gone, run.form),
        key="switched",
        alt="The original, its reconstruction"
        + (f", and what is left of it without {gone}" if gone else "")
        + "; below each its error",
    )
    whole, rest = metrics.squared_error(np.stack([x, x]), np.stack([x_hat, without])).tolist()
    before, after = st.columns(2)
    before.metric("MSE with all units", metrics.written(whole))
    if off:
        added = round(rest, 4) - round(whole, 4)  # as they stand there
        change = f"{added:+.4f}" if abs(added) >= 5e-5 else None
        after.metric(f"Without {gone}", metrics.written(rest), delta=change, delta_color="inverse")
    silent = run.spec.network.code_activation in ("relu", "sigmoid")
    speaking = f"{int((z != off_values).sum())} of {run.latent_dim} units are active for this image. " if silent else ""
    how = "set to 0" if silent else "set to its mean over the test images"
    tells = f"{speaking}A unit that is switched off is {how}. In the errors, orange was added and blue was lost."
    st.caption(say(tells))
st.info(
    say(
        "In a sparse model most units are inactive for any one image; only the others can be switched off here. A few "
        "units hold nearly all of the image. In a vanilla model every unit holds a part of it."
    ),
    icon=":material/visibility:",
)
next_page.link("sparsity", "Count the active units of several models", run=run.run.name)
source_code.show(
    f"""
import numpy as np

import ae_core
from ae_core import data, figures
from ae_core.latent import traversals
{image.imports}
run = {source_code.opened(run.run)}
images = data.as_float(data.load({dataset.name!r}).split("test").images)
codes = run.encode(images)
x = {image.source}
z, ranges = {image.code_source}, traversals.unit_ranges(codes)

changes, off = traversals.changes(run, z, ranges), traversals.off_values(run, codes)
units = np.lexsort((-changes, -traversals.shares(run, z, off)))[{first - 1}:{first - 1 + SHOWN}]
values = np.linspace(ranges[units, 0], ranges[units, 1], {FRAMES}, axis=1)
pictures = traversals.traverse_units(run, z, units, values)
figures.traversals(units, values, z[units], changes[units], pictures{source_code.form(run.form)}).show()

switched = traversals.switch_off(run, z, {[number - 1 for number in off]}, off)
x_hat, without = run.decode(np.stack([z, switched]))
figures.without_units(x, x_hat, without, {gone!r}{source_code.form(run.form)}).show()
""",
    reads=image.reads,
)
