"""All units of a code side by side: what each draws, and what drives it."""

import numpy as np
import streamlit as st

from pages.serving import caches, fields, page_state
from pages.widgets import glossary, next_page, run_picker, source_code, unit_tiles
from pages.widgets.words import Words

SHOWN = 35  # five full rows on a desk
DENSE = 0.9  # share of the images for which a unit is active
FEWEST = 10  # images that make a unit active, for a share of them to say anything
USE, CLASS, EFFECT, NUMBER = "By use", "By class", "By effect", "By number"
ORDERS = {
    USE: "first those that are active for most images",
    CLASS: "by the class of most of the images that drive them, the purest first",
    EFFECT: "first those that change the image most that drives them most",
    NUMBER: "as the code has them",
}
FIELDS = (
    fields.choice(
        "sort",
        "Order",
        list(ORDERS),
        default=lambda values: USE if values["run"].spec.network.code_activation == "relu" else EFFECT,
    ),
    fields.number(
        "from-unit",
        "First unit",
        1,
        run_picker.units_of,
        1,
        of=run_picker.name_of,
        when=lambda values: run_picker.units_of(values) > SHOWN,
    ),
)

st.title("All units")
intro = st.container()
of_model, of_order = st.columns(2, gap="large")
with of_model:
    run = run_picker.pick(default="sparse-topk")
dataset, say = run.dataset, Words(run.form)
with intro:
    glossary.say(
        say(
            "What each [[unit]] of the [[code]] stands for: on the left what it adds to the image that drives it most, "
            "beside it the four test images for which it is largest. Click one to see more of it."
        )
    )
names = dataset.class_names
state = page_state.open(*FIELDS, run=run)
with st.spinner(say("Looking at what drives the units …")):
    driving, rates = caches.driving(run.run), caches.activity(run.run).rates
offered = [order for order in ORDERS if len(names) > 1 or order != CLASS]
order = state.segments("sort", of_order, options=offered)
if order == EFFECT:
    with st.spinner("Switching each unit off …"):
        keys = -caches.unit_effects(run.run)
elif order == CLASS:
    # Those of no class come last.
    keys = np.where(driving.leading < 0, len(names), driving.leading) - driving.share / 2
else:
    keys = -rates if order == USE else np.arange(run.latent_dim)
units = np.argsort(keys, kind="stable")
with of_order:
    st.caption(say(f"In this order: {ORDERS[order]}."))
    first = 1
    if run.latent_dim > SHOWN:
        first = state.draw(st.number_input, "from-unit", f"First of them, 1 to {run.latent_dim:,}", step=SHOWN)
shown = units[first - 1 : first - 1 + SHOWN]


def note(unit: int) -> str:
    """What leads among its strongest images, or how often it is active."""
    if rates[unit] == 0:
        return "dead"
    often = f"active for {rates[unit] * 100:.3g} %"
    if order == CLASS and driving.leading[unit] >= 0:
        return f"{names[driving.leading[unit]]} {driving.share[unit] * 100:.0f} %"
    return f"changes it by {caches.unit_effects(run.run)[unit]:.3f}" if order == EFFECT else often


dead, often = int((rates == 0).sum()), driving.counts >= FEWEST
pure = int(((driving.share >= 0.9) & often).sum())
counted = f"{run.latent_dim:,} units; {f'{dead:,} of them are' if dead else 'none of them is'} dead."
if len(names) > 1:
    counted += say(
        f" {pure:,} {'has' if pure == 1 else 'have'} a clear class: at least {FEWEST} images make it active, and of "
        f"the strongest, up to {unit_tiles.STRONGEST}, at least 90 % are of one class."
    )
st.markdown(counted)
unit_tiles.show(run, shown.tolist(), [note(unit) for unit in shown], key="tiles")
st.caption(
    say(
        "Orange was added and blue was taken away; each is drawn as strong as its own largest difference. A unit is "
        "dead if no test image makes it active."
    )
)
if np.median(rates) > DENSE:
    advice = (
        "Nearly every unit is active for nearly every image: none stands for anything alone. Compare a sparse model."
    )
elif dataset.name == "fashion-mnist":
    advice = (
        "In a sparse code each unit stands for a part of a few images that one can name: a heel, a strap, a sleeve. "
        "Compare a model without sparsity: its units are active for nearly all images and stand for nothing alone."
    )
else:
    advice = "Compare a model without sparsity: its units are active for nearly all images."
st.info(say(advice), icon=":material/visibility:")
next_page.link("units", say("See which units hold your image"), run=run.run.name)
source_code.show(f"""
import numpy as np

import ae_core
from ae_core import data, evaluation
from ae_core.latent import unit_facts

run = {source_code.opened(run.run)}
dataset = data.load({dataset.name!r})
test = dataset.split("test")
codes = run.encode(data.as_float(test.images))
active = evaluation.active(run, codes)
found = unit_facts.driving(codes, active, test.labels, {len(names)}, {unit_tiles.EXAMPLES})
for unit in {shown[:8].tolist()}:
    print(unit + 1, "active for", active[:, unit].mean(), "driven by", found.examples[unit])
""")
