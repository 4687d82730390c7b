"""Directions that visitors keep: each has their own, by name, with the run."""

import json
from pathlib import Path

import pytest

from ae_core import kept_directions, runs
from ae_core.errors import OptionError
from ae_core.tasks import cleanup

DAY = 24 * 3600


@pytest.fixture
def run(digits_runs: dict[str, Path]) -> runs.Run:
    return runs.read(digits_runs["vanilla"])


@pytest.mark.usefixtures("data_folder")
def test_what_is_kept_is_found_by_who_kept_it_and_not_replaced(run: runs.Run) -> None:
    kept_directions.keep(run, "alice", "  longer\nsleeves ", "c1", "c2")
    kept_directions.keep(run, "alice", "darker", "1.2.3", "z9")
    kept_directions.keep(run, "alice", "longer sleeves", "c1", "c2")  # once more
    with pytest.raises(OptionError, match="another direction as “longer sleeves”"):
        kept_directions.keep(run, "alice", "longer sleeves", "c3", "c4")
    assert {(k.name, k.first, k.second) for k in kept_directions.listed(run, "alice")} == {
        ("darker", "1.2.3", "z9"),
        ("longer sleeves", "c1", "c2"),
    }
    assert kept_directions.listed(run, "bob") == []
    kept_directions.forget(run, "bob", "darker")
    kept_directions.forget(run, "alice", "darker")
    assert [k.name for k in kept_directions.listed(run, "alice")] == ["longer sleeves"]


@pytest.mark.usefixtures("data_folder")
def test_what_cannot_be_kept_is_told(run: runs.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="needs a name"):
        kept_directions.keep(run, "alice", " \t", "c1", "c2")
    with pytest.raises(OptionError, match="60 letters, got 61"):
        kept_directions.keep(run, "alice", "x" * 61, "c1", "c2")
    with pytest.raises(OptionError, match="too large"):
        kept_directions.keep(run, "alice", "x", "1." * 3000, "c2")
    monkeypatch.setattr(kept_directions, "MOST", 2)
    for name in "ab":
        kept_directions.keep(run, "alice", name, "c1", "c2")
    with pytest.raises(OptionError, match="At most 2"):
        kept_directions.keep(run, "alice", "c", "c1", "c2")
    kept_directions.keep(run, "alice", "b", "c1", "c2")


def test_of_two_of_one_name_the_first_counts(run: runs.Run, data_folder: Path) -> None:
    kept_directions.keep(run, "alice", "a", "c1", "c2")
    (path,) = (data_folder / "directions").glob("*/*.json")
    path.write_text(json.dumps([{"name": "a", "first": "c1", "second": f"c{n}"} for n in (2, 3)]))
    assert [kept.second for kept in kept_directions.listed(run, "alice")] == ["c2"]


def test_a_damaged_file_is_no_direction(run: runs.Run, data_folder: Path) -> None:
    kept_directions.keep(run, "alice", "a", "c1", "c2")
    (path,) = (data_folder / "directions").glob("*/*.json")
    sound = json.loads(path.read_text())
    nameless = json.dumps([{"name": "a", "first": "", "second": "c"}])
    for content in ("", "[", "{}", '[{"name": 3}]', nameless, "x" * 10**6):
        path.write_text(content)
        assert kept_directions.listed(run, "alice") == []
    kept_directions.keep(run, "alice", "b", "c1", "c2")
    assert len(kept_directions.listed(run, "alice")) == 1
    assert path.with_suffix(".damaged").read_text() == "x" * 10**6, "what cannot be read is not lost"
    path.write_text(json.dumps([*sound, {"name": 3}]))
    assert [kept.name for kept in kept_directions.listed(run, "alice")] == ["a"], "one bad record costs no other"


def test_they_go_with_their_run(run: runs.Run, data_folder: Path) -> None:
    import time

    kept_directions.keep(run, "alice", "a", "c1", "c2")
    shipped = runs.read(runs.SHIPPED / "vanilla")
    kept_directions.keep(shipped, "alice", "a", "c1", "c2")
    cleanup.clean_up(time.time() + 2 * DAY)  # the first run is not among those of this data folder
    assert kept_directions.listed(run, "alice") == []
    assert len(kept_directions.listed(shipped, "alice")) == 1
