"""The state of a page: declared as fields, read from the link or from what was chosen before, written back once.

A page opens its fields and draws them. A field has the value that the link newly asks for, else the one that the
visitor chose before, on whatever page, else its default. When the page has run, `visit` has the browser show a link of
what was chosen. That takes the place of the link before: a step back leads to the page before, as it was left.
"""

import inspect
import math
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.serving import scripts, session

Values = Mapping[str, Any]
Link = dict[str, list[str]]

STORE = "page-state"  # in the session
OWNER = "@"  # between a name in the link, which has none, and what its value belongs to
REPEAT = "&"  # between the items of a list: the link repeats the name
MAX_TEXT = 2000  # characters of a list that are read
MAX_ITEMS = 100
MAX_DIGITS = 16  # of a whole number
MAX_LINKS = 50  # that are remembered
MAX_LINK = 100_000  # characters of one that a browser tells
LINK = "link"  # the key of the component that shows the link
MAX_SEED = 10**9 - 1


@dataclass(frozen=True)
class Field:
    """One thing that a page can be asked for.

    Attributes:
        name: Of the field; also what the link calls it.
        label: Of its control; the sentence about what the link asks for in vain calls it so.
        parse: Makes a value of the link's text, given the values of the fields before; raises ValueError.
        format: Makes the link's text of a value; "" leaves it out of the link.
        default: The value until one is chosen, or a function that makes it of the values of the fields before.
        of: What the value belongs to, a run or a data set: each has a value of its own.
        when: Whether the field applies; if not, it is not in the link, and its value is kept for later.
        param: What the link calls it, if that depends on the fields before.
        between: Separates the items of a list in the link; "" if the value is no list.
        told: What the sentence calls it, if not its label.
        options: Of the control, as keyword arguments: what there is to choose from, or limits.
    """

    name: str
    label: str
    parse: Callable[[str, Values], Any]
    format: Callable[[Any], str] = str
    default: Any = None
    of: Callable[[Values], object] | None = None
    when: Callable[[Values], bool] | None = None
    param: Callable[[Values], str] | None = None
    between: str = ""
    told: str = ""
    options: Callable[[Values], dict[str, Any]] | None = None

    def slot(self, values: Values, prefix: str = "") -> tuple[str, str]:
        """What the link calls the field, and the key under which its value is kept."""
        param = prefix + (self.param(values) if self.param else self.name)
        return param, param if self.of is None else f"{param}{OWNER}{self.of(values)}"

    def read(self, texts: Sequence[str], values: Values) -> tuple[Any, bool]:
        """The value that texts of a link ask for, and whether all of them make sense.

        Raises:
            ValueError: if none of them does.
        """
        if not self.between:
            return self.parse(texts[-1], values), True
        if self.between != REPEAT:
            texts = texts[-1][:MAX_TEXT].split(self.between)
        items: dict[Any, None] = {}
        sound = len(texts) <= MAX_ITEMS
        for text in texts[:MAX_ITEMS]:
            try:
                items[self.parse(text, values)] = None
            except ValueError:
                sound = False
        if not items:
            raise ValueError(f"Expected at least one {self.label.lower()}.")
        return list(items), sound

    def write(self, value: Any) -> list[str]:
        """The texts of a link that ask for a value."""
        if value is None:
            return []
        texts = [self.format(item) for item in value] if self.between else [self.format(value)]
        if self.between not in ("", REPEAT):
            texts = [self.between.join(texts)]
        return [text for text in texts if text]

    def fallback(self, values: Values) -> Any:
        """The value until one is chosen."""
        return self.default(values) if callable(self.default) else self.default


def _digits(text: str) -> int:
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS:
        return int(text)
    raise ValueError(f"Expected a whole number of {MAX_DIGITS} digits at most.")


