"""Every page with every form of data: grey and colour, signals, tables, without classes, without the data set."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from visiting import ME, assert_sound, every_text, figures_of, open_page, pictures, said

import ae_core
from ae_core import data, tasks, training, uses
from ae_core.data import own
from ae_core.spec import make_spec
from pages.serving import caches, lens_tiles
from pages.widgets import colour_input, menu, plot

COUNT = 60
IMAGES = re.compile(r"\b(images?|pixels?|pictures?)\b", re.IGNORECASE)
# At one model.
LOOKING = (
    "reconstruct",
    "denoise",
    "lens",
    "latent_space",
    "sampler",
    "units",
    "all_units",
    "unit",
    "directions",
    "your_image",
)
SEVERAL = ("compare", "paths", "sparsity", "stability")
# Of models that were not measured yet they show how to.
USES = tuple(page.name for page in menu.groups()["What it is good for"] if page.name != "uses")
ELSEWHERE = ("uses", "data", "train", "runs", "home", "lessons")


@dataclass(frozen=True)
class Case:
    """A data set, and what is to be told about it."""

    shape: tuple[int, ...]
    classes: int = 3
    medium: str = ""
    gone: bool = False
    count: int = COUNT


CASES = {
    "grey-28": Case((28, 28)),
    "grey-8": Case((8, 8)),
    "colour-32": Case((32, 32, 3)),
    "colour-64": Case((64, 64, 3)),
    "signal": Case((50,), medium="signal"),
    "signal-3": Case((40, 3), medium="signal"),
    "table": Case((12,), medium="table"),
    "unlabelled": Case((8, 8), classes=0),
    "one-class": Case((8, 8), classes=1),
    "gone": Case((8, 8), classes=2, gone=True),
    "few": Case((8, 8), count=20),
    "gone-signal": Case((60,), classes=0, medium="signal", gone=True),
}


def examples(case: Case) -> tuple[np.ndarray, np.ndarray | None]:
    """Smooth examples, which differ by class."""
    rng = np.random.default_rng(0)
    along = np.linspace(0, 2 * np.pi, case.shape[0])
    labels = np.arange(case.count) % max(case.classes, 3)
    waves = 0.5 + 0.4 * np.sin(along[None] * (1 + labels[:, None]) + rng.normal(0, 0.4, (case.count, 1)))
    x = waves.reshape(case.count, -1, *[1] * (len(case.shape) - 1)) + rng.normal(0, 0.05, (case.count, *case.shape))
    x = x.astype(np.float32) if case.medium else np.round(np.clip(x, 0, 1) * 255).astype(np.uint8)
    if not case.classes:
        return x, None
    return x, np.array([f"class {label}" for label in labels % case.classes])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a data set and two models of each case."""
    folder = tmp_path_factory.mktemp("any-data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_EXPLORER_DATA", str(folder))
        for name, case in CASES.items():
            x, y = examples(case)
            dataset = data.from_arrays(name, x, y, medium=case.medium)
            for kind, units in (("variational", 2), ("vanilla", 4)):
                network: dict[str, Any] = {"family": "dense", "latent_dim": units}
                spec = make_spec(kind, dataset.name, network=network, epochs=1, compile=False)
                *_, last = training.fit(spec, folder / "runs" / f"{name}-{kind}")
                assert isinstance(last, training.Finished), last
            if case.gone:
                own.remove(dataset)
        yield folder


@pytest.fixture(autouse=True)
def in_that_world(world: Path, one_visitor: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(world))


def shown(page: str, **query: str | list[str]) -> tuple[Any, list[dict[str, Any]]]:
    """A page and its figures."""
    with figures_of(plot, "_packed") as figures:
        app = open_page(page, **query)
    return app, figures


@pytest.mark.parametrize("page", LOOKING)
@pytest.mark.parametrize("kind", ["variational", "vanilla"])
@pytest.mark.parametrize("name", CASES)
def test_every_page_shows_a_model_of_any_data(name: str, kind: str, page: str) -> None:
    app, figures = shown(page, run=f"{name}-{kind}")
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]
    assert pictures(app), "it shows something"
    for figure in figures:
        assert figure["data"], "no figure is empty"
        for trace in figure["data"]:
            assert trace["type"] == "image" or len(trace["y"]), "no trace is empty"
    if CASES[name].gone:
        assert "is not here any more" in said(app)


