"""Every page, full, empty and with damaged runs, as Streamlit's own test runner sees it."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from visiting import (
    NAVIGATION,
    ROOT,
    alter,
    assert_sound,
    button,
    code_of,
    cut,
    figures_of,
    job_in_state,
    link,
    open_chooser,
    open_page,
    pictures,
    png,
    progress_texts,
    said,
    start,
    table,
    turn,
)

from ae_core import cards, data, runs, tasks
from ae_core.tasks import worker
from pages.serving import caches
from pages.widgets import plot

PAGES = (
    "home",
    "lens",
    "train",
    "reconstruct",
    "your_image",
    "denoise",
    "sparsity",
    "compare",
    "latent_space",
    "paths",
    "directions",
    "all_units",
    "unit",
    "units",
    "stability",
    "uses",
    "features",
    "anomalies",
    "generation",
    "compression",
    "noise",
    "clustering",
    "augmentation",
    "sampler",
)
BAD = "../../etc/passwd"
GONE = "(deleted, or mistyped)"
OF_ONE_RUN = ("lens", "directions", "reconstruct", "denoise", "latent_space", "units", "all_units", "unit", "sampler")


# Full


@pytest.mark.parametrize("page", [*PAGES, "runs", "about", "lessons"])
@pytest.mark.usefixtures("elsewhere")
def test_every_page_is_full_shows_its_code_and_is_forgotten(page: str) -> None:
    app = open_page(page)
    assert_sound(app)
    assert not app.error, [e.value for e in app.error]
    assert not app.warning or page == "sampler", [e.value for e in app.warning]
    if page in PAGES:
        assert pictures(app), "a page without a picture"
    if page in PAGES and page != "your_image":  # which shows none before there is an image
        source = code_of(app)
        compile(source, page, "exec")
        assert os.fspath(ROOT) not in source
    # Streamlit keeps callbacks, and with a function of a page all of that page.
    gc.collect()
    file = str(ROOT / "pages" / f"{page}.py")
    kept = [o for o in gc.get_objects() if type(o) is dict and o.get("__file__") == file]
    assert not kept, "a function of this page is held, as a callback or a `format_func`: define it in a widget"


@pytest.mark.parametrize("run", sorted(p.name for p in runs.SHIPPED.iterdir() if (p / cards.CARD).exists()))
def test_every_run_that_ships_is_shown(run: str) -> None:
    app = start()
    app.query_params["run"] = run
    for page in ("reconstruct", "latent_space", "sampler"):
        turn(app, page)
        assert_sound(app)
        assert not app.error
        assert app.selectbox(key="run").value == run


# Empty


@pytest.mark.parametrize("page", PAGES)
def test_every_empty_page_says_what_to_do(page: str, nothing_ships: Path) -> None:
    app = open_page(page)
    assert_sound(app)
    assert not app.error
    (sentence,) = [i.value for i in app.info]
    assert sentence.endswith(".")
    assert "rain" in sentence, "it names training as the way on"


# Runs


def test_a_run_that_is_picked_stays_picked_on_every_page() -> None:
    app = open_page("reconstruct")
    app.selectbox(key="run").set_value("contractive-2d").run()
    for page in (*OF_ONE_RUN, "train", "home", "latent_space"):
        turn(app, page)
        assert_sound(app)
        if page in OF_ONE_RUN:
            assert app.selectbox(key="run").value == "contractive-2d"
            assert link(app)["run"] == "contractive-2d"


@pytest.mark.usefixtures("nothing_starts")
def test_the_sampler_waits_for_no_density(mine: Path) -> None:
    app = open_page("sampler", run="vanilla")
    assert_sound(app)
    assert progress_texts(app) == ["Computing the density · Next in the queue, starts in under a minute"]
    job = tasks.shared("fit", runs.read(mine / "vanilla"))
    assert job is not None
    tasks.Status("failed", reason="All codes are the same.").write(job.path)
    app.run()
    assert_sound(app)
    assert "All codes are the same." in said(app)
    button(app, "Compute the density again").click().run()
    before = pictures(app)
    assert worker.run(job.path) == 0
    app.run()
    assert_sound(app)
    assert pictures(app) == before + 1
    assert "Codes sampled from a mixture of 10 Gaussians" in said(app)


@pytest.mark.parametrize(
    ("page", "nonsense", "left", "told"),
    [
        *((page, {"run": BAD}, {}, f"model {GONE}") for page in OF_ONE_RUN),
        (
            "latent_space",
            {"select": BAD, "image": "10000", "projection": "UMAP", "order": BAD, "points-fashion-mnist": "-5"},
            {"run": "undercomplete"},
            "selection, projection, test images, order, image",
        ),
        (
            "lens",
            {"pin": "here", "class": "Spaceship", "view": "0,0,-1", "beside": BAD},
            {},
            f"second model {GONE[:-1]}, or of another data set), pin, view, class",
        ),
        *(("lens", {"pin": pin, "view": "0,0,1e300"}, {}, "pin, view") for pin in ("1,nan", "1e308,1e308", "1e30,0")),
        ("lens", {"through-code": "AAAA"}, {"run": "vanilla"}, "code that the plane goes through"),
        (
            "paths",
            {"path": BAD, "frames": BAD, "runs": BAD, "images": BAD, "way": BAD, "image": "10000"},
            {},
            f"path, frames, models {GONE}, image, images, interpolation",
        ),
        (
            "units",
            {"image": "3,999999,4", "row": "3,999999,4", "off": "3,999999,4"},
            {"run": "sparse-visible", "off": "3,4"},
            "image, first row, units",
        ),
        ("unit", {"unit": "513"}, {"run": "vanilla"}, "unit"),
        ("all_units", {"sort": BAD, "from-unit": "513"}, {"run": "sparse-visible"}, "order, first unit"),
        (
            "compare",
            {"runs": BAD, "on": BAD, "class-fashion-mnist": BAD, "first-fashion-mnist": "-1"},
            {},
            f"models {GONE}, data set, class, first image",
        ),
        ("your_image", {"from": "<script>", "crop": "perhaps"}, {}, "source of the image, crop"),
        ("train", {"job": BAD}, {}, f"training {GONE}"),
    ],
)
def test_nonsense_in_a_link_is_one_sentence_and_leaves_it(
    page: str, nonsense: dict[str, str], left: dict[str, str], told: str
) -> None:
    app = open_page(page, **{**left, **nonsense})
    assert_sound(app)
    assert not app.error
    assert app.warning[0].value.endswith(f" defaults instead: {told}.")
    assert len(app.warning) == 1 or page == "sampler"
    assert dict(link(app)) == left


@pytest.mark.parametrize("kind", ["vanilla", "convolutional", "contractive", "variational"])
@pytest.mark.usefixtures("small_images")
def test_runs_on_small_images_are_shown_like_any_other(kind: str) -> None:
    app = start()
    app.query_params["run"] = kind
    for page in OF_ONE_RUN:
        turn(app, page)
        assert_sound(app)
        assert not app.error
        assert app.selectbox(key="run").value == kind
        assert any("Digits (8 × 8)" in c.value for c in app.caption)


@pytest.mark.parametrize("page", ["train", "sparsity", "compare"])
@pytest.mark.usefixtures("small_images")
def test_the_other_pages_show_what_runs_there_are(page: str) -> None:
    app = open_page(page)
    assert_sound(app)
    assert not app.error


def test_runs_of_two_data_sets_are_overlaid(data_folder: Path, digits_runs: dict[str, Path]) -> None:
    shutil.copytree(digits_runs["sparse"], data_folder / "runs" / "digits-run")
    app = open_page("sparsity")
    app.pills[0].set_value(["digits-run", "sparse-visible"]).run()
    assert_sound(app)
    assert table(app)["units"] == ["32", "128"]


def test_images_that_are_the_same_have_no_infinite_ratio(figures: dict[str, Any]) -> None:
    app = open_page("denoise", level="0")
    assert_sound(app)
    found = table(app)
    assert found["images"][0] == "noisy"
    assert (found["PSNR, dB"][0], found["SSIM"][0]) == ("identical", "1.000")
    captions = figures["denoised"].data[1].text
    assert "noisy<br>identical" in captions
    assert not [text for text in (*captions, *map(str, found.values())) if "inf" in text]


# Damage


@pytest.mark.parametrize(("damage", "reason"), [(cut, "decoder.onnx missing"), (alter, "encoder.onnx is not the file")])
def test_a_broken_run_is_an_error_and_the_pages_live_on(
    damage: Callable[[Path], None], reason: str, mine: Path
) -> None:
    damage(mine / "sparse")
    app = start()
    app.query_params["run"] = "sparse"
    for page in OF_ONE_RUN:
        turn(app, page)
        assert_sound(app)
        assert "damaged" in app.error[0].value
        assert reason in said(app)
    app.selectbox(key="run").set_value("vanilla").run()
    assert_sound(app)
    assert not app.error


@pytest.mark.parametrize("damage", [cut, alter])
def test_a_broken_run_does_not_hide_the_others_from_sparsity(damage: Callable[[Path], None], mine: Path) -> None:
    damage(mine / "sparse")
    app = open_page("sparsity")
    picker = app.pills[0]
    names = ["vanilla"] if len(picker.options) == 1 else ["sparse", "vanilla"]
    picker.set_value(names).run()
    assert_sound(app)
    assert len(table(app)["model"]) == 1


@pytest.mark.parametrize("page", ["home", "train", "sparsity", "compare"])
def test_a_broken_run_that_ships_does_not_take_a_page_down(
    page: str, nothing_ships: Path, digits_runs: dict[str, Path]
) -> None:
    for kind in ("vanilla", "variational", "sparse"):
        shutil.copytree(digits_runs[kind], nothing_ships / kind)
        alter(nothing_ships / kind)
    app = open_page(page)
    assert_sound(app)


def test_a_data_set_that_is_gone_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ae_core.data.shipped import fashion_mnist

    monkeypatch.setattr(fashion_mnist, "FOLDER", tmp_path)
    monkeypatch.setitem(data.load("fashion-mnist").__dict__, "_cache", {})
    for function in vars(caches).values():
        getattr(function, "cache_clear", lambda: None)()
    app = open_page("latent_space")
    assert_sound(app)
    assert "restore it from the repository" in said(app)


# Images that visitors bring


def test_an_image_of_ones_own_is_reconstructed_and_a_bad_one_is_named() -> None:
    app = open_chooser(open_page("reconstruct"))
    app.segmented_control(key="source").set_value("Upload").run()
    assert_sound(app)
    noise = np.random.default_rng(0).integers(0, 255, (50, 40), np.uint8)
    uploader = app.file_uploader[0]
    uploader.upload("shoe.png", png(noise)).upload("<b>bad</b>.png", b"no image").run()
    assert_sound(app)
    assert "<b>bad</b>.png: The file is not an image" in "\n".join(t.value for t in app.text)
    assert any(t.value == "shoe.png" for t in app.text)
    assert link(app)["image"] == "own"


def test_all_pictures_of_ones_own_are_reconstructed_beside_the_current_one() -> None:
    app = open_chooser(open_page("reconstruct"))
    app.segmented_control(key="source").set_value("Upload").run()
    first, second = (png(np.random.default_rng(seed).integers(0, 255, (50, 40), np.uint8)) for seed in (1, 2))
    app.file_uploader[0].upload("first.png", first).upload("second.png", second).run()
    with figures_of(plot, "_packed") as shown:
        source = code_of(app)
    assert "names = ['second.png', 'first.png', *names]" in source, "the latest is the current one"
    assert "first.png, second.png" in said(app) or "second.png, first.png" in said(app), "the files that the code reads"
    (reconstructions,) = shown
    assert len(reconstructions["layout"]["xaxis"]["ticktext"]) == 10, "test images fill the row"


# What belongs to others


def test_what_belongs_to_another_visitor_is_in_no_list_and_opens_by_its_link(digits_runs: dict[str, Path]) -> None:
    job = job_in_state("finished", owner="someone-else")
    shutil.copytree(digits_runs["vanilla"], job.run_path)
    cards.write(job.run_path, cards.unchecked(job.run_path) | {"owner": "someone-else"})
    app = open_page("train")
    assert "What to expect" in [s.value for s in app.header]
    turn(app, "reconstruct")
    assert len(app.selectbox(key="run").options) == len(runs.shipped())
    app = open_page("reconstruct", run=job.id)
    for page in OF_ONE_RUN:
        turn(app, page)
        assert_sound(app)
        assert not app.warning or page == "sampler"
        assert app.selectbox(key="run").value == job.id
    app.selectbox(key="run").set_value("vanilla").run()
    assert job.id not in " ".join(app.selectbox(key="run").options)
    assert len(app.selectbox(key="run").options) == len(runs.shipped()), "it is in no list afterwards"
    app = open_page("sparsity", runs=job.id)
    assert_sound(app)
    assert len(table(app)["model"]) == 1
    assert open_page("lens", run=job.id, beside=job.id).selectbox(key="beside").value == job.id


def test_a_run_that_could_be_guessed_opens_for_its_owner_alone(mine: Path) -> None:
    cards.write(mine / "sparse", cards.unchecked(mine / "sparse") | {"owner": "someone-else"})
    app = open_page("reconstruct", run="sparse")
    assert "deleted, or mistyped" in app.warning[0].value
    assert app.selectbox(key="run").value == "vanilla"


def test_a_broken_run_of_nobody_knows_whom_is_in_no_list(mine: Path) -> None:
    card = (mine / "sparse" / "card.json").read_text()
    (mine / "sparse" / "card.json").write_text(card.replace('"owner": null', '"owner": "me"'))
    assert len(open_page("reconstruct").selectbox(key="run").options) == 1


# Without TensorFlow

VISIT = """
import sys
from streamlit.testing.v1 import AppTest
for name in ("tensorflow", "keras", "tf2onnx", "onnx"):
    sys.modules[name] = None  # as if not installed: importing it fails
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
for page in sorted(sys.argv[2:], key="clustering".__eq__):
    if page == "clustering":  # the last one: it fits as soon as it is opened
        assert "sklearn" not in sys.modules  # only fits need it
        assert "pandas" not in sys.modules  # 45 MB in each replica
    app.switch_page(f"{page}.py").run()
    assert not app.exception, page
    assert not app.error, page
    told = [text.value for text in app.text if "pip install 'latent-explorer[train]'" in text.value]
    assert len(told) == (page in ("train", "runs")), page
from ae_core import data
assert "train" not in data.load("fashion-mnist")._cache, "no page keeps training examples: 47 MB"
"""


def test_every_page_works_without_tensorflow() -> None:
    subprocess.run(
        [sys.executable, "-c", VISIT, NAVIGATION, *PAGES[1:], "runs", "about"],
        cwd=ROOT, check=True, timeout=120, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
