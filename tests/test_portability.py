"""Systems that lack what Linux has, or speak no UTF-8: the product does without."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ae_core import disk, runs
from ae_core.errors import RunError

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [ROOT / "app.py", *(path for top in ("ae_core", "pages", "deploy") for path in (ROOT / top).rglob("*.py"))]

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


def without_encoding(tree: ast.AST) -> Iterator[int]:
    """The lines that read or write text in whatever encoding the system has."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(keyword.arg == "encoding" for keyword in node.keywords):
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        modes = [value.value for value in given if isinstance(value, ast.Constant) and is_mode(value.value)]
        match node.func:
            case ast.Attribute(attr="read_text"):
                implicit = not node.args  # the first is the encoding
            case ast.Attribute(attr="write_text"):
                implicit = len(node.args) < 2
            case ast.Name(id="open") | ast.Attribute(attr="fdopen"):
                implicit = not any("b" in mode for mode in modes)
            case ast.Attribute(attr="open"):  # that of a path takes a mode or nothing, others something else
                implicit = not any("b" in mode for mode in modes) and (bool(modes) or not node.args)
            case ast.Attribute(attr="run" | "Popen" | "check_output"):
                implicit = any(keyword.arg in ("text", "universal_newlines") for keyword in node.keywords)
            case _:
                continue
        if implicit:
            yield node.lineno


def is_mode(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[rwax][bt+]{0,2}", text) is not None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_that_is_read_or_written_names_its_encoding(path: Path) -> None:
    assert list(without_encoding(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    ("source", "implicit"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.read_text(encoding='utf-8')", False),
        ("path.write_text(text)", True),
        ("path.write_text(text, encoding='utf-8')", False),
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("open(path, 'rb')", False),
        ("open(path, mode='wb')", False),
        ("path.open()", True),
        ("path.open('a')", True),
        ("path.open('ab')", False),
        ("os.open(path, flags)", False),
        ("Image.open(file)", False),
        ("subprocess.run(command, text=True)", True),
        ("subprocess.run(command)", False),
    ],
)
def test_a_text_without_encoding_is_found(source: str, implicit: bool) -> None:
    assert list(without_encoding(ast.parse(source))) == ([1] if implicit else [])


def test_what_browsers_get_is_the_same_where_the_system_speaks_no_utf_8() -> None:
    code = "from pages.serving import scripts; print(ascii(scripts._modules), scripts.component('pad.js') and 'shown')"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    found = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=kept | {"PYTHONPATH": str(ROOT)} | about, capture_output=True
        )
        for about in ({"PYTHONUTF8": "1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    ]
    assert b"shown" in found[0].stdout, found[0].stderr.decode()
    assert found[1].stdout == found[0].stdout, found[1].stderr.decode()


COUNT = """
import os, sys
if sys.argv[1] == "affinity":
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from ae_core import processes
from ae_core.backend import tf
threading = tf.config.threading
print(processes.cores(), threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())
"""
QUOTA = 'mount -t tmpfs none /sys/fs/cgroup && echo "100000 100000" > /sys/fs/cgroup/cpu.max && exec "$@"'


@pytest.mark.parametrize(
    ("limit", "within"), [("affinity", []), ("quota", ["unshare", "--mount", "sh", "-c", QUOTA, "sh"])]
)
def test_threads_are_as_many_as_the_process_may_use_of_its_machine(limit: str, within: list[str]) -> None:
    """One, of a machine of more: bound to it, or by the quota of its container."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("only Linux binds a process")
    if within and subprocess.run([*within, "true"], capture_output=True).returncode:
        pytest.skip("only root mounts a quota")
    command = [*within, sys.executable, "-c", COUNT, limit]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == "1 1 1\n", found.stderr
