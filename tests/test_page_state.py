"""The state of a page without Streamlit: what a link asks for, what was chosen, and what is written back."""

from typing import Any

import pytest

from pages.serving import fields
from pages.serving.fields import Field
from pages.serving.store import Link, Store

LEVEL = fields.number("level", "Level", 0.0, 1.0, 0.5, step=0.05)
COUNT = fields.number("count", "Count", 1, 20, 12)
NOISE = fields.choice("noise", "Noise", ["gaussian", "masking"], str.title)
ROW = fields.number("row", "First row", 1, lambda v: v["size"], 1, of=lambda v: v["run"])
OFF = fields.choice("off", "Units", range(1, 9), between=",", default=lambda v: [])
RUNS = fields.choice("runs", "Runs", ["a", "b", "c"], between=fields.REPEAT, default=None)
CROP = fields.flag("crop", "crop", default=True)
FINE = fields.number("fine", "Fine", 0, 9, 3, when=lambda v: v["noise"] == "masking")


class Visit:
    """A visitor's session: runs of pages, each with what the browser asks for, and the link that it then shows."""

    def __init__(self) -> None:
        self.store = Store()
        self.asked: Link = {}
        self.link: Link = {}

    def run(self, *fields: Field, back: bool = False, **given: Any) -> dict[str, Any]:
        self.begin(back)
        values = self.open(*fields, **given)
        self.link = self.store.end()
        return values

    def begin(self, back: bool = False) -> None:
        self.store.begin(self.store.page or "a", self.asked, back)

    def open(self, *fields: Field, **given: Any) -> dict[str, Any]:
        values = dict(given)
        for field in fields:
            if field.when is None or field.when(values):
                values[field.name] = self.store.resolve(field, values)
        return {name: value for name, value in values.items() if name not in given}

    def ask(self, **link: str) -> None:
        """Opens a link; the browser asks for it until another one is opened."""
        self.asked = {name: [text] for name, text in link.items()}

    def turn(self, page: str, **link: str) -> None:
        """Turns to a page, by its name in the menu or by a link."""
        self.ask(**link)
        self.store.begin(page, self.asked)

    def go_back(self, page: str, link: Link) -> None:
        """Turns to a page by the browser's button."""
        self.asked = link
        self.store.begin(page, link, went_back=True)


# Texts


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (LEVEL, "0.3", 0.3),
        (LEVEL, "1", 1.0),
        (COUNT, "20", 20),
        (NOISE, "Masking", "masking"),
        (CROP, "False", False),
        (OFF, "3,1,3", [3, 1]),
        (RUNS, "b", ["b"]),
    ],
)
def test_a_text_and_its_value(field: Field, text: str, value: Any) -> None:
    assert field.read([text], {}) == (value, True)
    assert field.read(field.write(value), {}) == (value, True)


@pytest.mark.parametrize("field", [LEVEL, COUNT, NOISE, CROP, OFF, RUNS], ids=lambda field: field.name)
@pytest.mark.parametrize("text", ["", "nonsense", "-1", "1e999", "nan", "inf", "²", "٣", "0x10", "9" * 5000, "<b>"])
def test_nonsense_is_no_value(field: Field, text: str) -> None:
    with pytest.raises(ValueError, match=r"xpected|convert"):
        field.read([text], {})


def test_a_number_without_limits_is_still_a_number() -> None:
    free = fields.number("free", "Free", None, None, 1.5, step=0.1)
    assert free.read(["-1e9"], {}) == (-1e9, True)
    with pytest.raises(ValueError, match="inf"):
        free.read(["-inf"], {})


def test_a_list_says_whether_all_of_it_makes_sense() -> None:
    assert OFF.read(["3,,4"], {}) == ([3, 4], False)
    assert RUNS.read(["a", "gone", "c"], {}) == (["a", "c"], False)
    assert OFF.read(["5," * 9000], {}) == ([5], False)
    assert RUNS.write(["a", "c"]) == ["a", "c"]
    assert OFF.write([]) == RUNS.write(None) == []


