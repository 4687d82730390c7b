"""The page of the lens: every plane, every pin, and what a link may claim."""

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from visiting import NAVIGATION, assert_sound, button, choose_image, ids_of, link, open_chooser, png, said, turn

import ae_core
from ae_core import latent, preparing, runs
from pages.serving import caches


def opened(**link: str) -> AppTest:
    """The page as that link shows it."""
    at = AppTest.from_file(NAVIGATION, default_timeout=60)
    at.switch_page("lens.py")
    for name, value in link.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def given(at: AppTest) -> dict[str, Any]:
    """What the lens is given."""
    (found,) = [json.loads(e.proto.json)[0] for e in at.get("bidi_component") if '"mark"' in e.proto.json]
    return found


def texts(elements: Any) -> str:
    return "\n".join(e.value for e in elements)


def test_begins_at_an_image_on_its_own_plane() -> None:
    at = opened(run="vanilla")
    assert "Pinned at" in texts(at.header)
    assert "This plane cuts through 32 units" in said(at)
    assert {m.label: m.value for m in at.metric}["Nearest image"] == "0.0 gaps"
    run = ae_core.load(runs.SHIPPED / "vanilla")
    codes = caches.codes(run.run)
    x, y = latent.principal_plane(codes, (1, 2), codes[0]).points(codes[:1])[0]
    assert f"Pinned at ({x:.2f}, {y:.2f})" in texts(at.header)
    assert "pin" not in link(at), "the link has what was chosen"


@pytest.mark.parametrize(
    "link",
    [
        {"run": "vanilla", "plane": "Two units", "unit1": "3", "unit2": "7", "image": "12"},
        {"run": "convolutional", "plane": "Three images", "corner1": "5", "corner2": "6", "corner3": "9"},
        {"run": "sparse", "direction1": "2", "direction2": "5"},
        {"run": "variational-2d", "pin": "0.5,-0.25"},
    ],
)
def test_a_link_opens_the_plane_it_names(link: dict[str, str]) -> None:
    at = opened(**link)
    assert not at.error
    assert not at.warning
    assert ("Pinned at (0.50, -0.25)" if "pin" in link else "Pinned at") in texts(at.header)
    for name in ("unit1", "direction1"):
        if name in link:
            (shown,) = [n for n in at.number_input if n.key and n.key.startswith(f"{name}@")]
            assert shown.value == int(link[name])


@pytest.mark.parametrize("run", ["vanilla", "variational-2d"])
def test_it_begins_at_the_image_that_goes_along_and_marks_it(run: str) -> None:
    at = choose_image(opened(run=run), 22)
    assert not at.exception
    codes = caches.codes(runs.read(runs.SHIPPED / run))
    plane = latent.principal_plane(codes, (1, 2), codes[22]) if run == "vanilla" else latent.whole_plane(codes)
    x, y = plane.points(codes[22:23])[0]
    assert f"Pinned at ({x:.2f}, {y:.2f})" in texts(at.header)
    assert {m.label: m.value for m in at.metric}["Nearest image"] == "0.0 gaps"
    assert given(at)["mark"] == pytest.approx([x, y], abs=1e-5)
    assert (link(at)["image"], "pin" in link(at)) == ("22", False)
    pinned = opened(run=run, image="22", pin="0.5,-0.25")
    assert "Pinned at (0.50, -0.25)" in texts(pinned.header), "a pin in the link is another beginning"
    assert given(pinned)["mark"] == pytest.approx([x, y], abs=1e-5)


def test_ones_own_picture_is_marked_where_its_code_is() -> None:
    at = open_chooser(opened(run="vanilla"))
    at.segmented_control(key="source").set_value("Upload").run()
    grey = np.zeros((40, 40), np.uint8)
    grey[8:30, 10:34] = 200
    at.file_uploader[0].upload("mine.png", png(grey)).run()
    assert not at.exception
    run = ae_core.load(runs.SHIPPED / "vanilla")
    codes = caches.codes(run.run)
    code = run.encode(preparing.prepare(grey, (28, 28))[-1].image[None])
    x, y = latent.principal_plane(codes, (1, 2), codes[0]).points(code)[0]
    assert given(at)["mark"] == pytest.approx([x, y], abs=1e-4)
    assert "The code of your image lies" in said(at)


def test_another_picture_of_the_same_name_is_another_beginning() -> None:
    at = open_chooser(opened(run="vanilla-2d"))
    at.segmented_control(key="source").set_value("Upload").run()
    for rows in (slice(8, 30), slice(24, 32)):
        grey = np.zeros((40, 40), np.uint8)
        grey[rows, 10:34] = 200
        at.file_uploader[0].upload("image.png", png(grey)).run()
        assert not at.exception
        x, y = given(at)["mark"]
        assert f"Pinned at ({x:.2f}, {y:.2f})" in texts(at.header)
        assert "pin" not in link(at), "nobody has pinned a place"


