"""The Compare page: figures of the cards, beside one another; the same images from each model; and a sweep's end."""

import io
import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from pyarrow import csv
from streamlit.testing.v1 import AppTest
from visiting import (
    ME,
    TITLE,
    alter,
    assert_sound,
    button,
    code_of,
    cut,
    link,
    made_by,
    open_page,
    said,
    turn,
    visit,
)

from ae_core import archive, cards, comparison, data, kinds, runs, sweeps, tasks, untrained
from ae_core.spec import make_spec
from pages.serving import caches
from pages.widgets import models_table


def compared(app: AppTest) -> list[str]:
    assert_sound(app)
    return app.dataframe[0].value["model"].tolist()


def rows_of(figures: dict[str, Any]) -> list[str]:
    """The labels of the rows of images."""
    return [text.replace("<br>", " ") for text in figures["images"].layout.yaxis.ticktext]


def copies(count: int, original: Path, folder: Path) -> list[str]:
    """Copies of a model, each with a title of its own; their names."""
    names = [f"copy-{i:02}" for i in range(count)]
    for name in names:
        shutil.copytree(original, folder / name)
        cards.write(folder / name, cards.unchecked(folder / name) | {"title": f"Copy {name[-2:]}"})
    return names


def test_the_seven_that_ship_stand_beside_one_another(figures: dict[str, Any]) -> None:
    app = open_page("compare")
    shipped = {kind: runs.read(runs.SHIPPED / kind) for kind in kinds.names()}
    assert compared(app) == [run.title for run in shipped.values()]
    shown = app.dataframe[0].value
    for name in ("bce", "above_floor", "mse", "code_shift", "active_units", "kl", "bce_denoised"):
        expected = [run.card.figure(name) for run in shipped.values()]
        np.testing.assert_array_equal(shown[name].to_numpy(float), expected)
    assert shown["pca_mse"].tolist() == [
        comparison.pca_error("fashion-mnist", run.spec.network.latent_dim) for run in shipped.values()
    ]
    assert rows_of(figures) == ["original", *(run.title for run in shipped.values())]
    assert [trace.name for trace in figures["sizes"].data if trace.mode == "markers"] == [
        kinds.get(name).title for name in kinds.names()
    ]
    assert app.segmented_control(key="on").value == "fashion-mnist", "all are of one data set"
    assert "runs" not in link(app), "what the page chose itself is not in its link"


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("query", [{}, {"runs": "variational-2d", "first-fashion-mnist": "40"}])
def test_the_code_makes_the_table_and_the_figures(query: dict[str, str]) -> None:
    source, shown, app = visit("compare", **query)
    made, names = made_by(source)
    assert shown
    assert made == shown
    table = app.dataframe[0].value
    assert list(names["table"]) == [table.columns[0], "data_set", *table.columns[1:]]
    for name in table.columns:
        made_here = np.array(names["table"][name])
        np.testing.assert_array_equal(table[name].to_numpy(made_here.dtype), made_here)


@pytest.mark.usefixtures("small_images")
def test_what_is_picked_is_in_the_link_in_the_order_of_picking(figures: dict[str, Any]) -> None:
    app = open_page("compare")
    app.pills[0].set_value(["sparse", "contractive", "vanilla"]).run()
    titles = ["sparse", "contractive", "vanilla"]
    assert compared(app) == titles
    assert rows_of(figures) == ["original", *titles]
    app = open_page("compare", runs="contractive")
    assert compared(app) == ["contractive"]


def test_the_model_that_other_pages_show_comes_last() -> None:
    *seven, last = compared(turn(open_page("reconstruct", run="vanilla-2d"), "compare"))
    assert seven == [runs.read(runs.SHIPPED / kind).title for kind in kinds.names()]
    assert last == "Vanilla, 2-D"


@pytest.mark.usefixtures("small_images")
def test_one_model_is_a_row_and_the_way_to_more(figures: dict[str, Any]) -> None:
    app = open_page("compare", runs="sparse")
    assert compared(app) == ["sparse"]
    assert "This is one model." in said(app)
    assert list(figures) == ["images"]
    app.pills[0].set_value([]).run()
    assert_sound(app)
    assert not app.dataframe


