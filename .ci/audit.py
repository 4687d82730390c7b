"""Asks PyPI's database of vulnerabilities about every pinned package: ``make audit``.

Fails if one is known to be vulnerable, or was not found. Where the database cannot be reached, which a mirror of the
packages alone also means, it says so and passes: a build must not depend on somebody else's server.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILES = ("requirements-cluster.txt", "requirements-dev.txt")  # the first holds requirements.txt as well
UNREACHABLE = ("ConnectionError", "NameResolutionError", "Timeout", "blocking this service", "VulnServiceConnection")
PIN = re.compile(r"^[\w.-]+==[\w.!+-]+", re.MULTILINE)

Answer = subprocess.CompletedProcess[str]
Ask = Callable[[Sequence[str]], Answer]


def pip_audit(arguments: Sequence[str]) -> Answer:
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True)


def audit(ask: Ask = pip_audit) -> int:
    """Prints one sentence, or a line for each finding; 0 if all is well or nobody answers, else 1."""
    first = PIN.search((ROOT / FILES[0]).read_text())
    assert first is not None
    # A mirror without the database knows no package: one question tells, instead of a hundred.
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as one:
        one.write(first.group())
        one.flush()
        answer = ask(["--disable-pip", "--no-deps", "-r", one.name])
    if not _reached(answer):
        return _say_unreachable()
    answer = ask(["--disable-pip", "--require-hashes", *(part for file in FILES for part in ("-r", file))])
    found = _answered(answer)
    if found is None:
        if not _reached(answer):
            return _say_unreachable()
        print(f"The audit itself failed:\n{answer.stderr[-2000:]}")
        return 1
    bad = [f"{package['name']}: {package['skip_reason']}" for package in found if "skip_reason" in package]
    for package in found:
        for flaw in package.get("vulns", []):
            mended = ", ".join(flaw["fix_versions"]) or "no version yet"
            bad.append(f"{package['name']} {package['version']}: {flaw['id']}, mended in {mended}")
    print("\n".join(bad) or f"None of {len(found)} pinned packages has a known vulnerability.")
    return int(bool(bad))


def _answered(answer: Answer) -> list[dict[str, Any]] | None:
    """What it says of each package; None if it broke off."""
    try:
        return json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None


def _reached(answer: Answer) -> bool:
    found = _answered(answer)
    if found is None:
        return not any(word in answer.stderr for word in UNREACHABLE)
    return any("skip_reason" not in package for package in found)


def _say_unreachable() -> int:
    print("Nothing was audited: the database of vulnerabilities cannot be reached from here.")
    return 0


if __name__ == "__main__":
    sys.exit(audit())
