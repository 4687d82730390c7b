"""Bad files for a data set take little of the server's memory, and whatever ends half-way leaves nothing behind."""

import gzip
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ae_core import data, tasks
from ae_core.data import sources
from ae_core.data.adding import Plan
from ae_core.tasks import datasets
from tests.test_sources import BAD, header_only, npy, picture, zipped
from tests.trainings import ROOT, ended, wait

MOST_MB = 250
# What a page does with files that were dropped, and then the process that makes a data set of them.
LOOK = """
import json, sys
from pathlib import Path
from ae_core.data import adding, sources
from ae_core.errors import ExplorerError

def told(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e3

def try_out(path):
    try:
        source = sources.look(path)
        adding.sample(source, source.proposal, 48)
        adding.make(source, adding.Plan("x", source.proposal), path.name, "visitor")
    except ExplorerError as error:
        return str(error)

assert try_out(Path(sys.argv[1])) is None, "a good file, which imports what it takes"
found = {}
for path in map(Path, sys.argv[2:]):
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = told("VmRSS")
    said = try_out(path)
    found[path.parent.name] = [said, told("VmHWM") - before]
print(json.dumps(found))
"""


def bomb(path: Path) -> None:
    """Seven hundred kilobytes that are a picture of 700 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.png", "w") as file:
        file.write(picture(0))
        for _ in range(700):
            file.write(bytes(1_000_000))


def arrays_of_40_gb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x_train.npy", "x_test.npy"):
            archive.writestr(name, header_only((5_000_000, 64, 64)) + bytes(10_000_000))


def endless_text(path: Path) -> None:
    path.write_bytes(gzip.compress(b"1.5,2.5,3.5,4.5,5.5,6.5,7.5,8.5\n" * 12_000_000, 1))


LARGE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a bomb": ("x.zip", bomb, "None of 1 pictures"),
    "arrays of 40 GB": ("x.npz", arrays_of_40_gb, "5,000,000 examples"),
    "many entries": ("x.zip", lambda path: zipped(path, dict.fromkeys(map(str, range(200_000)), b"")), "120,000 files"),
    "endless text": ("x.csv.gz", endless_text, "too many lines"),
    "a picture of 40,000 × 40,000": ("x.zip", lambda path: zipped(path, {"a.png": huge()}), "None of 1 pictures"),
}


def huge() -> bytes:
    """The head of a picture that would fill 1.6 GB."""
    content = bytearray(picture(0))
    content[16:24] = (40_000).to_bytes(4, "big") * 2
    return bytes(content)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a process")
def test_no_bad_file_takes_much_memory_and_each_is_refused_in_a_sentence(tmp_path: Path, data_folder: Path) -> None:
    good = tmp_path / "good.npy"
    good.write_bytes(npy(np.random.default_rng(0).integers(0, 255, (40, 8, 8), np.uint8)))
    paths, expected = [], {}
    for name, (file, make, says) in {**BAD, **LARGE}.items():
        path = tmp_path / name / file
        path.parent.mkdir()
        if name in LARGE:
            make(path)
        else:
            path.write_bytes(make())  # type: ignore[call-arg]
        paths.append(path)
        expected[name] = says
    done = subprocess.run([sys.executable, "-c", LOOK, good, *paths], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[str | None, float]] = json.loads(done.stdout)
    assert {*found} == {*expected}
    assert not [name for name, (said, _) in found.items() if said is None], "not refused"
    assert {name: found[name][0] for name in LARGE if expected[name] not in str(found[name][0])} == {}
    assert not {name: grown for name, (_, grown) in found.items() if grown > MOST_MB}
    assert len(data.own.everything()) == 1, "only the good one is kept"
    assert len([*data.own.folder().iterdir()]) == 1, "nothing is half-kept"


def arrived(content: bytes, name: str, owner: str = "alice") -> Path:
    """A file as a browser has sent it."""
    place = datasets.place_of(datasets.open_incoming(owner), owner)
    assert place
    (place / "0").write_bytes(content)
    datasets.close_incoming(place, [name])
    return place


def some(count: int = 400) -> bytes:
    return npy(np.random.default_rng(0).integers(0, 255, (count, 28, 28), np.uint8))


def nothing_is_kept(folder: Path) -> bool:
    return (
        not data.own.everything() and not [*(folder / "datasets").glob("*")] and not [*(folder / "incoming").glob("*")]
    )


def plan_of(place: Path, **about: Any) -> Plan:
    return Plan("Mine", sources.look(place).proposal, **about)


def test_a_disk_that_fills_up_in_the_middle_is_a_sentence_and_nothing_is_kept(small_disk: Path) -> None:
    place = arrived(some(), "x.npy")  # 300 kB, of which another 300 kB are made, and the same once more
    (small_disk / "filler").write_bytes(bytes(250_000))
    job = wait(datasets.submit(place, plan_of(place), "x.npy", "alice"), ended)
    assert job.status.state == "failed"
    assert "No space left on device" in job.status.reason
    assert datasets.result_of(job) is None
    assert not data.own.everything()
    assert not [path for path in (small_disk / "datasets").glob("*") if path.is_dir()]
    (small_disk / "filler").unlink()
    place = arrived(some(), "x.npy")
    job = wait(datasets.submit(place, plan_of(place), "x.npy", "alice"), ended)
    assert job.status.state == "finished", job.status.reason


def test_a_data_set_is_made_whole_though_nobody_watches_any_more(data_folder: Path) -> None:
    place = arrived(some(), "x.npy")
    job = wait(datasets.submit(place, plan_of(place), "x.npy", "alice"), ended)
    name = datasets.result_of(job)
    assert name
    assert data.load(name, "alice").sizes == {"train": 340, "test": 60}


def test_files_of_a_tab_that_was_closed_are_removed(data_folder: Path) -> None:
    place = datasets.place_of(datasets.open_incoming("alice"), "alice")
    assert place
    (place / "0").write_bytes(some()[:1000])  # the rest never comes
    now = place.stat().st_mtime
    datasets.clean_up_incoming(now + 60)
    assert place.exists(), "it may be a slow upload"
    datasets.clean_up_incoming(now + datasets.INCOMING_SECONDS + 60)
    assert nothing_is_kept(data_folder)


def test_an_open_place_makes_room_for_the_next_ones_of_its_visitor_alone(data_folder: Path) -> None:
    hers = arrived(some(), "x.npy", "bob")
    places = [arrived(some(), f"{i}.npy") for i in range(datasets.PLACES + 2)]
    assert hers.exists()
    assert sum(place.exists() for place in places) == datasets.PLACES
    assert places[-1].exists()


def test_a_data_set_that_is_being_made_counts_among_those_one_may_have(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_SETS", "1")
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    place = arrived(some(), "x.npy")
    datasets.submit(place, plan_of(place), "x.npy", "alice")
    place = arrived(some(), "y.npy")
    with pytest.raises(data.DatasetError, match="You have 1 data sets"):
        datasets.submit(place, plan_of(place), "y.npy", "alice")
    place = arrived(some(), "z.npy", "bob")
    datasets.submit(place, plan_of(place), "z.npy", "bob")
