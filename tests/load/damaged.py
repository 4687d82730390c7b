"""Damaged copies of each kind's shipped run, opened as the pages do: none may be loaded wrong, crash or cost memory.

    python -m tests.load.damaged [--copies 50] [--pages 3]

For each kind so many copies are damaged, each in another way, by a generator with a seed. A copy may be refused with
the reason; where it loads, spec, history, figures, codes and images must be those of the undamaged run. The first
copies of each kind are also opened by a page in Streamlit's own test runner. What an attempt costs is the process's
peak while it lasts, less what it held before.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import cards, disk, inference, kinds, projecting, runs
from ae_core.errors import RunError
from ae_core.runs import BrokenRun, Run

EVERY = (*cards.FILES, cards.CARD)
MAX_MB = 200
NONSENSE = (None, True, -1, 3, 1.5, 1e308, 10**400, "", "x", "9" * 5000, [], [[]], {}, {"a": {}}, float("nan"))
NEVER = (None, "", "9" * 5000, -1, 10**400, [[]], {"a": {}}, float("nan"))  # right for no field of a spec or history
Damage = Callable[[Path, Path, np.random.Generator], None]


# Of one file's bytes


def cut(name: str) -> Damage:
    def damage(run: Path, other: Path, rng: np.random.Generator) -> None:
        os.truncate(run / name, int(rng.integers((run / name).stat().st_size)))

    return damage


def flip(name: str) -> Damage:
    def damage(run: Path, other: Path, rng: np.random.Generator) -> None:
        content = bytearray((run / name).read_bytes())
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        (run / name).write_bytes(content)

    return damage


def swap(name: str) -> Damage:
    def damage(run: Path, other: Path, rng: np.random.Generator) -> None:
        shutil.copy(other / name, run / name)

    return damage


def delete(name: str) -> Damage:
    return lambda run, other, rng: (run / name).unlink()


def lengthen(name: str) -> Damage:
    def damage(run: Path, other: Path, rng: np.random.Generator) -> None:
        with (run / name).open("ab") as file:
            file.write(rng.bytes(int(rng.integers(1, 5000))))

    return damage


def hole(name: str, size: int) -> Damage:
    """A file that claims to be giant and takes no room on the disk."""
    return lambda run, other, rng: os.truncate(run / name, size)


# Of what JSON says


def edit(name: str, signed: bool = False) -> Damage:
    """Another value, of any type and size, for a field at any depth."""

    def damage(run: Path, other: Path, rng: np.random.Generator) -> None:
        lines = (run / name).read_text().splitlines() if name.endswith("l") else [(run / name).read_text()]
        at = int(rng.integers(len(lines)))
        value = json.loads(lines[at])
        places = list(_places(value))
        holder, key = places[rng.integers(len(places))]
        nonsense = NEVER if signed else NONSENSE
        holder[key] = nonsense[rng.integers(len(nonsense))]
        lines[at] = json.dumps(value, indent=None if name.endswith("l") else 1)
        (run / name).write_text("\n".join(lines) + "\n")
        if signed:
            sign(run)

    return damage


def giant_spec(run: Path, other: Path, rng: np.random.Generator) -> None:
    """The largest network that a spec may ask for, with a card that agrees."""
    value = json.loads((run / "spec.json").read_text())
    value["network"] |= {"hidden": [2048] * 4, "decoder_hidden": [2048] * 4, "latent_dim": 1024, "tied": False}
    (run / "spec.json").write_text(json.dumps(value))
    parameters = 2 * (784 * 2048 + 3 * 2048**2 + 2048 * 1024)
    sign(run, parameters=parameters)


def giant_card(run: Path, other: Path, rng: np.random.Generator) -> None:
    """A card that claims giant files, and says so consistently but for its digest."""
    card = cards.unchecked(run)
    card["bytes"] = dict.fromkeys(cards.FILES, 10**12)
    card["parameters"] = 10**12
    disk.write_json(run / cards.CARD, card)


def sign(run: Path, **changes: Any) -> None:
    cards.write(run, cards.unchecked(run) | changes)


# Of the folder


def link(name: str, to: str) -> Damage:
    def damage(run: Path, other: Path, rng: np.random.Generator) -> None:
        (run / name).unlink()
        (run / name).symlink_to(to.format(other=other, run=run))

    return damage


def folder_for_file(run: Path, other: Path, rng: np.random.Generator) -> None:
    name = EVERY[rng.integers(len(EVERY))]
    (run / name).unlink()
    (run / name).mkdir()


def pipe_for_file(run: Path, other: Path, rng: np.random.Generator) -> None:
    name = EVERY[rng.integers(len(EVERY))]
    (run / name).unlink()
    os.mkfifo(run / name)


def emptied(run: Path, other: Path, rng: np.random.Generator) -> None:
    shutil.rmtree(run)
    run.mkdir()


def looped(run: Path, other: Path, rng: np.random.Generator) -> None:
    shutil.rmtree(run)
    run.symlink_to(run.name)


DAMAGES: dict[str, Damage] = {
    **{f"{name} cut": cut(name) for name in EVERY},
    **{f"{name} flipped": flip(name) for name in EVERY},
    **{f"{name} swapped": swap(name) for name in EVERY},
    **{f"{name} deleted": delete(name) for name in EVERY},
    **{f"{cards.CARD} edited, {i}": edit(cards.CARD) for i in range(6)},
    **{f"spec.json edited and signed, {i}": edit("spec.json", signed=True) for i in range(3)},
    "history.jsonl edited and signed": edit("history.jsonl", signed=True),
    "spec.json edited": edit("spec.json"),
    "weights lengthened": lengthen("model.weights.h5"),
    "a giant network": giant_spec,
    "a giant card": giant_card,
    "a giant file": hole("decoder.onnx", 1 << 40),
    "a link to another's file": link("encoder.onnx", "{other}/encoder.onnx"),
    "a link to a device": link("decoder.onnx", "/dev/zero"),
    "a link to itself": link(cards.CARD, cards.CARD),
    "a folder for a file": folder_for_file,
    "a pipe for a file": pipe_for_file,
    "an emptied folder": emptied,
    "a folder that links to itself": looped,
}


@dataclass(frozen=True)
class Whole:
    """What an undamaged run says and does."""

    run: Run
    z: np.ndarray
    x_hat: np.ndarray
    places: np.ndarray | None

    @classmethod
    def of(cls, path: Path) -> "Whole":
        loaded = inference.load(path)
        x = np.random.default_rng(0).random((20, *loaded.form.shape), np.float32)
        z = loaded.encode(x)
        return cls(loaded.run, z, loaded.decode(z), projecting.read(loaded.run))


def attempt(path: Path, whole: Whole) -> str:
    """Opens a run as the pages do: "refused", "loaded" (and everything as in the undamaged one) or "wrong"."""
    found = next((run for run in runs.scan(path.parent) if run.name == path.name), None)
    if isinstance(found, BrokenRun):
        assert found.reason.startswith(path.name), found.reason
        assert "\n" not in found.reason
        assert len(found.reason) < 400
        return "refused"
    try:
        if found is None:
            runs.read(path)  # a folder that is no folder any more is not listed; a link to it says why
        now = Whole.of(path)
    except RunError:
        return "refused"
    one, two = now.run, whole.run
    same = (one.spec, one.history, one.card, one.digest) == (two.spec, two.history, two.card, two.digest)
    places = now.places is None or (whole.places is not None and np.array_equal(now.places, whole.places))
    return (
        "loaded"
        if same and places and np.array_equal(now.z, whole.z) and np.array_equal(now.x_hat, whole.x_hat)
        else "wrong"
    )


def copies(source: Path, other: Path, folder: Path, count: int, seed: int) -> Iterator[tuple[str, Path]]:
    """Damaged copies of a run in `folder`, one after the other, each with what was done to it."""
    rng = np.random.default_rng(seed)
    extra = [p.name for p in source.glob("tsne-*.npy")]
    damages = {**DAMAGES, **{f"{name} flipped": flip(name) for name in extra}}
    names = list(damages)
    # All ways that are alike by file come one time; which of them are left out depends on the seed.
    rng.shuffle(names)
    for i in range(count):
        name = names[i % len(names)]
        path = folder / f"{source.name}-{i:03d}"
        shutil.copytree(source, path)
        damages[name](path, other, rng)
        yield name, path


def peak() -> Callable[[], float]:
    """Begins to measure; what it gives says how much more memory than now was needed at most since, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    return lambda: _memory("VmHWM") - before