def test_models_of_two_data_sets_are_compared_one_data_set_at_a_time(
    data_folder: Path, digits_runs: dict[str, Path]
) -> None:
    for kind in ("sparse", "vanilla"):
        shutil.copytree(digits_runs[kind], data_folder / "runs" / f"small-{kind}")
    app = open_page("compare")
    assert app.segmented_control(key="on").options == [
        "Fashion-MNIST",
        "Emoji, in colour",
        "Heartbeats",
        "Digits (8 × 8)",
    ]
    app.pills[0].set_value(["vanilla"]).run()
    assert compared(app) == ["Vanilla"]
    app.segmented_control(key="on").set_value("digits").run()
    assert compared(app) == ["small-sparse", "small-vanilla"], "those that there are"
    assert link(app)["on"] == data.load("digits").title
    app.pills[0].set_value(["small-sparse"]).run()
    assert compared(app) == ["small-sparse"]
    app.segmented_control(key="on").set_value("fashion-mnist").run()
    assert compared(app) == ["Vanilla"], "no choice is lost"
    app.pills[0].set_value([]).run()
    assert "Choose at least one model." in said(app)
    assert app.segmented_control(key="on").value == "fashion-mnist"
    app.segmented_control(key="on").set_value("digits").run()
    assert compared(app) == ["small-sparse"]


def test_a_page_that_shows_fewer_models_keeps_the_choice_of_one_that_shows_more() -> None:
    app = open_page("compare")
    app.pills[0].set_value(kinds.names()[:6]).run()
    assert len(turn(app, "sparsity").pills[0].value) == 4
    assert "At most 4 models are shown at once" in app.warning[0].value
    app.run()
    assert len(compared(turn(app, "compare"))) == 6


def test_compare_begins_with_the_data_set_of_the_model_that_was_opened_last(
    data_folder: Path, digits_runs: dict[str, Path]
) -> None:
    shutil.copytree(digits_runs["vanilla"], data_folder / "runs" / "small")
    app = turn(open_page("compare", on="Fashion-MNIST"), "reconstruct")
    app.selectbox(key="run").set_value("small").run()
    app.query_params.clear()
    assert compared(turn(app, "compare")) == ["small"]


def test_a_model_that_cannot_be_loaded_has_its_figures_and_no_images(mine: Path, figures: dict[str, Any]) -> None:
    alter(mine / "sparse")
    app = open_page("compare")
    app.pills[0].set_value(["sparse", "vanilla"]).run()
    assert compared(app) == ["sparse", "vanilla"]
    assert "sparse is damaged" in app.error[0].value
    assert "encoder.onnx is not the file" in said(app)
    assert rows_of(figures) == ["original", "vanilla"]
    assert "'sparse': " in code_of(app)


def test_a_model_that_cannot_be_read_is_not_offered(mine: Path) -> None:
    cut(mine / "sparse")
    app = open_page("compare")
    assert app.pills[0].options == [runs.read(mine / "vanilla").title + " · " + app.pills[0].options[0].split(" · ")[1]]
    assert compared(app) == ["vanilla"]


def test_titles_that_are_the_same_are_told_apart_and_stand_as_they_were_written(mine: Path) -> None:
    for name in ("sparse", "vanilla"):
        cards.write(mine / name, cards.unchecked(mine / name) | {"title": TITLE, "created": "2026-11-22T18:39:13Z"})
    app = open_page("compare")
    app.pills[0].set_value(["sparse", "vanilla"]).run()
    found = compared(app)
    assert len(set(found)) == 2
    assert all(title.startswith(TITLE) for title in found)


