"""Every figure, told by its data: where its marks are, in which colour, under which name."""

import base64
import copy
import io
import json
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from ae_core import figures, forms, uses
from ae_core.figures import Row, signals
from ae_core.figures.lazy import Figure
from ae_core.figures.style import CLASS_COLOURS, SERIES_COLOURS, edge
from ae_core.latent import traversals

RNG = np.random.default_rng(0)
TITLE = '<b>mine</b> & "yours"'
HISTORY = [
    {
        "epoch": epoch,
        "terms": {"reconstruction": 0.5 / epoch, "sparsity": 0.1 * epoch},
        "validation": {"reconstruction": 0.6 / epoch, "sparsity": 0.2 * epoch},
    }
    for epoch in (1, 2, 3)
]
PROGRESS = [
    {"epochs": e, "terms": {"reconstruction": 1 / (1 + e), "sparsity": e}} for e in np.linspace(0.1, 3, 30).tolist()
]
CODES = {TITLE: np.maximum(RNG.standard_normal((200, 12)), 0), "other": RNG.random((200, 5))}
RATES = {title: np.mean(z > 0, axis=0) for title, z in CODES.items()}
COUNTS = {title: np.sum(z > 0, axis=1) for title, z in CODES.items()}
POINTS = RNG.standard_normal((60, 2))
LABELS = np.arange(60) % 3
IMAGES = RNG.random((12, 4, 6)).astype(np.float32)

# Titles, kinds, code sizes and errors of models: two seeds of one kind and size.
MODELS = (
    [TITLE, "b", "c", "d"],
    ["vanilla", "vanilla", "vanilla", "sparse"],
    ["dense", "dense", "dense", "dense"],
    [2, 2, 8, 8],
    [0.04, 0.02, 0.01, 0.015],
)
PCA = np.linspace(0.08, 0, 17)
KL = np.array([0.5, 3, 0.001, 2])
# Titles, groups, β, rates and distortions of models: two seeds of one β.
RATED = ([TITLE, "b", "c", "d"], ["g", "g", "g", "g"], [1, 0.25, 4, 1], [5, 9, 2, 7], [30, 22, 40, 28])
# Means and spreads of two codes, measured in two ways, one of them not in the second.
AGREED = {
    TITLE: (np.array([0.5, 0.6]), np.array([0.1, 0.2])),
    "other": (np.array([0.7, np.nan]), np.array([0.1, np.nan])),
}

WAYS = {"prior": "prior", "mixture": "mixture", "again": "reconstructed"}


def judged(kind: str, title: str, ways: str, scale: float) -> uses.Row:
    """What was measured of draws by those ways, the first letters of their names."""
    names = [way for way in WAYS if way[0] in ways]
    figures_of = {f"frechet_{way}": [scale * (i + 1), scale * (i + 2)] for i, way in enumerate(names)}
    figures_of |= {f"{name}_{way}": [0.5, 0.6] for name in ("precision", "coverage") for way in names}
    return uses.Row(kind, title, 2, figures_of)


FLOORS = [judged("pixels", "raw pixels", "pa", 0.1), judged("pca", "PCA, 2 units", "pma", 9)]
JUDGED = {TITLE: [judged("run", TITLE, "pma", 3), *FLOORS], "b": [judged("run", "b", "ma", 2), *FLOORS]}

