"""Directions that two groups of examples make: walked from any image, weighed, kept by name; and analogies."""

import numpy as np
import streamlit as st

from ae_core import figures, kept_directions
from ae_core.errors import OptionError
from ae_core.figures import Row
from ae_core.latent import directions
from pages.serving import caches, page_state, visitor
from pages.widgets import (
    alerts,
    current_image,
    distinguishing,
    film,
    glossary,
    groups,
    image_picker,
    next_page,
    plot,
    run_picker,
    source_code,
    tables,
)
from pages.widgets.film import Strip
from pages.widgets.words import Words

FRAMES, REACH = 17, 2.0  # from so far before the image to so far behind it, in lengths of the direction

st.title("Directions")
intro = st.container()
of_model, of_image = st.columns([3, 2], gap="large", vertical_alignment="center")
with of_model:
    run = run_picker.pick()
dataset, say, noun = run.dataset, Words(run.form), run.form.noun
with intro:
    glossary.say(
        say(
            "The mean [[code]] of one group of test images, minus that of another: add the difference to an image and "
            "see what it does. A group is a class, images that you pick, or what you select on Lens or Map."
        )
    )
with of_image:
    image = current_image.show(dataset)
owner, kept = visitor.current(), groups.offer_kept(run)
left, right = st.columns(2, gap="large")
with left:
    first = groups.control(dataset.name, groups.FIRST)
with right:
    second = groups.control(dataset.name, groups.SECOND)

found = None
if first is None or second is None:
    st.info(say("Choose two groups: two classes, or images that you pick here or draw around on Lens or Map."))
else:
    try:
        found = groups.direction(run.run, first, second)
    except OptionError as error:
        alerts.error("These groups make no direction.", error, st.warning)

