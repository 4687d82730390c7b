"""The Paths page: what its controls do, and what it says where there is no path."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from visiting import assert_sound, choose_image, link, open_page, said

from ae_core import runs
from ae_core.latent import paths
from pages.serving import caches
from pages.widgets import path_input


def film(app: AppTest) -> dict[str, Any]:
    """What the page's film was given."""
    (found,) = [json.loads(e.proto.json)[0] for e in app.get("bidi_component") if "sheet" in e.proto.json]
    return found


def sheet(app: AppTest) -> np.ndarray:
    """The film's frames as grey values, (rows, frames, h, w)."""
    import base64

    shown = film(app)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["sheet"].split(",")[1]))))
    h, w = shown["image"]
    return picture.reshape(len(shown["rows"]), h, shown["frames"], w).swapaxes(1, 2)


def titles(app: AppTest) -> list[str]:
    return [row["title"] for row in film(app)["rows"]]


def codes(name: str, rows: list[int]) -> np.ndarray:
    return caches.codes(runs.read(runs.SHIPPED / name))[rows]


# Between images


def test_frames_are_what_the_library_decodes() -> None:
    app = open_page("paths", runs="vanilla", frames="9", way="Spherical", **{"image": "7", "image-2": "12"})
    assert_sound(app)
    assert not app.warning
    run = caches.load(runs.read(runs.SHIPPED / "vanilla"))
    expected = run.decode(paths.spherical(*codes("vanilla", [7, 12]), 9))
    assert np.abs(sheet(app)[0] / 255 - expected).max() < 0.003
    x = caches.test_images("fashion-mnist", slice(None))
    assert np.abs(sheet(app)[1, 4] / 255 - (x[7] + x[12]) / 2).max() < 0.003
    assert [row["stops"] for row in film(app)["rows"]] == [[0, 8], [0, 8]]


def test_each_run_has_a_row_and_the_pixels_have_the_last() -> None:
    app = open_page("paths")
    assert_sound(app)
    assert titles(app) == ["Variational", "Vanilla", "Convolutional", "No model: a blend of the pixels"]
    app.pills[0].set_value(["contractive", "sparse"]).run()
    assert_sound(app)
    assert len(titles(app)) == 3
    assert all(row["note"].endswith(".") for row in film(app)["rows"])
    app.pills[0].set_value([]).run()
    assert_sound(app)
    assert app.info[0].value == "Choose at least one model."


def test_as_many_images_as_are_asked_for_and_their_numbers_in_the_link() -> None:
    app = open_page("paths", runs="vanilla")
    app.segmented_control(key="images").set_value(5).run()
    choose_image(app, 77, "image-3")
    assert_sound(app)
    assert link(app)["image-3"] == "77"
    assert len(film(app)["rows"][0]["stops"]) == 5
    app.segmented_control(key="shared").set_value(path_input.BY_LENGTH).run()
    assert_sound(app)
    rows = [0, 2, 77, 1, 9]
    assert film(app)["rows"][0]["stops"] == paths.stops(codes("vanilla", rows), 16, even=False)
    app.segmented_control(key="images").set_value(2).run()
    assert "image-3" not in link(app)
    app.segmented_control(key="images").set_value(3).run()
    assert link(app)["image-3"] == "77", "it comes back as it was"


def test_the_other_images_are_unlike_the_one_that_goes_along() -> None:
    app = open_page("paths", runs="vanilla", image="2")
    assert_sound(app)
    assert not app.warning
    named = [t.value for t in app.text if "test image" in t.value]
    assert named == ["Trouser, test image 2", "Sandal, test image 8"]


def test_the_slider_says_how_many_frames() -> None:
    app = open_page("paths", runs="vanilla")
    app.slider(key="frames").set_value(25).run()
    assert film(app)["frames"] == 25
    assert sheet(app).shape == (2, 25, 28, 28)