EVERY = {
    "scatter": lambda: figures.scatter(POINTS, LABELS, ["a", "b", "c"], ("x", "y")),
    "scatter of a projection": lambda: figures.scatter(POINTS, LABELS, ["a", "b", "c"], None),
    "class_mix": lambda: figures.class_mix(LABELS[:20], LABELS, ["a", "b", "c"]),
    "error_histogram": lambda: figures.error_histogram(POINTS[:, 0] ** 2, np.arange(40)),
    "error_histogram of a few": lambda: figures.error_histogram(POINTS[:, 0] ** 2, np.array([3, 5])),
    "activation_histogram": lambda: figures.activation_histogram(CODES),
    "firing_rates": lambda: figures.firing_rates(RATES),
    "units_per_image": lambda: figures.units_per_image(COUNTS),
    "learning_curves": lambda: figures.learning_curves(HISTORY, PROGRESS),
    "learning_curves of a run": lambda: figures.learning_curves(HISTORY),
    "image_rows": lambda: figures.image_rows([Row("a", IMAGES), Row("b", IMAGES)]),
    "image_rows wrapped": lambda: figures.image_rows([Row("a", IMAGES)], columns=list("abcdefghijkl"), wrap=5),
    "reconstructions": lambda: figures.reconstructions(IMAGES, IMAGES[::-1], ["a"] * 12, np.arange(12.0)),
    "neighbours": lambda: figures.neighbours(
        3, {"near": (np.arange(3), np.arange(3.0))}, IMAGES, LABELS, ["a", "b", "c"]
    ),
    "code_profile": lambda: figures.code_profile(CODES[TITLE][0], traversals.unit_ranges(CODES[TITLE])),
    "traversals": lambda: figures.traversals(
        np.arange(2), np.ones((2, 5)), np.ones(2), np.ones(2), IMAGES[:10].reshape(2, 5, 4, 6)
    ),
    "without_units": lambda: figures.without_units(IMAGES[0], IMAGES[1], IMAGES[2], "unit 3"),
    "error_by_code_size": lambda: figures.error_by_code_size(*MODELS, PCA),
    "error_by_code_size and untrained": lambda: figures.error_by_code_size(*MODELS, PCA, [0.05, 0.05, 0.03, np.nan]),
    "kl_by_unit": lambda: figures.kl_by_unit(KL),
    "kl_by_unit of many": lambda: figures.kl_by_unit(np.concatenate([KL, np.full(1000, 0.002)])),
    "kl_by_unit of a collapse": lambda: figures.kl_by_unit(KL / 1000),
    "units_by_epoch": lambda: figures.units_by_epoch([0, 1, 2], [0, 3, 2], 12, "active units", 5),
    "rate_distortion": lambda: figures.rate_distortion(*RATED),
    "draws_judged": lambda: figures.draws_judged(JUDGED, WAYS),
    "precision_and_coverage": lambda: figures.precision_and_coverage(JUDGED, WAYS),
    "beside": lambda: figures.beside([TITLE, "b"], AGREED, "NMI"),
    "beside a mark": lambda: figures.beside([TITLE, "b"], AGREED, "gain", mark=0),
    "confusion": lambda: figures.confusion(np.array([[8, 2, 0], [0, 0, 0]]), ["one", "two"], [TITLE, "b", "c"]),
    "image_grid": lambda: figures.image_grid(IMAGES, 4),
    "image_grid on axes": lambda: figures.image_grid(IMAGES, 4, (np.arange(4), np.arange(3)), ("x", "y")),
}


def numbers_in_lists(value: Any, path: str = "") -> Iterator[str]:
    """Paths of all Python lists that hold numbers."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from numbers_in_lists(child, f"{path}.{key}")
    elif isinstance(value, list | tuple) and any(isinstance(v, int | float | list | tuple) for v in value):
        yield path


def picture(figure: go.Figure) -> np.ndarray:
    """The pixels of a figure's picture, (h, w, 4) uint8."""
    (trace,) = [t for t in figure.data if t.type == "image"]
    file = io.BytesIO(base64.b64decode(trace.source.removeprefix("data:image/png;base64,")))
    with Image.open(file) as image:
        return np.asarray(image.convert("RGBA"))


# What all figures promise


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_is_typed_valid_and_transparent(name: str) -> None:
    figure = EVERY[name]()
    assert figure.data
    for trace in figure.data:
        properties = {key: trace[key] for key in trace}
        assert not list(numbers_in_lists(trace.to_plotly_json(), trace.type)), properties
        for key in ("x", "y", "customdata"):
            if trace.type != "image" and trace[key] is not None:
                assert isinstance(trace[key], np.ndarray)
                assert trace[key].dtype.kind in "fi"
                assert trace[key].dtype.itemsize <= 4, "half the bytes to send"
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)", "both themes show"
    assert figure.layout.height > 0
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        assert axis.exponentformat in ("power", "none"), "not 100µ, nor 20k"
    # The JSON of a figure is written without Plotly's validators and objects.
    made = EVERY[name]()
    before, validated = json.loads(made.to_json()), json.loads(go.Figure(made).to_json())
    for trace in before["data"] + validated["data"]:
        trace.pop("base", None)  # Plotly writes this one array as a list
    assert before == validated


def test_a_figure_is_plotlys_for_all_who_look_into_it() -> None:
    made = EVERY["scatter"]()
    for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made)), go.Figure(made)):
        assert other == made
        assert type(other) is go.Figure
    other = EVERY["scatter"]()
    other.update_layout(height=123)
    assert json.loads(other.to_json())["layout"]["height"] == 123
    with pytest.raises(AttributeError, match="no_such"):
        _ = other.no_such