if found is not None and first is not None and second is not None:
    z = image.code(run)
    shares = np.linspace(-REACH, REACH, FRAMES)
    walked = z + shares[:, None] * found.vector
    images = run.decode(walked.astype(np.float32))
    strip = Strip(
        f"{image.name}, from “{first.label}” to “{second.label}”",
        images,
        say("At 0 the image as the model reconstructs it; at 1 the whole difference between the groups is added."),
        [FRAMES // 2],
        run.form,
    )
    film.show([strip], key="walked", start=0.5, values=shares.tolist())

    facts = st.container(horizontal=True, gap="medium")
    facts.metric(
        "Bootstrap cosine",
        f"{found.cosines.mean():.3f}",
        delta=f"by chance {found.floor:.2f}",
        delta_color="off",
        delta_arrow="off",
        help=say(
            f"The mean cosine between this direction and those of {len(found.cosines)} samples of the same groups, "
            f"drawn with replacement; in 5 % of them it is below {np.percentile(found.cosines, 5):.3f}. Groups "
            f"dealt at random from the same images reach {found.floor:.2f}: only more than that says that the groups "
            "differ."
        ),
        width="content",
    )
    facts.metric(
        "Share of the variance",
        f"{found.share * 100:.0f} %",
        help="How much of the variance of both groups' codes lies along it. The rest is what else differs in them.",
        width="content",
    )
    facts.metric(
        "Order, AUROC",
        f"{found.order:.3f}",
        help=say(
            "How often an image of the second group lies further along the direction than one of the first, where the "
            "direction was made from the other half of the images. 0.5 is chance."
        ),
        width="content",
    )
    gaps = float(np.linalg.norm(found.vector)) / caches.neighbour_distance(run.run)
    facts.metric(
        "Length",
        f"{gaps:.1f} gaps",
        help=say(
            "How far apart the mean codes of both groups are. Within one gap 99 % of the test images have another one."
        ),
        width="content",
    )

    picture, beside = st.columns([3, 2], gap="large")
    plane, places = groups.plane(run.run, first, second)
    with picture:
        start, end = plane.points(np.stack([found.start, found.start + found.vector]))
        plot.show(
            figures.direction_fan(
                places,
                (places[first.numbers], places[second.numbers]),
                (first.label, second.label),
                start,
                end,
                plane.points(found.start + found.drawn),
                plane.labels,
            ),
            key="fan",
            alt=f"Both groups on the plane, the direction between them, and {len(found.drawn)} of bootstrap samples",
        )
        st.caption(
            "The fan shows the directions of bootstrap samples: the narrower, the better the direction is known."
            + (f" The figure holds {plane.share * 100:.0f} % of the codes' variance." if run.latent_dim > 2 else "")
        )
    with beside:
        st.header("Keep it")
        with st.form("keep", border=False):
            name = st.text_input("Name", placeholder="such as longer sleeves", max_chars=kept_directions.MAX_NAME)
            if st.form_submit_button("Keep", icon=":material/bookmark_add:"):
                try:
                    kept_directions.keep(run.run, owner, name, first.text, second.text)
                except OptionError as error:
                    alerts.error("It was not kept.", error, st.warning)
                else:
                    st.toast(f"Kept as {alerts.escape_markdown(name)}.", icon=":material/bookmark_added:")
                    st.rerun()
        st.caption("It is kept with the model, for you. The link of this page shows it to others.")
        others = [one for one in kept if (one.first, one.second) != (first.text, second.text)]
        if others:
            cosines = {}
            for one in others:
                try:
                    pair = groups.read_both(dataset.name, one.first, one.second)
                    other = directions.vector(*(caches.codes(run.run)[group.numbers] for group in pair))
                    cosines[one.name] = float(directions.cosine(other, found.vector))
                except (OptionError, ValueError):
                    continue
            tables.show(
                {
                    "kept direction": [alerts.escape_markdown(name) for name in cosines],
                    "cosine": [f"{value:+.2f}" for value in cosines.values()],
                }
            )
        if kept:
            gone = st.selectbox(
                "Delete", [one.name for one in kept], index=None, placeholder="A kept direction", key="forget"
            )
            if gone is not None and st.button("Delete it", icon=":material/delete:"):
                try:
                    kept_directions.forget(run.run, owner, gone)
                except OptionError as error:
                    alerts.error("It was not deleted.", error, st.warning)
                else:
                    st.rerun()

    st.header("What tells the groups apart")
    distinguishing.show(run, second.numbers, second.text, "apart", first.numbers, first.text)
    next_page.link(
        "paths",
        "Walk along it on Paths, and take the film along",
        run=run.run.name,
        path="Along a direction",
        along="Between two groups",
    )
    next_page.link("lens", "See it on the plane that decodes under the pointer", run=run.run.name)

st.header("Analogy")
st.markdown("A is to B as C is to …: the code of C, plus that of B, minus that of A.")
state = page_state.open(*groups.ANALOGY, dataset=dataset.name)
columns = st.columns(3)
rows = []
for column, name in zip(columns, ("a", "b", "c"), strict=True):
    with column:
        rows.append(image_picker.one(state, name))
codes = caches.codes(run.run)
a, b, c = codes[rows]
answer = directions.analogy(a, b, c)
near, far = caches.index(run.run).nearest(answer, 6)
shown = [
    Row("A, B, C", caches.test_images(dataset.name, rows), [figures.plain(dataset.called(n)) for n in rows]),
    Row("decoded", run.decode(np.stack([a, b, c, answer])), ["A", "B", "C", "the answer"]),
    Row("nearest", caches.test_images(dataset.name, near), [figures.plain(dataset.called(n)) for n in near]),
]
plot.show(
    figures.image_rows(shown, tile=84, form=run.form),
    key="analogy",
    alt=say("Three images; they and the answer, decoded; and the test images nearest to the answer"),
)
gap = far[0] / caches.neighbour_distance(run.run)
itself = " It is C itself." if near[0] == rows[2] else ""
st.caption(
    say(
        f"The last of the decoded ones is the answer. The nearest test image lies {gap:.1f} gaps from it.{itself} An "
        "answer that lies near C says that the difference between A and B is small, not that the analogy holds."
    )
)
st.info(
    say(
        "A direction mixes whatever differs between its groups: from shirts to dresses the garment gets longer, and "
        "the sleeves go. Compare two directions by their cosine, and try one on an image of another class."
    )
    if dataset.name == "fashion-mnist"
    else say("A direction mixes whatever differs between its groups. Try one on an image of another class."),
    icon=":material/visibility:",
)
of_groups = ""
if found is not None and first is not None and second is not None:
    of_groups = f"""
first, second = {groups.source(first)}, {groups.source(second)}
direction = directions.between(codes[first], codes[second])
print(direction.cosines.mean(), direction.share, direction.order)
x = {image.source}
steps = np.linspace(-{REACH}, {REACH}, {FRAMES})[:, None]
walked = run.decode({image.code_source} + steps * direction.vector)
figures.image_rows([Row("", walked)]{source_code.form(run.form)}).show()
"""
source_code.show(
    f"""
import numpy as np

import ae_core
from ae_core import data, figures
from ae_core.figures import Row
from ae_core.latent import directions, nearest
{image.imports}
run = {source_code.opened(run.run)}
test = data.load({dataset.name!r}).split("test")
images = data.as_float(test.images)
codes = run.encode(images)
{of_groups}
answer = directions.analogy(*codes[{rows}])
print("nearest to the answer:", nearest(codes, answer, 6)[0])
figures.image_rows([Row("answer", run.decode(answer[None]))]{source_code.form(run.form)}).show()
""",
    reads=image.reads if of_groups else (),
)