def test_of_many_models_the_first_forty_are_compared_and_eight_loaded(
    nothing_ships: Path, data_folder: Path, digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = copies(42, digits_runs["vanilla"], data_folder / "runs")
    loaded: list[str] = []
    load = caches.load
    monkeypatch.setattr(caches, "load", lambda run: loaded.append(run.name) or load(run))
    app = open_page("compare")
    app.pills[0].set_value(names).run()
    assert "At most 40 models are shown at once." in app.warning[0].value
    assert len(app.pills[0].value) == 40, "what is not shown does not look picked"
    loaded.clear()
    app.run()
    assert compared(app) == [f"Copy {i:02}" for i in range(40)]
    assert loaded == names[:8]
    app.number_input(key="first-model@digits").set_value(39)
    loaded.clear()
    app.run()
    assert loaded == names[38:40]
    assert link(app)["first-model"] == "39"
    app.pills[0].set_value(names[:20]).run()
    assert_sound(app)
    assert app.number_input(key="first-model@digits").value == 20
    assert not app.warning, "no link is blamed for models that were let go"


@pytest.mark.usefixtures("small_images")
def test_the_table_is_a_file_with_the_figures_of_the_cards() -> None:
    found = {kind: runs.read(runs.SHIPPED / kind) for kind in ("vanilla", "variational")}
    columns = comparison.table(found)
    rows = csv.read_csv(io.BytesIO(models_table.as_csv(columns))).to_pydict()
    assert list(rows) == list(columns)
    assert rows["data_set"] == ["Digits (8 × 8)"] * 2
    assert rows["mse"] == [run.card.metrics["mse"] for run in found.values()]
    assert rows["kl"] == [None, found["variational"].card.metrics["kl"]], "an empty cell, not a number"


def test_no_title_is_a_formula_in_the_file() -> None:
    titles = ['=HYPERLINK("http://example.org")', "+1", "-1", "@SUM(1)", "a=1"]
    columns = comparison.table(dict.fromkeys(titles, runs.read(runs.SHIPPED / "vanilla")))
    rows = csv.read_csv(io.BytesIO(models_table.as_csv(columns))).to_pydict()
    assert rows["model"] == [*("'" + title for title in titles[:4]), "a=1"]
    assert columns["model"] == titles, "the page shows what was written"


# What more units bring, and what β takes


def trained(base: Path, folder: Path, name: str, kind: str, figures: dict[str, float], **options: Any) -> str:
    """A model as if it had been trained with other options, and had those figures."""
    path = folder / name
    shutil.copytree(base, path)
    spec = make_spec(kind, "digits", **options)
    (path / "spec.json").write_text(archive.spec_text(spec))
    card = cards.unchecked(path)
    about = {"title": name, "parameters": spec.parameters, "metrics": card["metrics"] | figures}
    cards.write(path, card | about)
    return name


@pytest.mark.usefixtures("nothing_ships")
def test_code_sizes_stand_beside_pca_and_the_untrained_network(
    data_folder: Path, digits_runs: dict[str, Path], figures: dict[str, Any]
) -> None:
    def of(units: int, mse: float, family: str = "dense") -> str:
        options = {"latent_dim": units, "family": family, "hidden": ()}
        name = f"{family}-{units}"
        return trained(digits_runs["vanilla"], data_folder / "runs", name, "vanilla", {"mse": mse}, network=options)

    dense = [of(2, 0.05), of(8, 0.0104), of(32, 0.01)]
    app = open_page("compare", runs=dense)
    floor = next(trace for trace in figures["sizes"].data if trace.name == "untrained")
    specs = [make_spec("vanilla", "digits", network={"latent_dim": d, "family": "dense"}) for d in (2, 8, 32)]
    np.testing.assert_allclose(floor.y, untrained.errors(specs), rtol=1e-6)
    assert "Vanilla: more than 8 units hardly pay. Their error is within 5% of that of 32 units." in said(app)
    assert "The dotted line is the same network with random weights" in said(app)
    app = open_page("compare", runs=[of(2, 0.05, "strided"), of(8, 0.01, "strided"), *dense[:2]])
    assert "Vanilla, convolutional, strided: up to 8 units, the largest code here, more units pay." in said(app)
    assert "The dotted line is the same network with random weights" in said(app), "convolutions have one too"
    app = open_page("compare", runs=[*dense[:1], "strided-2"])
    assert "untrained" not in said(app)


@pytest.mark.usefixtures("nothing_ships", "elsewhere")
def test_models_of_several_beta_are_dots_that_lead_to_them(
    data_folder: Path, digits_runs: dict[str, Path], figures: dict[str, Any]
) -> None:
    rated = {0.25: (9, 20), 1: (5, 25), 4: (0.5, 31)}
    names = [
        trained(
            digits_runs["variational"],
            data_folder / "runs",
            f"beta-{beta:g}",
            "variational",
            {"kl": kl, "elbo_reconstruction": distortion},
            hyperparameters={"beta": beta},
        )
        for beta, (kl, distortion) in rated.items()
    ]
    app = open_page("compare", runs=[names[2], names[0], names[1]])
    assert_sound(app)
    line, dots = figures["rates"].data
    assert (line.x.tolist(), line.y.tolist()) == ([9, 5, 0.5], [20, 25, 31])
    assert list(dots.text) == ["β = 4", "β = 0.25", "β = 1"]
    titles = [runs.read(data_folder / "runs" / name).title for name in names]
    ways = [way.proto for way in app.get("page_link") if way.proto.label in titles]
    assert [way.label for way in ways] == titles
    assert [(way.page, parse_qs(way.query_string)["run"]) for way in ways] == [("lens", [name]) for name in names]
    assert [w.value for w in app.warning if "Collapsed" in w.value and titles[2] in w.value], "under one bit"
    source = code_of(app)
    assert "rate_distortion" in source
    figures.clear()
    open_page("compare", runs=names[:1])
    assert "rates" not in figures


# A sweep's end


@pytest.fixture
def swept(nothing_starts: None, digits_runs: dict[str, Path]) -> sweeps.Sweep:
    """A sweep of three, of which the first has failed."""
    sweep = sweeps.submit(sweeps.plan(["vanilla"], [4], [0, 1, 2], "digits", epochs=1), ME)
    for job in sweep.jobs:
        tasks.Status("failed" if job is sweep.jobs[0] else "finished", reason="The kl term became nan.").write(job.path)
    for job in sweep.jobs[1:]:
        shutil.copytree(digits_runs["vanilla"], job.run_path)
        cards.write(job.run_path, cards.unchecked(job.run_path) | {"owner": ME, "title": job.title})
    return sweeps.find(sweep.id, ME)


def test_a_sweep_that_has_ended_says_what_failed_and_links_what_it_left(swept: sweeps.Sweep) -> None:
    app = open_page("train")
    assert_sound(app)
    (failed,) = [w.value for w in app.warning]
    assert "Vanilla, 4 units, seed 0" in failed.replace("\\", "")
    assert "The kl term became nan." in said(app)
    (way,) = [e.proto for e in app.get("page_link") if e.proto.label == "Compare them"]
    assert way.page == "compare"
    assert parse_qs(way.query_string)["runs"] == [job.id for job in swept.jobs[1:]]


def test_the_page_begins_with_the_sweep_that_has_just_ended(swept: sweeps.Sweep) -> None:
    assert compared(open_page("compare")) == [job.title for job in swept.jobs[1:]]
    tasks.submit(swept.jobs[0].spec, ME, "something else")
    assert compared(open_page("compare")) == [runs.read(runs.SHIPPED / kind).title for kind in kinds.names()]


@pytest.mark.usefixtures("nothing_starts")
def test_seeds_are_one_row_with_their_spread_where_that_is_wanted(swept: sweeps.Sweep) -> None:
    for seed, job in enumerate(swept.jobs[1:], 1):
        spec = json.loads((job.run_path / "spec.json").read_text())
        spec["training"]["seed"] = seed
        (job.run_path / "spec.json").write_text(json.dumps(spec))
        card = cards.unchecked(job.run_path)
        cards.write(job.run_path, card | {"metrics": {**card["metrics"], "mse": 0.01 * seed}})
    app = open_page("compare", **{"one-row": "true"})
    assert_sound(app)
    names = [job.title for job in swept.jobs[1:]]
    assert compared(app) == ["Vanilla, 4 units, 2 seeds"]
    table = app.dataframe[0].value
    assert table["mse"].tolist() == pytest.approx([0.015])
    assert table["mse_sd"].tolist() == pytest.approx([np.std([0.01, 0.02], ddof=1)])
    assert app.toggle[0].label == "One row for all seeds"
    app.toggle[0].set_value(False).run()
    assert compared(app) == names


def test_any_two_columns_are_a_figure(figures: dict[str, Any]) -> None:
    app = open_page("compare", across="Parameters", up="BCE − floor")
    assert_sound(app)
    drawn = list(figures["two-columns"]["data"])
    table = app.dataframe[0].value
    there = ~np.isnan(table["above_floor"])
    assert sorted(x for t in drawn for x in t["x"]) == pytest.approx(sorted(table["parameters"][there]))
    assert sorted(y for t in drawn for y in t["y"]) == pytest.approx(sorted(table["above_floor"][there]))


def test_what_others_report_stands_beside_models_of_the_same_size() -> None:
    app = open_page("compare", runs=["vanilla-2d", "variational-2d"])
    assert_sound(app)
    text = said(app)
    assert "| autoencoder | 2 | Sainburg, McInnes & Gentner 2021 | 0.0244 |" in text
    assert "| **Vanilla, 2\\-D** | 2 | here |" in text or "| **Vanilla, 2-D** | 2 | here |" in text
    assert "Krokotsch" not in text, "its codes have 20 units"
    assert "here of all 60,000" in text
    assert "Published" not in " ".join(e.label for e in open_page("compare", runs=["ecg-vanilla"]).expander)


def test_a_sweep_is_offered_only_where_it_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("train")
    assert button(app, "Start 2 trainings")
    monkeypatch.setenv("LATENT_EXPLORER_PER_VISITOR", "3")
    app.pills(key="sweep-seeds").set_value([0, 1]).run()
    assert "4 trainings: the server has room for 3 now." in said(app)
    assert not [b for b in app.button if "trainings" in b.label]
    app.pills(key="sweep-kinds").set_value(["vanilla"]).run()
    button(app, "Start 2 trainings").click().run()
    assert_sound(app)
    assert "2 trainings: the server has room for 1 now." in said(app)
    app.pills(key="sweep-kinds").set_value(["undercomplete"])
    app.pills(key="sweep-sizes").set_value([128])
    app.pills(key="sweep-seeds").set_value([0]).run()
    assert "undercomplete, 128 units: " in said(app)
    assert not [b for b in app.button if b.label.startswith("Start 1")]
