"""How near to the clean example models come over the level of noise, also of kinds that they never saw."""

import streamlit as st

from ae_core import figures, filters, uses
from ae_core import noise as kinds_of_noise
from ae_core.uses.noise import CHOSEN_BY, DRAWS, EXAMPLES, LEVELS, named, trained_on
from pages.serving import fields, page_state
from pages.widgets import alerts, measured, next_page, plot, run_picker, source_code
from pages.widgets.words import Words

MAX_RUNS = 4
UP = "PSNR, dB"
FIELDS = (
    fields.choice("kind", "Noise", list(kinds_of_noise.NOISES), fields.titled(kinds_of_noise.get)),
    fields.choice("at", "Level that is compared", LEVELS, "{:g}".format, default=0.3),
)

st.title("Unseen noise")
intro = st.container()
chosen = run_picker.pick_several(["denoising", "vanilla"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
form, say = dataset.form, Words(dataset.form)
by_filters = " and filters" if filters.of(form) else ""
with intro:
    st.markdown(
        say(
            f"How near to the clean image models, PCA{by_filters} come, over the level of the noise, also of kinds and "
            "levels that no model was trained on."
        )
    )
found = measured.of("noise", chosen)
state = page_state.open(*FIELDS)
kind = str(state.segments("kind"))
at = {named(kind, level): level for level in LEVELS}
plot.show(
    figures.over(uses.lines(found, at), f"level: {say(kinds_of_noise.NOISES[kind].level_help)}", UP),
    key="levels",
    alt=say("PSNR by the level of the noise, for each model, for PCA of its size and for filters"),
)
trained = []
for title in found:
    of = trained_on(chosen[title])
    noise = "no noise" if of is None else f"{kinds_of_noise.NOISES[of.kind].title} noise of level {of.level:g}"
    trained.append(f"**{alerts.escape_markdown(title)}** was trained on {noise}")
st.markdown("; ".join(trained) + ".")
tests = min(EXAMPLES, dataset.sizes["test"])
protocol = (
    f"PSNR of {tests:,} test images together, the same {DRAWS} draws of noise for all; “nothing done” is the noisy "
    "image. PCA encodes and decodes as the model does; the untrained network has no decoder."
)
if filters.of(form):
    protocol += (
        f" Filters have the width that is best at each level for {min(CHOSEN_BY, tests)} of the clean images, which "
        "one does not know in use."
    )
if form.is_image:
    protocol += " Non-local means is that of scikit-image, for one draw, since it is slow."
st.caption(say(protocol))
level = float(state.draw(st.select_slider, "at"))
measured.verdict("noise", found, named(kind, level), say)
measured.table("noise", found, say, at)
least = named(kind, LEVELS[0])
beaten = [
    title
    for title, (own, *floors) in found.items()
    if any(row.kind == "noisy" and row.mean(least) > own.mean(least) for row in floors)
]
if beaten:
    note = (
        f"With little noise of this kind nothing at all comes nearer than {', '.join(beaten)}: every small code loses "
        "detail. A model that never saw noise takes it for a part of the image where its code has room for it; a "
        "denoising model is best near the noise that it was trained on."
    )
else:
    note = (
        "Even with little noise these models come nearer than the noisy image: their codes hold the image and have no "
        "room for noise."
    )
st.info(alerts.escape_markdown(say(note)), icon=":material/visibility:")
next_page.link("denoise", say("See noisy images and what becomes of them"), run=next(iter(chosen.values())).run.name)
opened = source_code.several({title: run.run for title, run in chosen.items() if title in found})
source_code.show(f"""
import ae_core
from ae_core import figures, uses

runs = {opened}
measured = {{title: uses.read_or_measure("noise", run) for title, run in runs.items()}}
figures.over(uses.lines(measured, {at}), {f"level: {say(kinds_of_noise.NOISES[kind].level_help)}"!r}, {UP!r}).show()
""")
