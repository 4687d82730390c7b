"""Hundreds of damaged archives and tables: each is taken or refused in a sentence, and nothing is half-kept."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ae_core import data
from ae_core.data import own
from ae_core.errors import ExplorerError
from ae_core.processes import memory

COUNT = 100  # of each kind of file
# Each is read by a process of its own, so there are fewer; nearly none is taken, and of these two.
OF_PARQUET = range(30, 55)
MOST_MEMORY = 250 << 20  # bytes more than before


def picture(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (12, 12, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def zipped(stored: bool) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for i in range(24):
            archive.writestr(f"{'ab'[i % 2]}/{i}.png", picture(i))
    return file.getvalue()


def arrays() -> bytes:
    file = io.BytesIO()
    x = np.random.default_rng(0).integers(0, 256, (30, 8, 8), np.uint8)
    np.savez(file, x_train=x, y_train=np.arange(30) % 3)
    return file.getvalue()


def table() -> bytes:
    rows = np.random.default_rng(0).random((30, 10))
    return "\n".join(",".join(f"{v:.4f}" for v in row) for row in rows).encode()


def parquet_table() -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    file = io.BytesIO()
    rng = np.random.default_rng(0)
    parquet.write_table(pa.table({f"t{i}": rng.random(30) for i in range(10)}), file)
    return file.getvalue()


FILES = {
    "stored.zip": lambda: zipped(stored=True),
    "packed.zip": lambda: zipped(stored=False),
    "arrays.npz": arrays,
    "table.csv": table,
    "table.parquet": parquet_table,
}


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes changed, a piece lost, doubled or moved."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        at, size = int(rng.integers(len(changed))), int(rng.integers(1, 40))
        match int(rng.integers(4)):
            case 0:
                changed[at] = int(rng.integers(256))
            case 1:
                del changed[at : at + size]
            case 2:
                changed[at:at] = changed[at : at + size]
            case _:
                changed = changed[: max(at, 20)] if rng.random() < 0.2 else changed
    return bytes(changed)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_taken_or_refused_in_a_sentence(name: str, data_folder: Path, tmp_path: Path) -> None:
    import os

    seeds = OF_PARQUET if name.endswith(".parquet") else range(COUNT)
    whole, taken, refusals = FILES[name](), 0, list[str]()
    before = memory(os.getpid())
    for seed in seeds:
        file = tmp_path / f"{seed}-{name}"
        file.write_bytes(mutated(whole, np.random.default_rng(seed)))
        try:
            dataset = data.add(file)
        except ExplorerError as error:
            refusals.append(str(error))
        else:
            taken += 1
            for which in ("train", "test"):
                assert len(dataset.split(which).images) == dataset.sizes[which]
            own.remove(dataset)
        file.unlink()
    assert list((data_folder / "datasets").glob("*")) == [], "nothing is half-kept"
    assert memory(os.getpid()) - before < MOST_MEMORY
    assert all("\n" not in refusal and len(refusal) < 700 for refusal in refusals)
    assert taken + len(refusals) == len(seeds)
    assert min(taken, len(refusals)) > 0, "some are taken, some are refused"
