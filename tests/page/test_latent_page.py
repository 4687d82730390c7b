"""The page of the latent space, as Streamlit's own test runner sees it."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from visiting import assert_sound, button, link, open_page, progress_texts, turn

from ae_core import data, inference, latent, metrics, processes, projecting, runs, tasks
from ae_core.tasks import folder, worker
from pages.serving import caches, page_state
from pages.widgets import codes_table, colour_input, plot, projection, selection

LABELS = data.load("fashion-mnist").split("test").labels
NAMES = data.load("fashion-mnist").class_names

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def shown(figures: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The figures that the page shows, by key, and what it tells the map."""
    dots = plot.dots

    def note(figure: plot.Draw, key: str, **options: Any) -> None:
        figures[key], figures["told"] = figure(), options
        dots(figure, key, **options)

    monkeypatch.setattr(plot, "dots", note)
    return figures


def visit(**query: str) -> AppTest:
    return sound(open_page("latent_space", **query))


def sound(app: AppTest) -> AppTest:
    assert not app.exception, [e.value for e in app.exception]
    assert not app.error, [e.value for e in app.error]
    return app


def headings(app: AppTest) -> list[str]:
    return [h.value for h in app.header]


def test_nothing_selected_shows_all(shown: dict[str, Any]) -> None:
    app = visit(run="variational")
    assert headings(app)[0] == "No image is selected"
    assert len(shown["errors"].data) == 1
    np.testing.assert_array_equal(shown["mix"].data[0].x, np.bincount(LABELS))
    assert app.dataframe[0].value["number"].tolist() == list(range(60))
    assert app.segmented_control[0].label != "Projection", "a plane needs none"


def test_a_link_opens_the_same_selection(shown: dict[str, Any]) -> None:
    numbers = np.flatnonzero(LABELS == 7)[:300]
    app = visit(run="vanilla", select=selection.encode(numbers, len(LABELS)), image="17")
    assert headings(app)[0] == "300 images selected"
    np.testing.assert_array_equal(shown["told"]["selected"], numbers)
    assert shown["told"]["marked"] == [17]
    assert shown["mix"].data[0].x.tolist() == [0, 0, 0, 0, 0, 0, 0, 300, 0, 0]
    assert app.dataframe[0].value["number"].tolist() == numbers[:60].tolist()
    assert set(app.dataframe[0].value["class"]) == {"Sneaker"}
    assert [t.name for t in shown["errors"].data] == ["all test images", "selected"]
    assert link(app)["select"] == selection.encode(numbers, len(LABELS))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (range(500, 1500), "1,000 images selected, 500 of them on the map"),
        (range(998, 1000), "2 images selected"),
        ([1000], "1 image selected, not on the map"),
    ],
)
def test_it_is_said_how_many_of_the_selected_are_drawn(numbers: Any, words: str, shown: dict[str, Any]) -> None:
    text = selection.encode(np.array(numbers), len(LABELS))
    app = visit(run="variational", select=text, **{"points-fashion-mnist": "1,000"})
    assert headings(app)[0] == words


def test_what_the_map_selects_is_selected_everywhere(shown: dict[str, Any]) -> None:
    app = visit(run="variational")
    with pytest.MonkeyPatch.context() as patch:
        # Outside a run the session is the app's own.
        patch.setattr(page_state.st, "session_state", app.session_state)
        shown["told"]["on_select"]([5, 4, 9])
    sound(app.run())
    assert headings(app)[0] == "3 images selected"
    assert app.dataframe[0].value["number"].tolist() == [4, 5, 9]
    button(app, "Clear").click().run()
    assert headings(app)[0] == "No image is selected"
    assert "select" not in link(app)


def test_classes_are_selected_by_name(shown: dict[str, Any]) -> None:
    app = visit(run="variational")
    app.pills(key="classes").set_value(["Bag", "Sandal"]).run()
    sound(app)
    assert headings(app)[0] == "2,000 images selected"
    np.testing.assert_array_equal(shown["told"]["selected"], np.flatnonzero(np.isin(LABELS, [5, 8])))
    assert app.pills(key="classes").value == ["Sandal", "Bag"]
    app.pills(key="classes").set_value(["Bag"]).run()
    assert headings(app)[0] == "1,000 images selected"
    app.pills(key="classes").set_value([]).run()
    assert headings(app)[0] == "No image is selected"