def test_arrays_of_every_kind_are_written_as_plotly_would() -> None:
    whole = np.arange(6, dtype=np.int64) * 2**40
    for x in (whole, whole[::2], np.arange(6) % 2 == 0, np.array(["a", "b"]), POINTS[:, 0][::-1]):
        given = {"type": "scatter", "x": x, "y": np.arange(len(x), dtype=np.float32)}
        found = json.loads(Figure([given], {}).to_json())["data"]
        assert found == json.loads(go.Figure([given]).to_json())["data"]
    with pytest.raises(TypeError, match="object"):
        Figure([{"type": "scatter", "x": [object()]}], {}).to_json()


@pytest.mark.parametrize("name", ["activation_histogram", "firing_rates", "units_per_image"])
def test_titles_are_shown_letter_by_letter(name: str) -> None:
    names = [trace.name for trace in EVERY[name]().data]
    assert names[0] == '&lt;b&gt;mine&lt;/b&gt; &amp; "yours"'
    assert not any("<b>" in n for n in names)


# Codes


def test_each_class_is_a_trace_in_its_colour() -> None:
    figure = EVERY["scatter"]()
    assert [t.name for t in figure.data] == ["a", "b", "c"]
    assert [t.marker.color for t in figure.data] == list(CLASS_COLOURS[:3])
    assert all(t.showlegend for t in figure.data)
    for number, trace in enumerate(figure.data):
        rows = np.flatnonzero(np.equal(LABELS, number))
        np.testing.assert_array_equal(trace.customdata, rows)
        np.testing.assert_allclose(np.column_stack([trace.x, trace.y]), POINTS[rows], atol=1e-6)
        assert trace.selected.marker.color == trace.unselected.marker.color == trace.marker.color
        assert trace.unselected.marker.opacity < 0.2 < trace.marker.opacity == trace.selected.marker.opacity
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("x", "y")
    alone = figures.scatter(POINTS[:5], np.full(5, 2), ["a", "b", "c"], ("x", "y"))
    (full,) = [t for t in alone.data if len(t.x)]
    assert (full.name, full.marker.color) == ("c", CLASS_COLOURS[2]), "also where the other classes are absent"
    layout = EVERY["scatter of a projection"]().layout  # whose lengths mean nothing
    assert (layout.xaxis.showticklabels, layout.yaxis.showticklabels, layout.yaxis.showgrid) == (False, False, False)
    assert layout.yaxis.scaleanchor == "x"
    for points in (figure.data[0].x, figure.data[1].x):
        low, high = figure.layout.xaxis.autorangeoptions.include
        assert low < points.min() < points.max() < high, "room for the outermost dots"


def test_many_points_come_in_layers_so_that_no_class_covers_another() -> None:
    labels = np.arange(6000) % 3
    points = RNG.standard_normal((6000, 2))
    traces = figures.scatter(points, labels, ["a", "b", "c"], ("x", "y")).data
    assert [t.name for t in traces[:6]] == ["a", "b", "c"] * 2
    assert [t.name for t in traces if t.showlegend] == ["a", "b", "c"]
    assert np.array_equal(np.sort(np.concatenate([t.customdata for t in traces])), np.arange(6000))
    for trace in traces:
        assert trace.legendgroup == trace.name
        assert (labels[trace.customdata] == "abc".index(trace.name)).all()
        np.testing.assert_allclose(np.column_stack([trace.x, trace.y]), points[trace.customdata], atol=1e-6)


def test_the_mix_counts_each_class_and_its_share() -> None:
    (bars,) = figures.class_mix(np.array([1, 1, 0]), np.array([0, 0, 1, 1, 1, 1]), ["a", "b", "c"]).data
    assert bars.x.tolist() == [1, 2, 0]
    assert bars.customdata.tolist() == [50, 50, 0]
    assert bars.text == ("1", "2", "")
    assert list(bars.marker.color) == list(CLASS_COLOURS[:3])
    assert list(bars.marker.line.color) == [edge(colour) for colour in CLASS_COLOURS[:3]]


def test_errors_of_many_are_a_distribution_and_of_a_few_are_marks() -> None:
    errors = RNG.gamma(2, 0.01, 1000)
    every, some = figures.error_histogram(errors, np.arange(100)).data
    for trace in (every, some):
        assert trace.y[:-1].sum() == pytest.approx(100, rel=1e-5), "the last value only closes the last step"
    every, marks = figures.error_histogram(errors, np.array([7, 2])).data
    np.testing.assert_allclose(marks.x, np.minimum(errors[[7, 2]], every.x[-1]), rtol=1e-6)
    assert marks.customdata.tolist() == [7, 2]
    assert len(figures.error_histogram(errors, np.empty(0, int)).data) == 1
    assert len(figures.error_histogram(np.zeros(10)).data) == 1


