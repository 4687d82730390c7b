"""A run leaves as a .zip and comes back as it was; nothing else that is called .zip comes in."""

import hashlib
import io
import json
import pickle
import re
import shutil
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ae_core import archive, cards, data, inference, kinds, networks, runs, tasks, training
from ae_core.data import as_float
from ae_core.errors import ExplorerError, RunError
from ae_core.events import Failed, Finished
from ae_core.spec import make_spec
from ae_core.tasks import worker
from ae_core.tasks.status import ARCHIVE

X = as_float(data.load("digits").split("test").images[:50])
FIRST = "encoder.dense.0.npy"
Files = dict[str, bytes]


def zipped(files: Files | list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as target:
        for name, content in files.items() if isinstance(files, dict) else files:
            target.writestr(name, content)
    return out.getvalue()


def npy(array: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def packed(digits_runs: dict[str, Path]) -> bytes:
    return archive.pack(runs.read(digits_runs["vanilla"]))


def unzipped(packed: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(packed)) as source:
        return {name: source.read(name) for name in source.namelist()}


@pytest.fixture
def files(packed: bytes) -> Files:
    """Those of an archive as it was before it named digests, so that each change is met by its own check."""
    return {name: content for name, content in unzipped(packed).items() if name != archive.SUMS}


@pytest.mark.parametrize("kind", kinds.names())
def test_a_run_comes_back_as_it_left(kind: str, digits_runs: dict[str, Path], tmp_path: Path) -> None:
    before = inference.load(digits_runs[kind])
    found = archive.unpack(archive.pack(before.run))
    assert (found.spec, found.history, found.title) == (before.spec, before.run.history, before.run.title)
    *_, last = training.rebuild(found, tmp_path / "again", owner="alice")
    assert isinstance(last, Finished), last
    after = inference.load(tmp_path / "again")
    assert np.abs(after.encode(X) - before.encode(X)).max() <= 1e-5
    assert np.abs(after.reconstruct(X) - before.reconstruct(X)).max() <= 1e-5
    assert dict(after.run.card.metrics) == pytest.approx(dict(before.run.card.metrics), rel=1e-4)
    assert (after.run.card.owner, after.run.card.complete, after.run.title) == ("alice", True, before.run.title)
    assert archive.pack(after.run) == archive.pack(before.run)


@pytest.mark.parametrize("family", networks.names())
def test_the_weights_a_spec_needs_are_those_that_keras_makes(family: str) -> None:
    from ae_core.keras_model import Autoencoder

    layers: list[dict[str, Any]] = [{}, {"hidden": (9, 8), "decoder_hidden": (7,), "latent_dim": 5}]
    layers += [{"tied": True}] if family == "dense" else [{"latent_dim": 32}]  # the feature map of digits
    for kind in ("vanilla", "variational"):
        for network in layers:
            spec = make_spec(kind, "digits", network={"family": family, **network})
            model = Autoencoder(spec)
            shapes = [tuple(v.shape) for v in (*model.encoder.variables, *model.decoder.variables)]
            assert list(spec.weights.values()) == shapes, (kind, network)
            assert spec.parameters == sum(v.numpy().size for v in (*model.encoder.variables, *model.decoder.variables))


@pytest.mark.parametrize("name", [run.name for run in runs.shipped()])
def test_a_shipped_run_comes_back_from_its_archive_byte_for_byte(name: str, tmp_path: Path) -> None:
    from ae_core.keras_model import Autoencoder

    shutil.copytree(runs.SHIPPED / name, tmp_path / name)
    packed = archive.pack(runs.read(tmp_path / name))
    found = archive.unpack(packed)
    model = Autoencoder(found.spec)
    model.assign(found.weights)
    model.save_weights(tmp_path / name / "model.weights.h5")
    cards.write(tmp_path / name, cards.unchecked(tmp_path / name))
    assert archive.pack(runs.read(tmp_path / name)) == packed


def test_an_archive_has_no_owner_and_no_network(digits_runs: dict[str, Path], tmp_path: Path, files: Files) -> None:
    assert {name.rpartition(".")[2] for name in files} == {"json", "jsonl", "txt", "npy"}
    folder = tmp_path / "mine"
    *_, last = training.rebuild(archive.unpack(zipped(files)), folder, owner="a-visitor")
    assert isinstance(last, Finished)
    assert b"a-visitor" not in archive.pack(last.run)
    (folder / "model.weights.h5").write_bytes(b"")
    with pytest.raises(RunError, match=r"model\.weights\.h5"):
        archive.pack(last.run)


def spec_with(**changes: Any) -> Callable[[Files], bytes]:
    def change(files: Files) -> bytes:
        spec = json.loads(files["spec.json"])
        for name, value in changes.items():
            spec[name] = {**spec[name], **value} if isinstance(value, dict) else value
        return zipped({**files, "spec.json": json.dumps(spec).encode()})

    return change


def first_is(content: bytes) -> Callable[[Files], bytes]:
    return lambda files: zipped({**files, FIRST: content})


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def with_flag(files: Files) -> bytes:
    """Says of every file that it is encrypted."""
    content = bytearray(zipped(files))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + at] |= 1
            place = content.find(mark, place + 4)
    return bytes(content)


def claiming(size: int) -> Callable[[Files], bytes]:
    """Claims another size for the first array."""

    def change(files: Files) -> bytes:
        content = bytearray(zipped(files))
        place = content.rfind(FIRST.encode()) - 46
        assert content[place : place + 4] == b"PK\1\2"
        content[place + 24 : place + 28] = size.to_bytes(4, "little")
        return bytes(content)

    return change


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("code from an archive was run",))


