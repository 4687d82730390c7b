"""What a page can be asked for: fields, each with a name and texts in the link, values, and what its control offers."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]

OWNER = "@"  # between a name in the link, which has none, and what its value belongs to
REPEAT = "&"  # between the items of a list: the link repeats the name
MAX_TEXT = 2000  # characters of a list that are read
MAX_ITEMS = 100
MAX_DIGITS = 16  # of a whole number: with more, a browser does not hold it exactly
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


def _whole(text: str) -> int:
    digits = text.removeprefix("-")
    # isdecimal alone takes Arabic digits; Python refuses to read thousands of them.
    if digits.isascii() and digits.isdecimal() and len(digits) < MAX_DIGITS:
        return int(text)
    raise ValueError(f"Expected a whole number of fewer than {MAX_DIGITS} digits.")


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
        value = _whole(text) if isinstance(step, int) else float(text)
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
