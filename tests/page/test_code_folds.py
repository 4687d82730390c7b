"""The code that each page shows makes the very figures that the page shows."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from visiting import code_fold, code_of, figures_of, made_by, open_chooser, open_page, png, visit

import ae_core
from ae_core import images, runs
from ae_core.spec import make_spec
from pages.widgets import film, path_input, plot, source_code

BESIDE = "beside-"  # begins the keys of what belongs to the second lens

PEOPLES_TEXT = "'''\n\"\"\" {x} __import__('os').abort() \\"

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("reconstruct", {"run": "sparse", "class-fashion-mnist": "Bag", "first-fashion-mnist-Bag": "40", "image": "4"}),
        ("denoise", {"run": "denoising-2d", "noise": "Masking", "level": "0.3", "noise-seed": "2"}),
        ("sparsity", {"runs": "vanilla"}),
        ("sampler", {"run": "variational-2d", "grid": "9", "reach": "3.1", "draw-seed": "3"}),
        ("sampler", {"run": "undercomplete", "grid": "7", "zoom": "0.55"}),
        ("latent_space", {"run": "sparse", "select": "5.7.11", "order": "Largest error first"}),
        ("latent_space", {"run": "variational-2d", "points-fashion-mnist": "1,000"}),
        ("latent_space", {"run": "undercomplete", "image": "17"}),
        ("lens", {"run": "undercomplete", "plane": "Two units", "unit2": "9"}),
        ("units", {"run": "convolutional", "image": "9", "row": "65", "off": "3,7"}),
        ("units", {"run": "variational-2d", "off": "2"}),
        ("latent_space", {"run": "variational-2d", "select": "1.2.3", "order": "Largest error first"}),
        ("latent_space", {"run": "undercomplete", "projection": "t-SNE"}),
        *(
            (page, {"run": run})
            for run in ("emoji-vanilla", "ecg-vanilla", "ecg-variational")
            for page in ("reconstruct", "denoise", "sampler", "latent_space", "lens", "units")
        ),
        ("uses", {"runs": ["vanilla", "sparse"]}),
        ("features", {"runs": ["vanilla", "vanilla-of-half"]}),
        ("anomalies", {"runs": ["vanilla-without-sandal"], "score": "cross-entropy", "by-mean": "true"}),
        ("generation", {"runs": ["variational", "vanilla"], "from": "Mixture"}),
        ("compression", {"runs": ["vanilla", "sparse"], "rate": "4", "quality": "SSIM", "image": "7"}),
        ("compression", {"runs": "ecg-vanilla"}),
        ("noise", {"runs": ["vanilla", "denoising"], "kind": "Masking"}),
        ("clustering", {"runs": ["vanilla", "variational"], "clusters": "7"}),
        ("clustering", {"runs": ["ecg-vanilla"]}),
        ("augmentation", {"runs": ["vanilla"]}),
        ("compare", {"on": "Heartbeats"}),
        ("compare", {"on": "Emoji, in colour"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value.get("run"),
)
def test_the_code_makes_what_the_page_shows(page: str, query: dict[str, str]) -> None:
    source, shown, app = visit(page, **query)
    assert not app.warning or page == "sampler", [w.value for w in app.warning]
    made, _ = made_by(source)
    assert shown
    assert made == shown
    assert "streamlit" not in source, "it runs wherever the library is"


def test_the_stability_pages_code_makes_its_curves() -> None:
    source, shown, _ = visit("stability", runs=["ecg-vanilla", "ecg-variational"], transform="Amplitude")
    made, _ = made_by(source)
    assert made == [shown[0], shown[2]]  # between them is the chosen signal, nudged


def test_the_train_pages_code_trains_what_the_page_would(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def train(kind: str, title: str, **options: Any) -> ae_core.LoadedRun:
        asked.update(spec=make_spec(kind, **options), title=title)
        return ae_core.load(runs.SHIPPED / kind)

    monkeypatch.setattr(ae_core, "train", train)
    source, shown, app = visit("train", kind="Contractive", seed="3")
    made, _ = made_by(source)
    assert made == shown  # before the first training the page shows the run that ships
    assert (asked["spec"].kind, asked["spec"].training.seed) == ("contractive", 3)
    assert asked["spec"].dataset == "fashion-mnist"

    app.text_input(key="title").set_value(PEOPLES_TEXT[:60]).run()
    made_by(code_of(app))
    assert asked["title"] == PEOPLES_TEXT[:60].strip()


@pytest.mark.parametrize(
    "query",
    [
        {"frames": "7"},
        {"runs": "vanilla", "images": "3", "shared": path_input.BY_LENGTH, "way": "Spherical"},
        {"path": "Along a direction", "run": "sparse", "along": path_input.PRINCIPAL, "direction": "3"},
        {"path": "Along a direction", "run": "variational", "direction": "5"},
    ],
)
def test_the_code_of_a_path_decodes_its_frames(query: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("paths", **query)
    show, strips = film.show, []
    monkeypatch.setattr(film, "show", lambda given, **options: strips.extend(given) or show(given, **options))
    _, names = made_by(code_of(app))
    found = [row.images for row in names["rows"]] if "rows" in names else [names["run"].decode(names["path"])]
    assert len(found) == len(strips)
    for images_of_code, strip in zip(found, strips, strict=True):
        np.testing.assert_array_equal(images_of_code, strip.images)


def test_the_home_pages_code_decodes_its_plane_and_asks_the_seven(monkeypatch: pytest.MonkeyPatch) -> None:
    mosaic, shown = images.mosaic, []
    monkeypatch.setattr(images, "mosaic", lambda x, *sizes, **options: shown.append(x) or mosaic(x, *sizes, **options))
    source, _, _ = visit("home")
    made, names = made_by(source)
    assert len(made) == 3
    run = ae_core.load(runs.SHIPPED / "variational")
    corner = run.decode(np.array([[names["left"], names["top"]]], np.float32))  # of a plane that is the code itself
    np.testing.assert_allclose(names["decoded"][0], corner[0], atol=1e-6)
    assert len(names["rows"]) == 8
    for row, x in zip(names["rows"], shown[-8:], strict=True):
        np.testing.assert_array_equal(row.images, x)


def picture(size: tuple[int, int]) -> bytes:
    """A file with something dark on light ground, and noise in it."""
    grey = np.random.default_rng(0).integers(170, 250, size, np.uint8)
    grey[size[0] // 5 : size[0] // 2, size[1] // 3 :] -= 150
    return png(grey)


@pytest.mark.parametrize(
    ("page", "invert"),
    [("reconstruct", "Automatic"), ("reconstruct", "Yes"), ("denoise", "No"), ("units", "Automatic")],
)
def test_the_code_reads_an_upload_as_the_page_does(
    page: str, invert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_chooser(open_page(page, run="undercomplete"))
    app.segmented_control(key="source").set_value("Upload").run()
    name, content = f"{PEOPLES_TEXT}.png", picture((1500, 1100))
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / name).write_bytes(content)
    app.file_uploader[0].upload(name, content).run()
    app.segmented_control(key="invert").set_value(invert).run()
    assert name in [t.value for t in code_fold(app).text]
    monkeypatch.chdir(desk)
    with figures_of(plot, "_packed") as shown:
        app.run()
    made, _ = made_by(code_of(app))
    assert "preparing.read" in code_of(app)
    assert made == shown


def test_a_run_of_ones_own_is_opened_by_its_name(data_folder: Path) -> None:
    shutil.copytree(runs.SHIPPED / "vanilla", data_folder / "runs" / "it's mine")
    source, shown, _ = visit("reconstruct", run="it's mine")
    assert os.fspath(data_folder) not in source
    assert made_by(source)[0] == shown


def test_two_lenses_have_a_fold_each() -> None:
    app = open_page("lens", run="vanilla-2d", beside="variational-2d")
    assert not app.code
    for opened, (prefix, name) in enumerate({"": "vanilla-2d", BESIDE: "variational-2d"}.items(), start=1):
        app.session_state[prefix + source_code.KEY] = True
        app.run()
        assert not app.exception
        assert len(app.code) == opened
        assert f"ae_core.load('{name}')" in app.code[-1].value