# What a page shows


def test_what_the_link_asks_for_goes_before_the_choice_and_that_before_the_default() -> None:
    visit = Visit()
    assert visit.run(LEVEL, COUNT) == {"level": 0.5, "count": 12}
    assert visit.link == {}, "a default is not in the link"
    visit.store.touched["count"] = 9
    assert visit.run(LEVEL, COUNT) == {"level": 0.5, "count": 9}
    assert visit.link == {"count": ["9"]}
    visit.turn("b", level="0.3", count="7")
    assert visit.run(LEVEL, COUNT) == {"level": 0.3, "count": 7}
    visit.store.touched["runs"] = []
    assert visit.run(RUNS) == {"runs": []}, "an empty list is a choice"
    assert visit.link == {}


def test_a_choice_stays_from_page_to_page_and_what_a_page_has_not_leaves_the_link() -> None:
    visit = Visit()
    visit.ask(level="0.3", count="7")
    visit.run(LEVEL, COUNT)
    visit.turn("b")
    assert visit.open(COUNT) == {"count": 7}
    assert visit.store.end() == {"count": ["7"]}
    visit.turn("a")
    assert visit.open(LEVEL) == {"level": 0.3}
    assert visit.store.end() == {"level": ["0.3"]}


def test_who_goes_back_finds_the_page_as_it_was_left() -> None:
    visit = Visit()
    visit.run(LEVEL, COUNT)
    visit.store.touched["level"] = 0.2
    visit.run(LEVEL, COUNT)
    left = visit.link
    visit.turn("b")
    visit.run(COUNT)
    visit.store.touched["count"] = 3
    visit.run(COUNT)
    visit.go_back("a", left)
    assert visit.run(LEVEL, COUNT) == {"level": 0.2, "count": 12}, "what the other page chose came later"


def test_a_link_asks_when_the_page_is_opened_and_not_again() -> None:
    visit = Visit()
    visit.ask(level="0.3")
    visit.run(LEVEL)
    visit.store.touched["level"] = 0.2
    assert visit.run(LEVEL) == {"level": 0.2}
    assert visit.run(LEVEL) == {"level": 0.2}, "the browser goes on to ask for what it opened the page with"
    visit.turn("b")
    visit.turn("a", level="0.3")
    assert visit.run(LEVEL) == {"level": 0.3}


def test_a_link_that_the_page_itself_shows_is_no_news() -> None:
    visit = Visit()
    visit.run(LEVEL, COUNT)
    adopted = visit.store.adopted
    for level in (0.2, 0.9):
        visit.store.touched["level"] = level
        visit.run(LEVEL, COUNT)
        visit.asked = visit.link  # as a browser does that opened the page without a query
        assert visit.run(LEVEL, COUNT) == {"level": level, "count": 12}
    assert visit.store.adopted == adopted


def test_a_page_that_is_told_what_to_show_shows_it_each_time() -> None:
    visit = Visit()
    for chosen in (0.2, 0.9):
        visit.store.touched["level"] = chosen
        visit.run(LEVEL, COUNT)
        visit.store.told = {"level": ["0.3"]}
        assert visit.run(LEVEL, COUNT) == {"level": 0.3, "count": 12}
        assert visit.run(LEVEL, COUNT) == {"level": 0.3, "count": 12}
        assert visit.link == {"level": ["0.3"]}


def test_a_run_that_is_cut_short_leaves_the_link_to_the_next() -> None:
    visit = Visit()
    visit.ask(level="0.3", count="7")
    visit.begin()
    visit.open(LEVEL)
    visit.store.touched["level"] = 0.9
    assert visit.run(LEVEL, COUNT) == {"level": 0.9, "count": 7}


