"""The image that goes with the visitor from page to page: a test image, or one of their own; or a signal, or a row.

Each data set has one. A test image is in the link by its number; of one's own the link says only that it is one.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType

import numpy as np
import streamlit as st

from ae_core import preparing, thumbnails
from ae_core.data import Dataset
from ae_core.inference import LoadedRun
from ae_core.preparing import Fit, Stage, Steps
from pages.serving import caches, fields, page_state
from pages.serving.fields import Field, Values
from pages.serving.page_state import State
from pages.widgets import alerts, gallery, image_input, image_picker, series_input, steps_input
from pages.widgets.image_input import Picture
from pages.widgets.series_input import Series
from pages.widgets.shelf import DRAW, DRAWING, TEST, UPLOAD, Shelf
from pages.widgets.words import Words

OWN = "own"
GONE = (
    "Your own image is not here: it was removed, or it was drawn or uploaded in another browser tab. Choose another "
    "image, or draw or upload yours again."
)


@dataclass(frozen=True)
class CurrentImage:
    """An image for the models.

    Attributes:
        name: What it is called: class and number, or the title of one's own.
        x: float32 of the data set's form in [0, 1].
        number: Of the test image; None of one's own.
        brought: One's own, if it is that.
        dataset: The name of the data set.
        stages: What was made of it, step by step.
        steps: Which steps were taken with it.
        fit: How it was fitted instead, for a data set of one's own.
    """

    name: str
    x: np.ndarray
    number: int | None = None
    brought: Picture | Series | None = None
    dataset: str = ""
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
        if self.brought is None:
            return f"images[{self.number}]"
        file = repr(self.brought.file)
        if isinstance(self.brought, Series):
            read = f"series.read(Path({file}).read_bytes(), {file}, data.load({self.dataset!r}))"
            return f"{read}.examples[{self.brought.row}]"
        if self.fit is not None:
            form = f"forms.image{(*self.x.shape[:2], self.x.ndim == 3)}"
            return f"preparing.read_fitted(Path({file}).read_bytes(), {form}, {self.fit})"
        return f"preparing.read(Path({file}).read_bytes(), {self.x.shape}, {self.steps})"

    @property
    def code_source(self) -> str:
        """The Python that makes its code of `x`, which `source` made, and of `codes`, those of all test images."""
        return "run.encode(x[None])[0]" if self.number is None else f"codes[{self.number}]"

    @property
    def imports(self) -> str:
        """Further imports that `source` needs."""
        if self.brought is None:
            return ""
        if isinstance(self.brought, Series):
            return "from pathlib import Path\n\nfrom ae_core import series\n"
        if self.fit is not None:
            return (
                "from pathlib import Path\n\nfrom ae_core import forms, preparing\nfrom ae_core.preparing import Fit\n"
            )
        return "from pathlib import Path\n\nfrom ae_core import preparing\nfrom ae_core.preparing import Steps\n"

    @property
    def reads(self) -> list[str]:
        """Names of the visitor's files that `source` reads."""
        return [] if self.brought is None else [self.brought.file]


def field(default: int | None) -> Field:
    """The number of a test image of the data set that is given as `dataset`, or OWN; `default` until one is chosen."""

    def parse(text: str, values: Values) -> int | str:
        if text == OWN:
            return OWN
        number: int = numbers.parse(text, values)
        return number

    numbers = image_picker.field("image", "Image")
    return Field("image", "Image", parse, default=default, of=numbers.of, options=numbers.options)


FROM = fields.choice("from", "Source of the image", lambda values: values["sources"], default=DRAW)


def _ways(dataset: Dataset) -> ModuleType:
    """What brings one's own: pictures, or series of numbers."""
    return image_input if dataset.form.is_image else series_input


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
            source = _source_of(dataset, state)
            _choose(dataset, state, source, chip)
    found = _found(dataset, state) or _test_image(dataset, 0)
    if chip.is_open:
        with chip.inside():
            _prepare(found, source)
    chip.show(thumbnails.draw(dataset.form, found.x[None])[0], found.name)
    return found


def choose(dataset: Dataset) -> CurrentImage | None:
    """Shows the chooser itself, at first the pad, and gives the current image if one was chosen."""
    state, say = opened(dataset.name), Words(dataset.form)
    settings = page_state.open(FROM, *steps_input.FIELDS, sources=_ways(dataset).SOURCES)
    source = settings.segments("from", label=say(FROM.label), label_visibility="collapsed", format_func=say)
    _choose(dataset, state, source)
    found = _found(dataset, state)
    if found is None:
        return None
    _prepare(found, source)
    return found


