"""The page of directions, and what becomes of one on Lens and Paths."""

import json
from typing import Any

import numpy as np
import pytest
from visiting import assert_sound, button, link, open_page, said

from ae_core import kept_directions, runs
from ae_core.latent import directions, unit_facts
from pages.serving import caches, visitor
from pages.widgets import selection

CLASSES = {"from-group": "c6", "to-group": "c3"}  # shirts and dresses


def component(app: Any, key: str) -> dict[str, Any]:
    (found,) = [c for c in app.get("bidi_component") if key in c.proto.id]
    return json.loads(found.proto.json)[0]


def test_two_classes_are_walked_and_weighed_as_the_library_says() -> None:
    app = open_page("directions", run="variational", **CLASSES)
    assert_sound(app)
    run = caches.load(runs.read(runs.SHIPPED / "variational"))
    codes, labels = caches.codes(run.run), caches.test_labels("fashion-mnist")
    found = directions.between(codes[labels == 6], codes[labels == 3])
    facts = {metric.label: metric.value for metric in app.metric}
    assert facts["Bootstrap cosine"] == f"{found.cosines.mean():.3f}"
    assert facts["Share of the variance"] == f"{found.share * 100:.0f} %"
    assert facts["Order, AUROC"] == f"{found.order:.3f}"
    film = component(app, "walked")
    assert film["values"] == np.linspace(-2, 2, 17).tolist()
    assert link(app)["from-group"] == "c6"


def test_without_groups_it_says_what_to_do() -> None:
    app = open_page("directions")
    assert_sound(app)
    assert "Choose two groups" in app.info[0].value
    assert not app.metric


def test_a_selection_is_a_group_and_the_link_finds_it_again() -> None:
    app = open_page("latent_space", run="variational", select="1.2.3.5.8")
    button(app, "Direction from these").click().run()
    assert link(app)["from-group"] == "1.2.3.5.8"
    app = open_page("directions", run="variational", **{"from-group": "1.2.3.5.8", "to-group": "c1"})
    assert_sound(app)
    assert "5 selected images" in str([box.options for box in app.selectbox])


@pytest.mark.parametrize("text", ["c10", "c-1", "c", "x", "1.10000", "1." * 5000])
def test_groups_that_do_not_exist_are_told(text: str) -> None:
    app = open_page("directions", **{"from-group": text, "to-group": "c1"})
    assert_sound(app)
    assert "group of the direction (from)" in app.warning[0].value


@pytest.mark.usefixtures("data_folder")
def test_one_is_kept_found_compared_and_deleted() -> None:
    app = open_page("directions", run="variational", **CLASSES)
    app.text_input[0].set_value("longer, *no sleeves*")
    button(app, "Keep").click().run()
    assert_sound(app)
    run = runs.read(runs.SHIPPED / "variational")
    assert [k.name for k in kept_directions.listed(run, visitor.current())] == ["longer, *no sleeves*"]
    app = open_page("directions", run="variational")
    button(app, "longer, \\*no sleeves\\*").click().run()
    assert link(app)["to-group"] == "c3"
    app = open_page("directions", run="variational", **{"from-group": "c3", "to-group": "c6"})
    assert "| −1.00 |" in said(app) or "| -1.00 |" in said(app)
    app.selectbox(key="forget").set_value("longer, *no sleeves*").run()
    button(app, "Delete it").click().run()
    assert not kept_directions.listed(run, visitor.current())


def test_it_is_drawn_on_the_lens_and_walked_on_paths() -> None:
    app = open_page("lens", run="variational", **CLASSES)
    assert_sound(app)
    arrow = component(app, "lens-")["arrow"]
    run = caches.load(runs.read(runs.SHIPPED / "variational"))
    codes, labels = caches.codes(run.run), caches.test_labels("fashion-mnist")
    assert arrow["start"] == pytest.approx(codes[labels == 6].mean(axis=0), abs=1e-4)
    assert arrow["end"] == pytest.approx(codes[labels == 3].mean(axis=0), abs=1e-4)
    app = open_page("paths", path="Along a direction", along="Between two groups", run="variational", **CLASSES)
    assert_sound(app)
    assert "from “Shirt” to “Dress”" in component(app, "film-")["rows"][0]["title"]
    app = open_page("paths", path="Along a direction", along="Between two groups", run="variational")
    assert "Choose two groups" in app.info[0].value


def test_an_analogy_is_the_librarys() -> None:
    app = open_page("directions", run="vanilla", a="1", b="2", c="3")
    assert_sound(app)
    run = caches.load(runs.read(runs.SHIPPED / "vanilla"))
    codes = caches.codes(run.run)
    _, far = caches.index(run.run).nearest(directions.analogy(*codes[[1, 2, 3]]), 1)
    assert f"lies {far[0] / caches.neighbour_distance(run.run):.1f} gaps from it" in said(app)


def test_what_tells_a_selection_apart_is_ranked_on_the_map() -> None:
    chosen = np.flatnonzero(caches.test_labels("fashion-mnist") == 8)[:200]
    app = open_page("latent_space", run="sparse-visible", select=selection.encode(chosen, 10_000))
    assert_sound(app)
    run = caches.load(runs.read(runs.SHIPPED / "sparse-visible"))
    inside = np.isin(np.arange(10_000), chosen)
    units, aurocs = unit_facts.distinguishing(caches.codes(run.run), inside, 6)
    shown = component(app, "apart")["units"]
    assert [unit["number"] - 1 for unit in shown] == units.tolist()
    assert shown[0]["note"] == f"AUROC {aurocs[0]:.2f}"
