"""Controls for a way through latent space; what lies on it, and what there is to notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent import impossible, paths, traversals
from pages.serving import caches, fields, page_state
from pages.serving.fields import Field, Values
from pages.widgets import (
    alerts,
    current_image,
    dataset_picker,
    groups,
    image_picker,
    next_page,
    run_picker,
    source_code,
)
from pages.widgets.film import Strip
from pages.widgets.words import Words

MOST_RUNS = 5
MOST_IMAGES = 5
OTHERS = (2, 8, 1, 9, 0)  # images of unlike classes, for those that are not chosen
EVEN, BY_LENGTH = "Evenly", "By length"
UNIT, PRINCIPAL, GROUPS = "One unit", "A principal direction", "Between two groups"
BEYOND = 0.5  # of the way between the outermost codes, before and behind them
ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth")


def _after(number: int) -> Field:
    """An image after the first one, whose number, if it is a test image, is given as `first`."""

    def default(values: Values) -> int:
        return [n for n in OTHERS if n != values["first"]][number - 1]

    name, label = f"image-{number + 1}", f"{ORDINALS[number]} image"
    return image_picker.field(name, label, default, when=lambda values: values["images"] > number)


# Both need the name of the data set as `dataset`, the second needs the run as well.
BETWEEN = (
    fields.choice("images", "Images", range(2, MOST_IMAGES + 1)),
    fields.choice("way", "Interpolation", list(paths.WAYS), str.capitalize),
    fields.choice("shared", "Spacing of frames", [EVEN, BY_LENGTH], when=lambda values: values["images"] > 2),
    *(_after(number) for number in range(1, MOST_IMAGES)),
)
ALONG = (
    fields.choice("along", "Along", [UNIT, PRINCIPAL, GROUPS]),
    fields.number(
        "direction",
        "Direction",
        1,
        run_picker.units_of,
        1,
        of=run_picker.name_of,
        when=lambda values: values["along"] != GROUPS,
    ),
)


@dataclass(frozen=True)
class Way:
    """What a film shows.

    Attributes:
        strips: At least one.
        caption: What the dots mean.
        notice: What to look for.
        source: Code that makes the strips.
        reads: Names of the visitor's files that it reads.
        values: A number for each frame, if it has one.
        start: Where the slider stands at first, as a share of the way.
    """

    strips: Sequence[Strip]
    caption: str
    notice: str
    source: str
    reads: Sequence[str] = ()
    values: Sequence[float] | None = None
    start: float = 0.5


def _findings(run: LoadedRun, path: np.ndarray, images: np.ndarray) -> str:
    """What there is to notice on a path (n, d) and its images: how evenly they change, how far off data they lie."""
    steps, say = paths.jumps(images), Words(run.form)
    if not steps.any():
        return say("The image never changes: this model has learnt nothing along this path.")
    jump = int(steps.argmax())
    sentence = say(
        f"The image changes most from frame {jump + 1} to {jump + 2}, {steps[jump] / steps.mean():.1f} times as much "
        "as on average. "
    )
    reach = caches.neighbour_distance(run.run)
    if reach > 0:
        away = caches.index(run.run).distances(path) / reach
        far = int(away.argmax())
        if away[far] < 1.05:
            sentence += say("Every frame lies within one gap of a test image.")
        else:
            sentence += say(
                f"Frame {far + 1} lies farthest from all test images: {away[far]:.1f} gaps from the nearest one."
            )
    never = int(impossible(run, path).sum())
    if never:
        activation = run.spec.network.code_activation
        sentence += (
            f" In {never} of {len(path)} frames a unit has a value that its {activation} activation never gives."
        )
    return sentence


def between_images(frames: int, models: DeltaGenerator, settings: DeltaGenerator) -> Way:
    """Shows the controls for a path between test images, and gives it: a strip for each run, and the pixels blended.

    Args:
        frames: How many it has.
        models: Where those are chosen.
        settings: Where the controls are that are seldom used.
    """
    compared = run_picker.pick_several(["variational", "vanilla", "convolutional"], MOST_RUNS, place=models)
    dataset = next(iter(compared.values())).dataset
    dataset_picker.tell_scale(dataset)
    say = Words(dataset.form)
    columns = st.columns(MOST_IMAGES)  # as many as a path may have images, so that the first one stays where it is
    with columns[0]:
        image = current_image.show(dataset)
    state = page_state.open(*BETWEEN, dataset=dataset.name, first=image.number)
    count = state.segments("images", settings, label=say("Images"))
    way = state.segments(
        "way",
        settings,
        help="Spherical: along an arc around the origin, on which the code keeps its length. "
        "Codes of many units lie near a sphere, and a straight line leaves it; on a plane, an arc is a detour.",
    )
    even = True
    if count > 2:
        more = "By length: codes that lie far apart get more frames between them."
        even = state.segments("shared", settings, help=more) == EVEN
    rows = []
    for number, column in enumerate(columns[1:count], 2):
        with column:
            rows.append(image_picker.one(state, f"image-{number}"))
    for number, (a, b) in enumerate(pairwise([image.number, *rows]), 1):
        if a == b:
            st.warning(say(f"Images {number} and {number + 1} are the same: choose two different ones."))
            st.stop()

    x = np.stack([image.x, *caches.test_images(dataset.name, rows)])
    strips, opened = [], []
    for title, run in compared.items():
        try:
            codes = np.stack([image.code(run), *caches.codes(run.run)[rows]])
            path, stops = paths.through(codes, frames, way, even), paths.stops(codes, frames, way, even)
        except OptionError as error:
            sentence = say("One model gives two of these images the same code and is left out.")
            alerts.error(sentence, f"{title}: {error}", st.warning)
            continue
        decoded = run.decode(path)
        strips.append(Strip(title, decoded, _findings(run, path, decoded), stops, run.form))
        opened.append(source_code.opened(run.run))
    if not strips:
        st.info(say("Choose images that are less alike, or other models."))
        st.stop()
    # Codes that differ come from pixels that do.
    blend = paths.through(x.reshape(count, -1), frames).reshape(-1, *x.shape[1:])
    note = (
        "Without a model, one image fades out while the other fades in, and both are visible."
        if dataset.form.is_image
        else f"Without a model, one {dataset.form.noun} turns into the other, value by value."
    )
    at = paths.stops(x.reshape(count, -1), frames)
    strips.append(Strip(f"No model: a blend of the {dataset.form.value}s", blend, note, at, dataset.form))
    listed = ",\n    ".join(opened)
    source = f"""
