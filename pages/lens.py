"""A plane of a run's latent space that decodes under the pointer; two beside each other, if wanted."""

from contextlib import suppress
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ae_core import epoch_film, figures, latent
from ae_core.errors import OptionError, RunError
from ae_core.figures import Row
from ae_core.inference import LoadedRun
from ae_core.latent import PlaneSpec
from ae_core.latent.directions import Direction
from pages.serving import caches, fields, page_state
from pages.serving.page_state import State
from pages.widgets import (
    alerts,
    colour_input,
    current_image,
    glossary,
    groups,
    lens,
    next_page,
    plane_picker,
    plot,
    run_picker,
    selection,
    selection_input,
    share,
    source_code,
    training_film,
)
from pages.widgets.lens import Look
from pages.widgets.words import Words

BESIDE = "beside-"
GAP = "One gap: 99 % of the test images have another test image within this distance."
FIELDS = (
    fields.choice("overlay", "Overlay", list(latent.OVERLAYS), default=None),
    fields.choice("debug", "Debug", ["1"], default=None),
)
HOLES = {"run": ["vanilla-2d"], "beside": ["variational-2d"], "overlay": ["Density"]}


def direction_of(run: LoadedRun) -> Direction | None:
    """The direction between the two groups that are chosen, if they make one."""
    first, second = groups.chosen(run.dataset.name)
    if first is None or second is None:
        return None
    with suppress(OptionError):  # the page Directions says why
        return groups.direction(run.run, first, second)
    return None


def of_lens(run: LoadedRun) -> np.ndarray | None:
    """Where the examples of the run's film lie on its main plane; None if it has not all of them any more."""
    places: np.ndarray = caches.places(run.run)
    return places[epoch_film.examples(len(places))] if run.dataset.whole else None


def look_at(run: LoadedRun, prefix: str, place: DeltaGenerator) -> tuple[State, PlaneSpec, np.ndarray] | None:
    """A lens under the controls of its plane, and the pinned place (2,); a sentence where there is no plane.

    It is shared by a button in `place`.
    """
    say = Words(run.form)
    state = page_state.open(*plane_picker.FIELDS, prefix=prefix, run=run, dataset=run.dataset.name)
    try:
        spec = plane_picker.pick(state, run, image.number or 0)
        plane = caches.plane(run.run, spec)
    except OptionError as error:
        st.error(alerts.escape_markdown(error))
        return None
    code = image.code(run)[None]
    across, up = plane.points(code)[0].tolist()
    seen = page_state.open(*lens.fields_of(run, spec, (across, up)), prefix=prefix)
    look = lens.show(
        run,
        spec,
        f"{prefix}lens-{page_state.adopted()}-{image.digest}",  # another image is another beginning
        first=Look(seen["pin"], seen["view"], seen["class"]),
        selected=selection.current(run.dataset.name),
        coloured=colour_input.colours(run, coloured),
        overlay=overlay,
        layout="full" if other is None else "right" if prefix else "left",
        mark=(across, up),
        arrow=direction_of(run),
        on_select=partial(selection.set, run.dataset.name),
        debug=bool(options["debug"]),
    )
    for name, value in {"pin": look.pin, "view": look.view, "class": look.alone}.items():
        seen.choose(name, value)
    with place:
        share.show(run, spec, look, overlay, prefix)
    if image.number is None and run.latent_dim > 2:
        off = plane.offsets(code)[0] / caches.neighbour_distance(run.run)
        sentence = say(f"The code of your image lies {off:.1f} [[gaps|gap]] off this plane.")
        glossary.say(sentence, small=True, prefix=prefix)
    if run.latent_dim > 2:
        away = caches.off_plane(run.run, spec) / caches.neighbour_distance(run.run)
        glossary.say(
            say(
                f"This plane cuts through {run.latent_dim} units and holds **{plane.share * 100:.0f} %** of the codes' "
                f"variance. Half of the test images lie more than {away:.1f} [[gaps|gap]] off it; dots fade with that "
                "distance. The nearest image is found by its whole code."
            ),
            small=True,
            prefix=prefix,
        )
    return state, spec, np.array(look.pin, np.float32)