@pytest.mark.parametrize("page", SEVERAL)
@pytest.mark.parametrize("name", CASES)
def test_pages_that_compare_show_models_of_any_data(name: str, page: str) -> None:
    app, _ = shown(page, run=f"{name}-vanilla", runs=[f"{name}-vanilla", f"{name}-variational"])
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]
    assert pictures(app)


@pytest.mark.parametrize("page", USES)
@pytest.mark.parametrize("name", CASES)
def test_pages_of_uses_offer_to_measure_a_model_or_say_what_it_lacks(name: str, page: str) -> None:
    app, _ = shown(page, run=f"{name}-vanilla", runs=[f"{name}-vanilla", f"{name}-variational"])
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]
    offered = [b.label for b in app.button if b.label.startswith("Compute the figures of")]
    assert len(offered) == 2 or said(app).count("is left out") == 2


@pytest.mark.parametrize("name", CASES)
def test_at_a_glance_offers_to_measure_what_can_be_and_says_what_is_lacking(name: str) -> None:
    app, _ = shown("uses", run=f"{name}-vanilla", runs=[f"{name}-vanilla", f"{name}-variational"])
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]
    offered = [b.label for b in app.button if b.label.startswith("Compute the figures of")]
    assert len(offered) == (not CASES[name].gone)
    if CASES[name].classes < 2 and not CASES[name].gone:
        assert "Features, Transfer, Selection, Augmentation" in said(app)


@pytest.mark.parametrize("name", ["colour-32", "signal-3", "table", "unlabelled", "few"])
def test_anomalies_are_measured_and_shown_of_any_data(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    several = [f"{name}-variational", f"{name}-vanilla"]
    rows = {run: uses.measure("anomalies", uses.subject(ae_core.load(run))) for run in several}
    monkeypatch.setattr(uses, "read", lambda use, run: rows[run.name])
    app, figures = shown("anomalies", run=several[0], runs=several, **{"by-mean": "true"})
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]
    assert len(figures) == 3
    if CASES[name].medium:
        assert not of_images(every_text(app))
    else:
        assert {"auroc_bce", "ap_elbo_divergence"} <= rows[several[0]][0].figures.keys()


@pytest.mark.parametrize("page", [*LOOKING, *SEVERAL, *USES, "train"])
@pytest.mark.parametrize("name", ["signal", "table"])
def test_no_page_calls_a_signal_or_a_row_an_image(name: str, page: str) -> None:
    dataset = data.find(name).name
    several = [f"{name}-variational", f"{name}-vanilla"]
    found = set()
    for run in several:
        app, figures = shown(page, run=run, runs=several, dataset=dataset)
        assert_sound(app)
        found |= of_images([*every_text(app), *(json.dumps(figure) for figure in figures)])
    assert not found


def of_images(texts: Iterable[str]) -> set[str]:
    """The lines that call something an image."""
    lines = [line for text in texts for line in re.split(r'[\n"]', text)]
    # An icon, an address and what a component or the page is called are not words.
    no_words = r"^data:|^:material/|[/-]image|^image$|^pictures$|^Your image$"
    return {line for line in lines if IMAGES.search(line) and not re.search(no_words, line)}


def test_what_curves_stand_for_is_told() -> None:
    app, _ = shown("reconstruct", run="ecg-vanilla")
    assert "Vertical scale of the curves\\: −1.5 to 2.5 millivolts." in said(app)
    mse = next(m for m in app.metric if m.label == "MSE of all test signals")
    beats = data.load("ecg").split("test").images
    difference = 4 * (beats - ae_core.load("ecg-vanilla").reconstruct(beats))  # of millivolts: they have a range of 4
    assert f"{np.sqrt((difference**2).mean()):.3g} millivolts" in mse.proto.help
    app, _ = shown("units", run="signal-3-vanilla")
    assert re.search(r"Curves: ■ channel 1 \(.+ to .+\), ■ channel 2 \(.+\), ■ channel 3 \(", said(app))
    app, _ = shown("lens", run="table-vanilla")
    (caption,) = [e for e in app.caption if e.value.startswith("Bars are columns of the table")]
    assert "column 1\\: 0." in caption.proto.help
    app, _ = shown("reconstruct", run="grey-8-vanilla")
    assert not re.search("urves|Bars are", said(app))


