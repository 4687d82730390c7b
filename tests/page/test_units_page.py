"""The Units page: rows by how much they change, and units switched off."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from visiting import assert_sound, choose_image, link, open_page, said, turn

from ae_core import runs
from ae_core.latent import traversals
from pages.serving import caches


def units(figure: go.Figure) -> list[int]:
    """The units of a figure's rows, from the top."""
    return [int(text.split("</b>")[0].removeprefix("<b>unit ")) for text in figure.layout.yaxis.ticktext]


@pytest.mark.parametrize("run", ["vanilla", "sparse-visible", "convolutional", "variational"])
def test_rows_fall_by_change(run: str, figures: dict[str, Any]) -> None:
    app = open_page("units", run=run, image="6")
    assert_sound(app)
    assert not app.warning
    loaded = caches.load(runs.read(runs.SHIPPED / run))
    code = caches.codes(loaded.run)[6]
    changes = traversals.changes(loaded, code, caches.unit_ranges(loaded.run))
    shown = units(figures["traversals"])
    assert len(shown) == min(32, loaded.latent_dim)
    falling = changes[np.array(shown) - 1]
    assert (np.diff(falling) <= 0).all()
    assert falling[-1] >= np.delete(changes, np.array(shown) - 1).max(initial=0)
    first = np.array(figures["traversals"].layout.yaxis.ticktext)[0]
    assert f"{code[shown[0] - 1]:.2f}" in first


def test_the_rows_that_follow_are_shown_on_demand(figures: dict[str, Any]) -> None:
    app = open_page("units", run="convolutional")
    before = units(figures["traversals"])
    app.number_input(key="row@convolutional").set_value(33).run()
    assert_sound(app)
    assert not set(before) & set(units(figures["traversals"]))
    app.number_input(key="row@convolutional").set_value(392).run()
    assert len(units(figures["traversals"])) == 1


def test_a_unit_that_is_off_costs_an_error_and_is_in_the_link() -> None:
    app = open_page("units", run="vanilla")
    assert [m.label for m in app.metric] == ["MSE with all units"]
    most = app.pills[0].options[0]
    app.pills[0].set_value([int(most)]).run()
    assert_sound(app)
    assert link(app)["off"] == most
    whole, rest = app.metric
    assert float(rest.value) > float(whole.value)
    app.pills[0].set_value([]).run()
    assert "off" not in link(app)


def test_the_error_without_units_is_the_librarys() -> None:
    app = open_page("units", run="variational", off="1,2", image="11")
    run = caches.load(runs.read(runs.SHIPPED / "variational"))
    x, mean = caches.test_images("fashion-mnist", 11), caches.codes(run.run).mean(axis=0)
    expected = np.mean((run.decode(mean[None])[0] - x) ** 2)
    assert float(app.metric[1].value) == pytest.approx(expected, abs=1e-4)


def test_units_that_are_off_stay_off_for_another_image_and_not_for_another_run() -> None:
    app = open_page("units", run="vanilla", off="3,7")
    assert app.pills[0].value == [3, 7]
    choose_image(app, 50)
    assert_sound(app)
    assert app.pills[0].value == [3, 7]
    app.selectbox(key="run").set_value("contractive").run()
    assert_sound(app)
    assert not app.pills[0].value
    assert "off" not in link(app)
    app.selectbox(key="run").set_value("vanilla").run()
    assert app.pills[0].value == [3, 7], "each run has its own"


def test_settings_stay_when_someone_comes_back() -> None:
    app = open_page("units", run="vanilla", off="3,7", image="12")
    turn(app, "home")
    assert not link(app), "a page's parameters do not follow to another"
    turn(app, "units")
    assert_sound(app)
    assert (link(app)["off"], link(app)["image"]) == ("3,7", "12")


def test_an_image_all_of_whose_units_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    original = caches.codes
    monkeypatch.setattr(caches, "codes", lambda run: original(run) * 0)
    app = open_page("units", run="vanilla")
    assert_sound(app)
    assert "0 of 32 units are active" in said(app)
