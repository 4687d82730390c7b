"""Where the test images lie in a run's latent space, and what those that are selected have in common."""

import hashlib

import numpy as np
import streamlit as st

from ae_core import data, figures, latent
from ae_core.figures import Row
from pages.widgets import caches, code, codes_table, plot, projection, run_picker, say, selection, settings

SHOWN = 64
NEIGHBOURS = 8
ROW = 44  # pixels
CHOICES = (1000, 3000, 10_000)
ORDERS = ("By number", "Strangest first", "Most familiar first")

st.title("Latent space")
st.markdown(
    "Every dot is a test image at its code. Draw around some, and see what they have in common; click a class in the "
    "legend to bring it out; come near, and the dots become their images."
)

run = run_picker.pick()
dataset = data.load(run.spec.dataset)
labels, x = caches.test_labels(dataset.name), caches.test_images(dataset.name)
codes, errors = caches.codes(run.run), caches.errors(run.run)
selected = selection.current(dataset.name)
picked = selection.picked(dataset.name)


def select(numbers: list[int]) -> None:
    """What was drawn around or clicked; one dot is also looked at closely, and leaves a selection that it is in."""
    if len(numbers) == 1:
        selection.pick(dataset.name, numbers[0])
    elif not numbers:
        selection.pick(dataset.name, None)
    if len(numbers) != 1 or numbers[0] not in selection.current(dataset.name):
        selection.set(dataset.name, numbers)


with st.container(horizontal=True, gap="large"):
    wanted = projection.pick(run)
    choices = [n for n in CHOICES if n < len(labels)] + [len(labels)]
    count = settings.control(
        st.segmented_control,
        "Test images",
        choices,
        default=choices[-1],
        format_func=lambda n: f"{n:,}",
        required=True,
        key=f"points-{dataset.name}",
    )

map_column, gallery = st.columns([3, 2], gap="large")
with map_column:
    projected = projection.show(run, wanted)
    plot.dots(
        figures.scatter(projected.places[:count], labels[:count], dataset.class_names, projected.axes),
        key="scatter",
        alt=f"Codes of {count:,} test images, coloured by class: {projected.name.lower()}",
        dataset=dataset.name,
        selected=selected,
        on_select=select,
        marked=[] if picked is None else [picked],
        view=f"{run.run.name}, {projected.name}",
    )
    if projected.caption:
        st.caption(projected.caption)

with gallery:
    if len(selected):
        heading, let_go = st.columns([3, 1], vertical_alignment="center")
        heading.header(f"{len(selected):,} image{'s' if len(selected) > 1 else ''} selected")
        let_go.button("Let go", icon=":material/deselect:", width="stretch", on_click=select, args=([],))
    else:
        st.header("No image is selected")
    order = settings.control(
        st.segmented_control, "Order", ORDERS, default=ORDERS[0], required=True, key="order", width="stretch"
    )
    among = selected if len(selected) else np.arange(len(labels))
    if order != ORDERS[0]:
        sign = -1 if order == ORDERS[1] else 1
        among = among[np.argsort(sign * errors[among], kind="stable")]
    shown = among[:SHOWN]
    plot.show(
        figures.image_grid(x[shown], columns=8, height=440),
        key="selected",
        alt="The selected images" if len(selected) else "Test images",
    )
    whose = "them" if len(selected) else "all test images"
    if len(among) > SHOWN:
        st.caption(f"The first {SHOWN} of {whose}.")

# By keyboard as well: whole classes, which are pressed whenever just they are selected.
own = np.unique(labels[selected])
whole = len(selected) and np.isin(labels[:count], own).sum() == len(selected) and selected[-1] < count
st.session_state["classes"] = [dataset.class_names[c] for c in own] if whole else []


def select_classes() -> None:
    chosen = [dataset.class_names.index(name) for name in st.session_state["classes"]]
    selection.set(dataset.name, np.flatnonzero(np.isin(labels[:count], chosen)))


st.pills(
    "Select whole classes",
    dataset.class_names,
    selection_mode="multi",
    wrap=True,
    key="classes",
    on_change=select_classes,
)

mix, histogram = st.columns(2, gap="large")
with mix:
    st.header("Their classes" if len(selected) else "Classes")
    chosen = labels[selected] if len(selected) else labels
    plot.show(
        figures.class_mix(chosen, labels, dataset.class_names), key="mix", alt="How many images of each class there are"
    )
with histogram:
    st.header("How well they come back" if len(selected) else "How well the images come back")
    plot.show(figures.error_histogram(errors, selected), key="errors", alt="Distribution of reconstruction errors")
    if len(selected):
        harder = float((np.median(errors[selected]) > errors).mean())
        st.caption(f"A typical one of them has a larger error than {harder:.0%} of the test images.")