COLOURS = ("Error", "One unit", "KL divergence", "Cluster", "Neighbours of another class", "A column")


@pytest.mark.parametrize("case", ["few", "gone", "unlabelled", "one-class", "table"])
def test_dots_of_any_data_are_coloured_by_all_that_there_is(case: str) -> None:
    for page in ("latent_space", "lens"):
        for colour in COLOURS:
            app, _ = shown(page, run=f"{case}-variational", colour=colour)
            assert_sound(app)
            assert not app.error, (page, colour, [e.value for e in app.error])


@pytest.mark.parametrize("page", ELSEWHERE)
def test_other_pages_know_of_any_data(page: str) -> None:
    app, _ = shown(page)
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.gone])
def test_train_proposes_something_for_any_data(name: str) -> None:
    app, _ = shown("train", dataset=data.find(name).name)
    assert_sound(app)
    assert not app.error
    assert not app.warning, [w.value for w in app.warning]


def test_every_page_is_looked_at() -> None:
    assert {*LOOKING, *SEVERAL, *USES, *ELSEWHERE} == {*menu.PAGES} - {"glossary", "about"}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_model_is_shown_while_its_data_set_comes_and_goes(restarted: bool, world: Path) -> None:
    x, y = examples(Case((8, 8), count=800))
    dataset = data.from_arrays("comes and goes", x, y)
    network: dict[str, Any] = {"family": "dense", "latent_dim": 3}
    spec = make_spec("variational", dataset.name, network=network, epochs=1, compile=False)
    name = f"comes-{restarted}"
    *_, last = training.fit(spec, world / "runs" / name)
    assert isinstance(last, training.Finished), last

    def look(gone: bool) -> None:
        if restarted:
            for function in [f for module in (caches, colour_input, lens_tiles) for f in vars(module).values()]:
                getattr(function, "cache_clear", lambda: None)()
        colours = [("latent_space", colour) for colour in COLOURS]
        for page, colour in [*((page, "Class") for page in (*LOOKING, *SEVERAL)), *colours]:
            app, _ = shown(page, run=name, runs=name, colour=colour, **{"from-group": "c0", "to-group": "c1"})
            assert_sound(app)
            assert not app.error, [e.value for e in app.error]
            assert ("is not here any more" in said(app)) == (gone and page in LOOKING), page

    own.remove(dataset)
    look(gone=True)
    dataset = data.from_arrays("comes and goes", x, y)
    look(gone=False)
    own.remove(dataset)
    look(gone=True)


def test_names_that_look_like_markdown_are_shown_as_they_are(world: Path) -> None:
    named = ":red[**x**](http://a.b)"
    x, _ = examples(CASES["grey-8"])
    dataset = data.from_arrays(named, x, np.arange(COUNT) % 2, class_names=[named, "plain"])
    network: dict[str, Any] = {"family": "dense", "latent_dim": 2}
    spec = make_spec("vanilla", dataset.name, network=network, epochs=1, compile=False)
    job = tasks.folder.create(spec, ME, named)
    *_, last = training.fit(spec, job.run_path)
    assert isinstance(last, training.Finished), last
    tasks.Status("finished", "").write(job.path)
    trained = {"dataset": dataset.name, "job": job.id}
    for page in (*LOOKING, *SEVERAL, *USES, *ELSEWHERE):
        app, _ = shown(page, **(trained if page == "train" else {"run": job.id}))
        assert_sound(app)
        kinds = ("markdown", "caption", "header", "subheader", "info", "success", "warning", "metric")
        rendered = [str(e.value) for kind in kinds for e in getattr(app, kind)]
        labels = [str(option) for group in (*app.button_group, *app.segmented_control) for option in group.options]
        assert not [text for text in [*rendered, *labels] if named in text], page
