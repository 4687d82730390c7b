"""The page of one's own image, as Streamlit's test runner sees it, and what stands in its rows."""

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import visiting
from click.testing import CliRunner
from PIL import Image
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.testing.v1 import AppTest
from visiting import (
    ME,
    alter,
    button,
    choose_image,
    code_fold,
    code_of,
    cut,
    link,
    made_by,
    open_chooser,
    open_page,
    png,
    said,
    turn,
)

from ae_core import cards, data, figures, images, kinds, latent, metrics, preparing, runs
from ae_core.cli import main
from ae_core.data import as_float
from ae_core.figures.maps import density_map
from pages.serving import caches, session
from pages.widgets import answers, current_image, image_input, pad, shelf

TITLES = [kinds.get(name).title for name in kinds.names()]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[answers.RunResult]]:
    """What the page shows in its rows, at each run of its script."""
    shown: list[list[answers.RunResult]] = []
    show = answers.show

    def remember(given: list[answers.RunResult], key: str) -> str | None:
        shown.append(list(given))
        return show(given, key)

    monkeypatch.setattr(answers, "show", remember)
    return shown


def opened(**query: str) -> AppTest:
    return open_page("your_image", **query)


def draw(app: AppTest, grey: np.ndarray) -> AppTest:
    """As if the visitor had drawn that, uint8 (SIDE, SIDE)."""
    sent = base64.b64encode(grey.tobytes()).decode() if grey.any() else ""
    app.session_state[image_input.PAD] = {"sent": {"version": 0, "drawing": sent}}
    return app.run()


def shirt() -> np.ndarray:
    grey = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    grey[30:90, 35:75] = 255
    grey[30:50, 20:90] = 255
    return grey


def assert_sound(app: AppTest, title: str = "Your image") -> None:
    visiting.assert_sound(app)
    assert app.title[0].value == title


# Drawing


@pytest.mark.parametrize(
    ("query", "sentence"), [({}, "Draw on the black square"), ({"from": "Upload"}, "upload or take a picture")]
)
def test_an_empty_page_invites(query: dict[str, str], sentence: str, asked: list) -> None:
    app = opened(**query)
    assert_sound(app)
    assert not app.error
    assert not app.warning
    assert sentence in app.info[0].value
    assert asked == []


def test_a_drawing_is_answered_by_all_seven(asked: list) -> None:
    app = draw(opened(), shirt())
    assert_sound(app)
    assert not app.error
    (given,) = asked
    assert [a.run.recipe.title for a in given] == TITLES
    for answer in given:
        assert answer.reconstruction.shape == (28, 28)
        assert answer.neighbours.shape == (answers.NEIGHBOURS, 28, 28)
        assert 0 <= answer.rank <= 100
    draw(app, np.zeros_like(shirt()))
    assert "Draw on the black square" in app.info[0].value


def test_a_drawing_of_one_plain_colour_is_a_sentence(asked: list) -> None:
    app = draw(opened(), np.full((pad.SIDE, pad.SIDE), 255, np.uint8))
    assert_sound(app)
    assert "one plain colour" in app.warning[0].value
    assert asked == []
    draw(app, shirt())
    assert not app.warning
    assert len(asked) == 1


def test_a_broken_message_from_the_pad_is_a_sentence_and_costs_nothing(asked: list) -> None:
    app = draw(opened(), shirt())
    app.session_state[image_input.PAD] = {"sent": {"version": 0, "drawing": "<script>"}}
    app.run()
    assert_sound(app)
    assert "draw it again" in app.error[0].value
    assert len(asked) == 2, "the drawing before is still answered"


def test_an_emptied_pad_leaves_a_test_image_that_was_chosen_since(asked: list) -> None:
    app = choose_image(draw(opened(), shirt()), 30)
    draw(app, np.zeros_like(shirt()))
    assert_sound(app)
    assert link(app)["image"] == "30"
    assert len(asked) == 3
    np.testing.assert_array_equal(asked[-1][0].reconstruction, asked[-2][0].reconstruction)