def _memory(name: str) -> float:
    match = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match is not None
    return int(match[1]) / 1000


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


def open_page(run: str) -> None:
    """Visits a page of that run; raises if anything but words is shown of what went wrong."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(runs.SHIPPED.parent / "pages" / "navigation.py"), default_timeout=120)
    app.query_params["run"] = run
    app.run()
    app.switch_page("reconstruct.py").run()
    assert not app.exception, [e.value for e in app.exception]
    assert not any("Traceback" in str(e.value) for e in (*app.error, *app.markdown, *app.text))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=50, help="of each kind")
    parser.add_argument("--pages", type=int, default=3, help="of each kind that are opened by a page")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    ended: Counter[str] = Counter()
    costs: list[tuple[float, str]] = []
    told: list[str] = []
    with tempfile.TemporaryDirectory() as data:
        os.environ["LATENT_EXPLORER_DATA"] = data
        names = kinds.names()
        for number, kind in enumerate(names):
            source, other = runs.SHIPPED / kind, runs.SHIPPED / names[number - 1]
            whole = Whole.of(source)
            for i, (name, path) in enumerate(
                copies(source, other, Path(data, "runs"), asked.copies, asked.seed + number)
            ):
                cost = peak()
                try:
                    end = attempt(path, whole)
                except Exception as error:
                    end = "traceback"
                    told.append(f"{kind}, {name}: {type(error).__name__}: {error}")
                costs.append((cost(), f"{kind}, {name}"))
                if end == "wrong":
                    told.append(f"{kind}, {name}: loaded wrong")
                ended[end] += 1
                if i < asked.pages:
                    try:
                        open_page(path.name)
                        ended["pages"] += 1
                    except Exception as error:
                        ended["traceback"] += 1
                        told.append(f"{kind}, {name}, on a page: {type(error).__name__}: {error}")
                path.unlink() if path.is_symlink() else shutil.rmtree(path)
    print(*told, sep="\n")
    most, where = max(costs)
    print(f"{len(costs)} copies: {ended['refused']} refused, {ended['loaded']} as undamaged; {ended['pages']} on pages")
    print(f"wrong loads: {ended['wrong']}; tracebacks: {ended['traceback']}")
    print(f"memory of an attempt: {most:.0f} MB at most ({where})")
    return int(bool(ended["wrong"] or ended["traceback"] or most > MAX_MB))


if __name__ == "__main__":
    sys.exit(main())
