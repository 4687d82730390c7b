"""The lens as one file: what it holds, how large it is, and that nothing in it leads outside."""

import gzip
import json
import re
from base64 import b64decode
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import ae_core
from ae_core import cli, inference, runs
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.latent import MAIN_PLANE, PlaneSpec
from ae_core.lens import LensFile, OwnScene, scripts, tiling
from ae_core.lens.file import MOST_BYTES


def shipped(name: str) -> LoadedRun:
    return inference.load(runs.SHIPPED / name)


def content(html: str) -> dict[str, Any]:
    """What the file's script reads."""
    (found,) = re.findall(r'<script class="content" type="application/json">(.*?)</script>', html, re.DOTALL)
    read: dict[str, Any] = json.loads(found)
    return read


@pytest.fixture(scope="module")
def beats() -> LensFile:
    """The file of a small run of signals."""
    return shipped("ecg-variational").lens(overlay="Density", pin=(0.5, -0.25))


def test_a_file_has_eight_megabytes_at_most(beats: LensFile) -> None:
    largest = shipped("contractive-2d").lens()  # of the shipped runs of two units; a browser test looks at two others
    assert len(beats.html.encode()) < len(largest.html.encode()) <= MOST_BYTES == 8_000_000


def test_points_and_thumbnails_are_those_of_the_test_examples(beats: LensFile) -> None:
    found = content(beats.html)
    data, scene = found["data"], OwnScene(beats.run)
    count, every = data["count"], data["every"]
    assert count == len(scene.codes[::every])
    points = gzip.decompress(b64decode(found["held"]["points"]))
    places = np.frombuffer(points[: 8 * count], "<f4").reshape(count, 2)
    np.testing.assert_array_equal(places, scene.codes[::every])  # a code of two units is its own plane
    assert data["sprites"]["count"] == count
    (sheet,) = data["sprites"]["links"]
    assert sheet.startswith("data:image/webp;base64,")
    assert (data["pin"], data["overlay"]) == ([0.5, -0.25], "Density")
    assert sorted(found["held"]["overlays"]) == ["Density", "ground"]


def test_tiles_are_what_the_decoder_gives_and_cover_all_codes(beats: LensFile) -> None:
    found = content(beats.html)
    scene = OwnScene(beats.run, most_places=found["data"]["tile"])
    side, form = scene.places + 2, beats.run.form
    covered = np.zeros(len(scene.codes), bool)
    for name, packed in found["held"]["tiles"].items():
        place = tuple(map(int, name.split("/")))
        view = scene.view_of(*place)
        sent = np.frombuffer(gzip.decompress(b64decode(packed)), np.uint8).reshape(side, side, *form.shape)
        shown = sent.cumsum(axis=0, dtype=np.uint8).cumsum(axis=1, dtype=np.uint8)
        left, top = view.x - view.reach, view.y + view.reach
        corner = beats.run.decode(np.array([[left, top]], np.float32))[0]
        np.testing.assert_allclose(shown[1, 1] / 255, np.clip(corner, 0, 1), atol=1.51 / 255)
        away = np.abs(scene.codes - np.array([view.x, view.y]))
        covered |= (away <= 1.0001 * view.reach).all(axis=1)
    assert covered.all()


def test_a_smaller_room_is_kept_and_costs_exactness() -> None:
    scene = OwnScene(shipped("vanilla-2d"), most_places=24)
    few = scene.codes[::100]
    large, small = (tiling.tile(scene, few, room) for room in (1_200_000, 500_000))
    assert sum(map(len, small.packed.values())) <= 500_000 < sum(map(len, large.packed.values())) <= 1_200_000
    assert large.error < small.error
    assert max(level for level, _, _ in large.packed) > min(level for level, _, _ in large.packed)


def test_nothing_in_it_leads_outside(beats: LensFile) -> None:
    html = beats.html
    assert re.findall(r"https?://[^\s\"']+", html) == []
    assert "default-src 'none'" in html
    assert re.findall(r"<(?:link|img|iframe|base)\b|\bsrc=|\bhref=|@import", html) == []


def test_it_names_the_model_the_data_and_their_licence(beats: LensFile) -> None:
    text = unescape(beats.html)
    for part in (beats.run.run.title, beats.run.dataset.title, beats.run.dataset.source, ae_core.__version__):
        assert part in text


def test_modules_are_joined_after_what_they_import_and_export_nothing() -> None:
    source = scripts.joined("lens/file.js")
    assert not re.findall(r"^(?:import|export)\b", source, re.MULTILINE)
    assert "</" not in source, "it would end the script of an HTML file"
    made = re.findall(r'^modules\["(.+)"\] = ', source, re.MULTILINE)
    assert made[-1] == "lens/file.js"
    assert len(made) == len(set(made))
    before: list[str] = []
    for name, body in zip(made, re.split(r'^modules\[".+"\] = ', source, flags=re.MULTILINE)[1:], strict=True):
        assert set(re.findall(r'= modules\["(.+)"\];', body)) <= set(before), name
        before.append(name)


def test_names_of_strangers_stay_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.Run, "title", "</title><script>alert(1)</script>")
    html = shipped("ecg-variational").lens().html
    assert "<script>alert" not in html
    assert html.count("</script>") == 2


def test_a_notebook_gets_the_same_file_in_a_frame(beats: LensFile) -> None:
    (inside,) = re.findall(r'srcdoc="([^"]*)"', beats._repr_html_())
    assert unescape(inside) == beats.html


def test_what_there_is_not_is_refused() -> None:
    run = shipped("ecg-variational")
    with pytest.raises(OptionError, match="There is no overlay 'density': choose one of Density"):
        run.lens(overlay="density")
    with pytest.raises(OptionError, match="expected 1 to 2"):
        _ = run.lens(PlaneSpec("units", (1, 9), 0)).html


def test_the_command_writes_the_file_that_python_gives(tmp_path: Path) -> None:
    path = tmp_path / "heart.html"
    done = CliRunner().invoke(cli.main, ["lens", str(runs.SHIPPED / "ecg-variational"), str(path)])
    assert (done.exit_code, done.stdout) == (0, f"{path}\n")
    assert path.read_text("utf-8") == shipped("ecg-variational").lens(MAIN_PLANE).html
    refused = CliRunner().invoke(cli.main, ["lens", "ecg-variational", str(tmp_path / "heart.zip")])
    assert refused.exit_code == 2
    assert "must end in .html" in refused.output
