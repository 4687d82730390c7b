"""The image that goes with the visitor from page to page: a test image, or a picture of one's own.

Each data set has one. A test image is in the link by its number; of a picture of one's own the link says only that it
is one.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from ae_core import data, preparing, thumbnails
from ae_core.data import Dataset
from ae_core.inference import LoadedRun
from ae_core.preparing import Fit, Stage, Steps
from pages.serving import caches, fields, page_state
from pages.serving.fields import Field, Values
from pages.serving.page_state import State
from pages.widgets import alerts, gallery, image_input, image_picker, pad, steps_input
from pages.widgets.image_input import Picture

OWN = "own"
TEST, DRAW, UPLOAD, CAMERA = "Test images", "Draw", "Upload", "Camera"
GONE = (
    "Your own picture is not here: it was removed, or it was drawn or uploaded in another browser tab. Choose another "
    "image, or draw or upload the picture again."
)


@dataclass(frozen=True)
class CurrentImage:
    """An image for the models.

    Attributes:
        name: What it is called: class and number, or the title of the picture.
        x: float32 of the data set's form in [0, 1].
        number: Of the test image; None of one's own picture.
        picture: One's own picture, if it is one.
        stages: What was made of it, step by step.
        steps: Which steps were taken with it.
        fit: How it was fitted instead, for a data set of one's own.
    """

    name: str
    x: np.ndarray
    number: int | None = None
    picture: Picture | None = None
    stages: Sequence[Stage] = ()
    steps: Steps | None = None
    fit: Fit | None = None

    @property
    def digest(self) -> str:
        """What tells it from others; two files may have one name, and a drawing changes under its own."""
        return hashlib.sha256(self.x.tobytes()).hexdigest()[:12]

    def code(self, run: LoadedRun) -> np.ndarray:
        """Its code (d,)."""
        code: np.ndarray = run.encode(self.x[None])[0] if self.number is None else caches.codes(run.run)[self.number]
        return code

    @property
    def source(self) -> str:
        """The Python that makes it of `images`, which are all test images."""
        if self.picture is None:
            return f"images[{self.number}]"
        if self.fit is not None:
            form = f"forms.image{(*self.x.shape[:2], self.x.ndim == 3)}"
            return f"preparing.read_fitted(Path({self.picture.file!r}).read_bytes(), {form}, {self.fit})"
        return f"preparing.read(Path({self.picture.file!r}).read_bytes(), {self.x.shape}, {self.steps})"

    @property
    def code_source(self) -> str:
        """The Python that makes its code of `x`, which `source` made, and of `codes`, those of all test images."""
        return "run.encode(x[None])[0]" if self.number is None else f"codes[{self.number}]"

    @property
    def imports(self) -> str:
        """Further imports that `source` needs."""
        if self.picture is None:
            return ""
        if self.fit is not None:
            return (
                "from pathlib import Path\n\nfrom ae_core import forms, preparing\nfrom ae_core.preparing import Fit\n"
            )
        return "from pathlib import Path\n\nfrom ae_core import preparing\nfrom ae_core.preparing import Steps\n"

    @property
    def reads(self) -> list[str]:
        """Names of the visitor's files that `source` reads."""
        return [] if self.picture is None else [self.picture.file]


def field(default: int | None) -> Field:
    """The number of a test image of the data set that is given as `dataset`, or OWN; `default` until one is chosen."""

    def parse(text: str, values: Values) -> int | str:
        if text == OWN:
            return OWN
        number: int = numbers.parse(text, values)
        return number

    numbers = image_picker.field("image", "Image")
    return Field("image", "Image", parse, default=default, of=numbers.of, options=numbers.options)


FROM = fields.choice("from", "Source of the image", [TEST, DRAW, UPLOAD, CAMERA], default=DRAW)


def opened(dataset: str) -> State:
    """The state whose "image" is the current image of a data set, if one is chosen."""
    return page_state.open(field(None), dataset=dataset)


def test_number(dataset: str) -> int | None:
    """The number of the current image, if it is a test image that was chosen."""
    chosen = opened(dataset)["image"]
    return None if chosen == OWN else chosen


def take(dataset: str, number: int | None) -> None:
    """Makes a test image the current image, or none."""
    page_state.put(opened(dataset).key("image"), number)


def show(dataset: Dataset) -> CurrentImage:
    """Shows the current image as a chip, with a chooser of another, and gives it."""
    state = page_state.open(field(0), dataset=dataset.name)
    chip = image_picker.Chip("image")
    source = ""
    if chip.is_open:
        with chip.inside():
            source = _source_of(state)
            _choose(state, source, chip)
    found = _found(dataset, state) or _test_image(dataset, 0)
    if chip.is_open:
        with chip.inside():
            _prepare(found, source)
    chip.show(thumbnails.draw(dataset.form, found.x[None])[0], found.name)
    return found


