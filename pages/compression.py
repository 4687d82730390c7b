"""How few bits keep an example: rounded and packed codes, beside what one would use instead."""

import math

import numpy as np
import streamlit as st

from ae_core import data, figures, metrics
from ae_core.figures import Row
from ae_core.uses import coders, compression
from pages.serving import caches, fields, page_state
from pages.widgets import (
    alerts,
    current_image,
    glossary,
    image_picker,
    measured,
    next_page,
    plot,
    run_picker,
    source_code,
    tables,
)
from pages.widgets.words import Words

MAX_RUNS = 4
QUALITIES = {"psnr": "PSNR", "ssim": "SSIM"}
AXES = {"psnr": "PSNR, dB", "ssim": "SSIM"}
FIELDS = (
    fields.choice("quality", "Quality", list(QUALITIES), QUALITIES.__getitem__),
    fields.choice("rate", "Bits of the grid", compression.RATES, default=compression.USUAL),
    *image_picker.SEVERAL,
)


def count(number: float) -> str:
    """A number of examples in words."""
    return "never" if math.isinf(number) else f"from {number:,.0f}"


st.title("Compression")
intro = st.container()
chosen = run_picker.pick_several(["vanilla", "convolutional"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
form, say = dataset.form, Words(dataset.form)
with intro:
    glossary.say(
        say(
            "How few bits keep an image as its [[code]], and how near it comes back, beside what one would use instead."
        )
    )
found = measured.of("compression", chosen)
state = page_state.open(*FIELDS, dataset=dataset.name)
quality = str(state.segments("quality", label_visibility="collapsed")) if form.is_image else "psnr"
plot.show(
    figures.over(compression.curves(found, quality), f"bits per {form.noun}", AXES[quality]),
    key="curves",
    alt=say(f"{QUALITIES[quality]} by the bits that an image takes, for each model and for what one would use instead"),
)
tests = min(compression.EXAMPLES, dataset.sizes["test"])
protocol = (
    f"The codes of {tests:,} test images are rounded to one grid and packed by an entropy coder; bits are the length "
    "of that stream, the coder's own tables included, over their number. Points are grids of 1 to 8 bits for the unit "
    "that varies most. PCA is packed likewise. "
)
protocol += (
    f"JPEG and WebP: at eight qualities, {min(compression.COMPARED, tests):,} images in a file each, and all in one "
    "file, a mosaic. Small images pay for headers: a JPEG of nothing takes over a thousand bits. SSIM is the mean over "
    f"{min(compression.COMPARED, tests):,} images."
    if form.is_image
    else "Zlib packs the values themselves, rounded to 1 to 8 bits."
)
st.caption(say(protocol))

st.header("What comes as near, and what the decoder costs")
rate = int(state.draw(st.select_slider, "rate"))
own = {title: rows[0] for title, rows in found.items()}
summary = {
    "": [alerts.escape_markdown(title) for title in own],
    "bits": [f"{row.mean(f'bits_{rate}'):,.1f}" for row in own.values()],
    "PSNR, dB": [f"{row.mean(f'psnr_{rate}'):.2f}" for row in own.values()],
    "SSIM": [f"{row.mean(f'ssim_{rate}'):.3f}" for row in own.values()],
    "decoder, kB": [f"{row.mean('gzip') / 1000:,.0f}" for row in own.values()],
}
if not form.is_image:
    del summary["SSIM"]
tables.show(summary)
bills = {title: compression.bill(rows, rate) for title, rows in found.items()}
for title, others in bills.items():
    st.markdown(f"To come as near as **{alerts.escape_markdown(title)}**:")
    tables.show(
        {
            "instead": [other.title for other in others],
            f"bits per {form.noun}": ["not reached" if math.isnan(b.bits) else f"{b.bits:,.0f}" for b in others],
            f"the decoder pays, {form.noun}s": ["" if math.isnan(b.pays) else count(b.pays) for b in others],
        }
    )
st.caption(
    say(
        "Bits at the model's PSNR, between two that were measured; the fewest that were measured where those do "
        "better. Whoever unpacks codes needs the decoder, packed by gzip: from so many images on, the bits that are "
        "saved make up for it, beside PCA for what it is larger than PCA's."
    )
)

st.header(say("The same images"))
image = current_image.show(dataset)
rows = image_picker.several(state, image.number)
x = np.stack([image.x, *caches.test_images(dataset.name, rows)])
first = next(iter(own.values()))
target = first.mean(f"bits_{rate}")
shown = [Row("original", x)]


def add(title: str, mean: float, back: np.ndarray, bits: np.ndarray) -> None:
    """Adds a row with what each image takes."""
    captions = [f"{b:,.0f} bits, {p:.1f} dB" for b, p in zip(bits, metrics.psnr(x, back), strict=True)]
    shown.append(Row(f"{figures.wrapped(title)}<br>{mean:,.0f} bits", back, captions))


with st.spinner("Packing …"):
    for title in found:
        run = chosen[title]
        among = caches.codes(run.run)[: compression.EXAMPLES]
        add(title, own[title].mean(f"bits_{rate}"), *compression.through(coders.of_run(run), x, among, rate))
    for row in {floors[0].title: floors[0] for _, *floors in found.values()}.values():
        pca = coders.pca(dataset, row.units)
        among = caches.principal_codes(dataset.name, row.units)[: compression.EXAMPLES]
        near = compression.nearest(row, target)
        add(pca.title, row.mean(f"bits_{near}"), *compression.through(pca, x, among, near))
    if form.is_image:
        test = data.load(dataset.name).split("test").images
        for row in next(iter(found.values())):
            if row.kind in ("jpeg-mosaic", "webp-mosaic"):
                kind = row.kind.removesuffix(compression.WHOLE)
                back, bits = compression.beside_others(kind, x, test, compression.nearest(row, target))
                add(row.title, bits, back, np.full(len(x), bits))
plot.show(
    lambda: figures.image_rows(shown, tile=72, form=form),
    key="pictures",
    alt=say("Images as they are, and as each code gives them back"),
    narrow=lambda: figures.image_rows(shown, tile=72, wrap=plot.WRAP, form=form),
)
told = (
    f"What stands beside {alerts.escape_markdown(next(iter(own)))} has the grid or the quality whose bits are nearest "
    "to its own"
)
if form.is_image:
    sizes = {kind: compression.alone(kind, image.x) for kind in compression.CODECS}
    told += (
        "; JPEG and WebP share a file with others, so that all are a thousand. "
        f"In a file of its own, the first image takes {sizes['png']:,} bits as PNG, and at the lowest quality "
        f"{sizes['jpeg']:,} as JPEG, {sizes['webp']:,} as WebP"
    )
st.caption(
    f"{told}. " + say("An image's own bits are those of an ideal coder that knows how often each unit has which value.")
)
st.info(
    say(
        "A code of few units takes few bits, but has a ceiling: more bits do not make it better, and an image unlike "
        "those that it learnt comes back as another one. PCA, which is also learnt, is close by, and "
        "often ahead."
    ),
    icon=":material/visibility:",
)
next_page.link("reconstruct", say("See what is lost without rounding"), run=next(iter(chosen.values())).run.name)
opened = source_code.several({title: run.run for title, run in chosen.items() if title in found})
files = (
    """
for row in next(iter(measured.values())):
    if row.kind in ("jpeg-mosaic", "webp-mosaic"):
        kind = row.kind.removesuffix(compression.WHOLE)
        back, bits = compression.beside_others(kind, x, test, compression.nearest(row, target))
        add(row.title, bits, back, np.full(len(x), bits))"""
    if form.is_image
    else ""
)
source_code.show(
    f"""
import numpy as np

import ae_core
from ae_core import data, figures, metrics, uses
from ae_core.figures import Row
from ae_core.uses import coders, compression
{image.imports}
runs = {opened}
measured = {{title: uses.read_or_measure("compression", run) for title, run in runs.items()}}
figures.over(compression.curves(measured, {quality!r}), {f"bits per {form.noun}"!r}, {AXES[quality]!r}).show()

dataset = data.load({dataset.name!r})
test = dataset.split("test").images
images = data.as_float(test)
x = np.stack([{image.source}, *images[{rows.tolist()}]])
rate = {rate}
target = next(iter(measured.values()))[0].mean(f"bits_{{rate}}")
shown = [Row("original", x)]


def add(title, mean, back, bits):
    captions = [f"{{b:,.0f}} bits, {{p:.1f}} dB" for b, p in zip(bits, metrics.psnr(x, back))]
    shown.append(Row(f"{{figures.wrapped(title)}}<br>{{mean:,.0f}} bits", back, captions))


for title, run in runs.items():
    coder = coders.of_run(run)
    among, mean = coder.encode(test)[: compression.EXAMPLES], measured[title][0].mean(f"bits_{{rate}}")
    add(title, mean, *compression.through(coder, x, among, rate))
for row in {{rows[1].title: rows[1] for rows in measured.values()}}.values():
    pca = coders.pca(dataset, row.units)
    among = pca.encode(test)[: compression.EXAMPLES]
    near = compression.nearest(row, target)
    add(pca.title, row.mean(f"bits_{{near}}"), *compression.through(pca, x, among, near))
{files.strip()}
figures.image_rows(shown, tile=72, form=dataset.form).show()
""",
    reads=image.reads,
)