def test_a_test_image_is_answered_and_can_be_put_on_the_pad(asked: list) -> None:
    app = choose_image(opened(), 30)
    assert_sound(app)
    assert link(app)["image"] == "30"
    x = caches.test_images("fashion-mnist", 30)
    button(app, "Put Bag, test image 30 on the pad").click().run()
    assert_sound(app)
    assert link(app)["image"] == "own"
    for given in asked:
        for answer in given:
            error = metrics.squared_error(x[None], answer.run.reconstruct(x[None]))[0]
            assert answer.mse == pytest.approx(error, abs=1e-4), answer.run.recipe.title


# Steps


def test_each_step_can_be_switched_off_here_or_by_the_link(asked: list) -> None:
    app = draw(opened(), shirt())
    for name in ("crop", "centre", "contrast"):
        app.checkbox(key=name).set_value(False).run()
        assert_sound(app)
    app.segmented_control(key="invert").set_value("Yes").run()
    first, last = asked[0], asked[-1]
    assert not np.array_equal(first[0].reconstruction, last[0].reconstruction)
    again = draw(opened(crop="false"), shirt())
    assert not again.checkbox(key="crop").value
    assert again.checkbox(key="centre").value


def test_whether_to_invert_is_decided_for_each_picture_until_the_visitor_does(asked: list) -> None:
    app = draw(opened(), shirt())
    draw(app, 255 - shirt())
    np.testing.assert_array_equal(asked[0][0].reconstruction, asked[1][0].reconstruction)
    app.segmented_control(key="invert").set_value("No").run()
    assert not np.array_equal(asked[1][0].reconstruction, asked[2][0].reconstruction)
    assert_sound(app)


# Files and the camera


def uploader(app: AppTest) -> Any:
    app.segmented_control(key="from").set_value("Upload").run()
    assert_sound(app)
    return app.file_uploader[0]


def test_the_latest_of_several_files_is_looked_at_and_the_bad_one_is_named(asked: list) -> None:
    app = opened()
    light = np.full((60, 50), 240, np.uint8)
    light[10:50, 10:40] = 30
    uploader(app).upload("*one*.png", png(np.pad(shirt(), 9))).upload("<b>bad</b>.png", b"no image").upload(
        "two.png", png(light)
    ).run()
    assert_sound(app)
    assert "<b>bad</b>.png: The file is not an image" in "\n".join(t.value for t in app.text)
    assert "two.png" in [t.value for t in app.text]
    assert "invert" in [c.value for c in app.caption], "it is on light ground"
    button(app, "Remove two.png")
    own = app.session_state["own-pictures"]
    own.take(own.brought[0].id)  # as by a click
    app.run()
    assert_sound(app)
    assert "not invert" in [c.value for c in app.caption]
    assert button(app, "Remove \\*one\\*.png"), "names of files are never Markdown"
    assert len(asked) == 2


def test_a_new_upload_beside_earlier_ones_is_looked_at(asked: list) -> None:
    app = opened()
    uploader(app).upload("one.png", png(np.pad(shirt(), 9))).run()
    app.file_uploader[0].upload("two.png", png(np.pad(shirt()[::-1], 9))).run()
    assert "two.png" in [t.value for t in app.text]
    assert not np.array_equal(asked[0][0].reconstruction, asked[1][0].reconstruction)
    for number in range(shelf.MOST):
        app.file_uploader[0].upload(f"{number}.png", png(np.pad(shirt(), 9 + number))).run()
    kept = [picture.title for picture in app.session_state["own-pictures"].brought]
    assert kept == [f"{number}.png" for number in range(shelf.MOST)], "the earliest make room"


def test_an_own_picture_is_there_on_other_pages_and_back_until_it_is_removed(asked: list) -> None:
    app = opened()
    uploader(app).upload("*mine*.png", png(np.pad(shirt(), 9))).run()
    for page in ("home", "units", "reconstruct", "home", "your_image"):
        turn(app, page)
        assert page == "home" or "*mine*.png" in [t.value for t in app.text], page
        assert page == "home" or link(app)["image"] == "own"
    assert len(asked) == 2
    np.testing.assert_array_equal(asked[0][0].reconstruction, asked[1][0].reconstruction)
    button(app, "Remove \\*mine\\*.png").click().run()
    assert "Draw on the black square" in app.info[0].value
    assert "image" not in link(app)