def test_two_equal_images_are_a_sentence() -> None:
    app = open_page("paths", runs="vanilla", **{"image": "4", "image-2": "4"})
    assert_sound(app)
    assert "choose two different ones" in app.warning[0].value
    choose_image(app, 5, "image-2")
    assert_sound(app)
    assert not app.warning
    assert film(app)["rows"]


def test_a_path_leads_through_models_of_one_data_set(data_folder: Path, digits_runs: dict[str, Path]) -> None:
    shutil.copytree(digits_runs["sparse"], data_folder / "runs" / "digits-run")
    app = open_page("paths")
    assert "digits-run" not in " ".join(app.pills[0].options)
    app.segmented_control(key="on").set_value("digits").run()
    assert_sound(app)
    assert len(titles(app)) == 2, "the one model, and a blend of pixels"
    assert film(app)["image"] == [8, 8]


def test_runs_of_small_images(data_folder: Path, nothing_ships: Path, digits_runs: dict[str, Path]) -> None:
    for kind in ("vanilla", "convolutional"):
        shutil.copytree(digits_runs[kind], data_folder / "runs" / kind)
    app = open_page("paths", image="9999")
    assert_sound(app)
    assert "defaults instead: image." in said(app)
    assert film(app)["image"] == [8, 8]


def test_runs_that_give_all_images_one_code_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    original = caches.codes
    monkeypatch.setattr(
        caches, "codes", lambda run: original(run) * (0 if run.name in ("vanilla", "contractive") else 1)
    )
    app = open_page("paths", runs="vanilla")
    assert_sound(app)
    assert "same code and is left out" in app.warning[0].value
    assert "less alike" in app.info[0].value
    app.pills[0].set_value(["vanilla", "sparse"]).run()
    assert_sound(app)
    assert len(titles(app)) == 2


def test_no_runs_and_none_picked(nothing_ships: Path) -> None:
    for query in ({}, {"path": "Along a direction"}):
        app = open_page("paths", **query)
        assert_sound(app)
        assert "Train one" in app.info[0].value


# Along a direction


def along(**query: str) -> AppTest:
    return open_page("paths", path="Along a direction", **query)


def test_along_a_unit_from_its_1st_to_its_99th_percentile() -> None:
    app = along(run="vanilla", direction="4", image="3")
    assert_sound(app)
    assert not app.warning
    all_codes = caches.codes(runs.read(runs.SHIPPED / "vanilla"))
    low, high = np.percentile(all_codes[:, 3], [1, 99])
    assert film(app)["values"] == pytest.approx(np.linspace(low, high, 16).tolist())
    run = caches.load(runs.read(runs.SHIPPED / "vanilla"))
    expected = run.decode(paths.along(all_codes[3], 3, low, high, 16))
    assert np.abs(sheet(app)[0] / 255 - expected).max() < 0.003
    assert titles(app) == ["Vanilla, unit 4"]


def test_along_a_principal_direction() -> None:
    app = along(run="sparse", **{"image-2": "5"})
    assert "image-2" not in link(app), "the link names what the page shows"
    app.segmented_control(key="along").set_value(path_input.PRINCIPAL).run()
    app.number_input(key="direction@sparse").set_value(2).run()
    assert_sound(app)
    assert titles(app)[0].endswith("principal direction 2")
    assert link(app)["direction"] == "2"


def test_a_unit_that_never_changes_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    original = caches.codes
    monkeypatch.setattr(caches, "codes", lambda run: original(run) * np.eye(32, dtype=np.float32)[5])
    app = along(run="vanilla")
    assert_sound(app)
    assert "there is no path along it" in app.warning[0].value
    app.number_input(key="direction@vanilla").set_value(6).run()
    assert_sound(app)
    assert not app.warning


def test_another_run_has_directions_of_its_own() -> None:
    app = along(run="vanilla", direction="30")
    app.selectbox(key="run").set_value("variational-2d").run()
    assert_sound(app)
    assert titles(app)[0].endswith("unit 1"), "there are but two"
    assert not app.warning, "the link asked for a direction of the other run"
    app.selectbox(key="run").set_value("vanilla").run()
    assert titles(app)[0].endswith("unit 30"), "each run has its own"