table, closely = st.columns(2, gap="large")
with table:
    st.header("One by one")
    rows = codes_table.rows(run, shown)
    # A key of what it shows, so that a row that was marked is never another image.
    key = f"rows-{hashlib.sha256(shown.tobytes() + run.run.digest.encode()).hexdigest()[:12]}"

    def pick_row() -> None:
        marked = st.session_state[key].selection.rows
        selection.pick(dataset.name, int(shown[marked[0]]) if marked else None)

    st.dataframe(
        rows,
        key=key,
        on_select=pick_row,
        selection_mode="single-row",
        hide_index=True,
        height=min(38 + ROW * len(rows), 430),
        row_height=ROW,
        column_config={
            "picture": st.column_config.ImageColumn(width="small"),
            "number": st.column_config.NumberColumn(help="Of the test image, from 0."),
            "error": st.column_config.NumberColumn(format="%.4f", help="Mean squared error of the reconstruction."),
            "percentile": st.column_config.NumberColumn(
                format="%.1f %%", help="The share of test images with a smaller error."
            ),
        },
    )

with closely:
    st.header("One of them closely")
    number_key = f"closely-{dataset.name}"
    st.session_state[number_key] = picked

    def pick_number() -> None:
        selection.pick(dataset.name, st.session_state[number_key])

    st.number_input(
        f"Test image, 0 to {len(labels) - 1:,}",
        min_value=0,
        max_value=len(labels) - 1,
        step=1,
        key=number_key,
        placeholder="Mark a row, click a dot, or type a number",
        on_change=pick_number,
    )
    if picked is None:
        st.markdown("Pick an image to see which lie nearest to it: by their codes, and by their pixels.")
    else:
        pixels = x.reshape(len(x), -1)
        near = {}
        for space, points in {"in code": codes, "in pixels": pixels}.items():
            found, distances = latent.nearest(points, points[picked], NEIGHBOURS + 1)
            others = found != picked
            near[space] = (found[others][:NEIGHBOURS], distances[others][:NEIGHBOURS])
        plot.show(
            figures.image_rows(
                [
                    Row(
                        space,
                        x[np.append(picked, found)],
                        [f"{dataset.class_names[labels[picked]]}, test image {picked}"]
                        + [
                            f"{dataset.class_names[labels[n]]}, test image {n}<br>distance {d:.3g}"
                            for n, d in zip(found, distances, strict=True)
                        ],
                    )
                    for space, (found, distances) in near.items()
                ],
                columns=["it", *(f"{i + 1}." for i in range(len(near["in code"][0])))],
                tile=64,
            ),
            key="neighbours",
            alt="An image and its nearest neighbours, in code space and in pixels",
        )
        (in_code, _), (in_pixels, _) = near.values()
        shared = np.intersect1d(in_code, in_pixels)
        same = [int((labels[found] == labels[picked]).sum()) for found in (in_code, in_pixels)]
        name, all_of_them = say.as_text(dataset.class_names[labels[picked]]), len(in_code)
        named = f": {', '.join(f'{n:,}' for n in shared)}" if len(shared) else ""
        st.markdown(
            f"It is of the class {name}. So are **{same[0]}** of the {all_of_them} nearest by code, and **{same[1]}** "
            f"of the {all_of_them} nearest by pixels. **{len(shared) or 'None'}** of them are among both{named}."
        )
        st.caption("Distances are taken in the full code, whatever the map shows.")

st.header("Take the codes along")
st.caption("With number, class and error of each image.")
codes_table.offer(run, selected)

st.info(run.recipe.notice, icon=":material/visibility:")

order_source = {
    ORDERS[0]: "among",
    ORDERS[1]: "among[np.argsort(-errors[among], kind='stable')]",
    ORDERS[2]: "among[np.argsort(errors[among], kind='stable')]",
}[order]
code.show(
    f"""
import numpy as np

import ae_core
from ae_core import data, figures, latent, metrics, projecting

run = {code.opened(run.run)}
dataset = data.load({run.spec.dataset!r})
labels = dataset.split("test").labels
x = data.as_float(dataset.split("test").images)
codes = run.encode(x)
errors = metrics.squared_error(x, run.decode(codes))

{projected.source}
figures.scatter(places[:{count}], labels[:{count}], dataset.class_names, axes).show()

selected = {codes_table.source(selected)}
among = selected if len(selected) else np.arange(len(labels))
figures.image_grid(x[{order_source}[:{SHOWN}]], columns=8, height=440).show()
figures.class_mix(labels[among], labels, dataset.class_names).show()
figures.error_histogram(errors, selected).show()
"""
    + (
        ""
        if picked is None
        else f"""
for points in (codes, x.reshape(len(x), -1)):
    print(latent.nearest(points, points[{picked}], {NEIGHBOURS + 1}))
"""
    )
)