def test_the_code_of_a_test_image_makes_what_the_rows_show(asked: list[list[answers.RunResult]]) -> None:
    _, names = made_by(code_of(opened(image="22")))
    for answer, x_hat in zip(asked[-1], names["x_hat"], strict=True):
        np.testing.assert_allclose(answer.reconstruction, x_hat, atol=1e-6)


@pytest.mark.parametrize("page", ["your_image", "units", "reconstruct"])
def test_a_link_to_somebody_elses_picture_is_a_sentence(page: str) -> None:
    app = open_page(page, image="own")
    visiting.assert_sound(app)
    assert [i.value for i in app.info].count(current_image.GONE) == 1
    if page != "your_image":
        assert "Ankle boot, test image 0" in [t.value for t in app.text]
        choose_image(app, 22)
        assert current_image.GONE not in [i.value for i in app.info]


def test_a_picture_that_was_removed_beside_another_data_set_is_missed_and_no_link_is_blamed(
    data_folder: Path, digits_runs: dict[str, Path]
) -> None:
    shutil.copytree(digits_runs["vanilla"], data_folder / "runs" / "digits")
    cards.write(data_folder / "runs" / "digits", cards.unchecked(data_folder / "runs" / "digits") | {"owner": ME})
    app = open_chooser(open_page("reconstruct"))
    app.segmented_control(key="source").set_value("Upload").run()
    for name in ("one.png", "two.png"):
        app.file_uploader[0].upload(name, png(np.pad(shirt(), 9))).run()
        app.selectbox(key="run").set_value("digits").run()
    button(app, "Remove two.png").click().run()
    assert_sound(app, "Reconstruct")
    assert current_image.GONE not in [i.value for i in app.info]
    app.selectbox(key="run").set_value("vanilla").run()
    assert current_image.GONE in [i.value for i in app.info]
    assert "it was removed" in current_image.GONE
    assert "link" not in current_image.GONE


def test_each_file_is_read_once(monkeypatch: pytest.MonkeyPatch, asked: list) -> None:
    read: list[bytes] = []
    decode = images.decode
    monkeypatch.setattr(images, "decode", lambda content, **about: read.append(content) or decode(content, **about))
    app = opened()
    first, second = png(np.pad(shirt(), 9)), png(np.pad(shirt(), 5))
    uploader(app).upload("one.png", first).upload("bad.png", b"no image").run()
    app.checkbox(key="crop").set_value(False).run()
    assert read == [first, b"no image"]
    assert "bad.png: The file is not an image" in "\n".join(t.value for t in app.text), "it is said again"
    app.file_uploader[0].upload("two.png", second).run()
    assert read == [first, b"no image", second]


def test_a_click_while_a_file_is_read_loses_no_picture(monkeypatch: pytest.MonkeyPatch, asked: list) -> None:
    decode = images.decode

    def decode_and_click(content: bytes, **about: Any) -> np.ndarray:
        context = get_script_run_ctx()
        assert context
        assert context.script_requests
        # What a browser sends that still shows the uploader.
        sent = context.session_state._state._current_interaction_widget_states
        asked_for = {"page_script_hash": context.page_script_hash, "query_string": context.query_string}
        context.script_requests.request_rerun(RerunData(widget_states=sent, **asked_for))
        return decode(content, **about)

    monkeypatch.setattr(images, "decode", decode_and_click)
    app = opened(**{"from": "Upload"})
    app.file_uploader[0].upload("shirt.png", png(shirt())).run()
    assert_sound(app)
    assert link(app)["image"] == current_image.OWN
    assert len(asked[-1]) == len(TITLES)