def tell_about(run: LoadedRun, state: State, spec: PlaneSpec, place: np.ndarray, count: int) -> None:
    """What lies at a pinned place: its exact image, its code, its neighbours."""
    dataset, prefix, say = run.dataset, state.prefix, Words(run.form)
    z = caches.plane(run.run, spec).codes(place[None])
    image = run.decode(z)
    neighbour_distance = caches.neighbour_distance(run.run)
    by_code, far = caches.index(run.run).nearest(z[0], count)
    by_pixels, _ = caches.pixels(dataset.name).nearest(image.reshape(-1), count)
    values, form = f"{dataset.form.value}s", source_code.form(run.form)

    def named(numbers: np.ndarray) -> list[str]:
        return [figures.plain(dataset.called(n)) for n in numbers]

    st.header(f"Pinned at ({place[0]:.2f}, {place[1]:.2f})")
    if run.latent_dim > 2:
        st.button(
            "Turn the plane around this place",
            key=f"{prefix}cut",
            icon=":material/rotate_right:",
            help="The plane then goes through exactly this code, and you can look along other directions from it.",
            on_click=page_state.put,
            args=(state.key("through-code"), latent.code_text(z[0])),
        )
    shown, neighbours = st.columns([1, 3], vertical_alignment="center")
    with shown:
        plot.show(
            figures.image_grid(image, 1, height=220, form=run.form),
            key=f"{prefix}pinned",
            alt="The pinned place, decoded",
        )
    with neighbours:
        rows = [
            Row("by code", caches.test_images(dataset.name, by_code), named(by_code)),
            Row(f"by {values}", caches.test_images(dataset.name, by_pixels), named(by_pixels)),
        ]
        plot.show(
            figures.image_rows(rows, tile=84, form=run.form), key=f"{prefix}neighbours", alt=say("Nearest test images")
        )
    bounded = run.spec.network.code_activation != "linear"
    trip = latent.round_trip(run, z)[0] / neighbour_distance
    with st.container(horizontal=True, gap="large"):
        away = f"{far[0] / neighbour_distance:.1f} gaps"
        st.metric(f"Nearest {run.form.noun}", away, help=say(GAP), width="content")
        st.metric("Round trip", f"{trip:.1f} gaps", help=say(latent.OVERLAYS["Round trip"]), width="content")
        if bounded:
            possible = "no" if latent.impossible(run, z)[0] else "yes"
            st.metric("Possible code", possible, help=say(lens.IMPOSSIBLE), width="content")
    glossary.say(
        say("The distance to the code of the nearest image and the [[round trip]] are measured in [[gaps|gap]]."),
        small=True,
        prefix=prefix,
    )
    if run.latent_dim > 2:
        alt = "The units' values at the pinned place, over their usual range"
        plot.show(figures.code_profile(z[0], caches.unit_ranges(run.run)), key=f"{prefix}code", alt=alt)
    imported, profile = "", ""
    if run.latent_dim > 2:
        imported = "from ae_core.latent import traversals\n"
        profile = "figures.code_profile(z[0], traversals.unit_ranges(codes)).show()"
    source_code.show(
        f"""
import numpy as np

import ae_core
from ae_core import data, figures, latent
from ae_core.figures import Row
{imported}
run = {source_code.opened(run.run)}
dataset = data.load({dataset.name!r})
test = dataset.split("test")
images = data.as_float(test.images)
codes = run.encode(images)

plane = {plane_picker.source(spec)}
z = plane.codes(np.array([{place.tolist()}], np.float32))
image = run.decode(z)
figures.image_grid(image, 1, height=220{form}).show()

by_code, _ = latent.nearest(codes, z[0], {count})
by_values, _ = latent.nearest(images.reshape(len(images), -1), image.reshape(-1), {count})
rows = [
    Row(name, images[found], [figures.plain(dataset.called(n)) for n in found])
    for name, found in (("by code", by_code), ("by {values}", by_values))
]
figures.image_rows(rows, tile=84{form}).show()
{profile}
""",
        prefix=prefix,
    )


if not st.context.is_embedded:
    st.title("Lens")
glossary.say(
    "Move over the [[plane]]: the decoder draws what lies under the pointer. Click to pin a place and see more about "
    "it below."
)

# In a frame on somebody's page there is little room.
above = st.expander("Choose what is shown", icon=":material/tune:") if st.context.is_embedded else st.container()
first, second, picture, third = above.columns([3, 3, 3, 4])
with first:
    run = run_picker.pick()
with second:
    other = run_picker.pick_beside(run)
    if run.run.name not in HOLES["run"] or other is None:
        tell = "Shows vanilla's plane beside the variational one: compare the places that no code is near."
        st.button("Example: a plane with holes", help=tell, on_click=page_state.ask, args=(HOLES,), type="tertiary")
with picture:
    image = current_image.show(run.dataset)
options, say = page_state.open(*FIELDS), Words(run.form)
overlay = options.draw(third.segmented_control, "overlay", wrap=True)
coloured = colour_input.ask(run, picture)
with third:
    glossary.say(
        say(
            latent.OVERLAYS[overlay]
            if overlay
            else "Colours the plane by [[density]], [[round trip]] or [[stretch]], which show how far to trust the "
            "images."
        ),
        small=True,
    )

# What stays comes first: it is clicked several times, and nothing may take its place under the pointer.
row = st.container(horizontal=True, vertical_alignment="center", key="selecting" if other is None else None)
with row:
    selected = any(selection.steps(run.dataset.name))
    if selected:
        selection_input.undoing(run.dataset.name)
    selection_input.chip(run.dataset.name)
    groups.take_selection(run.dataset.name)
    if direction_of(run) is not None:
        groups.let_go(run.dataset.name)
        next_page.link("directions", "Walk along the direction", run=run.run.name)
    elif not selected and other is None:  # two lenses need the room
        st.caption(say("Select images: draw around their dots, by the round button on the plane."))

if other is None:
    found = look_at(run, "", row)
else:
    pair = list(zip((run, other), ("", BESIDE), strict=True))
    looks = []
    for column, (one, prefix) in zip(st.columns(2, gap="large"), pair, strict=True):
        with column:
            head = st.container(horizontal=True, vertical_alignment="center")
            head.header(run_picker.title(one))
            looks.append(look_at(one, prefix, head))
    tells = "One pointer moves both: the other lens starts at the same test image and goes the same way."
    st.caption(say(tells))
    for column, (one, _), found in zip(st.columns(2, gap="large"), pair, looks, strict=True):
        with column:
            if found:
                tell_about(one, *found, count=4)
st.caption(say(" ".join([lens.GROUND, *([lens.IMPOSSIBLE] if run.latent_dim > 2 else [])])))
if other is None and found:
    tell_about(run, *found, count=8)
if run.run.has_film:
    with st.expander("How this plane was learnt", icon=":material/movie:", key="film", on_change="rerun") as fold:
        if fold.open:
            try:
                film = caches.film(run.run)
            except RunError as error:
                film = None
                alerts.error("The film of this model's training is damaged.", error, st.warning)
            if film is not None:
                of = (run.run.name, run.run.digest)  # a browser is told
                training_film.show_places(film, run.run.spec, of, of_lens(run))
next_page.link("paths", say("Walk from one image to another"))