SHAPE = (64, 32)
GOOD = np.zeros(SHAPE, np.float32)
EVIL = b"{'descr': '<f4', 'fortran_order': False, 'shape': __import__('os').abort(), }"
HOSTILE: dict[str, tuple[Callable[[Files], bytes], str]] = {
    "nothing": (lambda f: b"", "not a .zip"),
    "text": (lambda f: b"I am no archive" * 100, "not a .zip"),
    "cut": (lambda f: zipped(f)[:-50], "not a .zip"),
    "cut in front": (lambda f: zipped(f)[5000:], "damaged|not a .zip"),
    "cut within": (lambda f: (z := zipped(f))[:3000] + z[5000:], "damaged|not a .zip"),
    "a flip": (lambda f: (z := bytearray(zipped(f))).__setitem__(4000, z[4000] ^ 1) or bytes(z), "damaged"),
    "a comment cut short": (lambda f: zipped(f)[:-2] + b"\5\0hell", "cut short"),
    "more behind its end": (lambda f: zipped(f) + b"hello", "cut short"),
    "ZIP64": (lambda f: (z := zipped(f))[:-22] + b"PK\6\7" + bytes(16) + z[-22:], "ZIP64"),
    "many files and a comment": (
        lambda f: zipped(f | {f"{i}": b"" for i in range(3000)})[:-2] + b"\5\0hello",
        "list of files",
    ),
    "empty": (lambda f: zipped({}), "spec.json once"),
    "encrypted": (with_flag, "encrypted"),
    "bzip2": (lambda f: zipped(f, zipfile.ZIP_BZIP2), "compressed in a way"),
    "lzma": (lambda f: zipped(f, zipfile.ZIP_LZMA), "compressed in a way"),
    "many files": (lambda f: zipped(f | {f"{i}": b"" for i in range(3000)}), "list of files"),
    "one file more": (lambda f: zipped(f | {"model.keras": b"x"}), "model.keras"),
    "an onnx file": (lambda f: zipped(f | {"encoder.onnx": b"x"}), "encoder.onnx"),
    "out of the folder": (lambda f: zipped(f | {"../../evil.py": b"x"}), "evil.py"),
    "at the root": (lambda f: zipped(f | {"/etc/passwd": b"x"}), "passwd"),
    "in two folders": (lambda f: zipped({f"{n[0]}/{n}": c for n, c in f.items()}), "spec.json once"),
    "twice in a folder": (
        lambda f: zipped([(f"x/{n}", c) for n, c in [*f.items(), ("spec.json", f["spec.json"])]]),
        "spec.json once",
    ),
    "an array out of the folder": (
        lambda f: zipped({n.replace("encoder", "../encoder"): c for n, c in f.items()}),
        "encoder",
    ),
    "twice": (lambda f: zipped([*f.items(), (FIRST, f[FIRST])]), FIRST),
    "spec twice": (lambda f: zipped([*f.items(), ("spec.json", f["spec.json"])]), "spec.json once"),
    "an array missing": (lambda f: zipped({n: c for n, c in f.items() if n != FIRST}), FIRST),
    "a link": (lambda f: zipped([(entry(n, stat.S_IFLNK | 0o777), c) for n, c in f.items()]), "a link"),
    "a device": (lambda f: zipped([(entry(n, stat.S_IFCHR | 0o600), c) for n, c in f.items()]), "a link"),
    "a folder": (lambda f: zipped([(entry(n, stat.S_IFDIR | 0o700), c) for n, c in f.items()]), "a folder"),
    "spec of nonsense": (lambda f: zipped(f | {"spec.json": b"nonsense"}), "spec.json is not valid"),
    "spec of brackets": (lambda f: zipped(f | {"spec.json": b"[" * 50_000}), "spec.json is not valid"),
    "spec of bytes": (lambda f: zipped(f | {"spec.json": b"\xff\xfe"}), "not text"),
    "spec bomb": (lambda f: zipped(f | {"spec.json": b" " * (20 << 20)}), "spec.json has 20,971,520 bytes"),
    "history bomb": (lambda f: zipped(f | {"history.jsonl": b"\n" * (5 << 20)}), "history.jsonl has"),
    "array bomb": (first_is(npy(np.zeros((5000, 5000), np.float32))), "at most"),
    "unknown kind": (spec_with(kind="../../etc"), "Unknown kind"),
    "unknown data": (spec_with(dataset="/etc/passwd"), "spec.json is not valid"),
    "more in the spec": (spec_with(callback="os.system"), "spec.json is not valid"),
    "giant code": (spec_with(network={"latent_dim": 200_000_000}), "Code size"),
    "giant network": (
        spec_with(network={"hidden": [2048] * 4, "decoder_hidden": [2048] * 4, "latent_dim": 1024}),
        "parameters",
    ),
    "another network": (spec_with(network={"latent_dim": 31}), "must be|at most"),
    "a layer more": (spec_with(network={"hidden": [16]}), "dense_1"),
    "epochs": (spec_with(training={"epochs": 10**9}), "epochs"),
    "history of nonsense": (lambda f: zipped(f | {"history.jsonl": b"x\n"}), "line 1"),
    "history of more": (lambda f: zipped(f | {"history.jsonl": f["history.jsonl"] * 2}), "line 3"),
    "history of HTML": (
        lambda f: zipped(f | {"history.jsonl": f["history.jsonl"].replace(b"reconstruction", b"<script>")}),
        "line 1",
    ),
    "history of NaN": (
        lambda f: zipped(f | {"history.jsonl": re.sub(rb'"seconds": [^,]+', b'"seconds": NaN', f["history.jsonl"])}),
        "line 1",
    ),
    "endless title": (lambda f: zipped(f | {"title.txt": b"x" * 10_000}), "title.txt has"),
    "title of bytes": (lambda f: zipped(f | {"title.txt": b"\xff"}), "not text"),
    "float64": (first_is(npy(GOOD.astype(np.float64))), "at most"),
    "float16": (first_is(npy(GOOD.astype(np.float16))), "must be"),
    "int32": (first_is(npy(GOOD.astype(np.int32))), "must be"),
    "big-endian": (first_is(npy(GOOD.astype(">f4"))), "must be"),
    "transposed": (first_is(npy(np.asfortranarray(GOOD))), "must be"),
    "another shape": (first_is(npy(GOOD.reshape(32, 64))), "must be"),
    "scalar": (first_is(npy(np.float32(1))), "must be"),
    "objects": (first_is(npy(np.array([Code()], object), allow_pickle=True)), "must be"),
    "a pickle": (first_is(pickle.dumps(Code())), "must be"),
    "a header with code": (
        first_is(b"\x93NUMPY\x01\x00" + len(EVIL).to_bytes(2, "little") + EVIL + GOOD.tobytes()),
        "must be|at most",
    ),
    "a giant shape": (first_is(npy(GOOD).replace(b"(64, 32), ", b"(9999999)")), "must be"),
    "a short array": (first_is(npy(GOOD)[:-4]), "must be"),
    "no array": (first_is(b""), "must be"),
    "NaN": (first_is(npy(np.full(SHAPE, np.nan, np.float32))), "not finite numbers"),
    "infinite": (first_is(npy(np.full(SHAPE, np.inf, np.float32))), "not finite numbers"),
    "larger than any run": (lambda f: bytes(archive.MAX_ARCHIVE + 1), "at most"),
    "a size too small": (claiming(100), "must be|damaged"),
    "a size too large": (claiming(2**31), "at most"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_archive_is_refused_in_a_sentence(name: str, files: Files) -> None:
    make, says = HOSTILE[name]
    content = make(files)
    tracemalloc.start()
    try:
        with pytest.raises(RunError) as caught:
            archive.unpack(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    reason = str(caught.value)
    assert any(word in reason for word in says.split("|")), reason
    assert reason.endswith(".") or len(reason) == cards.MAX_REASON
    assert "\n" not in reason
    assert len(reason) <= 400
    assert peak < 5e6


FOLDER = {"Mine/": b"", "__MACOSX/Mine/._spec.json": b"\0\5\26\7", "Mine/.DS_Store": b"x", "Mine/._title.txt": b""}
ZIPPED_AGAIN: dict[str, Callable[[Files], bytes]] = {
    "as a folder": lambda f: zipped({f"Mine/{n}": c for n, c in f.items()}),
    "as a folder by macOS": lambda f: zipped(FOLDER | {f"Mine/{n}": c for n, c in f.items()}),
    "as a folder by Windows": lambda f: zipped({f"Mine/{n}": c for n, c in (f | {"desktop.ini": b""}).items()}),
    "as a folder in a folder": lambda f: zipped({f"a/b/{n}": c for n, c in f.items()}),
    "with a comment": lambda f: zipped(f)[:-2] + b"\5\0hello",
    "with a long comment": lambda f: zipped(f)[:-2] + b"\xff\xff" + b"PK" * 32767 + b"P",
    "without compression": lambda f: zipped(f, zipfile.ZIP_STORED),
    "with another title": lambda f: zipped(f | {"title.txt": b"Vanilla"}),
}


@pytest.mark.parametrize("name", ZIPPED_AGAIN)
def test_what_was_zipped_again_is_read(name: str, packed: bytes, files: Files) -> None:
    expected = archive.unpack(packed)
    for known in (unzipped(packed), files):
        found = archive.unpack(ZIPPED_AGAIN[name](known))
        assert (found.spec, found.history) == (expected.spec, expected.history)
        assert all(np.array_equal(found.weights[n], expected.weights[n]) for n in expected.weights)


def test_an_archive_lists_the_digests_that_sha256sum_checks(packed: bytes) -> None:
    files = unzipped(packed)
    lines = [f"{hashlib.sha256(c).hexdigest()}  {n}" for n, c in files.items() if n not in ("title.txt", "SHA256SUMS")]
    assert files["SHA256SUMS"].decode().splitlines() == lines


def with_linear_code(files: Files) -> Files:
    assert b'"relu"' in files["spec.json"]
    return files | {"spec.json": files["spec.json"].replace(b'"relu"', b'"linear"')}


def called_denoising(files: Files) -> Files:
    spec = {"kind": "denoising", "hyperparameters": {"noise": "gaussian", "level": 0.5}}
    return files | {"spec.json": json.dumps(json.loads(files["spec.json"]) | spec).encode()}


EDITS: dict[str, tuple[Callable[[Files], Files], str]] = {
    "activation": (with_linear_code, "spec.json is not the one that was exported"),
    "kind": (called_denoising, "spec.json is not the one that was exported"),
    "history": (
        lambda f: f | {"history.jsonl": f["history.jsonl"].replace(b'"seconds": ', b'"seconds": 1')},
        "history.jsonl is not the one that was exported",
    ),
    "weights": (lambda f: f | {FIRST: f[FIRST][:-4] + bytes(4)}, f"{FIRST} is not the one that was exported"),
    "a digest missing": (
        lambda f: f | {"SHA256SUMS": f["SHA256SUMS"].split(b"\n", 1)[1]},
        "spec.json is not the one that was exported",
    ),
    "digests of nonsense": (lambda f: f | {"SHA256SUMS": b"\xff"}, "SHA256SUMS is not text"),
    "digest bomb": (lambda f: f | {"SHA256SUMS": bytes(20 << 20)}, "SHA256SUMS has 20,971,520 bytes"),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_was_edited_after_the_export_is_refused(name: str, packed: bytes) -> None:
    edit, says = EDITS[name]
    with pytest.raises(RunError, match=says) as caught:
        archive.unpack(zipped(edit(unzipped(packed))))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("edit", [with_linear_code, called_denoising])
def test_a_model_that_does_not_do_what_its_history_tells_is_refused(
    edit: Callable[[Files], Files], tmp_path: Path
) -> None:
    files = edit(unzipped(archive.pack(runs.read(runs.SHIPPED / "vanilla"))))
    del files[archive.SUMS]
    *_, last = training.rebuild(archive.unpack(zipped(files)), tmp_path / "run")
    assert isinstance(last, Failed)
    assert re.search(r"has a loss of [\d.]+ on the held-out images, its history ends at 0\.281: ", last.reason)
    assert list(tmp_path.iterdir()) == []


def with_large_weights(found: archive.Import, scale: float) -> archive.Import:
    """An import with codes `scale` times as large, of which its decoder makes what it did, so that its loss stays."""
    by = {"encoder/dense/0": scale, "encoder/dense/1": scale, "decoder/dense/0": 1 / scale, "decoder/dense/1": 1}
    return replace(found, weights={name: array * np.float32(by[name]) for name, array in found.weights.items()})


@pytest.mark.parametrize("scale", [1e12, 1e25])
def test_a_model_whose_codes_are_too_large_to_be_looked_at_is_refused(
    scale: float, packed: bytes, tmp_path: Path
) -> None:
    *_, last = training.rebuild(with_large_weights(archive.unpack(packed), scale), tmp_path / "run")
    assert isinstance(last, Failed), last
    assert re.search(r"^The model's codes reach [\d.]+e\+\d+ on the test examples, expected at most 1e", last.reason)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_a_history_is_no_worse_than_an_untrained_one(packed: bytes, tmp_path: Path) -> None:
    found = replace(archive.unpack(packed), history=(), film=None)
    *_, last = training.rebuild(found, tmp_path / "stopped")
    assert isinstance(last, Finished), last
    worse = {name: 100 * array for name, array in found.weights.items()}
    *_, last = training.rebuild(replace(found, weights=worse), tmp_path / "run")
    assert isinstance(last, Failed), last
    assert re.search(r"has a loss of [\d.e+]+ on the held-out images, an untrained one has 0\.\d+: ", last.reason)


def test_an_archive_of_before_digests_is_built(files: Files, tmp_path: Path) -> None:
    *_, last = training.rebuild(archive.unpack(zipped(files)), tmp_path / "run")
    assert isinstance(last, Finished), last


def test_every_flipped_byte_is_refused_or_changes_nothing(files: Files, packed: bytes) -> None:
    good = archive.unpack(packed)
    rng = np.random.default_rng(0)
    for at in rng.integers(len(packed), size=300):
        content = bytearray(packed)
        content[at] ^= 1 << rng.integers(8)
        try:
            found = archive.unpack(bytes(content))
        except ExplorerError:
            continue
        assert (found.spec, found.history, found.title) == (good.spec, good.history, good.title)
        assert all(np.array_equal(found.weights[name], good.weights[name]) for name in good.weights)


def test_a_job_builds_the_run_of_an_archive(packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    with pytest.raises(RunError, match=r"not a \.zip"):
        tasks.submit_import(b"rubbish", "alice")
    assert tasks.jobs_of("alice") == []
    job = tasks.submit_import(packed, "alice", "Mine")
    assert job.task == "import-run"
    assert worker.run(job.path) == 0
    assert tasks.find(job.id).status.state == "finished"
    run = runs.read(job.run_path)
    assert (run.title, run.card.owner, run.spec) == ("Mine", "alice", archive.unpack(packed).spec)
    stopped = tasks.submit_import(packed, "alice", "Stopped")
    assert (stopped.path / ARCHIVE).exists()
    tasks.request_stop(stopped)
    for each in (job, stopped):
        assert not (each.path / ARCHIVE).exists()  # its bytes are kept no longer than they are needed


@pytest.mark.filterwarnings("ignore:invalid value")
def test_weights_whose_network_gives_no_numbers_make_no_run(files: Files, tmp_path: Path) -> None:
    content = zipped({**files, FIRST: npy(np.full(SHAPE, 3e38, np.float32))})
    *_, last = training.rebuild(archive.unpack(content), tmp_path / "run")
    assert isinstance(last, Failed)
    assert re.search("not finite numbers|differs from Keras|has a loss of", last.reason)
    assert list(tmp_path.iterdir()) == []
