"""The missions of Home: each link leads to a page that is set up for it and says what to do."""

import pytest
from visiting import assert_sound, link, open_page, said, turn

from pages.widgets import menu
from pages.widgets.missions import KEY, MISSIONS, Mission

# What visitors may have chosen before on the page of each mission.
BEFORE = {
    "hole": {
        "run": "vanilla-2d",
        "beside": "variational-2d",
        "overlay": "Density",
        "pin": "0.5,-0.25",
        "class": "Bag",
        "select": "3.17",
        "image": "22",
    },
    "walk": {"path": "Along a direction", "frames": "8", "runs": "sparse", "images": "3", "way": "Spherical"},
    "draw": {"from": "Upload", "image": "22", "crop": "false"},
    "train": {"kind": "Sparse", "dataset": "Digits (8 × 8)", "seed": "5", "dense-fashion-mnist-epochs": "4"},
}


@pytest.mark.parametrize("mission", MISSIONS, ids=lambda mission: mission.name)
def test_a_mission_opens_as_it_is_meant_and_ends(mission: Mission) -> None:
    app = open_page(mission.page, **mission.settings, **{KEY: mission.name})
    assert_sound(app)
    assert not app.warning, "the page has all that the link asks for"
    assert mission.todo in said(app)
    assert mission.notice in said(app)
    asked = mission.settings | {KEY: mission.name}
    assert {name: text for name, text in link(app).items() if name in asked} == asked
    app.button(key="mission-done").click().run()
    assert_sound(app)
    assert mission.todo not in said(app)
    assert KEY not in link(app)


@pytest.mark.parametrize("mission", MISSIONS, ids=lambda mission: mission.name)
def test_a_mission_opens_as_it_is_meant_for_who_has_chosen_something_else_before(mission: Mission) -> None:
    page, asked = mission.page, mission.settings | {KEY: mission.name}
    app = open_page(page, **BEFORE[mission.name])
    assert not app.warning
    app.query_params.clear()
    turn(app, "home")
    app.query_params.update(asked)
    turn(app, page)
    assert_sound(app)
    fresh = open_page(page, **asked)
    assert link(app) == link(fresh) == asked
    assert said(app) == said(fresh)


def test_home_offers_all_of_them() -> None:
    app = open_page("home")
    offered = {way.proto.label: way.proto for way in app.get("page_link")}
    for mission in MISSIONS:
        way = offered[f"**{mission.title}**"]
        assert way.page == menu.PAGES[mission.page].address
        assert f"{KEY}={mission.name}" in way.query_string.split("&")


def test_a_mission_of_another_page_is_not_shown() -> None:
    app = open_page("denoise", **{KEY: "hole"})
    assert_sound(app)
    assert "Find a hole" not in said(app)