def test_each_picture_is_prepared_once_for_as_long_as_the_steps_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[preparing.Steps] = []
    prepare = preparing.prepare
    monkeypatch.setattr(
        preparing, "prepare", lambda grey, shape, steps: prepared.append(steps) or prepare(grey, shape, steps)
    )
    app = opened()
    for name in ("one.png", "two.png"):
        uploader(app).upload(name, png(np.pad(shirt(), 9))).run()
    turn(app, "reconstruct")
    app.number_input(key="first-fashion-mnist").set_value(10).run()
    assert len(prepared) == 2
    turn(app, "your_image")
    app.checkbox(key="crop").set_value(False).run()
    assert [steps.crop for steps in prepared] == [True, True, False]


def test_each_file_is_freed_also_those_that_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[str] = []
    monkeypatch.setattr(session, "remove_upload", freed.append)
    app = opened()
    given = uploader(app)
    for number in range(shelf.MOST + 2):
        given.upload(f"{number}.png", png(np.pad(shirt(), 9 + number)))
    given.run()
    assert len(set(freed)) == len(freed) == shelf.MOST + 2
    kept = [picture.title for picture in app.session_state["own-pictures"].brought]
    assert kept == [f"{number}.png" for number in range(shelf.MOST)], "the first ones are read"
    assert "You chose 12 files; the first 10 were looked at." in said(app)


def test_what_could_not_be_read_is_told_as_it_is_where_it_was_given_and_until_one_goes_on(asked: list) -> None:
    app = opened()
    uploader(app).upload("bad.png", b"no image").run()
    assert [e.value for e in app.error] == ["No file could be read."]
    for elsewhere in ("Camera", "Draw"):
        app.file_uploader[0].upload("bad.png", b"no image").upload("one.png", png(np.pad(shirt(), 9))).run()
        assert [e.value for e in app.error] == ["Some files could not be read; the others were added."]
        app.segmented_control(key="from").set_value(elsewhere).run()
        assert not app.error
        app.segmented_control(key="from").set_value("Upload").run()
        assert not app.error
    app.file_uploader[0].upload("bad.png", b"no image").run()
    assert app.error
    turn(app, "home")
    assert not turn(app, "your_image").error


def test_a_file_is_the_same_image_and_as_strange_on_both_pages_and_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[list[answers.RunResult]]
) -> None:
    rng = np.random.default_rng(0)
    for name, thing, ground in (("dark.png", 60, 220), ("light.png", 210, 30)):
        grey = rng.integers(ground - 8, ground + 8, (900, 700)).astype(np.uint8)
        grey[100:500, 200:650] = thing
        (tmp_path / name).write_bytes(png(grey))
    given: list[tuple[Any, ...]] = []
    draws = figures.reconstructions
    monkeypatch.setattr(figures, "reconstructions", lambda *a, **o: given.append(a) or draws(*a, **o))
    app = opened()
    mine, inputs = {}, []
    for name in ("dark.png", "light.png"):
        uploader(app).upload(name, (tmp_path / name).read_bytes()).run()
        mine[name] = next(a for a in asked[-1] if a.run.run.name == "vanilla")
        app.query_params["run"] = "vanilla"
        turn(app, "reconstruct")
        assert_sound(app, "Reconstruct")
        x, x_hat, names, ranks = given[-1]
        assert names[0] == name
        inputs.append(x[0])
        np.testing.assert_allclose(x_hat[0], mine[name].reconstruction, atol=1e-6)
        assert ranks[0] == pytest.approx(mine[name].rank, abs=0.011)
        turn(app, "your_image")

    codes = tmp_path / "codes.npy"
    told = CliRunner().invoke(main, ["encode", "vanilla", *(str(tmp_path / n) for n in mine), "--out", str(codes)])
    assert told.exit_code == 0, told.output
    np.testing.assert_allclose(np.load(codes), mine["dark.png"].run.encode(np.stack(inputs)), atol=1e-6)


def test_a_file_of_one_plain_colour_is_a_sentence(asked: list) -> None:
    app = opened()
    uploader(app).upload("white.png", png(np.full((40, 40), 255, np.uint8))).run()
    assert_sound(app)
    assert "one plain colour" in app.warning[0].value
    assert asked == []