def test_the_histogram_holds_every_activation_once() -> None:
    z = np.r_[np.zeros(60), RNG.uniform(0.5, 2, 40)].reshape(20, 5)
    line, diamond = figures.activation_histogram({"run": z}).data
    assert (diamond.x[0], diamond.y[0]) == (0, pytest.approx(60))
    assert np.nansum(line.y[:-1]) == pytest.approx(40), "the last value only closes the last step"
    strong = line.x > 0.5
    assert np.isnan(line.y[line.x < 0.4]).all()
    assert np.nansum(line.y[strong]) > 0


@pytest.mark.parametrize("outlier", [-1e4, 1e4])
def test_one_outlier_flattens_no_histogram(outlier: float) -> None:
    values = RNG.uniform(1, 2, 100)
    values[7] = abs(outlier)
    for errors in (values, np.r_[values, np.ones(100)]):
        line, mark = figures.error_histogram(errors, np.array([7])).data
        assert line.x[-1] <= 2
        assert line.y[:-1].sum() == pytest.approx(100, rel=1e-5)
        assert (mark.x[0], mark.text[0]) == (line.x[-1], "10000.0000")
    values[7] = outlier
    figure = figures.activation_histogram({"run": values.reshape(10, 10)})
    assert np.ptp(figure.data[0].x) <= 1
    assert np.nansum(figure.data[0].y[:-1]) == pytest.approx(100)
    assert "beyond" in figure.layout.xaxis.title.text
    assert "beyond" not in figures.activation_histogram({"run": np.zeros((10, 10))}).layout.xaxis.title.text
    assert "above" not in figures.error_histogram(np.ones(100)).layout.xaxis.title.text


def test_firing_rates_fall_and_name_their_unit() -> None:
    first, second = figures.firing_rates(RATES).data
    for trace, rate in zip((first, second), RATES.values(), strict=True):
        assert (np.diff(trace.y) <= 0).all()
        np.testing.assert_allclose(trace.y, rate[trace.customdata - 1] * 100, rtol=1e-6)
    assert (first.line.color, second.line.color) == SERIES_COLOURS[:2]
    assert (len(first.x), len(second.x), first.x[0], second.x[0]) == (12, 5, 0, 0)
    (bars,) = figures.units_per_image({"run": np.array([3, 3, 3, 7])}).data
    assert (bars.x.tolist(), bars.y.tolist()) == ([3, 7], [75, 25]), "in percent of the images"


# Curves


def test_each_loss_term_has_a_plot_of_its_own() -> None:
    figure = figures.learning_curves(HISTORY, unit="nats")
    assert [a.text for a in figure.layout.annotations] == ["reconstruction (nats)", "sparsity penalty (nats)"]
    names = ("training", "held-out examples")
    assert [(t.xaxis, t.name) for t in figure.data] == [(axis, name) for axis in ("x", "x2") for name in names]
    np.testing.assert_allclose(figure.data[2].y, [0.1, 0.2, 0.3], rtol=1e-6)
    np.testing.assert_allclose(figure.data[3].y, [0.2, 0.4, 0.6], rtol=1e-6)


def test_curves_can_be_drawn_from_the_first_moment_of_a_training_to_its_end() -> None:
    assert len(figures.learning_curves([]).data) == 0
    step = {"epochs": 0.001, "terms": {"reconstruction": 0.7}}
    line, circles = figures.learning_curves([], [step], epochs=3).data
    assert (line.y.tolist(), len(circles.y)) == ([pytest.approx(0.7)], 0)
    early = figures.learning_curves(HISTORY[:1], PROGRESS[:15], epochs=10)
    assert (len(early.data[0].x), len(early.data[1].x)) == (15, 1), "the line follows the steps"
    assert early.layout.xaxis.range[1] >= 10, "the axis is as long as the training"
    whole = figures.learning_curves(HISTORY, PROGRESS)
    for trace, axis in zip(whole.data, ["yaxis", "yaxis", "yaxis2", "yaxis2"], strict=True):
        low, high = whole.layout[axis].range
        if trace.mode == "markers":
            assert ((low < trace.y) & (trace.y < high)).all(), "every circle is inside its plot"


# Pictures


def test_what_was_added_is_orange_and_what_was_lost_is_blue() -> None:
    x = np.array([[[0.0, 1.0, 0.5, 0.5]]])
    x_hat = np.array([[[1.0, 0.0, 0.5, 0.75]]])
    added, lost, same, half = figures.signed_error(x, x_hat)[0, 0].tolist()
    orange, blue = added[:3], lost[:3]
    assert orange[0] > orange[2]
    assert blue[2] > blue[0]
    assert (added[3], lost[3], same[3]) == (255, 255, 0)
    assert half == [*orange, 128]
    x_hat = np.linspace(0, 1, 101).reshape(1, 1, 101)
    opacity = figures.signed_error(np.zeros_like(x_hat), x_hat)[0, 0, :, 3].astype(int)
    assert (np.diff(opacity) >= 0).all(), "opacity grows with the error"
    assert (opacity[50:] == 255).all()
    assert (opacity[:50] < 255).all()