def test_the_strangest_come_first(shown: dict[str, Any]) -> None:
    app = visit(run="variational", select="1.2.3.4.5.6.7.8", order="Largest error first")
    run = inference.load(runs.SHIPPED / "variational")
    x = data.as_float(data.load("fashion-mnist").split("test").images[:9])
    errors = metrics.squared_error(x, run.reconstruct(x))
    numbers = app.dataframe[0].value["number"].tolist()
    assert numbers == (1 + np.argsort(-errors[1:])).tolist()
    np.testing.assert_allclose(app.dataframe[0].value["error"], errors[numbers], rtol=1e-3)
    assert app.dataframe[0].value["percentile"].is_monotonic_decreasing


def test_the_image_that_is_looked_at_closely_goes_along() -> None:
    app = visit(run="vanilla")
    app.number_input(key="image@fashion-mnist").set_value(22).run()
    for page in ("lens", "units"):
        turn(app, page)
        assert_sound(app)
        assert "Sneaker, test image 22" in [t.value for t in app.text]
        assert link(app)["image"] == "22"
    turn(app, "latent_space")
    assert app.number_input(key="image@fashion-mnist").value == 22


def test_a_picture_of_ones_own_is_not_among_the_dots() -> None:
    app = visit(run="vanilla", image="own")
    assert_sound(app)
    assert app.number_input(key="image@fashion-mnist").value is None
    assert link(app)["image"] == "own"


def test_the_neighbours_of_one_image_by_code_and_by_pixels(shown: dict[str, Any]) -> None:
    app = visit(run="vanilla")
    assert "neighbours" not in shown
    app.number_input(key="image@fashion-mnist").set_value(17).run()
    sound(app)
    assert link(app)["image"] == "17"
    run = inference.load(runs.SHIPPED / "vanilla")
    x = data.as_float(data.load("fashion-mnist").split("test").images)
    codes, pixels = run.encode(x), x.reshape(len(x), -1)
    near = [latent.nearest(points, points[17], 9)[0][1:] for points in (codes, pixels)]
    texts = [t for t in shown["neighbours"].data[1].text if "distance" in t]
    named = [int(t.split("test image ")[1].split("<br>")[0]) for t in texts]
    assert named == [*near[0], *near[1]]
    (sentence,) = [m.value for m in app.markdown if "nearest images by code" in m.value]
    shared = np.intersect1d(*near)
    assert f"In both lists: **{len(shared)}**" in sentence
    assert all(f"{n:,}" in sentence for n in shared)
    assert f"Of its 8 nearest images by code, **{(LABELS[near[0]] == LABELS[17]).sum()}** have" in sentence


# Projections


def test_t_sne_ships_and_says_that_it_has_no_decoder(shown: dict[str, Any]) -> None:
    app = visit(run="undercomplete", projection="t-SNE")
    assert "A projection has no decoder" in "\n".join(c.value for c in app.caption)
    places = projecting.read(runs.read(runs.SHIPPED / "undercomplete"))
    for layer in (t for t in shown["scatter"].data if t.name == "Trouser"):
        np.testing.assert_allclose(np.column_stack([layer.x, layer.y]), places[layer.customdata])
        assert (LABELS[layer.customdata] == 1).all()
    app.segmented_control(key="projection").set_value(projection.PRINCIPAL).run()
    assert "the two directions in which codes vary most" in "\n".join(c.value for c in sound(app).caption)


@pytest.fixture
def mine(data_folder: Path, digits_runs: dict[str, Path]) -> runs.Run:
    """A visitor's own run, without a projection yet."""
    return runs.read(Path(shutil.copytree(digits_runs["vanilla"], data_folder / "runs" / "mine")))


@pytest.mark.usefixtures("nothing_starts")
def test_t_sne_of_ones_own_run_is_started_watched_stopped_and_shown(mine: runs.Run, shown: dict[str, Any]) -> None:
    app = visit(run="mine", projection="t-SNE")
    assert "no t-SNE yet" in app.info[0].value
    assert shown["scatter"].layout.xaxis.title.text, "meanwhile the principal directions"
    button(app, "Compute t-SNE").click().run()
    assert progress_texts(sound(app)) == ["Computing t-SNE · Next in the queue, starts in under a minute"]
    job = tasks.shared("project", mine)
    assert job is not None
    with processes.working(job.path):
        tasks.Status("running", "Moving the dots", 0.5, 12.0).write(job.path)
        assert progress_texts(sound(app.run())) == ["Computing t-SNE · Moving the dots · 12 s left"]
        button(app, "Stop computing t-SNE").click().run()
        assert (job.path / "stop").exists()
    tasks.Status("cancelled", "", reason="*Time* is over.").write(job.path)
    sound(app.run())
    assert app.info[0].value == "The computation of t-SNE was stopped."
    assert "*Time* is over." in [t.value for t in app.text], "a reason is never Markdown"
    button(app, "Compute t-SNE again").click().run()
    assert worker.run(job.path) == 0
    sound(app.run())
    assert shown["scatter"].layout.xaxis.showticklabels is False


