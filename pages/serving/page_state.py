"""The state of a page: declared as fields, read from the link or from what was chosen before, written back once.

A page opens its fields and draws them. A field has the value that the link newly asks for, else the one that the
visitor chose before, on whatever page, else its default. When the page has run, `visit` has the browser show a link of
what was chosen. That takes the place of the link before: a step back leads to the page before, as it was left.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.serving import scripts, session
from pages.serving.fields import MAX_SEED, Field
from pages.serving.store import Link, Store

STORE = "page-state"  # in the session
MAX_LINK = 100_000  # characters of a link that a browser tells
LINK = "link"  # the key of the component that shows the link


@dataclass(frozen=True)
class State:
    """The opened fields of a page; `state["level"]` is the value of one, which `draw` shows the control of."""

    fields: Mapping[str, Field]
    values: dict[str, Any]
    prefix: str

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def key(self, name: str) -> str:
        """The key of a field's control; also what `put` calls the field."""
        return self.fields[name].slot(self.values, self.prefix)[1]

    def draw(self, widget: Callable[..., Any], name: str, label: str = "", **options: Any) -> Any:
        """Shows the control of a field and gives the value.

        Args:
            widget: As `st.slider`, or that of a column.
            name: Of the field.
            label: Of the control, if not the field's.
            **options: Further ones for the widget; `shows`, what it shows if not the field's value; `keeps`, items of a
                list that it does not show, which stay chosen.
        """
        store, shown, key = _store(), self.fields[name], self.key(name)
        value, keeps = options.pop("shows", self[name]), options.pop("keeps", ())
        options = (shown.options(self.values) if shown.options else {}) | options
        # What is set is sent: a slider that is being moved would jump back, so only where the browser has not got it.
        store.drawing[key] = str([options.get(name) for name in ("min_value", "max_value", "step", "options")])
        if store.drawn.get(key) != store.drawing[key] or key not in st.session_state or st.session_state[key] != value:
            st.session_state[key] = value
        else:  # a slow browser may get these elements before it has drawn those of the run that set the value
            options = _beginning(widget, value, options) | options
        widget(label or shown.label, key=key, on_change=_touch, args=(key, keeps), **options)
        return self[name]

    def segments(self, name: str, place: Any = st, **options: Any) -> Any:
        """Shows a choice side by side, in `place`, and gives it; one is always chosen."""
        return self.draw(place.segmented_control, name, **{"required": True, "wrap": True} | options)

    def choose(self, name: str, value: Any) -> None:
        """Gives a field another value."""
        shown = self.fields[name]
        if (texts := shown.write(value)) != shown.write(self[name]):
            _store().choose(self.key(name), texts)
            self.values[name] = value

    def next(self, name: str, wanted: bool) -> int:
        """The value of a seed; the next one if it is wanted."""
        if wanted:
            self.choose(name, (self[name] + 1) % (MAX_SEED + 1))
        return int(self[name])


def open(*fields: Field, prefix: str = "", **given: Any) -> State:
    """Opens fields of the page that runs.

    Args:
        *fields: In this order; those that do not apply are left out.
        prefix: Of what the link calls them, where a page has them twice.
        **given: What is known of the page, as its run: fields may depend on it as on those before.
    """
    store, values = _store(), dict(given)
    for each in fields:
        if each.when is None or each.when(values):
            values[each.name] = store.resolve(each, values, prefix)
    return State({each.name: each for each in fields}, values, prefix)


def put(key: str, value: Any) -> None:
    """Gives a field another value before its page runs, as a callback of a button does; `key` as of `State.key`."""
    _store().touched[key] = value


def putting(key: str, value: Any) -> Callable[[], None]:
    """What gives a field another value as `put` does, for the end of a long callback.

    Streamlit ends a callback that the visitor's next click overtakes where it looks into the session: this has looked.
    """
    touched = _store().touched

    def give() -> None:
        touched[key] = value

    return give


def forget(key: str) -> None:
    """Takes back what was chosen for a field; `key` as of `State.key`."""
    _store().chosen.pop(key, None)


def link() -> str:
    """The query of a link that asks for what was chosen for the fields that the page has opened so far."""
    return urlencode(_store().so_far(), doseq=True)


def adopted() -> int:
    """How many links this visit has adopted: a component that keeps a state of its own begins anew with each."""
    return _store().adopted


def ask(link: Link) -> None:
    """Asks the page that runs next for what a link says, as a callback does."""
    _store().told = link


def lead_to(file: str, **asked: str) -> NoReturn:
    """Leads to another page, and leaves the link of this one as it is: a step back leads to what was left.

    `st.switch_page` gives the page that is left the query of the next one.

    Args:
        file: Of the page.
        **asked: What it is asked for.
    """
    st.switch_page(file, query_params={**_store().end(early=True), **asked})
    raise AssertionError("It does not return.")


@contextmanager
def visit(page: str, place: DeltaGenerator, whole: str = "") -> Iterator[None]:
    """Reads the link before a page runs; afterwards shows it anew, and says in `place` what it asks for in vain.

    Args:
        page: Its name.
        place: Where it is said.
        whole: The name of a field: a link that has it says all.
    """
    store = _store()
    asked = {name: st.query_params.get_all(name) for name in st.query_params}
    store.begin(page, asked, session.went_back(), whole in asked)
    try:
        yield
    except session.RerunException:
        raise  # another run follows, perhaps of another page
    except BaseException:
        _end(store, asked, place, early=True)
        raise
    _end(store, asked, place)


def _end(store: Store, asked: Link, place: DeltaGenerator, early: bool = False) -> None:
    link = store.end(early)

    def adopt() -> None:
        shown = st.session_state[LINK].get("shown")
        if isinstance(shown, str) and len(shown) <= MAX_LINK:
            ask(parse_qs(shown, keep_blank_values=True))

    # Not by `st.query_params`: each change of it would be one more step back.
    scripts.component("link.js")(
        key=LINK,
        data={
            "page": store.page,
            "link": urlencode(link, doseq=True),
            "asked": urlencode(asked, doseq=True),
            "session": store.id,
        },
        on_shown_change=adopt,
    )
    if refusal := store.refusal():
        place.warning(refusal)


def _beginning(widget: Callable[..., Any], value: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The option by which a widget is told what it shows at first; one that can be emptied is told by its page."""
    known = inspect.signature(widget).parameters
    if "index" in known:
        return {} if "index" in options else {"index": list(options["options"]).index(value)}
    return {"default" if "default" in known else "value": value}


def _touch(key: str, keeps: Sequence[Any]) -> None:
    value = st.session_state[key]
    put(key, [*value, *keeps] if keeps else value)


def _store() -> Store:
    if STORE not in st.session_state:
        st.session_state[STORE] = Store()
    store: Store = st.session_state[STORE]
    return store