def choose(dataset: Dataset) -> CurrentImage | None:
    """Shows the chooser itself, at first the pad, and gives the current image if one was chosen."""
    state = opened(dataset.name)
    source = TEST
    if dataset.form.is_image:
        source = page_state.open(FROM, *steps_input.FIELDS).segments("from", label_visibility="collapsed")
    _choose(state, source)
    found = _found(dataset, state)
    if found is None:
        return None
    _prepare(found, source)
    return found


def beside(dataset: Dataset, image: CurrentImage) -> list[CurrentImage]:
    """The visitor's other pictures, where the current image is one of their own."""
    if image.picture is None:
        return []
    return [found for picture in image_input.others() if (found := _own(dataset, picture))]


def _test_image(dataset: Dataset, number: int) -> CurrentImage:
    name = dataset.called(number)
    return CurrentImage(name, caches.test_images(dataset.name, number), number)


def _found(dataset: Dataset, state: State) -> CurrentImage | None:
    """The image that is chosen, if it is there; says why if it is not."""
    chosen = state["image"]
    if chosen is None:
        return None
    if chosen != OWN or not dataset.form.is_image:
        return _test_image(dataset, 0 if chosen == OWN else chosen)
    picture = image_input.current()
    if picture is None:
        st.info(GONE, icon=":material/no_photography:")
        return None
    return _own(dataset, picture)


def _own(dataset: Dataset, picture: Picture) -> CurrentImage | None:
    """A picture of one's own as an image; says why if nothing can be made of it."""
    steps = steps_input.chosen()
    stages = steps_input.prepare(picture, dataset, steps)
    if not stages:
        return None
    fit = None if dataset.is_tuned else preparing.fit_of(dataset.details.get("made"))
    return CurrentImage(picture.title, stages[-1].image, picture=picture, stages=stages, steps=steps, fit=fit)


def _source_of(state: State) -> str:
    """Shows the sources of images in a chooser, at first that of the current one, and gives the one to choose from."""
    if not data.load(state["dataset"]).form.is_image:
        return TEST
    picture = image_input.current() if state["image"] == OWN else None
    now = TEST if picture is None else DRAW if picture.id == image_input.DRAWING else UPLOAD
    return st.segmented_control(
        FROM.label, [TEST, DRAW, UPLOAD, CAMERA], default=now, required=True, key="source", label_visibility="collapsed"
    )


def _choose(state: State, source: str, chip: image_picker.Chip | None = None) -> None:
    """Shows the ways to an image; a test image that is chosen closes the chooser of a chip."""
    dataset, key = state["dataset"], state.key("image")

    take_own = page_state.putting(key, OWN)

    def let_go() -> None:
        page_state.put(key, None)

    if source == TEST:
        number = None if state["image"] == OWN else state["image"]
        choose = chip.choose(key) if chip else partial(page_state.put, key)
        gallery.test_images(dataset, f"gallery-{key}", number, choose)
        return
    if source == DRAW:
        _draw(state, take_own)
        return
    if source == UPLOAD:
        image_input.upload(take_own)
    else:
        image_input.photograph(take_own)
    image_input.brought(state["image"] == OWN, take_own, let_go)


def _draw(state: State, take_own: Callable[[], None]) -> None:
    """Shows the pad: what is drawn becomes the current image at once."""
    is_own = state["image"] == OWN
    in_colour = data.load(state["dataset"]).form.is_colour
    image_input.draw(in_colour, is_own, lambda: state.choose("image", OWN), lambda: state.choose("image", None))
    chosen = state["image"]
    with st.container(horizontal=True):
        if image_input.has_another_drawing(chosen == OWN):

            def take() -> None:
                image_input.take_drawing()
                take_own()

            st.button("Use this drawing", icon=":material/check:", on_click=take)
        if chosen not in (None, OWN):
            dataset = data.load(state["dataset"])
            put = (image_input.PAD, caches.test_images(dataset.name, chosen))
            label = f"Put {alerts.escape_markdown(dataset.called(chosen))} on the pad"
            st.button(label, icon=":material/add_photo_alternate:", on_click=pad.put, args=put)


def _prepare(found: CurrentImage, source: str) -> None:
    """Shows what was made of one's own picture, and the switches of the steps."""
    if found.stages and source != TEST:
        steps_input.show(found.stages)
        if found.fit is None:
            steps_input.choose()
        else:
            st.caption(f"Made as the images of the data set were: {preparing.HOW[found.fit.how].lower()}.")