def test_a_page_that_ends_early_keeps_what_it_has_not_come_to() -> None:
    visit = Visit()
    visit.ask(level="0.3", count="7")
    visit.begin()
    visit.open(LEVEL)
    assert visit.store.end(early=True) == {"level": ["0.3"], "count": ["7"]}
    visit.store.touched["level"] = 0.9
    assert visit.run(LEVEL, COUNT) == {"level": 0.9, "count": 7}


def test_two_owners_have_values_of_their_own() -> None:
    visit = Visit()
    visit.ask(row="30")
    assert visit.run(ROW, run="large", size=32) == {"row": 30}
    assert visit.run(ROW, run="small", size=2) == {"row": 1}
    assert visit.link == {}
    assert not visit.store.refusal(), "the link asked for a row of the other run"
    assert visit.run(ROW, run="large", size=32) == {"row": 30}
    assert visit.run(ROW, run="large", size=8) == {"row": 1}, "what was asked for is gone meanwhile"
    assert visit.store.refusal().endswith("defaults instead: first row.")


def test_a_name_in_the_link_is_never_taken_for_another_field_and_its_owner() -> None:
    of_a_run = fields.choice("class", "Class", ["bag", "boot"], default=None, of=lambda v: v["run"])
    by_name = fields.choice("class", "Class", ["bag", "boot"], default=None, param=lambda v: f"class-{v['run']}")
    visit = Visit()
    visit.ask(**{"class": "bag", "class-large": "boot"})
    assert visit.run(of_a_run, run="large") == {"class": "bag"}
    visit.turn("b")
    assert visit.run(by_name, run="large") == {"class": None}
    visit.turn("a", **{"class-large": "boot"})
    assert visit.run(by_name, run="large") == {"class": "boot"}
    visit.turn("b")
    assert visit.run(of_a_run, run="large") == {"class": "bag"}


def test_a_field_that_does_not_apply_is_not_in_the_link_and_not_forgotten() -> None:
    visit = Visit()
    visit.ask(noise="Masking", fine="8")
    assert visit.run(NOISE, FINE) == {"noise": "masking", "fine": 8}
    visit.store.touched["noise"] = "gaussian"
    assert visit.run(NOISE, FINE) == {"noise": "gaussian"}
    assert visit.link == {"noise": ["Gaussian"]}
    visit.store.touched["noise"] = "masking"
    assert visit.run(NOISE, FINE) == {"noise": "masking", "fine": 8}


def test_two_of_a_kind_are_told_apart_by_a_prefix() -> None:
    store = Store()
    store.begin("a", {"level": ["0.1"], "beside-level": ["0.2"]})
    assert [store.resolve(LEVEL, {}, prefix) for prefix in ("", "beside-")] == [0.1, 0.2]
    assert store.end() == {"level": ["0.1"], "beside-level": ["0.2"]}


# What is told


def test_what_the_link_asks_for_in_vain_is_told_until_something_else_is_chosen() -> None:
    visit = Visit()
    visit.ask(noise="loud", level="much")
    assert visit.run(NOISE, LEVEL) == {"noise": "gaussian", "level": 0.5}
    assert visit.store.refusal().endswith("defaults instead: noise, level.")
    visit.run(NOISE, LEVEL)
    assert visit.store.refusal().endswith("defaults instead: noise, level.")
    visit.store.touched["level"] = 0.5
    visit.run(NOISE, LEVEL)
    assert visit.store.refusal().endswith("defaults instead: noise.")
    visit.turn("b", noise="Masking")
    visit.run(NOISE, LEVEL)
    assert visit.store.refusal() == ""


def test_what_is_chosen_in_vain_changes_nothing_and_is_told_once() -> None:
    visit = Visit()
    visit.store.touched["level"] = 0.2
    visit.run(LEVEL, NOISE)
    visit.store.touched |= {"level": 7.0, "noise": "deleted"}
    assert visit.run(LEVEL, NOISE) == {"level": 0.2, "noise": "gaussian"}
    assert visit.store.refusal() == "What you chose is no longer there, so nothing was changed: level, noise."
    visit.run(LEVEL, NOISE)
    assert visit.store.refusal() == ""