def beside(dataset: Dataset, image: CurrentImage) -> list[CurrentImage]:
    """What else the visitor has brought, where the current image is one of their own."""
    if image.brought is None:
        return []
    return [found for other in _shelf(dataset).others if (found := _own(dataset, other))]


def _test_image(dataset: Dataset, number: int) -> CurrentImage:
    name = dataset.called(number)
    return CurrentImage(name, caches.test_images(dataset.name, number), number)


def _found(dataset: Dataset, state: State) -> CurrentImage | None:
    """The image that is chosen, if it is there; says why if it is not."""
    chosen = state["image"]
    if chosen is None:
        return None
    if chosen != OWN:
        return _test_image(dataset, chosen)
    brought = _shelf(dataset).current
    if brought is None:
        st.info(Words(dataset.form)(GONE), icon=":material/no_photography:")
        return None
    return _own(dataset, brought)


def _shelf(dataset: Dataset) -> Shelf:
    """What the visitor has brought that models of a data set can take."""
    shelf: Shelf = _ways(dataset).brought(dataset)
    return shelf


def _own(dataset: Dataset, brought: Picture | Series) -> CurrentImage | None:
    """What was brought as an image; says why if nothing can be made of it."""
    if isinstance(brought, Series):
        return CurrentImage(brought.title, brought.x, brought=brought, dataset=dataset.name)
    steps = steps_input.chosen()
    stages = steps_input.prepare(brought, dataset, steps)
    if not stages:
        return None
    fit = None if dataset.is_tuned else preparing.fit_of(dataset.details.get("made"))
    return CurrentImage(
        brought.title, stages[-1].image, brought=brought, dataset=dataset.name, stages=stages, steps=steps, fit=fit
    )


def _source_of(dataset: Dataset, state: State) -> str:
    """Shows the sources of images in a chooser, at first that of the current one, and gives the one to choose from."""
    brought, say = _shelf(dataset).current if state["image"] == OWN else None, Words(dataset.form)
    now = TEST if brought is None else DRAW if brought.id == DRAWING else UPLOAD
    return st.segmented_control(
        say(FROM.label),
        _ways(dataset).SOURCES,
        default=now,
        format_func=say,
        required=True,
        key="source",
        label_visibility="collapsed",
    )


def _choose(dataset: Dataset, state: State, source: str, chip: image_picker.Chip | None = None) -> None:
    """Shows the ways to an image; a test image that is chosen closes the chooser of a chip."""
    key, is_own = state.key("image"), state["image"] == OWN
    take_own = page_state.putting(key, OWN)

    def let_go() -> None:
        page_state.put(key, None)

    if source == TEST:
        number = None if is_own else state["image"]
        choose = chip.choose(key) if chip else partial(page_state.put, key)
        gallery.test_images(dataset.name, f"gallery-{key}", number, choose)
        return
    if source == DRAW:
        _draw(dataset, state, take_own)
        return
    _ways(dataset).bring(source, dataset, take_own)
    _shelf(dataset).choose(is_own, take_own, let_go)


def _draw(dataset: Dataset, state: State, take_own: Callable[[], None]) -> None:
    """Shows the pad: what is drawn becomes the current image at once."""
    shelf, is_own = _shelf(dataset), state["image"] == OWN

    def on_new() -> None:
        state.choose("image", OWN)

    def on_gone() -> None:
        state.choose("image", None)

    _ways(dataset).draw(dataset, is_own, on_new, on_gone)
    chosen = state["image"]
    with st.container(horizontal=True):
        if shelf.has_another_drawing(chosen == OWN):

            def take() -> None:
                shelf.take(DRAWING)
                take_own()

            st.button("Use this drawing", icon=":material/check:", on_click=take)
        if chosen not in (None, OWN):
            label = f"Put {alerts.escape_markdown(dataset.called(chosen))} on the pad"
            x = caches.test_images(dataset.name, chosen)
            put = _ways(dataset).put
            st.button(label, icon=":material/add_photo_alternate:", on_click=put, args=(dataset, x))


def _prepare(found: CurrentImage, source: str) -> None:
    """Shows what was made of one's own, and the switches of the steps."""
    if isinstance(found.brought, Series):
        series_input.tell(found.brought)
    if found.stages and source != TEST:
        steps_input.show(found.stages)
        if found.fit is None:
            steps_input.choose()
        else:
            st.caption(f"Made as the images of the data set were: {preparing.HOW[found.fit.how].lower()}.")