def test_the_camera_is_opened_only_when_asked_for(asked: list) -> None:
    app = opened(**{"from": "Camera"})
    assert_sound(app)
    assert not app.camera_input
    app.toggle(key="camera-on").set_value(True).run()
    file = io.BytesIO()
    Image.fromarray(np.pad(shirt(), 20)).save(file, "JPEG")
    app.camera_input[0].set_value(("shot.jpg", file.getvalue(), "image/jpeg")).run()
    assert_sound(app)
    assert len(asked[-1]) == len(TITLES)
    assert not app.camera_input, "it is off again"
    assert "Your photograph" in [t.value for t in app.text]


# Code


def test_the_code_makes_what_the_rows_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[list[answers.RunResult]]
) -> None:
    app = draw(opened(crop="false"), shirt())
    (tmp_path / "drawing.png").write_bytes(png(shirt()))
    monkeypatch.chdir(tmp_path)
    made, names = made_by(code_of(app))
    assert len(made) == 1
    for answer, x_hat in zip(asked[-1], names["x_hat"], strict=True):
        np.testing.assert_allclose(answer.reconstruction, x_hat, atol=1e-6)


def test_the_code_reads_a_large_upload_as_the_page_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[list[answers.RunResult]]
) -> None:
    grey = np.random.default_rng(0).integers(170, 250, (1400, 1000), np.uint8)
    grey[300:900, 250:700] -= 150
    app = opened()
    uploader(app).upload("it's mine.png", png(grey)).run()
    assert [t.value for t in code_fold(app).text] == ["it's mine.png"]
    (tmp_path / "it's mine.png").write_bytes(png(grey))
    monkeypatch.chdir(tmp_path)
    _, names = made_by(code_of(app))
    for answer, x_hat in zip(asked[-1], names["x_hat"], strict=True):
        np.testing.assert_allclose(answer.reconstruction, x_hat, atol=1e-6)


# Signals


def beat() -> np.ndarray:
    """Millivolts: two peaks, as no heartbeat has."""
    t = np.linspace(0, 1, 128)
    return np.exp(-(((t - 0.3) / 0.03) ** 2)) + np.exp(-(((t - 0.7) / 0.03) ** 2))


def line(values: np.ndarray, separator: str = ",") -> str:
    return separator.join(f"{v:.6f}" for v in values)


def test_a_signal_is_uploaded_answered_and_taken_to_other_pages(asked: list[list[answers.RunResult]]) -> None:
    app = opened(on="ecg", run="ecg-vanilla", runs="ecg-vanilla")
    assert_sound(app)
    app.segmented_control(key="from").set_value("Upload").run()
    app.file_uploader[0].upload("*two* peaks.csv", f"{line(beat())}\n{line(-beat())}\n".encode()).run()
    assert_sound(app)
    expected = data.load("ecg").scale.store(beat()[:, None])
    for answer in asked[-1]:
        x_hat = answer.run.reconstruct(expected[None])
        np.testing.assert_allclose(answer.reconstruction, x_hat[0], atol=1e-5)
        assert answer.mse == pytest.approx(metrics.squared_error(expected[None], x_hat)[0], rel=1e-3)
    assert asked[-1][0].rank > 90, "no heartbeat has two peaks"
    titles = [picture["name"] for picture in shown_in_gallery(app)]
    assert titles == ["*two* peaks.csv, signal 2", "*two* peaks.csv, signal 1"]
    for page in ("reconstruct", "denoise", "lens", "units", "paths", "latent_space", "your_image"):
        turn(app, page)
        visiting.assert_sound(app)
        assert not app.error
        if page != "latent_space":
            assert "*two* peaks.csv, signal 1" in [t.value for t in app.text], page
    button(app, "Remove \\*two\\* peaks.csv, signal 1").click().run()
    assert "Draw a curve, paste numbers" in app.info[0].value


def shown_in_gallery(app: AppTest) -> list[dict[str, str]]:
    (found,) = [e for e in app.get("bidi_component") if "-gallery" in e.proto.id]
    return json.loads(found.proto.json)[0]["pictures"]