def test_rows_stand_under_one_another_with_their_captions() -> None:
    captions = [f"image {i}" for i in range(3)]
    rows = [Row("original", IMAGES[:3], captions), Row("error", figures.signed_error(IMAGES[:3], IMAGES[3:6]))]
    figure = figures.image_rows(rows, columns=["a", "b", "c"])
    pixels, spots = picture(figure), figure.data[1]
    assert list(spots.text) == [*(f"original<br>{c}" for c in captions), "error", "error", "error"]
    # In a figure's picture, pixel (row, column) is at y = row, x = column.
    for i, (x, y) in enumerate(zip(spots.x[:3], spots.y[:3], strict=True)):
        tile = pixels[int(y - 1.5) : int(y + 2.5), int(x - 2.5) : int(x + 3.5)]
        np.testing.assert_array_equal(tile[..., 0], np.round(IMAGES[i] * 255))
        assert (tile[..., 3] == 255).all()
    assert pixels.shape == (2 * 4 + 2, 3 * 6 + 2 * 2, 4)
    assert (pixels[4:6, :, 3] == 0).all(), "gaps are transparent"
    np.testing.assert_array_equal(pixels[6:, :6], rows[1].images[0])
    assert list(figure.layout.yaxis.ticktext) == ["original", "error"]
    np.testing.assert_array_equal(figure.layout.yaxis.tickvals, [spots.y[0], spots.y[3]])
    assert list(figure.layout.xaxis.ticktext) == ["a", "b", "c"]
    np.testing.assert_array_equal(figure.layout.xaxis.tickvals, spots.x[:3])
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first row is at the top"


def test_a_grid_names_the_places_of_its_tiles() -> None:
    figure = figures.image_grid(IMAGES, 4, (np.array([-1.5, -0.5, 0.5, 1.5]), np.array([10, 20, 30])), ("z₁", "z₂"))
    np.testing.assert_array_equal(picture(figure)[:4, :6, 0], np.round(IMAGES[0] * 255))
    np.testing.assert_array_equal(picture(figure)[8:, 18:, 0], np.round(IMAGES[11] * 255))
    # The middle of a tile of 6 pixels that begins at pixel 0 is 2.5; pixels of height 4 count from the top.
    x, y = figure.layout.xaxis, figure.layout.yaxis
    x_named, y_named = (dict(zip(axis.ticktext, axis.tickvals, strict=True)) for axis in (x, y))
    assert x_named == {"-1.5": 2.5, "-1": 5.5, "-0.5": 8.5, "0": 11.5, "0.5": 14.5, "1": 17.5, "1.5": 20.5}
    assert y_named == {"30": 1.5, "25": 3.5, "20": 5.5, "15": 7.5, "10": 9.5}
    assert (x.title.text, y.title.text) == ("z₁", "z₂")
    only = figures.image_grid(np.zeros((1, 2, 2), np.float32), 1, (np.array([0.123]), np.zeros(1))).layout.xaxis
    assert (only.ticktext, only.tickvals.tolist()) == (("0.12",), [0.5])
    without_axes = figures.image_grid(IMAGES[:5], 3)
    assert picture(without_axes).shape == (2 * 4 + 2, 3 * 6 + 2 * 2, 4), "gaps between its images"
    assert (picture(without_axes)[6:, 16:, 3] == 0).all(), "places without an image are transparent"
    assert (without_axes.layout.xaxis.visible, without_axes.layout.yaxis.visible) == (False, False)


@pytest.mark.parametrize("reach", [0.07, 0.5, 2, 4, 123.4])
@pytest.mark.parametrize("n", [3, 7, 30])
def test_round_numbers_are_named_where_they_are(n: int, reach: float) -> None:
    shape = np.sinh(np.linspace(-2, 2, n))
    for places in (np.linspace(-reach / 3, reach, n), shape / shape.max() * reach):
        axis = figures.image_grid(np.zeros((n, 2, 2), np.float32), n, (places, np.zeros(1))).layout.xaxis
        numbers, centres = np.array([float(text) for text in axis.ticktext]), np.arange(n) * 2 + 0.5
        assert 2 <= len(numbers) <= 7
        assert {text.lstrip("-0.")[:1] for text in axis.ticktext} <= set("123456789") | {""}
        np.testing.assert_allclose(axis.tickvals, np.interp(numbers, places, centres), atol=1e-3 * n)
        steps = np.diff(numbers)
        np.testing.assert_allclose(steps / steps.min(), np.round(steps / steps.min()), atol=1e-6)
        assert (np.diff(axis.tickvals) >= 2 * n / 12 - 1e-3).all(), "names that touch"


