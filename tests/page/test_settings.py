"""Settings in the link: what the link asks for is shown, and what is not found is named in one sentence."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from visiting import link, open_page

NONSENSE = ("", "nonsense", "-1", "1e999", "nan", "**b** <b>", "9" * 400)
# By page: each setting in its link with a value, and the control's default.
SETTINGS: dict[str, dict[str, tuple[str, Any, Any]]] = {
    "reconstruct": {
        "class-fashion-mnist": ("Bag", "Bag", "All classes"),
        "first-fashion-mnist": ("120", 120, 0),
    },
    "denoise": {"noise": ("Masking", "masking", "gaussian"), "level": ("0.3", 0.3, 0.5), "noise-seed": ("7", 7, 0)},
    "sampler": {"grid": ("9", 9, 12), "reach": ("3.1", 3.1, 2.0), "draw-seed": ("12", 12, 0)},
    "train": {
        "kind": ("Sparse", "sparse", "vanilla"),
        "dataset": ("Digits (8 × 8)", "digits", "fashion-mnist"),
        "seed": ("5", 5, 0),
        "Vanilla-fashion-mnist-size": ("64", 64, 32),
        "dense-fashion-mnist-epochs": ("4", 4, 9),
        "dense-fashion-mnist-rate": ("0.01", 0.01, 4e-3),
        "Vanilla-fashion-mnist-dense-before": ("256 → 64", (256, 64), ()),
    },
}
# What one visit can show of a page at a time: the others are of another kind, source or class.
TOGETHER = [
    ("reconstruct", ["class-fashion-mnist"]),
    ("reconstruct", ["first-fashion-mnist"]),
    ("denoise", [*SETTINGS["denoise"]]),
    ("sampler", [*SETTINGS["sampler"]]),
    ("train", ["kind", "dataset", "seed"]),
    ("train", [key for key in SETTINGS["train"] if key.endswith(("-size", "-epochs", "-rate", "-before"))]),
]


def visit(page: str, query: dict[str, str]) -> AppTest:
    app = open_page(page, **query)
    assert not app.exception, [e.value for e in app.exception]
    return app


def refusals(app: AppTest) -> list[str]:
    return [w.value for w in app.warning if "shows its defaults instead" in w.value]


def test_every_setting_is_shown_by_some_visit() -> None:
    shown = [(page, key) for page, keys in TOGETHER for key in keys]
    assert sorted(shown) == sorted((page, key) for page, settings in SETTINGS.items() for key in settings)


@pytest.mark.parametrize(("page", "keys"), TOGETHER, ids=lambda value: value if isinstance(value, str) else value[0])
def test_a_setting_in_the_link_is_shown(page: str, keys: list[str]) -> None:
    asked = {key: SETTINGS[page][key] for key in keys}
    app = visit(page, {key: text for key, (text, _, _) in asked.items()})
    assert not refusals(app)
    for key, (text, value, _) in asked.items():
        assert key.endswith("-seed") or app.session_state[key] == value
        assert link(app)[key] == text


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("page", SETTINGS)
def test_nonsense_in_the_link_is_one_sentence_and_the_defaults(page: str, first: int) -> None:
    # Each setting gets nonsense of its own, so that all are tried on some: a visit takes a second.
    nonsense = {key: NONSENSE[(first + n) % len(NONSENSE)] for n, key in enumerate(SETTINGS[page])}
    nonsense |= {"seed": "5.5"} if "seed" in nonsense else {}  # a number out of its range stays, and Train says so
    app = visit(page, nonsense)
    (sentence,) = refusals(app)
    assert "<b>" not in sentence
    assert len(sentence.split(": ")[1].split(", ")) == len(SETTINGS[page]), sentence
    for key, (_, _, default) in SETTINGS[page].items():
        assert key not in link(app)
        assert key.endswith("-seed") or app.session_state[key] == default, nonsense[key]
    assert len(app.title) == 1


def test_what_a_control_shows_it_also_begins_with() -> None:
    """A slow browser may never draw what the first run sent."""
    app = visit("train", {"kind": "Sparse", "dense-fashion-mnist-epochs": "4"})
    assert app.selectbox(key="kind").value == "sparse"
    app.run()
    shown = app.selectbox(key="kind").proto, app.number_input(key="dense-fashion-mnist-epochs").proto
    assert [proto.set_value for proto in shown] == [False, False]
    assert [proto.default for proto in shown] == [app.selectbox(key="kind").options.index("Sparse"), 4]