import numpy as np

import ae_core
from ae_core import data, figures
from ae_core.figures import Row
from ae_core.latent import paths
{image.imports}
images = data.as_float(data.load({dataset.name!r}).split("test").images)
x = np.stack([{image.source}, *images[{rows}]])
rows = []
for run in [
    {listed},
]:
    path = paths.through(run.encode(x), {frames}, {way!r}, even={even})
    rows.append(Row(run.run.title, run.decode(path)))
blend = paths.through(x.reshape({count}, -1), {frames})
rows.append(Row("{dataset.form.value}s", blend.reshape(-1, *x.shape[1:])))
figures.image_rows(rows{source_code.form(dataset.form)}).show()
"""
    return Way(
        strips,
        say("The dots mark the images themselves, as the model reconstructs them."),
        ("Look at the middle. A blend of pixels shows two images at once. " if dataset.form.is_image else "")
        + f"Does a model pass through other {dataset.thing}s, or through shapes that are not {dataset.thing}s? Does it "
        "change evenly, or does it jump?",
        source,
        image.reads,
    )


def along_a_direction(frames: int) -> Way:
    """Shows the controls for a path along a unit or a principal direction of one run, and gives it."""
    run = run_picker.pick()
    say = Words(run.form)
    state = page_state.open(*ALONG, run=run)
    codes = caches.codes(run.run)
    picture, direction_input = st.columns(2, vertical_alignment="bottom")
    with picture:
        image = current_image.show(run.dataset)
    z = image.code(run)
    with direction_input:
        kind = state.segments(
            "along", help="The codes vary most along the first principal direction, then along the second, and so on."
        )
        which = 0
        if kind != GROUPS:
            which = state.draw(st.number_input, "direction", f"Number, 1 to {run.latent_dim}")
    direction: int | np.ndarray
    made = ""
    if kind == GROUPS:
        first, second = groups.chosen(run.dataset.name)
        if first is None or second is None:
            groups.offer_kept(run)
            st.info(say("Choose two groups of test images first, on the page Directions."))
            next_page.link("directions", "Choose two groups", run=run.run.name)
            st.stop()
        try:
            whole = groups.direction(run.run, first, second).vector
        except OptionError as error:
            alerts.error("These groups make no direction.", error, st.warning)
            st.stop()
        length = float(np.linalg.norm(whole))
        direction = (whole / length).astype(np.float32)
        name = f"from “{first.label}” to “{second.label}”"
        places = codes @ direction
        made = f"directions.between(codes[{groups.source(first)}], codes[{groups.source(second)}]).vector"
    elif kind == UNIT:
        direction, name = which - 1, f"unit {which}"
        places = codes[:, direction]
    else:
        direction, name = caches.principal_directions(run.run)[which - 1], f"principal direction {which}"
        places = codes @ direction
    low, high = np.percentile(places, traversals.PERCENTILES)
    if kind == GROUPS:  # from far before to far behind
        low, high = low - BEYOND * (high - low), high + BEYOND * (high - low)
    own = float(z[direction] if isinstance(direction, int) else z @ direction)
    try:
        path = paths.along(z, direction, low, high, frames)
    except OptionError:
        st.warning(
            say(f"All test images have the same value at {name}, so there is no path along it. Choose another one.")
        )
        st.stop()
    images = run.decode(path)
    values = np.linspace(low, high, frames)
    note = f"From {low:.2f} to {high:.2f}; the image itself is at {own:.2f}. "
    if kind == GROUPS:  # as on Directions
        told = (values - own) / length
        note = (
            f"From {told[0]:.2f} to {told[-1]:.2f}: 0 is the image itself, 1 the whole difference between the groups. "
        )
    note = say(note) + _findings(run, path, images)
    strip = Strip(f"{run.run.title}, {name}", images, note, [int(np.abs(values - own).argmin())], run.form)
    start = float(np.clip((own - low) / (high - low), 0, 1))
    ends = (
        "from far before to far behind the test images"
        if kind == GROUPS
        else ("from the 1st to the 99th percentile of the test images along " + name)
    )
    caption = say(
        f"The path leads {ends} and keeps everything else as it is in the image. The dot marks the frame nearest to "
        "the image itself."
    )
    notice = say(
        "A single unit rarely has a clear meaning. The first principal directions change what differs most between "
        "images. Far out, where no image has its code, the decoded image makes no sense."
    )
    every = f"np.eye({run.latent_dim})" if kind == UNIT else "principal_directions(codes)[0]"
    source = f"""
import numpy as np

import ae_core
from ae_core import data, figures
from ae_core.figures import Row
from ae_core.latent import directions, paths, principal_directions
{image.imports}
run = {source_code.opened(run.run)}
test = data.load({run.dataset.name!r}).split("test")
images = data.as_float(data.load({run.dataset.name!r}).split("test").images)
codes = run.encode(images)
x = {image.source}
direction = {made or f"{every}[{which - 1}]"}
direction = direction / np.linalg.norm(direction)
low, high = np.percentile(codes @ direction, [1, 99])
{f"low, high = low - {BEYOND} * (high - low), high + {BEYOND} * (high - low)" if made else ""}
path = paths.along({image.code_source}, direction, low, high, {frames})
figures.image_rows([Row({name!r}, run.decode(path))]{source_code.form(run.form)}).show()
"""
    shown = told if kind == GROUPS else values
    return Way([strip], caption, notice, source, image.reads, shown.tolist(), start)