def test_a_tint_grows_with_the_value_and_leaves_the_least_alone() -> None:
    images = np.random.default_rng(0).uniform(size=(100, 4, 4))
    values = np.arange(100.0)
    rgba = figures.tinted(images, values)
    grey = np.round(images[0] * 255)
    np.testing.assert_array_equal(rgba[0, ..., :3], np.repeat(grey[..., None], 3, axis=-1))
    blueness = (rgba[..., 2].astype(int) - rgba[..., 0]).mean(axis=(1, 2))
    assert (np.diff(blueness[:98]) > 0).all()
    assert (rgba[..., 3] == 255).all()
    np.testing.assert_array_equal(figures.tinted(images, np.ones(100))[..., 0], np.round(images * 255))


def test_each_model_is_a_point_at_its_size_and_each_kind_a_line_through_its_means() -> None:
    pca, line, vanilla, sparse = figures.error_by_code_size(*MODELS, PCA).data
    assert (pca.name, pca.line.dash) == ("PCA", "dash")
    assert pca.x.tolist() == list(range(1, 11)), "over the whole axis"
    np.testing.assert_allclose(pca.y, PCA[1:11], rtol=1e-6)
    assert (line.mode, line.x.tolist()) == ("lines", [2, 8])
    np.testing.assert_allclose(line.y, [0.03, 0.01], rtol=1e-6)
    assert [vanilla.name, sparse.name] == ["Vanilla", "Sparse"]
    assert vanilla.marker.symbol != sparse.marker.symbol
    assert vanilla.marker.color == line.line.color != sparse.marker.color
    assert vanilla.x.tolist() == [2, 2, 8]
    np.testing.assert_allclose(vanilla.y, [0.04, 0.02, 0.01], rtol=1e-6)
    assert list(vanilla.text) == [figures.plain(TITLE), "b", "c"]


def test_untrained_networks_stand_beside_those_that_differ_in_size_alone() -> None:
    pca, floor, line, vanilla, sparse = EVERY["error_by_code_size and untrained"]().data
    assert (floor.name, floor.line.dash, line.line.dash) == ("untrained", "dot", None)
    assert floor.x.tolist() == [2, 8]
    np.testing.assert_allclose(floor.y, [0.05, 0.03], rtol=1e-6)
    assert (pca.name, vanilla.name, sparse.name) == ("PCA", "Vanilla", "Sparse"), "the last has one size, and no line"
    titles, of_kind, *_, errors = MODELS
    same = [0.05, 0.03, 0.05, 0.03]
    drawn = figures.error_by_code_size(titles, of_kind, ["a", "a", "b", "b"], [2, 8, 2, 8], errors, PCA, same).data
    assert [trace.name for trace in drawn].count("untrained") == 1, "of two kinds with one network"


# Trainings


def test_bars_of_units_fall_and_name_their_unit() -> None:
    active, rest = EVERY["kl_by_unit"]().data
    assert (active.x.tolist(), active.customdata.tolist(), active.y.tolist()) == ([1, 2, 3], [2, 4, 1], [3, 2, 0.5])
    assert (rest.x.tolist(), rest.customdata.tolist()) == ([4], [3])
    assert active.marker.color != rest.marker.color
    assert list(EVERY["kl_by_unit"]().layout.xaxis.ticktext) == ["2", "4", "1", "3"]
    (collapsed,) = figures.kl_by_unit(np.full(3, 1e-6)).data
    assert collapsed.name == "not active"
    assert figures.kl_by_unit(np.full(3, 1e-6)).layout.yaxis.range[1] == 0.02, "what is nothing looks like nothing"


def test_of_a_large_code_the_units_are_drawn_that_carry_something() -> None:
    figure = EVERY["kl_by_unit of many"]()
    assert sum(len(bars.x) for bars in figure.data) == 16
    assert figure.layout.xaxis.title.text == "unit, the largest first; 988 more have at most 0.002 nats each"
    many = figures.kl_by_unit(np.full(1024, 0.5))
    assert sum(len(bars.x) for bars in many.data) == 1024
    assert many.layout.bargap == 0


