"""A run is a folder: whole it loads, damaged it is told and hides no other, unwritten it leaves nothing."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ae_core import cards, disk, inference, kinds, runs
from ae_core.bounds import MAX_FILE
from ae_core.cards import FILM
from ae_core.errors import RunError
from ae_core.runs import CARD, FILES, BrokenRun, Run
from tests.load import damaged

EVERY = (*FILES, CARD)
# What `read` and `scan` look into; the networks are checked when they are loaded.
READ_EARLY = ("spec.json", "history.jsonl", CARD)


@pytest.fixture
def folder(digits_runs: dict[str, Path], tmp_path: Path) -> Path:
    """A folder with three sound runs: "good", "other" of the same shape, and "victim"."""
    for name, kind in (("good", "vanilla"), ("other", "sparse"), ("victim", "vanilla")):
        shutil.copytree(digits_runs[kind], tmp_path / "runs" / name)
    return tmp_path / "runs"


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def sign(path: Path) -> None:
    """Makes the card agree with the files, as a forger would."""
    cards.write(path, cards.unchecked(path))


def refusal(folder: Path, early: bool) -> str:
    """How the victim is refused, while the others are listed and load."""
    found = {entry.name: entry for entry in runs.scan(folder)}
    assert list(found) == ["good", "other", "victim"]
    assert isinstance(found["good"], Run)
    assert isinstance(found["other"], Run)
    with pytest.raises(RunError) as caught:
        inference.load(folder / "victim")
    inference.load(folder / "good")
    reason = str(caught.value)
    assert reason.startswith("victim: ")
    assert reason.endswith(".")
    assert "\n" not in reason
    victim = found["victim"]
    if early:
        assert isinstance(victim, BrokenRun)
        assert victim.reason == reason
    return reason


def test_a_sound_run_is_what_was_written(folder: Path, digits_runs: dict[str, Path]) -> None:
    good, other, victim = runs.scan(folder)
    assert isinstance(good, Run)
    assert isinstance(other, Run)
    assert isinstance(victim, Run)
    assert (good.name, good.title, good.spec.kind) == ("good", "good", "vanilla")
    assert good.digest == victim.digest
    assert good.digest != other.digest
    for name in FILES:
        assert hashlib.sha256((good.path / name).read_bytes()).hexdigest() == good.card.sha256[name]
    assert {p.name for p in digits_runs["vanilla"].iterdir()} == {*EVERY, FILM}


@pytest.mark.parametrize("name", EVERY)
def test_a_missing_file_is_told(name: str, folder: Path) -> None:
    (folder / "victim" / name).unlink()
    assert name in refusal(folder, early=True)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "flipped": flip,
    "extended": lambda content: content + b"\0",
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [n for n in EVERY if n != "model.weights.h5"])
def test_a_changed_file_is_told(name: str, damage: str, folder: Path) -> None:
    path = folder / "victim" / name
    content = path.read_bytes()
    path.write_bytes(DAMAGES[damage](content))
    assert name in refusal(folder, early=name in READ_EARLY)


@pytest.mark.parametrize("damage", DAMAGES)
def test_changed_weights_are_told_to_whoever_reads_them(damage: str, folder: Path) -> None:
    path = folder / "victim" / "model.weights.h5"
    card = runs.read(folder / "victim").card
    assert cards.read_file(path.parent, path.name, card) == path.read_bytes()
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(RunError, match=r"model\.weights\.h5 is not the file that was written"):
        cards.read_file(path.parent, path.name, card)


@pytest.mark.parametrize("name", [n for n in EVERY if n != "model.weights.h5"])
def test_a_file_of_another_run_is_told(name: str, folder: Path) -> None:
    shutil.copy(folder / "other" / name, folder / "victim" / name)
    refusal(folder, early=name in READ_EARLY)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("undercomplete", "expected|not a network"),  # a code of another size
        ("variational", "expected|not a network"),  # other outputs
        ("text", "not a network"),
        ("other half", "expected|not a network"),  # encoder for decoder
    ],
)
def test_a_forged_network_of_another_shape_is_refused(
    name: str, source: str, says: str, folder: Path, digits_runs: dict[str, Path]
) -> None:
    other_half = {"encoder.onnx": "decoder.onnx", "decoder.onnx": "encoder.onnx"}[name]
    content = {
        "text": lambda: b"I am no network",
        "other half": lambda: (digits_runs["undercomplete"] / other_half).read_bytes(),
    }.get(source, lambda: (digits_runs[source] / name).read_bytes())()
    (folder / "victim" / name).write_bytes(content)
    sign(folder / "victim")
    reason = refusal(folder, early=False)
    assert name in reason
    assert any(word in reason for word in says.split("|"))


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "3", "null", "{}", "[" * 50_000, '{"format": 1}', "\xff\xfe", "9" * 5000, '{"format": NaN}'],
)
def test_a_card_that_is_no_card_is_told(text: str, folder: Path) -> None:
    (folder / "victim" / CARD).write_text(text, encoding="latin-1")
    assert CARD in refusal(folder, early=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("format", v) for v in (None, 0, 1, 3, "2", [], {})),
        *(("sha256", v) for v in (None, [], "", {}, {"spec.json": "0"}, dict.fromkeys(EVERY, "0"))),
        *(("sha256", dict.fromkeys(FILES, v)) for v in (None, 3, [], {}, "", "0" * 64)),
        *(("bytes", v) for v in (None, [], {}, {"spec.json": 3}, dict.fromkeys(FILES, "9"))),
        *(("metrics", v) for v in (None, [], 3, "x")),
        *(("parameters", v) for v in (None, [], "3", 1.5, {}, True, -1, 10**400)),
        *(("title", v) for v in (3, [], "x" * 201)),
        *(("owner", v) for v in (3, [], "x" * 101)),
        *(("created", v) for v in (None, 3, "yesterday", "2026-01-31T12:00:00Z\n")),
        *(("epochs", v) for v in (None, -1, 501, 1.0, True)),
        *(("complete", v) for v in (None, 1, "yes")),
        *(("seconds", v) for v in (None, -1, "3", 10**400)),
        *(("metrics", v) for v in ({"bce": "0.3"}, {"bce": True}, {"<b>": 1.0}, {str(i): 1 for i in range(101)})),
        *(("versions", v) for v in (None, [], {"keras": 3})),
        *(("digest", v) for v in (None, 3, "", "0" * 64)),
    ],
)
def test_a_card_with_a_field_of_another_type_is_told(field: str, value: Any, folder: Path) -> None:
    path = folder / "victim" / CARD
    card = json.loads(path.read_text())
    for changed in ({**card, field: value}, {k: v for k, v in card.items() if k != field}):
        path.write_text(json.dumps(changed))
        assert "card" in refusal(folder, early=True)


def test_a_card_vouches_for_all_that_it_says(folder: Path) -> None:
    path = folder / "victim" / CARD
    text = path.read_text()
    for old, new in (
        ('"bce": 0.', '"bce": 1.'),
        ('"vanilla-', '"vanillb-'),
        ("T", "S"),
        ('"epochs": 1', '"epochs": 2'),
    ):
        if old in text:
            path.write_text(text.replace(old, new, 1))
            assert CARD in refusal(folder, early=True)
    path.write_text(json.dumps(json.loads(text)))  # laid out otherwise, it says the same
    assert isinstance(runs.scan(folder)[2], Run)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "magic"},
        {"kind": 3},
        {"dataset": "../../etc"},
        {"hyperparameters": {"l1": 1}},
        {"hyperparameters": []},
        {"network": {}},
        {"network": "dense"},
        {"training": None},
        {"more": 1},
    ],
)
def test_a_signed_spec_with_nonsense_is_told(change: dict[str, Any], folder: Path) -> None:
    path = folder / "victim" / "spec.json"
    spec = json.loads(path.read_text())
    path.write_text(json.dumps({**spec, **change}))
    sign(folder / "victim")
    assert "spec.json is not valid" in refusal(folder, early=True)
    path.write_text(json.dumps({**spec, "network": {**spec["network"], "latent_dim": 31}}))
    sign(folder / "victim")
    assert "spec.json needs" in refusal(folder, early=True), "a sound spec, of another network"


@pytest.mark.parametrize(
    "change",
    [
        *("no json\n", "[]\n", '{"epoch": 1}\nbroken', "9" * 5000, "[" * 50_000, "{}\n" * 501),
        {"epoch": 2},
        {"epoch": True},
        {"seconds": "1"},
        {"seconds": None},
        {"learning_rate": 10**400},
        {"terms": {}},
        {"terms": {"<a href=x>": 1.0}},
        {"terms": {"reconstruction": None}},
        {"validation": {"other": 1.0}},
        {"more": 1},
    ],
)
def test_a_signed_history_with_nonsense_is_told(change: str | dict[str, Any], folder: Path) -> None:
    path = folder / "victim" / "history.jsonl"
    first, *others = path.read_text().splitlines()
    changed = [json.dumps({**json.loads(first), **change}), *others] if isinstance(change, dict) else [change]
    path.write_text("\n".join(changed))
    sign(folder / "victim")
    says = "history.jsonl" if isinstance(change, str) else "history.jsonl is not valid: line 1"
    assert says in refusal(folder, early=True)


def test_a_huge_file_is_not_read(folder: Path) -> None:
    victim = folder / "victim"
    with (victim / "encoder.onnx").open("r+b") as file:
        file.truncate(MAX_FILE + 1)  # a hole: it takes no room on the disk
    assert "encoder.onnx has 67,108,865 bytes" in refusal(folder, early=True)
    sign(victim)
    assert "its network needs at most" in refusal(folder, early=True)
    with (victim / CARD).open("r+b") as file:
        file.truncate(cards.MAX_JSON + 1)
    assert "at most 65,536 are read" in refusal(folder, early=True)


@pytest.mark.parametrize("kind", kinds.names())
def test_damaged_copies_are_refused_or_loaded_right(kind: str, digits_runs: dict[str, Path], tmp_path: Path) -> None:
    other = digits_runs[kinds.names()[kinds.names().index(kind) - 1]]
    whole = damaged.Whole.of(digits_runs[kind])
    count = len(damaged.DAMAGES)
    copies = damaged.copies(digits_runs[kind], other, tmp_path / "runs", count, seed=1)
    ends = {name: damaged.attempt(path, whole) for name, path in copies}
    assert len(ends) == count
    assert not [name for name, end in ends.items() if end == "wrong"]
    assert list(ends.values()).count("refused") > 0.8 * count


def test_folders_that_are_no_runs(folder: Path) -> None:
    (folder / "victim" / "encoder.onnx").unlink()
    (folder / "victim" / "encoder.onnx").mkdir()
    assert "encoder.onnx" in refusal(folder, early=True)
    (folder / "victim" / "encoder.onnx").rmdir()
    (folder / "victim" / "encoder.onnx").symlink_to(folder / "good" / "encoder.onnx")
    assert "encoder.onnx" in refusal(folder, early=True)
    (folder / ".hidden").mkdir()
    (folder / f"{disk.UNFINISHED}x-1").mkdir()
    (folder / "file.txt").write_text("x")
    assert [entry.name for entry in runs.scan(folder)] == ["good", "other", "victim"]
    assert runs.scan(folder / "nowhere") == []
    with pytest.raises(RunError, match="does not exist"):
        runs.read(folder / "nowhere")


def test_a_run_is_found_by_its_path_and_by_its_name(
    folder: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runs.locate(folder / "good") == folder / "good"
    assert runs.locate("vanilla") == runs.SHIPPED / "vanilla"
    assert runs.locate(str(runs.SHIPPED / "vanilla")) == runs.SHIPPED / "vanilla"
    shutil.copytree(folder / "good", data_folder / "runs" / "mine")
    assert runs.locate("mine") == data_folder / "runs" / "mine"
    (folder / "sparse").mkdir()  # no run
    (folder / "good").rename(folder / "vanilla")
    monkeypatch.chdir(folder)
    assert runs.locate("vanilla").resolve() == folder / "vanilla"
    assert runs.locate("sparse") == runs.SHIPPED / "sparse"
    for name in ("nowhere", "checkpoints/vanilla", "", "\0"):
        with pytest.raises(RunError, match="There is no run"):
            runs.locate(name)


def test_a_written_folder_appears_whole(tmp_path: Path) -> None:
    out = tmp_path / "a" / "run"
    with disk.writing(out) as work:
        (work / "x").write_text("1")
        assert not out.exists()
        assert work.parent == out.parent  # the same disk, so that a rename is enough
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == ["a", "a/run", "a/run/x"]
    with pytest.raises(RunError, match="exists already"), disk.writing(out):
        pytest.fail("an existing run was opened for writing")


def full(*args: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write(out: Path, meanwhile: Callable[[], object] = lambda: None) -> None:
    with disk.writing(out) as work:
        (work / "x").write_text("mine")
        meanwhile()


@pytest.mark.parametrize("call", ["rename", "fsync"])
def test_an_error_while_writing_leaves_nothing(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "run", lambda: 1 / 0)
    with pytest.raises(RunError, match=rf"'run' cannot be written in {tmp_path}: No space left on device\."):
        write(tmp_path / "run", lambda: monkeypatch.setattr(os, call, full))
    assert list(tmp_path.iterdir()) == []


def test_two_writers_of_one_name_leave_one_whole_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        write(tmp_path / "run", lambda: write(tmp_path / "run"))
    with pytest.raises(RunError, match="exists already"):
        write(tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run" / "x").read_text() == "mine"


def test_a_replaced_file_is_the_old_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "status.json"
    disk.write_json(path, {"state": "running"})
    for call in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, full)
            with pytest.raises(OSError, match="No space"):
                disk.write_json(path, {"state": "finished"})
        assert json.loads(path.read_text()) == {"state": "running"}
        assert list(tmp_path.iterdir()) == [path]


def test_local_runs_live_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    assert runs.data_folder() == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATENT_EXPLORER_DATA", "mine")
    assert runs.data_folder() == tmp_path / "mine"
    monkeypatch.delenv("LATENT_EXPLORER_DATA")
    assert runs.data_folder() == runs.SHIPPED / "local"
    assert "local" not in [entry.name for entry in runs.shipped()]


def test_new_names_sort_by_time_and_do_not_repeat() -> None:
    names = {runs.new_name("sparse") for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("sparse-2") for name in names)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d🔬 at work", "👩\u200d🔬 at work"),
        ("Schiff\u00adfahrt", "Schifffahrt"),
        ("\u202eevil\u202c", "evil"),
        (" two\n lines\t\0", "two lines"),
        ("lone \ud800 half", "lone half"),
        ("\u200d \u200c\u200b", ""),
        ("\u200dname\u200c ", "name"),
    ],
)
def test_a_title_is_one_line_in_which_letters_and_emoji_stay_joined(text: str, shown: str) -> None:
    assert runs.clean(text) == shown
    assert runs.clean(shown) == shown
