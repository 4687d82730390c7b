"""The page At a glance: its cells are what was measured, and its code prints them."""

import contextlib
import io
import re
import shutil
from pathlib import Path

import pytest
from visiting import assert_sound, code_of, figures_of, open_page, said

from ae_core import cards, runs, uses
from ae_core.runs import Run
from pages.widgets import plot

pytestmark = pytest.mark.usefixtures("elsewhere")
ROWS = re.compile(r"^\| (.+) \|$", re.MULTILINE)


def test_each_cell_is_a_contest_and_none_is_left_out() -> None:
    names = ["vanilla", "variational"]
    app = open_page("uses", runs=names)
    assert_sound(app)
    head, _, *rows = [row.split(" | ") for row in ROWS.findall(said(app))]
    assert [cell.strip() for cell in head] == ["", "Vanilla", "Variational"]
    cells = {(row[0].replace("\\", ""), name): cell for row in rows for name, cell in zip(names, row[1:], strict=True)}
    filled, told = {key: cell for key, cell in cells.items() if cell.strip()}, []
    for name in names:
        run = runs.read(runs.locate(name))
        assert isinstance(run, Run)
        for use in uses.names():
            for contest in uses.get(use).contests(uses.read(use, run) or []) if uses.read(use, run) else []:
                cell = filled.pop((f"{uses.get(use).title}: {contest.title}", name))
                assert f"**{sum(contest.own) / len(contest.own):.{contest.decimals}f}**" in cell
                once = "better" if contest.ahead > 0 else "worse"
                word = {1: ": better", 0: ": as good", -1: ": worse", None: f"** {once}"}[contest.verdict]
                assert word in cell or contest.best is None
                assert contest.best is None or contest.best in cell.replace("\\", "")
                told.append(contest.verdict)
    assert not filled
    better, worse, alike, once = (told.count(verdict) for verdict in (1, -1, 0, None))
    counted = f"better {better}, worse {worse}, as good {alike}, measured once {once}."
    assert counted in said(app)


def test_the_code_prints_what_the_page_shows() -> None:
    app = open_page("uses", runs=["ecg-vanilla"])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code_of(app), {})
    run = runs.read(runs.locate("ecg-vanilla"))
    assert isinstance(run, Run)
    rows = {use: uses.read(use, run) for use in uses.names()}
    contests = [
        (uses.get(use).title, one) for use, found in rows.items() if found for one in uses.get(use).contests(found)
    ]
    assert len(printed.getvalue().splitlines()) == len(contests)
    for line, (use, contest) in zip(printed.getvalue().splitlines(), contests, strict=True):
        assert line == f"{use}: {contest.title} {run.title} {contest.best} {contest.ahead} {contest.verdict}"
    assert "Its data set has no classes" in said(app)


def test_a_title_is_no_markup_in_the_pictures_of_augmentation(data_folder: Path) -> None:
    named = '<a href="http://e">of images</a>: <b>x</b>'
    copy = data_folder / "runs" / "mine"
    shutil.copytree(runs.locate("vanilla"), copy)
    cards.rename(copy, named)
    with figures_of(plot, "_packed") as shown:
        app = open_page("augmentation", runs="mine")
    assert_sound(app)
    labels = [label for figure in shown for label in figure["layout"]["yaxis"].get("ticktext", [])]
    assert not [label for label in labels if "<a" in label or "<b>" in label]
    assert [label for label in labels if label.endswith("<br>noise")], "what was added is told of a long title too"


def test_the_words_of_a_title_are_not_changed_for_signals(data_folder: Path) -> None:
    copy = data_folder / "runs" / "mine"
    shutil.copytree(runs.locate("ecg-vanilla"), copy)
    cards.rename(copy, "Pixels of an image; R&D")
    for page in ("augmentation", "clustering", "compression"):
        app = open_page(page, runs="mine")
        assert_sound(app)
        assert "Pixels of an image; R&amp;D" in said(app)
        assert "Values of a signal" not in said(app), page