def test_a_curve_of_units_is_as_long_as_the_training() -> None:
    figure = EVERY["units_by_epoch"]()
    (line,) = figure.data
    assert (line.x.tolist(), line.y.tolist()) == ([0, 1, 2], [0, 3, 2])
    assert figure.layout.xaxis.range[1] == pytest.approx(5.1)
    assert figure.layout.yaxis.title.text == "active units, of 12"


def test_a_line_joins_rates_in_the_order_of_beta_through_the_means_of_seeds() -> None:
    line, dots = EVERY["rate_distortion"]().data
    assert (line.x.tolist(), line.y.tolist()) == ([9, 6, 2], [22, 29, 40])
    assert (dots.x.tolist(), dots.y.tolist()) == ([5, 9, 2, 7], [30, 22, 40, 28])
    assert list(dots.text) == ["β = 1", "β = 0.25", "β = 4", "β = 1"]
    assert dots.hovertext[0] == figures.plain(TITLE)
    assert "Alemi et al. 2018" in EVERY["rate_distortion"]().layout.xaxis.title.text


def test_no_line_joins_models_of_unlike_networks() -> None:
    titles, of_kind, _, sizes, errors = MODELS
    drawn = figures.error_by_code_size(titles, of_kind, ["a", "b", "b", "b"], sizes, errors, PCA).data
    assert [trace.mode for trace in drawn] == ["lines", "lines", "markers", "markers"]
    np.testing.assert_allclose(drawn[1].y, [0.02, 0.01], rtol=1e-6, err_msg="b and c alone")


def test_a_kind_keeps_its_colour_whoever_is_beside_it_and_an_error_that_is_none_is_no_point() -> None:
    (_, *both), (_, alone) = (
        figures.error_by_code_size(["a", "b"], ["vanilla", "sparse"], ["", ""], [4, 4], errors, PCA).data
        for errors in ([0.01, 0.02], [np.nan, 0.02])
    )
    assert alone.name == both[1].name == "Sparse"
    assert alone.marker == both[1].marker


@pytest.mark.parametrize("sizes", [[1], [24, 32], [1, 2, 3, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 392, 512]])
def test_the_sizes_that_are_named_stand_apart(sizes: list[int]) -> None:
    n = len(sizes)
    axis = figures.error_by_code_size(
        ["a"] * n, ["vanilla"] * n, [""] * n, sizes, [0.1] * n, np.zeros(785)
    ).layout.xaxis
    places = (np.log10(axis.tickvals) - axis.range[0]) / (axis.range[1] - axis.range[0])
    assert np.all((places > 0) & (places < 1))
    assert np.all(np.diff(places) > 0.08)
    assert [int(text) for text in axis.ticktext] == [size for size in sizes if size in axis.tickvals]
    assert sizes[0] in axis.tickvals


def test_a_label_is_a_few_short_lines() -> None:
    assert figures.wrapped("Vanilla") == "Vanilla"
    assert figures.wrapped("Sparse, <b>128</b> units") == "Sparse, &lt;b&gt;128&lt;/b&gt;<br>units"
    lines = figures.wrapped("word " * 12).split("<br>")
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert max(map(len, lines)) <= 18


def test_a_code_stands_in_the_range_of_its_units() -> None:
    codes = np.random.default_rng(0).uniform(size=(1000, 3)).astype(np.float32)
    low, high = np.quantile(codes, [0.01, 0.99], axis=0)
    ranges, marks = figures.code_profile(codes[5], np.stack([low, high], axis=1)).data
    np.testing.assert_allclose(np.array(ranges.base, np.float32), low, rtol=1e-6)
    np.testing.assert_allclose(np.array(ranges.base, np.float32) + ranges.y, high, rtol=1e-5)
    np.testing.assert_array_equal(np.array(marks.y, np.float32), codes[5])
    assert list(marks.x) == [1, 2, 3]


# Signals


LONG = forms.Form("signal", (1000, 1))


def spiked(at: int, count: int = 1) -> np.ndarray:
    x = np.full((count, 1000, 1), 0.5, np.float32)
    x[:, at] = 1.0
    return x


def test_a_long_curve_is_drawn_with_few_points_and_keeps_its_peak() -> None:
    for at in (0, 333, 777, 999):
        (line,) = [t for t in figures.image_grid(spiked(at), 1, form=LONG)["data"] if not t.fill]
        y, x = np.asarray(line["y"]), np.asarray(line["x"])
        assert len(y) <= signals.MOST_STEPS + 3
        peak = int(np.nanargmin(y))  # axes lead downwards
        assert (x[peak] - np.nanmin(x)) / (np.nanmax(x) - np.nanmin(x)) == pytest.approx(at / 999, abs=1e-6)


