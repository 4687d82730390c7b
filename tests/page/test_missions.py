"""The missions of Home: each link leads to a page that is set up for it and says what to do."""

import pytest
from visiting import assert_sound, link, open_page, said

from pages.widgets import menu
from pages.widgets.missions import KEY, MISSIONS, Mission


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
