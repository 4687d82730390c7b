"""Noise in, image out: any run against two classical filters, all given the same noise."""

import numpy as np
import streamlit as st

from ae_core import figures, filters, metrics, noise
from ae_core.figures import Row
from pages.serving import caches, fields, page_state
from pages.widgets import current_image, glossary, image_picker, next_page, plot, run_picker, source_code, tables
from pages.widgets.words import Words


def _level(values: fields.Values) -> str:
    """What links call the level: one that suits images is too much for signals, whose values fill the range."""
    return "level" if values["is_image"] else "signal-level"


FIELDS = (
    fields.choice("noise", "Noise", list(noise.NOISES), fields.titled(noise.get)),
    fields.number(
        "level", "Level", 0.0, 1.0, lambda values: 0.5 if values["is_image"] else 0.1, step=0.05, param=_level
    ),
    fields.seed("noise-seed", "Seed of the noise"),
    *image_picker.SEVERAL,
)
MEASURED = 100


def decibels(psnr: float, words: str = "{:.1f}") -> str:
    """A signal-to-noise ratio in words; it is infinite where nothing differs."""
    return words.format(psnr) if np.isfinite(psnr) else "identical"


st.title("Denoise")
words = st.empty()
of_model, of_image = st.columns([3, 2], gap="large", vertical_alignment="center")
with of_model:
    run = run_picker.pick(default="denoising")
dataset, say = run.dataset, Words(run.form)
noun = dataset.form.noun
filtered_by = " and by two classical filters, each at its best width" if filters.of(dataset.form) else ""
words.markdown(f"The same noisy {noun}s, cleaned by an autoencoder{filtered_by}.")
with of_image:
    image = current_image.show(dataset)
state = page_state.open(*FIELDS, dataset=dataset.name, is_image=dataset.form.is_image)
kind_of_noise, how_much, which = st.columns([2, 3, 1], vertical_alignment="bottom")
kind = state.draw(kind_of_noise.selectbox, "noise")
level = state.draw(how_much.slider, "level", f"Level: {say(noise.NOISES[kind].level_help)}")
again = which.button("New noise", icon=":material/casino:", width="stretch")
seed = state.next("noise-seed", again)
rows = image_picker.several(state, image.number)

measured = min(MEASURED, dataset.sizes["test"])
# One field of noise for the shown and the measured images, and for all three methods.
x = np.stack([image.x, *caches.test_images(dataset.name, np.concatenate([rows, np.arange(measured)]))])
noisy = noise.add(x, kind, level, seed)
shown = 1 + len(rows)
results = {"noisy": noisy, run.recipe.title.lower() + " model": run.reconstruct(noisy)}
for name, chosen in filters.of(dataset.form).items():
    width, filtered = filters.at_best_width(name, x, noisy, judged=slice(shown, None))
    label = "off is best" if width == chosen.widths[0] else f"{width:g} {chosen.unit}"
    results[f"{chosen.title} ({label})"] = filtered

picture_rows = [Row("clean", x[:shown])]
for name, images in results.items():
    of_each = metrics.psnr(x[:shown], images[:shown])
    picture_rows.append(
        Row(name.replace(" (", "<br>("), images[:shown], [decibels(d, "PSNR {:.1f} dB") for d in of_each])
    )
plot.show(
    lambda: figures.image_rows(picture_rows, tile=80, form=run.form),
    key="denoised",
    alt=say("Clean, noisy and denoised images"),
    narrow=lambda: figures.image_rows(picture_rows, tile=80, wrap=plot.WRAP, form=run.form),
)

st.header(f"Averages over {len(x) - shown} test {noun}s")
psnrs = [metrics.mean_psnr(x[shown:], y[shown:]) for y in results.values()]
columns = {f"{dataset.form.noun}s": list(results), "PSNR, dB": [decibels(d) for d in psnrs]}
if dataset.form.is_image:
    ssims = metrics.ssim(x[shown:], np.stack([y[shown:] for y in results.values()])).mean(axis=1)
    columns["SSIM"] = [f"{s:.3f}" for s in ssims]
tables.show(columns)
glossary.say(
    "Larger is better for [[PSNR]] and [[SSIM]]; an SSIM of 1 means identical images."
    if dataset.form.is_image
    else "Larger is better for [[PSNR]].",
    small=True,
)
unfiltered, ours, *theirs = psnrs
if not theirs:
    notice = (
        f"The model {'brings the rows closer to' if ours > unfiltered else 'leaves the rows no closer to'} the clean "
        "ones. There is no filter to compare it with: the columns of a table have no order."
    )
elif ours > max(theirs):
    notice = (
        f"Here the model comes {round(ours, 1) - round(max(theirs), 1):.1f} dB closer to the clean {noun}s than the "
        f"better filter. A filter smooths what it sees; the model draws {dataset.a_thing} like those it has learnt, "
        "maybe a different one."
    )
else:
    notice = f"Here the better filter comes at least as close to the clean {noun}s as the model, which " + (
        f"changes even {dataset.form.value}s without noise."
        if run.recipe.denoises
        else f"never saw noise in its training and treats it as a part of the {noun}."
    )
st.info(notice, icon=":material/visibility:")
next_page.link("reconstruct", f"See what it makes of clean {noun}s", run=run.run.name)
source_code.show(
    f"""
import numpy as np

import ae_core
from ae_core import data, figures, filters, metrics, noise
from ae_core.figures import Row
{image.imports}
run = {source_code.opened(run.run)}
images = data.as_float(data.load({dataset.name!r}).split("test").images)
rows = {rows.tolist()}
x = np.stack([{image.source}, *images[rows], *images[:{measured}]])
shown = 1 + len(rows)  # the others are measured
noisy = noise.add(x, {kind!r}, level={level!r}, seed={seed})

results = {{"noisy": noisy, {list(results)[1]!r}: run.reconstruct(noisy)}}
for name, chosen in filters.of(run.form).items():
    width, filtered = filters.at_best_width(name, x, noisy, judged=slice(shown, None))
    label = "off is best" if width == chosen.widths[0] else f"{{width:g}} {{chosen.unit}}"
    results[f"{{chosen.title}} ({{label}})"] = filtered

pictures = [Row("clean", x[:shown])]
for name, result in results.items():
    print(f"{{name}}: {{metrics.mean_psnr(x[shown:], result[shown:]):.1f}} dB")
    captions = [f"PSNR {{d:.1f}} dB" for d in metrics.psnr(x[:shown], result[:shown])]
    pictures.append(Row(name.replace(" (", "<br>("), result[:shown], captions))
figures.image_rows(pictures, tile=80{source_code.form(run.form)}).show()
""",
    reads=image.reads,
)