def test_numbers_are_pasted_and_what_is_no_signal_is_a_sentence(asked: list[list[answers.RunResult]]) -> None:
    app = opened(on="ecg", **{"from": "Paste"})
    app.text_area[0].set_value("1, 2, 3").run()
    button(app, "Use these numbers").click().run()
    assert_sound(app)
    assert app.error[0].value == "These numbers could not be read."
    assert "expected a row for each signal, of about 128 values" in "\n".join(t.value for t in app.text)
    assert asked == []
    app.text_area[0].set_value(line(1000 * beat(), "\t")).run()
    button(app, "Use these numbers").click().run()
    assert not app.error
    assert "are they in the same unit?" in "\n".join(c.value for c in app.caption)
    app.text_area[0].set_value(repr(beat().tolist())).run()
    button(app, "Use these numbers").click().run()
    assert "are they in the same unit?" not in "\n".join(c.value for c in app.caption)
    assert len(asked[-1]) == 2


def draw_curve(app: AppTest, sent: Any, version: int = 0) -> AppTest:
    app.session_state["curve-ecg"] = {"sent": {"version": version, "drawing": sent}}
    return app.run()


def in_base64(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def test_a_drawn_curve_is_answered_and_a_broken_message_costs_nothing(asked: list[list[answers.RunResult]]) -> None:
    app = opened(on="ecg")
    x = data.load("ecg").scale.store(beat())
    draw_curve(app, in_base64(x))
    assert_sound(app)
    assert len(asked[-1]) == 2
    np.testing.assert_allclose(
        asked[-1][0].reconstruction, asked[-1][0].run.reconstruct(x[None, :, None])[0], atol=1e-6
    )
    for broken in ("<script>", in_base64(x[1:]), in_base64(np.full(128, np.nan)), 7):
        draw_curve(app, broken)
        assert_sound(app)
        assert "draw it again" in app.error[0].value
        assert len(asked[-1]) == 2, "the drawing before is still there"
    draw_curve(app, "")
    assert "Draw a curve" in app.info[0].value


def test_a_test_signal_is_put_on_the_pad(asked: list[list[answers.RunResult]]) -> None:
    app = opened(on="ecg", image="3")
    button(app, f"Put {data.load('ecg').called(3)} on the pad").click().run()
    assert_sound(app)
    np.testing.assert_array_equal(
        app.session_state["own-series-ecg"].things["drawing"].x, data.load("ecg").split("test").images[3]
    )


@pytest.mark.parametrize("page", ["your_image", "reconstruct", "paths", "units", "denoise"])
def test_the_code_reads_an_uploaded_signal(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(on="ecg", run="ecg-vanilla", runs="ecg-vanilla", **{"from": "Upload"})
    content = f"{line(-beat())}\n{line(beat())}\n".encode()
    app.file_uploader[0].upload("mine.csv", content).run()
    turn(app, page)
    (tmp_path / "mine.csv").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    made, names = made_by(code_of(app))
    assert made
    if page in ("reconstruct", "your_image"):
        np.testing.assert_allclose(names["x"][0], data.load("ecg").scale.store(-beat()[:, None]), atol=1e-6)


# Damage


def test_a_damaged_kind_says_so_in_one_line_and_the_others_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list
) -> None:
    folder = tmp_path / "checkpoints"
    for name in ("vanilla", "sparse", "variational"):
        shutil.copytree(runs.SHIPPED / name, folder / name)
    cut(folder / "vanilla")
    alter(folder / "sparse")
    monkeypatch.setattr(runs, "SHIPPED", folder)
    app = draw(opened(), shirt())
    assert_sound(app)
    assert [a.run.recipe.title for a in asked[-1]] == ["Variational"]
    lines = [t.value for t in app.text if "is left out" in t.value]
    assert [line.split()[0] for line in lines] == ["Vanilla", "Sparse"]
    assert all("\n" not in line for line in lines)


# Models of one's own


def test_ones_own_models_of_the_data_set_answer_beside_the_seven_the_latest_first(
    data_folder: Path, digits_runs: dict[str, Path], asked: list
) -> None:
    for number in range(7):
        folder = data_folder / "runs" / f"mine-{number}"
        shutil.copytree(runs.SHIPPED / "vanilla-2d", folder)
        told = {"owner": ME if number else "someone-else", "title": f"*Mine* {number}"}
        told["created"] = f"2026-01-0{number + 1}T00:00:00Z"
        cards.write(folder, cards.unchecked(folder) | told)
    shutil.copytree(digits_runs["vanilla"], data_folder / "runs" / "digits")
    cards.write(data_folder / "runs" / "digits", cards.unchecked(data_folder / "runs" / "digits") | {"owner": ME})
    app = draw(opened(), shirt())
    assert_sound(app)
    assert [answers.title(a.run) for a in asked[-1]] == [*TITLES, *(f"*Mine* {n}" for n in (6, 5, 4, 3, 2))]
    assert "Of your 6 models of this data set, only the latest 5 are shown." in [c.value for c in app.caption]


# What stands in a row


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        (100, "more unusual than all test images: the model has seen nothing like it"),
        (99.96, "more unusual than 99.9 % of the test images: the model has seen nothing like it"),
        (99.0, "more unusual than 99.0 % of the test images: the model has seen nothing like it"),
        (96.5, "more unusual than 96.5 % of the test images: the model has hardly seen anything like it"),
        (50.0, "more unusual than 50.0 % of the test images"),
        (20.0, "more usual than 80.0 % of the test images"),
        (0.04, "more usual than 99.9 % of the test images"),
        (0, "more usual than all test images"),
    ],
)
def test_how_strange_an_image_is_in_words(rank: float, expected: str) -> None:
    assert answers.words(rank) == expected


