"""The server's log: a line for each event, whole, in either form, and without anything of people's."""

import ast
import errno
import io
import json
import logging
from pathlib import Path

import pytest

from ae_core import logs

ROOT = Path(__file__).resolve().parent.parent
# Ids, and numbers of things that nobody named. Not title, owner, name, cookie, file, text, message.
FIELDS = {
    "job", "run", "dataset", "epoch", "count", "bytes", "status", "error", "where", "port", "version",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_session", lambda: None)


def written(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_json_is_one_object_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_LOG", "json")
    logs.event("job started", job="sparse-1", epochs=8, seconds=0.12345, run=None)
    logs.event("job failed", "error", job="sparse-2", reason='a "reason"\nof two lines', seconds=float("nan"))
    first, second = (json.loads(line) for line in written(capsys).splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {"level": "info", "event": "job started", "job": "sparse-1", "epochs": 8, "seconds": 0.123}
    assert (second["level"], second["reason"], second["seconds"]) == ("error", 'a "reason"\nof two lines', "nan")


def test_text_is_one_line_whatever_it_says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_LOG", "text")
    logs.event("upload refused", bytes=10, reason="no\n2026 info forged job=1\x1b[2J", run="a", limit="")
    (line,) = written(capsys).splitlines()
    assert line.endswith(r'info    upload refused bytes=10 reason="no\n2026 info forged job=1\u001b[2J" run=a limit=""')


def test_an_event_says_whose_page_it_is_and_cuts_a_long_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.identify(lambda: "0123456789ab")
    logs.event("run exported", run="a")
    assert "session=0123456789ab run=a" in written(capsys)
    logs.event("job failed", reason="x" * 10_000)
    assert len(written(capsys)) < logs.MAX_TEXT + 100
    monkeypatch.setenv("LATENT_EXPLORER_LOG", "xml")  # a setting that makes no sense does not stop it
    logs.event("server started")
    assert "server started" in written(capsys)


def test_a_fault_that_lasts_is_said_when_it_comes_changes_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    for error in ("", "full", "full", "read-only", "read-only", "", "", "full", ""):
        logs.lasting("status not written", error=error, job="a")
    logs.lasting("status not written", error="full", job="b")
    logs.lasting("status not written", error="", job="b")
    assert [line.split(maxsplit=2)[2] for line in written(capsys).splitlines()] == [
        "status not written error=full job=a",
        "status not written error=read-only job=a",
        "no longer: status not written job=a",
        "status not written error=full job=a",
        "no longer: status not written job=a",
        "status not written error=full job=b",
        "no longer: status not written job=b",
    ]


def test_a_log_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stderr", Full())
    logs.event("server started")
    monkeypatch.setattr("sys.stderr", None)  # as of a process that was detached from its terminal
    logs.event("server started")


@pytest.mark.parametrize("handled", [True, False])
def test_others_write_the_same_form(
    handled: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_LOG", "json")
    other = logging.getLogger("other_package.part")
    other.propagate = False
    other.addHandler(logging.StreamHandler())
    logs.adopt("other_package")
    if not handled:
        other.handlers.clear()  # pytest's too
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        other.exception("went %s", "wrong")
    line = json.loads(written(capsys))
    assert (line["event"], line["logger"], line["message"]) == ("logged", "other_package.part", "went wrong")
    assert "ZeroDivisionError" in line["traceback"]
    other.handlers.clear()


def test_no_call_says_more_than_ids_and_numbers() -> None:
    calls = [
        (path, call)
        for top in ("ae_core", "pages")
        for path in (ROOT / top).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("logs.event", "logs.lasting")
    ]
    assert calls
    for path, call in calls:
        assert isinstance(call.args[0], ast.Constant), f"{path}:{call.lineno} must name its event in words"
        assert {keyword.arg for keyword in call.keywords} <= FIELDS, f"{path}:{call.lineno} logs what it must not"
