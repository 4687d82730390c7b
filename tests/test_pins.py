"""The pinned packages: each with its hashes, and all that is installed among those that ``make audit`` looks up."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"[\w.-]+==[\w.!+-]+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n)?)+$")


def pins(name: str) -> list[str]:
    """The entries of a requirements file, each with its hashes."""
    return re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes_and_names_no_index(name: str) -> None:
    found = pins(name)
    assert len(found) > 40
    for pin in found:
        assert PIN.match(pin), pin[:80]
        assert "://" not in pin


def test_the_audited_files_hold_all_that_is_installed() -> None:
    (command,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip_audit" in line]
    audited = {pin.split()[0] for name in re.findall(r"-r (\S+)", command) for pin in pins(name)}
    assert {pin.split()[0] for pin in pins("requirements.txt")} <= audited
