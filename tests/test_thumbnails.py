"""Small pictures of examples: where a curve runs, and in which colours."""

import re
from pathlib import Path

import numpy as np
import pytest

from ae_core import figures, thumbnails
from ae_core.forms import Form

PICTURE = Path(__file__).resolve().parent.parent / "pages" / "widgets" / "picture.js"


def test_a_curve_runs_where_its_values_are() -> None:
    values = np.linspace(0, 1, 72, dtype=np.float32)[None, :, None]
    (picture,) = thumbnails.draw(Form("signal", (72, 1)), values)
    assert picture.shape == (thumbnails.SIDE, thumbnails.SIDE)
    rows = picture.argmax(axis=0)
    room, height = thumbnails.ROOM, thumbnails.SIDE - 1 - 2 * thumbnails.ROOM
    assert np.abs(rows - (room + (1 - values.ravel()) * height)).max() <= 1


def test_a_row_of_a_table_is_drawn_as_steps_and_a_signal_is_not() -> None:
    values = np.array([[0, 1, 0, 1]], np.float32)
    (steps,) = thumbnails.draw(Form("table", (4,)), values)
    (curve,) = thumbnails.draw(Form("signal", (4, 1)), values[..., None])
    ends = (round(thumbnails.ROOM), round(thumbnails.SIDE - 1 - thumbnails.ROOM))
    assert set(steps[:, [1, 20, 28, 40, 52, 70]].argmax(axis=0).tolist()) == {*ends}, "either low or high"
    assert ends[0] + 5 < curve[:, 30].argmax() < ends[1], "on its way from one to the next"


def test_channels_have_the_same_colours_in_figures_thumbnails_and_the_browser() -> None:
    listed = re.search(r"const COLOURS = \[(.*)\];", PICTURE.read_text(encoding="utf-8"))
    assert listed
    assert tuple(re.findall(r"#[0-9a-f]{6}", listed[1])) == thumbnails.COLOURS
    form = Form("signal", (8, 3))
    x = np.tile(np.array([0.1, 0.5, 0.9], np.float32), (1, 8, 1))
    (picture,) = thumbnails.draw(form, x)
    drawn = figures.image_rows([figures.Row("x", x)], form=form)
    lines = [trace.line.color for trace in drawn.data if trace.mode == "lines" and trace.line.color]
    for channel, colour in enumerate(thumbnails.COLOURS[:3]):
        assert colour in lines
        band = picture[thumbnails.SIDE * (2 - channel) // 3 : thumbnails.SIDE * (3 - channel) // 3].reshape(-1, 3)
        brightest, expected = band[band.sum(axis=1).argmax()].astype(float), np.array(list(bytes.fromhex(colour[1:])))
        # Of a line that no row of pixels is covered by as a whole.
        cosine = brightest @ expected / np.linalg.norm(brightest) / np.linalg.norm(expected)
        assert cosine > 0.999, channel


def test_rows_of_a_table_are_bars_from_the_ground_and_each_as_wide() -> None:
    values = np.array([0.0, 1.0, 0.5, 0.25], np.float32)
    (picture,) = thumbnails.draw(Form("table", (4,)), values[None])
    bars = (picture > 127).reshape(72, 4, 18)
    heights = bars.sum(axis=0)
    assert (heights == heights[:, :1]).all(), "a bar is as high all over"
    assert (heights[:, 0] / 66).tolist() == pytest.approx([0, 1, 0.5, 0.25], abs=0.04)
    assert bars[68, 1:].all(), "all stand on the ground"
