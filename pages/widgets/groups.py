"""Two groups of test examples, which make a direction: each a class or a selection, and both in the link."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from ae_core import data, kept_directions
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.kept_directions import Kept
from ae_core.latent import Plane, directions
from ae_core.latent.directions import Direction
from ae_core.runs import Run
from pages.serving import caches, page_state, visitor
from pages.serving.fields import Field, Values
from pages.widgets import alerts, current_image, gallery, image_picker, selection
from pages.widgets.words import Words

FIRST, SECOND = "from-group", "to-group"
TITLES = {FIRST: "From", SECOND: "To"}
OF_CLASS = "c"  # begins the text of a whole class; a selection begins with a digit or a "z"
SHOWN = 10  # examples of a group
PICKED = 60  # of those that were picked, to be left out again
DIRECTIONS_CACHE = 16 << 20  # bytes


def _first_of(number: int) -> Callable[[Values], int]:
    """Makes what gives the first test example of a class, or the one of that number where there is none."""

    def default(values: Values) -> int:
        labels = caches.test_labels(values["dataset"])
        found = np.flatnonzero(labels == number)
        return int(found[0]) if len(found) and labels.any() else min(number, len(labels) - 1)

    return default


# What is to what as what is to an unknown; on Fashion-MNIST a T-shirt to a pullover as a dress.
ANALOGY = tuple(
    image_picker.field(name, name.upper(), _first_of(number)) for name, number in (("a", 0), ("b", 2), ("c", 3))
)


@dataclass(frozen=True)
class Group:
    """Some test examples.

    Attributes:
        text: As the link says them.
        label: What they are called.
        numbers: Theirs, rising.
    """

    text: str
    label: str
    numbers: np.ndarray


def _read(text: str, dataset: str) -> Group:
    of = data.load(dataset)
    if text.startswith(OF_CLASS):
        texts = [f"{OF_CLASS}{number}" for number in range(len(of.class_names))]
        if text not in texts:
            raise ValueError(f"Expected the number of a class, got {text!r}.")
        number = texts.index(text)
        return Group(text, of.class_names[number], np.flatnonzero(caches.test_labels(dataset) == number))
    numbers = selection.decode(text, of.sizes["test"])
    return Group(text, f"{len(numbers):,} selected {of.form.noun}{'s' * (len(numbers) != 1)}", numbers)


def _field(which: str, dataset: str) -> Field:
    def parse(text: str, values: Values) -> Group:
        if len(text) > kept_directions.MAX_TEXT:
            raise ValueError("Expected a shorter text.")
        return _read(text, dataset)

    return Field(
        which,
        f"{TITLES[which]} which group",
        parse,
        lambda group: group.text,
        default=None,
        of=lambda values: dataset,
        told=f"group of the direction ({TITLES[which].lower()})",
    )


def chosen(dataset: str) -> tuple[Group | None, Group | None]:
    """The two groups of a data set, as far as they are chosen."""
    state = page_state.open(_field(FIRST, dataset), _field(SECOND, dataset))
    return state[FIRST], state[SECOND]


def read_both(dataset: str, first: str, second: str) -> tuple[Group, Group]:
    """Groups as they were kept.

    Raises:
        ValueError: if the data set has none of that text.
    """
    return _read(first, dataset), _read(second, dataset)


def source(group: Group) -> str:
    """The Python that gives the numbers of its examples, given all of them as `test`."""
    if group.text.startswith(OF_CLASS):
        return f"np.flatnonzero(test.labels == {group.text.removeprefix(OF_CLASS)})"
    return f"np.array({group.numbers.tolist()})"


def put(dataset: str, which: str, text: str) -> None:
    """Chooses a group; "" for none."""
    key = page_state.open(_field(which, dataset)).key(which)
    page_state.put(key, _read(text, dataset) if text else None)


def put_both(dataset: str, first: str, second: str) -> None:
    """Chooses both groups."""
    put(dataset, FIRST, first)
    put(dataset, SECOND, second)


def direction(run: Run, first: Group, second: Group) -> Direction:
    """The direction that two groups make in a run's codes.

    Raises:
        OptionError: as `directions.between`, and if an example is in both.
    """
    both = np.intersect1d(first.numbers, second.numbers)
    if len(both):
        raise OptionError(f"The groups have {len(both):,} examples in common: choose groups that have none.")
    return _direction(run, first.text, second.text)


@caches.memoize(DIRECTIONS_CACHE, size=lambda direction: direction.drawn.nbytes)
def _direction(run: Run, first: str, second: str) -> Direction:
    codes, name = caches.codes(run), run.dataset.name
    return directions.between(*(codes[_read(text, name).numbers] for text in (first, second)))


def plane(run: Run, first: Group, second: Group) -> tuple[Plane, np.ndarray]:
    """The plane along the direction of two groups that `direction` has given, and where all codes lie on it, (n, 2)."""
    return _plane(run, first.text, second.text)


@caches.memoize(16)
def _plane(run: Run, first: str, second: str) -> tuple[Plane, np.ndarray]:
    codes = caches.codes(run)
    found = directions.plane_along(codes, _direction(run, first, second).vector)
    return found, found.points(codes)


def offer_kept(run: LoadedRun) -> list[Kept]:
    """Shows the directions that the visitor has kept of a run, to choose their groups; gives them."""
    # The examples that a run carries have other numbers than those of its data set.
    kept = kept_directions.listed(run.run, visitor.current()) if run.dataset.whole else []
    if kept:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Kept directions", width="content")
            for one in kept:
                st.button(
                    alerts.escape_markdown(one.name),
                    key=f"kept-{one.name}",
                    icon=":material/bookmark:",
                    on_click=_take_kept,
                    args=(run.dataset.name, one),
                )
    return kept


def _take_kept(dataset: str, one: Kept) -> None:
    try:
        read_both(dataset, one.first, one.second)
    except (OptionError, ValueError):
        st.toast(f"The groups of {alerts.escape_markdown(one.name)} are not in this data set: delete it.")
    else:
        put_both(dataset, one.first, one.second)


def let_go(dataset: str) -> None:
    """Shows the direction that is chosen, with what lets it go; nothing if none is."""
    first, second = chosen(dataset)
    if first is None or second is None:
        return
    st.button(
        alerts.escape_markdown(f"{first.label} → {second.label}"),
        key="let-go",
        icon=":material/close:",
        icon_position="right",
        help="The arrow on the plane. Click to let it go.",
        on_click=put_both,
        args=(dataset, "", ""),
    )


def take_selection(dataset: str) -> None:
    """Shows what makes the selection one of the groups, and which one is there already; nothing if none is."""
    numbers = selection.current(dataset)
    if not len(numbers):
        return
    text = selection.encode(numbers, data.load(dataset).sizes["test"])
    for which, label in ((FIRST, "Direction from these"), (SECOND, "Direction to these")):
        group = chosen(dataset)[which == SECOND]
        st.button(
            label,
            key=f"take-{which}",
            icon=":material/flag:" if which == FIRST else ":material/sports_score:",
            disabled=group is not None and group.text == text,
            on_click=put,
            args=(dataset, which, text),
        )
    first, second = chosen(dataset)
    if (first is None) != (second is None):
        told = f"From: {first.label}." if first else f"To: {second.label}." if second else ""
        st.caption(f"{alerts.escape_markdown(told)} Now select the other group.", width="content")


def control(dataset: str, which: str) -> Group | None:
    """Shows a group with the ways to another one, and gives it."""
    of, say = data.load(dataset), Words(data.load(dataset).form)
    group = chosen(dataset)[which == SECOND]
    selected = selection.current(dataset)
    options = [f"{OF_CLASS}{number}" for number in range(len(of.class_names))]
    own = selection.encode(selected, of.sizes["test"]) if len(selected) else ""
    labels = {text: of.class_names[number] for number, text in enumerate(options)}
    if own:
        labels[own] = _read(own, dataset).label
    if group is not None and group.text not in labels:
        labels[group.text] = group.label
    key = f"choose-{which}-{dataset}"
    st.session_state[key] = group.text if group else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            TITLES[which],
            list(labels),
            format_func=labels.__getitem__,
            key=key,
            placeholder=say("A class, or images"),
            on_change=partial(_choose, dataset, which, key),
        )
        picking = st.popover(say("Pick images"), key=f"pick-{which}-{dataset}", type="tertiary", on_change="rerun")
    if picking.open:
        with picking.container(width=image_picker.WIDTH):
            st.caption(say("Click an image to take it into the group, and once more to leave it out."))
            if group is not None and not group.text.startswith(OF_CLASS):
                gallery.some(
                    dataset,
                    group.numbers[:PICKED].tolist(),
                    f"picked-{which}",
                    None,
                    partial(_pick, dataset, which),
                    savable=False,
                )
            gallery.test_images(dataset, f"all-{which}", None, partial(_pick, dataset, which))
    if group is not None:
        take = partial(current_image.take, dataset)
        gallery.some(
            dataset,
            group.numbers[:SHOWN].tolist(),
            f"group-{which}",
            current_image.test_number(dataset),
            take,
            savable=False,
        )
    return group


def _pick(dataset: str, which: str, number: int) -> None:
    """Takes an example into a group, or out of it; into a new one if the group was a class."""
    group = chosen(dataset)[which == SECOND]
    numbers = {number}
    if group is not None and not group.text.startswith(OF_CLASS):
        numbers ^= set(group.numbers.tolist())
    put(dataset, which, selection.encode(np.array(sorted(numbers), np.int32), data.load(dataset).sizes["test"]))


def _choose(dataset: str, which: str, key: str) -> None:
    put(dataset, which, st.session_state[key] or "")
