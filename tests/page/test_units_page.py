"""The pages of units: those of an image, all of a code, and one of them."""

import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from visiting import assert_sound, choose_image, every_text, link, open_page, said, turn

from ae_core import data, runs
from ae_core.latent import traversals, unit_facts
from pages.serving import caches


def units(figure: go.Figure) -> list[int]:
    """The units of a figure's rows, from the top."""
    return [int(text.split("</b>")[0].removeprefix("<b>unit ")) for text in figure.layout.yaxis.ticktext]


@pytest.mark.parametrize("run", ["vanilla", "sparse-visible", "convolutional", "variational"])
def test_rows_that_hold_the_image_come_first_then_those_that_could_change_it_most(
    run: str, figures: dict[str, Any]
) -> None:
    app = open_page("units", run=run, image="6")
    assert_sound(app)
    assert not app.warning
    loaded = caches.load(runs.read(runs.SHIPPED / run))
    code = caches.codes(loaded.run)[6]
    changes = traversals.changes(loaded, code, caches.unit_ranges(loaded.run))
    shares = traversals.shares(loaded, code, caches.off_values(loaded.run))
    shown = units(figures["traversals"])
    expected = sorted(range(loaded.latent_dim), key=lambda unit: (-shares[unit], -changes[unit], unit))
    assert [unit - 1 for unit in shown] == expected[:12]
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


def tiles(app: Any, key: str) -> list[dict[str, Any]]:
    """The units that tiles show."""
    (found,) = [c for c in app.get("bidi_component") if c.proto.id.endswith(f"-{key}")]
    return json.loads(found.proto.json)[0]["units"]


def test_the_wall_is_ordered_as_it_says_and_counts_dead_units() -> None:
    run = runs.read(runs.SHIPPED / "sparse-topk")
    rates, driving = caches.activity(run).rates, caches.driving(run)
    app = open_page("all_units")
    assert_sound(app)
    assert f"512 units; {(rates == 0).sum()} of them are dead" in said(app)
    shown = [tile["number"] - 1 for tile in tiles(app, "tiles")]
    assert shown == np.argsort(-rates, kind="stable")[:35].tolist()
    assert tiles(app, "tiles")[0]["examples"] == driving.examples[shown[0], :4].tolist()
    app = open_page("all_units", sort="By class", **{"from-unit": "49"})
    shown = [tile["number"] - 1 for tile in tiles(app, "tiles")]
    assert (np.diff(driving.leading[shown]) >= 0).all()
    assert tiles(app, "tiles")[0]["note"].split()[0] in data.load("fashion-mnist").class_names
    app = open_page("all_units", sort="By effect")
    effects = caches.unit_effects(run)[[tile["number"] - 1 for tile in tiles(app, "tiles")]]
    assert (np.diff(effects) <= 0).all()
    assert effects[0] == caches.unit_effects(run).max()


def test_the_page_of_a_unit_says_what_the_library_says(figures: dict[str, Any]) -> None:
    app = open_page("unit", unit="29", run="sparse-topk")
    assert_sound(app)
    run = caches.load(runs.read(runs.SHIPPED / "sparse-topk"))
    values = caches.codes(run.run)[:, 28]
    facts = {metric.label: metric.value for metric in app.metric}
    assert facts["Active for"] == f"{np.mean(values > 0) * 100:.3g} %"
    labels = caches.test_labels("fashion-mnist")
    found = unit_facts.by_class(values, labels, 10)
    names = data.load("fashion-mnist").class_names
    assert facts["Tells apart best"] == f"{names[found.best]}, {found.telling:.2f}"
    assert figures["classes"].data[0].x == pytest.approx(found.means, rel=1e-5)
    (most,) = [c for c in app.get("bidi_component") if c.proto.id.endswith("-most")]
    assert json.loads(most.proto.json)[0]["among"] == np.argsort(-values, kind="stable")[:12].tolist()
    others, correlations = unit_facts.correlated(caches.codes(run.run), 28, 6, caches.unit_spreads(run.run))
    assert [tile["number"] - 1 for tile in tiles(app, "correlated")] == others.tolist()
    assert tiles(app, "correlated")[0]["note"] == f"correlation {correlations[0]:+.2f}"


def test_a_dead_unit_says_so() -> None:
    run = runs.read(runs.SHIPPED / "sparse-topk")
    (dead, *_) = np.flatnonzero(caches.activity(run).rates == 0)
    app = open_page("unit", unit=str(dead + 1), run="sparse-topk")
    assert_sound(app)
    assert "This unit is dead" in app.warning[0].value


def test_the_units_that_hold_an_image_are_ranked_and_lead_to_their_pages() -> None:
    app = open_page("units", run="sparse-topk", image="7")
    run = caches.load(runs.read(runs.SHIPPED / "sparse-topk"))
    code = caches.codes(run.run)[7]
    shares = traversals.shares(run, code, caches.off_values(run.run))
    expected = np.argsort(-shares, kind="stable")[:12]
    assert [tile["number"] - 1 for tile in tiles(app, "holding")] == expected.tolist()
    assert any("with all units and" in text for text in every_text(app))