def test_the_error_of_a_long_curve_is_filled_where_it_is() -> None:
    traces = signals.traces([(signals.errors(LONG, spiked(0) * 0 + 0.5, spiked(777)), np.zeros(1), np.zeros(1))])
    _, added, lost = traces
    middle = signals.HEIGHT / 2
    at = np.asarray(added["x"])[np.asarray(added["y"]) < middle - 1]
    assert at == pytest.approx(signals._across(np.array(777 / 999)))
    assert np.nanmax(np.abs(np.asarray(lost["y"]) - middle)) < 1e-3


def test_tinted_tiles_are_few_traces() -> None:
    values = np.linspace(0, 1, 400)
    tiles = figures.tinted(spiked(1, 400), values, LONG)
    traces = figures.image_grid(tiles, 20, form=LONG)["data"]
    assert len([t for t in traces if signals.TINT in str(t.fillcolor)]) <= signals.TINTS
    boxes = sum(np.isnan(np.asarray(t["x"])).sum() for t in traces if f"rgba({signals.TINT}" in str(t.fillcolor))
    assert boxes == np.count_nonzero(values), "each tile that has a value has its ground"


def test_what_lies_on_dots_is_drawn_like_them_and_the_arrow_over_them() -> None:
    places = np.random.default_rng(0).normal(size=(20, 2))
    ends = (np.zeros(2), np.ones(2))
    fan = figures.direction_fan(places, (places[:3], places[3:6]), ("a", "b"), *ends, places[:4], ("x", "y"))
    assert {trace.type for trace in fan.data} == {"scattergl"}, "Plotly draws these over all traces of other types"
    (arrow,) = fan.layout.annotations
    assert ((arrow.ax, arrow.ay), (arrow.x, arrow.y)) == ((0, 0), (1, 1))


def test_short_axes_of_counts_have_each_number_once() -> None:
    few, many = (
        figures.units_by_epoch(range(n + 1), [0] * (n + 1), total, "active units") for n, total in ((4, 2), (90, 64))
    )
    assert (few.layout.xaxis.dtick, few.layout.yaxis.dtick) == (1, 1)
    assert many.layout.xaxis.dtick is None


def test_what_hardly_differs_does_not_fill_the_figure_of_rates() -> None:
    figure = figures.rate_distortion(["a", "b"], ["v", "v"], [1, 8], [0.0001, 0.0009], [27.09, 27.08])
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert axis.range[1] - axis.range[0] >= 1


def test_draws_are_marked_by_way_in_rows_of_models_and_shared_floors_beside_what_test_images_reach() -> None:
    made = figures.draws_judged(JUDGED, WAYS)
    by_way = {trace.name: trace for trace in made.data}
    assert len(made.layout.yaxis.ticktext) == 4, "two models, and each floor once"
    assert by_way["prior"].y.tolist() == [0, 2, 3], "the second model has no prior"
    assert by_way["reconstructed"].y.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(by_way["prior"].x, [4.5, 0.15, 13.5])
    np.testing.assert_allclose(
        by_way["prior"].error_x.array, np.std([3, 6], ddof=1) * np.array([1, 1 / 30, 3]), rtol=1e-5
    )
    (line,) = made.layout.shapes
    assert line.x0 == line.x1 == pytest.approx(0.25), "raw values, reconstructed, are the test images"
    place = figures.precision_and_coverage(JUDGED, WAYS).data[0]
    np.testing.assert_allclose([place.x[0], place.y[0]], 0.55, rtol=1e-6)


def test_codes_stand_in_rows_with_a_mark_for_each_way_in_which_they_were_measured() -> None:
    both = EVERY["beside"]()
    assert [list(trace.x) for trace in both.data] == [[0.5, pytest.approx(0.6)], [pytest.approx(0.7)]]
    assert [round(float(y)) for trace in both.data for y in trace.y] == [0, 1, 0]
    assert both.data[0].y[0] != both.data[1].y[0], "none covers another"
    assert list(both.layout.yaxis.ticktext) == [figures.wrapped(TITLE), "b"]
    assert len({(trace.marker.color, trace.marker.symbol) for trace in both.data}) == 2


def test_a_confusion_is_shares_of_each_cluster_with_empty_ones_empty() -> None:
    (shades,) = EVERY["confusion"]().data
    np.testing.assert_array_equal(shades.z, [[80, 20, 0], [0, 0, 0]])
    assert shades.hovertext[0][0].startswith("one: 8 images of class &lt;b&gt;mine")
    assert shades.hovertext[0][1].startswith("one: 2 images of class b")