def choice(name: str, label: str, choices: Any, format: Callable[[Any], str] = str, **about: Any) -> Field:
    """A field that is one of a few, or of several where `between` is given.

    Args:
        name: Of the field.
        label: Of its control.
        choices: What there is to choose from, or a function that makes it of the values of the fields before. The first
            is the default unless another one is given.
        format: What a choice is called, on the page and in the link.
        **about: Further attributes of the field.
    """

    def offered(values: Values) -> Sequence[Any]:
        return list(choices(values) if callable(choices) else choices)

    def parse(text: str, values: Values) -> Any:
        for value in offered(values):
            if text in (format(value), str(value)):
                return value
        raise ValueError(f"Expected one of {offered(values)}.")

    about = {"default": lambda values: offered(values)[0]} | about
    return Field(name, label, parse, format, options=lambda v: {"options": offered(v), "format_func": format}, **about)


def titled(get: Callable[[str], Any]) -> Callable[[str], str]:
    """Gives the title of what `get` gives for a name.

    Streamlit keeps such a function for as long as a visit lasts. One that a page defines itself would keep all of that
    page as well: the images of Denoise are a megabyte for each visitor.
    """
    return lambda name: str(get(name).title)


def number(name: str, label: str, low: Any, high: Any, default: Any, step: Any = 1, **about: Any) -> Field:
    """A field that is a number, whole if `step` is.

    Args:
        name: Of the field.
        label: Of its control.
        low: The least, or a function that makes it of the values of the fields before; None for no limit.
        high: The greatest, likewise.
        default: The value until one is chosen; `high` if that is less.
        step: From one to the next.
        **about: Further attributes of the field.
    """

    def limits(values: Values) -> tuple[Any, Any]:
        least, most = (limit(values) if callable(limit) else limit for limit in (low, high))
        return least, most

    def parse(text: str, values: Values) -> Any:
        least, most = limits(values)
        value = _digits(text) if isinstance(step, int) else float(text)
        too_small, too_large = least is not None and value < least, most is not None and value > most
        if too_small or too_large or not math.isfinite(value):
            raise ValueError(f"Expected a number from {least} to {most}, got {text!r}.")
        return value

    def first(values: Values) -> Any:
        value, most = default(values) if callable(default) else default, limits(values)[1]
        return value if value is None or most is None else min(value, most)

    def options(values: Values) -> dict[str, Any]:
        least, most = limits(values)
        return {"min_value": least, "max_value": most, "step": step}

    write = str if isinstance(step, int) else "{:.10g}".format
    return Field(name, label, parse, write, first, options=options, **about)


def flag(name: str, label: str, default: bool = False, **about: Any) -> Field:
    """A field that is on or off."""

    def parse(text: str, values: Values) -> bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise ValueError("Expected true or false.")

    return Field(name, label, parse, lambda value: str(value).lower(), default, **about)


def seed(name: str, told: str) -> Field:
    """A field that is the seed of something random, at first 0."""
    return number(name, told, 0, MAX_SEED, 0)


