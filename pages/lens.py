"""A plane of a run's latent space that decodes under the pointer; two beside each other, if wanted."""

import numpy as np
import streamlit as st

from ae_core import data, figures, latent
from ae_core.errors import OptionError
from ae_core.figures import Row
from ae_core.inference import LoadedRun
from ae_core.latent import Plane
from pages.widgets import caches, lens, places, plane_picker, plot, run_picker, selection

NEIGHBOURS = 8
BESIDE = "beside-"


def look_at(run: LoadedRun, prefix: str, overlay: str | None, group: str | None) -> tuple[Plane, np.ndarray] | None:
    """A lens under the controls of its plane, and the pinned place (2,); a sentence where there is no plane."""
    try:
        plane, start = plane_picker.pick(run, prefix)
    except OptionError as error:
        st.error(str(error))
        return None
    look = lens.show(
        run,
        plane,
        f"{prefix}lens",
        first=places.from_link(plane, start, prefix),
        selected=selection.current(run.spec.dataset),
        overlay=overlay,
        group=group,
        debug=st.query_params.get("debug") == "1",
    )
    places.to_link(look, prefix)
    if run.latent_dim > 2:
        away = np.median(plane.offsets(caches.codes(run.run))) / lens.open_scene(run, plane).spacing
        st.caption(
            f"A cut through {run.latent_dim} units, which holds **{plane.share:.0%}** of the codes' variance. Half of "
            f"the test images lie more than {away:.1f} usual gaps off it: dots fade with that distance, and the "
            "nearest image is the nearest in the full code."
        )
    return plane, np.array(look.pin, np.float32)


def tell_about(run: LoadedRun, plane: Plane, place: np.ndarray, prefix: str) -> None:
    """What lies at a pinned place: its exact image, its code, its neighbours."""
    codes, dataset = caches.codes(run.run), data.load(run.spec.dataset)
    images, labels = caches.test_images(dataset.name), caches.test_labels(dataset.name)
    code = plane.codes(place[None])
    image = run.decode(code)
    spacing = lens.open_scene(run, plane).spacing
    by_code, far = latent.nearest(codes, code[0], NEIGHBOURS)
    by_pixels, _ = latent.nearest(images.reshape(len(images), -1), image.reshape(-1), NEIGHBOURS)

    def named(numbers: np.ndarray) -> list[str]:
        return [f"{figures.plain(dataset.class_names[labels[n]])}, test image {n:,}" for n in numbers]

    st.header(f"Pinned at ({place[0]:.2f}, {place[1]:.2f})")
    shown, neighbours = st.columns([1, 3], vertical_alignment="center")
    with shown:
        plot.show(figures.image_grid(image, 1, height=220), key=f"{prefix}pinned", alt="The pinned place, decoded")
    with neighbours:
        rows = [
            Row("nearest by code", images[by_code], named(by_code)),
            Row("nearest by pixels", images[by_pixels], named(by_pixels)),
        ]
        plot.show(figures.image_rows(rows, tile=84), key=f"{prefix}neighbours", alt="Nearest test images")
    gap, trip, impossible = st.columns(3)
    gap.metric("Nearest test image", f"{far[0] / spacing:.1f} gaps", help=lens.GROUND)
    trip.metric(
        "Round trip ‖encode(decode(z)) − z‖",
        f"{latent.round_trip(run, code)[0] / spacing:.1f} gaps",
        help=lens.OVERLAYS["round-trip"],
    )
    impossible.metric("Can a code be here?", "no" if latent.impossible(run, code)[0] else "yes", help=lens.IMPOSSIBLE)
    if run.latent_dim > 2:
        plot.show(
            figures.code_profile(code[0], codes), key=f"{prefix}code", alt="The units' values, over their usual range"
        )
        st.button(
            "Turn the plane about this place",
            key=f"{prefix}cut",
            icon=":material/rotate_right:",
            help="The plane then goes through this very code: other directions of it can be looked at from there.",
            on_click=plane_picker.cut_through,
            args=(code[0], prefix),
        )


st.title("Lens")
st.markdown("Move over the plane: what lies there is decoded as you go. Click to pin a place and see all about it.")

left, right = st.columns(2)
with left:
    run = run_picker.pick()
with right:
    other = run_picker.pick_beside(run)
overlay = st.segmented_control(
    "What is true, what is made up",
    list(lens.OVERLAYS),
    format_func=lambda name: name.replace("-", " ").capitalize(),
    key="overlay",
    bind="query-params",
    persist_state="session",
)
st.caption(f"{lens.OVERLAYS[overlay]} {lens.GROUND}" if overlay else f"{lens.GROUND} {lens.IMPOSSIBLE}")

if other is None:
    found = look_at(run, "", overlay, None)
    if found:
        tell_about(run, *found, "")
else:
    for column, one, prefix in zip(st.columns(2, gap="large"), (run, other), ("", BESIDE), strict=True):
        with column:
            st.header(run_picker.title(one))
            found = look_at(one, prefix, overlay, "both")
            if found:
                tell_about(one, *found, prefix)
    st.caption("One pointer moves both: the other lens takes the same step from the same image.")

if run.run.name != "vanilla-2d" or other is None:
    st.page_link(
        "lens.py",
        label="Vanilla's holes beside the variational plane",
        icon=":material/compare:",
        query_params={"run": "vanilla-2d", "beside": "variational-2d", "overlay": "density"},
    )