def test_a_selection_greys_all_others_is_told_and_can_be_let_go() -> None:
    at = opened(run="vanilla-2d", select="3.17.40")
    assert given(at)["selected"] == [3, 17, 40]
    button(at, "3 selected, all others grey").click().run()
    assert not at.exception
    assert given(at)["selected"] == []
    assert "select" not in link(at)
    assert not [b for b in at.button if "selected" in b.label]


def test_a_class_beside_the_image_on_reconstruct_and_the_one_in_colour_here_are_two_things() -> None:
    at = opened(run="vanilla-2d", **{"class": "Bag"})
    assert given(at)["alone"] == "Bag"
    at.query_params.clear()
    turn(at, "reconstruct")
    assert at.selectbox(key="class-fashion-mnist").value == "All classes"
    at.selectbox(key="class-fashion-mnist").set_value("Coat").run()
    turn(at, "lens")
    assert given(at)["alone"] == "Bag"


def test_what_makes_no_plane_is_one_sentence_and_the_rest_stays() -> None:
    at = opened(run="vanilla", plane="Three images", corner1="5", corner2="5", corner3="9")
    assert "same code" in texts(at.error)
    at = opened(run="vanilla", direction1="4", direction2="4")
    assert "two different principal direction" in texts(at.error)
    at.number_input(key="direction2@vanilla").set_value(5).run()
    assert not at.error
    assert "Pinned at" in texts(at.header)


def test_turning_the_plane_about_a_place_keeps_the_code() -> None:
    at = opened(run="vanilla", pin="1.5,0.5")
    at.button(key="cut").click().run()
    assert not at.exception
    assert "through-code" in link(at)
    at.number_input(key="direction2@vanilla").set_value(3).run()
    run = ae_core.load(runs.SHIPPED / "vanilla")
    codes = caches.codes(run.run)
    pinned = latent.principal_plane(codes, (1, 2), codes[0]).codes(np.array([[1.5, 0.5]]))
    x, y = latent.principal_plane(codes, (1, 3), pinned[0]).points(pinned)[0]
    assert f"Pinned at ({x:.2f}, {y:.2f})" in texts(at.header)


def follow(at: AppTest, **link: str) -> None:
    """Goes to another page, and from there back by a link."""
    at.switch_page("units.py").run()
    at.query_params.clear()
    at.query_params.update(link)
    at.switch_page("lens.py").run()


def test_a_link_brings_its_own_pin() -> None:
    at = opened(run="vanilla", pin="1.5,0.5")
    follow(at, run="sparse", pin="0.25,-0.5")
    assert "Pinned at (0.25, -0.50)" in texts(at.header)
    at.selectbox(key="run").set_value("vanilla").run()  # on another plane the same numbers are another place
    assert "Pinned at" in texts(at.header)
    assert "(0.25, -0.50)" not in texts(at.header)


def test_a_second_run_has_a_pin_of_its_own_and_can_be_exchanged_and_let_go() -> None:
    at = opened(run="vanilla-2d", beside="variational-2d", overlay="Density")
    assert len([h for h in at.header if "Pinned at" in h.value]) == 2
    assert "One pointer moves both" in texts(at.caption)
    at.selectbox(key="beside").set_value("contractive-2d").run()
    assert link(at)["beside"] == "contractive-2d"
    assert "Contractive" in texts(at.header)
    at.selectbox(key="beside").set_value(None).run()
    assert not at.exception
    assert "beside" not in link(at)
    assert len([h for h in at.header if "Pinned at" in h.value]) == 1


def test_every_explanation_of_two_models_has_an_id_of_its_own() -> None:
    at = opened(run="vanilla", beside="vanilla")
    assert len(ids_of(at)) > 6
    assert_sound(at)


def test_a_link_of_the_app_wins_over_the_run_that_was_picked() -> None:
    at = opened()
    at.selectbox(key="run").set_value("undercomplete").run()
    assert link(at)["run"] == "undercomplete"
    follow(at, run="vanilla-2d")
    assert at.selectbox(key="run").value == "vanilla-2d"


def test_what_was_asked_in_vain_is_told_until_something_else_is_chosen() -> None:
    at = opened(run="no-such-run", beside="none-either")
    (sentence,) = [w.value for w in at.warning]
    assert "model (deleted" in sentence
    assert "second model (deleted" in sentence
    at.selectbox(key="run").set_value("vanilla").run()
    (sentence,) = [w.value for w in at.warning]
    assert "second model (deleted" in sentence
    assert "not: run" not in sentence
    at.selectbox(key="beside").set_value("sparse").run()
    assert not at.warning