@dataclass
class Store:
    """What a visitor chose, and where the links of the open page stand.

    Attributes:
        id: Of the session.
        chosen: By slot, as the link says it; without any text what was taken back.
        touched: By slot, values that controls were given since their fields were opened.
        refused: By slot, what the link asks for in vain.
        page: The one that is open.
        opening: What the browser asked for when it opened the page.
        before: What it asked for at the run before.
        shown: The links of the page since the last one was adopted.
        asked: What the link newly asks for, until a whole run of the page has ended; None if it says nothing new.
        whole: Whether the link newly says all, so that what it leaves out is no longer chosen.
        taken: The slots of the fields that have taken what the link newly says.
        adopted: How many links have been adopted.
        link: Of the open page: what was asked for, until a run of it has ended.
        told: What the page is asked for in place of the browser's link, if anything.
        open: The slots of the open page's fields, by what the link calls them.
        drawn: By key, what the controls of the page's last whole run offered.
        drawing: The same of this run.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    chosen: dict[str, list[str]] = field(default_factory=dict)
    touched: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    page: str | None = None
    opening: Link = field(default_factory=dict)
    before: Link = field(default_factory=dict)
    shown: list[Link] = field(default_factory=list)
    asked: Link | None = None
    whole: bool = False
    taken: set[str] = field(default_factory=set)
    adopted: int = 0
    link: Link = field(default_factory=dict)
    told: Link | None = None
    open: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, str] = field(default_factory=dict)
    drawing: dict[str, str] = field(default_factory=dict)

    def begin(self, page: str, link: Link, went_back: bool = False, whole: bool = False) -> None:
        """Looks at the link that a run of a page begins with.

        A browser goes on asking for what it has opened a page with, whatever link it shows since; if that was nothing,
        it asks for the link that it shows. Neither says anything new, and the page's name in the menu does not either.

        Args:
            page: Its name.
            link: What the browser asks for.
            went_back: Whether the visitor went back or forward to it.
            whole: Whether the link says all: one on arrival says only what is to be other than it was.
        """
        arrived, before = page != self.page, self.before
        self.page, self.before, self.open, self.drawing = page, link, {}, {}
        told, self.told = self.told, None
        if arrived:
            self.drawn = {}
        if arrived or went_back:
            self.opening = link
        elif told is None and (link in ({}, self.opening, before) or (not self.opening and link in self.shown)):
            return
        self.asked = self.link = link if told is None else told
        self.whole, self.taken, self.shown = whole or told is not None or went_back or not arrived, set(), [link]
        self.refused.clear()
        self.adopted += 1

    def resolve(self, of: Field, values: Values, prefix: str = "") -> Any:
        """The value of a field, given those of the fields before."""
        param, slot = of.slot(values, prefix)
        self.open[param] = slot
        if slot in self.touched:
            self.choose(slot, of.write(self.touched.pop(slot)))
        elif self.asked is not None and slot not in self.taken:
            if param in self.asked:
                self._adopt(slot, of, values, self.asked[param])
            elif self.whole:
                self.chosen.pop(slot, None)
        self.taken.add(slot)
        texts = self.chosen.get(slot)
        if texts is None:
            return of.fallback(values)
        if not texts:
            return [] if of.between else of.fallback(values)
        try:
            return of.read(texts, values)[0]
        except ValueError:  # what was chosen is gone
            del self.chosen[slot]
            if param in self.link:
                self.refused[slot] = of.told or of.label
            return of.fallback(values)

    def _adopt(self, slot: str, of: Field, values: Values, texts: Sequence[str]) -> None:
        try:
            value, sound = of.read(texts, values)
        except ValueError:
            sound = False
        else:
            self.chosen[slot] = of.write(value)
        if not sound:
            self.refused[slot] = of.told or of.label

    def choose(self, slot: str, texts: list[str]) -> None:
        """Keeps a choice, and forgets what the link asked for in its place."""
        self.chosen[slot] = texts
        self.refused.pop(slot, None)

    def end(self, early: bool = False) -> Link:
        """The link of the page that has run; of one that ended early, with what it has not come to yet."""
        link = {param: texts for param, slot in self.open.items() if (texts := self.chosen.get(slot))}
        if early:
            link |= {param: texts for param, texts in self.link.items() if param not in self.open}
        self.link, self.drawn = link, self.drawing
        if not early:
            self.asked = None
        self.shown = [*self.shown, link][-MAX_LINKS:]
        return link

    def refusal(self) -> str:
        """One sentence on all that the link asks for in vain; "" if it does not."""
        names = dict.fromkeys(self.refused[slot].lower() for slot in self.open.values() if slot in self.refused)
        if not names:
            return ""
        return f"Some values of this link are not valid, so the page shows its defaults instead: {', '.join(names)}."


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


def adopted() -> int:
    """How many links this visit has adopted: a component that keeps a state of its own begins anew with each."""
    return _store().adopted


def ask(link: Link) -> None:
    """Asks the page that runs next for what a link says, as a callback does."""
    _store().told = link


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
        shown = st.session_state[LINK]["shown"]
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
