"""The audit of pinned packages: what it says of each answer of the database, and of none."""

import importlib.util
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
assert SPEC is not None
assert SPEC.loader is not None
AUDIT = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(AUDIT)

FINE = {"name": "fine", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found"}


def answering(*answers: list[dict[str, Any]] | str) -> Any:
    """An auditor that gives these answers one after the other: packages, or what it fails with."""
    rest = list(answers)

    def ask(_: Sequence[str]) -> subprocess.CompletedProcess[str]:
        answer = rest.pop(0)
        if isinstance(answer, str):
            return subprocess.CompletedProcess([], 1, "", answer)
        return subprocess.CompletedProcess([], 0, json.dumps({"dependencies": answer}), "")

    return ask


@pytest.mark.parametrize(
    ("answers", "status", "sentence"),
    [
        ([[FINE], [FINE, FINE]], 0, "None of 2 pinned packages"),
        ([[FINE], [FINE, BAD]], 1, "bad 2: PYSEC-1, mended in 3"),
        ([[FINE], [FINE, UNKNOWN]], 1, "unknown: Dependency not found"),
        ([[UNKNOWN]], 0, "Nothing was audited"),
        (["requests.exceptions.ConnectionError: no route"], 0, "Nothing was audited"),
        ([[FINE], "urllib3 NameResolutionError"], 0, "Nothing was audited"),
        (["invalid requirements input", "invalid requirements input"], 1, "The audit itself failed"),
    ],
    ids=["fine", "vulnerable", "one-not-found", "mirror", "no-network", "lost-meanwhile", "broken"],
)
def test_each_answer(answers: list[Any], status: int, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert AUDIT.audit(answering(*answers)) == status
    assert sentence in capsys.readouterr().out


def test_the_audited_files_hold_all_that_is_installed() -> None:
    def pins(*names: str) -> set[str]:
        return {line for name in names for line in re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(), re.M)}

    assert pins("requirements.txt") <= pins(*AUDIT.FILES)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes_and_names_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.split(r"\n(?=\S)", text.strip())
    assert len(pins) > 40
    for pin in pins:
        assert re.match(r"[\w.-]+==[\w.!+-]+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n)?)+$", pin), pin[:80]
    assert "://" not in text