def test_the_answers_are_summed_up_in_a_sentence(asked: list[list[answers.RunResult]]) -> None:
    draw(opened(), shirt())
    sentence = answers._summary(asked[-1])
    ranks = {a.run.recipe.title: a.rank for a in asked[-1]}
    least, most = min(ranks, key=ranks.__getitem__), max(ranks, key=ranks.__getitem__)
    assert sentence == f"To {least} it is {answers.words(ranks[least])}; to {most} {answers.words(ranks[most])}."
    assert answers._summary([]) == ""


@pytest.mark.parametrize("kind", ["vanilla", "variational"])
def test_an_answer_is_what_the_library_says(kind: str) -> None:
    run = caches.load(runs.read(runs.SHIPPED / kind))
    x = caches.test_images("fashion-mnist", 7)
    answer = answers.compute(run, x)
    code = run.encode(x[None])
    x_hat = run.decode(code)
    np.testing.assert_array_equal(answer.reconstruction, x_hat[0])
    assert answer.mse == pytest.approx(float(np.mean((x - x_hat[0]) ** 2)), rel=1e-5)
    assert answer.rank == pytest.approx(metrics.percentile_rank(answer.mse, caches.errors(run.run)), abs=0.01)

    every = data.load("fashion-mnist").split("train")
    rows = np.arange(0, 60_000, 6)
    near, _ = latent.nearest(run.encode(as_float(every.images[rows])), code[0], 3)
    np.testing.assert_array_equal(answer.neighbours, every.images[rows][near])
    assert answer.classes == tuple(data.load("fashion-mnist").class_names[c] for c in every.labels[rows][near])


def test_the_map_is_dense_where_the_points_are_and_square() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal((0, 0), 0.2, (4000, 2)), rng.normal((6, 2), 0.2, (1000, 2))])
    picture, (left, right, bottom, top) = density_map(points, 40)
    assert picture.shape == (40, 40)
    assert right - left == pytest.approx(top - bottom)
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    x, y = left + (column + 0.5) / 40 * (right - left), top - (row + 0.5) / 40 * (top - bottom)
    assert (x, y) == pytest.approx((0, 0), abs=0.4)
    assert picture[:8].max() == 0
    other = picture[int((top - 2) / (top - bottom) * 40), int((6 - left) / (right - left) * 40)]
    assert 0 < other < picture.max()


def test_a_map_of_one_place_is_a_map() -> None:
    picture, (left, right, bottom, top) = density_map(np.ones((50, 2)), 16)
    assert picture.max() == 255
    assert left < 1 < right
    assert bottom < 1 < top
