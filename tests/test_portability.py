"""Systems that lack what Linux has: locks, limits and processes do without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ae_core import disk, runs
from ae_core.errors import RunError

ROOT = Path(__file__).resolve().parent.parent

WITHOUT = """
import os, sys, warnings
import psutil  # whose Linux part needs one of them
warnings.simplefilter("ignore")
for name in ("fcntl", "resource"):
    sys.modules[name] = None
for name in ("fork", "sched_setscheduler", "posix_fallocate", "O_NOFOLLOW", "pathconf", "getsid"):
    delattr(os, name)
"""

TRAIN = """
import numpy as np
from ae_core import data, inference, processes, tasks
from ae_core.spec import make_spec
from ae_core.tasks import folder, worker

job = folder.create(make_spec("vanilla", "digits", epochs=1, batch_size=64, compile=False), None, "Portable")
processes.lower_priority()
processes.limit_memory(8 << 30)
with processes.working(job.path) as mine:
    assert mine and processes.is_alive(job.path)
    assert worker.run(job.path) == 0, (job.path / "log.txt").read_text()
assert not processes.is_alive(job.path)
tasks.clean_up()
run = inference.load(tasks.find(job.id).run_path)
x_hat = run.reconstruct(data.as_float(data.load("digits").split("test").images[:4]))
assert x_hat.shape == (4, 8, 8) and np.isfinite(x_hat).all()
print("served")
"""


def test_a_run_is_trained_and_served_without_what_only_unix_has(data_folder: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LATENT_EXPLORER_DATA": str(data_folder)}
    command = [sys.executable, "-c", WITHOUT + TRAIN]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert found.stdout.endswith("served\n"), found.stderr
    assert not list((data_folder / "runs").glob(".*"))


def test_a_process_ends_with_its_parent_where_the_system_does_not_see_to_it(data_folder: Path) -> None:
    code = """
import ctypes, subprocess, sys, time
from ae_core import processes
ctypes.CDLL = lambda name: None  # as where there is no prctl
processes.end_with(os.getppid())
print("watching", flush=True)
time.sleep(60)
"""
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {WITHOUT + code!r}]); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", parent],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"watching\n"
        process.kill()
        assert process.stdout.read() == b"", "the child has closed its end, too"


def test_a_link_is_refused_where_it_cannot_be_seen_when_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(runs.__file__)
    monkeypatch.setattr(disk, "FLAGS", os.O_RDONLY)
    with pytest.raises(RunError, match="cannot be read"):
        disk.read(tmp_path, "link", 1 << 20)


def test_a_file_that_windows_still_reads_is_replaced_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals, replace = iter([PermissionError, PermissionError]), os.replace

    def reluctant(*paths: Path) -> None:
        if error := next(refusals, None):
            raise error
        replace(*paths)

    (tmp_path / "new").write_text("new")
    monkeypatch.setattr(os, "replace", reluctant)
    monkeypatch.setattr(disk, "WINDOWS", True)
    disk.replace(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "new"