def test_a_computation_that_died_is_said_and_can_be_started_again(mine: runs.Run) -> None:
    job = folder.create_shared("project", mine, "someone")
    tasks.Status("running", "Moving the dots", 0.5).write(job.path)
    with processes.working(job.path):
        app = open_page("latent_space", run="mine", projection="t-SNE")
        assert not [b for b in app.button if b.label.startswith("Stop")], "only whoever asked for it may stop it"
    app.run()
    assert not app.exception
    assert app.error[0].value == "The computation of t-SNE failed."
    assert "ended unexpectedly" in "\n".join(t.value for t in app.text)
    assert button(app, "Compute t-SNE again")


# What is taken along


@pytest.mark.parametrize(("suffix", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_codes_are_taken_along(suffix: str, read: Any) -> None:
    run = inference.load(runs.SHIPPED / "undercomplete")
    numbers = np.array([3, 17, 9_999], np.int32)
    rows = read(io.BytesIO(codes_table.as_file(run, numbers, suffix)))
    assert rows.columns.tolist() == ["image", "class", "error", *(f"z{i}" for i in range(1, 17))]
    assert rows["image"].tolist() == numbers.tolist()
    assert rows["class"].tolist() == [NAMES[c] for c in LABELS[numbers]]
    x = data.as_float(data.load("fashion-mnist").split("test").images[numbers])
    np.testing.assert_allclose(rows[[f"z{i}" for i in range(1, 17)]], run.encode(x), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(rows["error"], metrics.squared_error(x, run.reconstruct(x)), rtol=1e-4)


@pytest.mark.parametrize("count", [0, 3, 100, 101, 5_000])
def test_the_code_names_the_same_numbers(count: int) -> None:
    numbers = np.sort(np.random.default_rng(0).permutation(10_000)[:count])
    np.testing.assert_array_equal(eval(codes_table.source(numbers), {"np": np}), numbers)


@pytest.mark.parametrize("by", ["Error", "One unit", "KL divergence", "Cluster", "Neighbours of another class"])
def test_dots_are_coloured_by_what_is_chosen(by: str, shown: dict[str, Any]) -> None:
    app = open_page("latent_space", run="variational", colour=by)
    assert_sound(app)
    names = [trace.name for trace in shown["scatter"].data if trace.showlegend]
    assert len(names) >= 8
    assert not set(names) & set(data.load("fashion-mnist").class_names)
    assert sum(len(trace.x) for trace in shown["scatter"].data) == 10_000
    assert link(app)["colour"] == by


def test_those_that_may_be_mislabelled_come_first() -> None:
    app = open_page(
        "latent_space", run="vanilla", colour="Neighbours of another class", order="By colour, largest first"
    )
    assert_sound(app)
    run = caches.load(runs.read(runs.SHIPPED / "vanilla"))
    values = colour_input.disagreement(run.run)
    (shown,) = [json.loads(c.proto.json)[0]["among"] for c in app.get("bidi_component") if "selected-" in c.proto.id]
    assert (values[shown] == 1).all()
    app = open_page("latent_space", run="vanilla", order="By colour, largest first")
    assert_sound(app)


def test_a_change_of_the_selection_is_undone_and_done_again() -> None:
    app = open_page("latent_space", run="variational", select="1.2.3")
    app.pills(key="classes").set_value(["Bag"]).run()
    assert link(app)["select"] != "1.2.3"
    after = link(app)["select"]
    button(app, "Undo").click().run()
    assert link(app)["select"] == "1.2.3"
    button(app, "Redo").click().run()
    assert link(app)["select"] == after
    assert button(app, "Redo").disabled


def test_neighbours_by_the_angle_of_codes(figures: dict[str, Any]) -> None:
    app = open_page("latent_space", run="sparse-visible", image="7", distance="Cosine")
    assert_sound(app)
    run = caches.load(runs.read(runs.SHIPPED / "sparse-visible"))
    codes = caches.codes(run.run).astype(np.float64)
    cosines = codes @ codes[7] / np.linalg.norm(codes, axis=1) / np.linalg.norm(codes[7])
    cosines[7] = -1
    expected = np.argsort(-cosines, kind="stable")[:8].tolist()
    texts = figures["neighbours"].data[-1].text
    found = [int(text.split("<br>")[1].rsplit(" ", 1)[1]) for text in texts[1:9]]
    assert found == expected
