"""Images that nobody here made, and the same with bytes changed: each is decoded as the app does, or refused.

    python -m tests.load.images FOLDER [--count 1000] [--mutated 1000] [--seed 0]

FOLDER holds archives (source distributions of Pillow, reportlab, … as `pip download --no-binary :all: --no-deps` gets
them, wheels, zips) and image files. Each image is decoded in a process of its own, whose time and memory are measured.
"""

import argparse
import hashlib
import io
import os
import random
import signal
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ae_core import images, preparing
from ae_core.errors import ImageError
from tests.load.measuring import percentiles, write

SHAPE = (28, 28)
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".apng", ".jfif", ".dib", ".jpe")
OTHERS = (".tif", ".tiff", ".ppm", ".ico", ".tga", ".jp2", ".psd", ".pcx", ".svg", ".eps", ".xbm")  # to be refused
MOST_SECONDS, MOST_MB, HANGS = 2.0, 256, 20
WHOLE = 100_000  # so large that nothing is made smaller
ALIKE = 4  # mean grey levels between two decoders' roundings
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        name: Of the file, within its archive.
        end: "image", "refused", "wrong", "traceback", "crash" or "hang".
        seconds: Until then.
        mb: The most memory of its process, which has some 60 MB when it begins.
        turned: Whether a camera's note says that it is to be turned.
        words: What was said of it.
    """

    name: str
    end: str
    seconds: float
    mb: float
    turned: bool
    words: str


def collected(folder: Path, into: Path) -> dict[str, Path]:
    """Every image file there, by name, each content once; those of the app's formats first.

    They are unpacked: a process that held them all would hand its memory on to its children's.
    """
    found: dict[str, Path] = {}
    for name, content in _files(folder):
        path = into / hashlib.sha256(content).hexdigest()
        if not path.exists() and 0 < len(content) <= images.MAX_BYTES:
            path.write_bytes(content)
            found[name] = path
    return dict(sorted(found.items(), key=lambda file: (not file[0].lower().endswith(SUFFIXES), file[0])))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    wanted = (*SUFFIXES, *OTHERS)
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")):
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.isfile() and member.name.lower().endswith(wanted):
                        file = archive.extractfile(member)
                        yield member.name, file.read() if file else b""
        elif path.suffix in (".zip", ".whl"):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if info.filename.lower().endswith(wanted):
                        yield info.filename, archive.read(info)
        elif path.suffix.lower() in wanted:
            yield path.name, path.read_bytes()


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The same with bytes changed, cut out, put in, repeated, or missing at the end."""
    changed = bytearray(content)
    what = chance.randrange(5)
    at = chance.randrange(len(changed))
    length = min(chance.choice((1, 4, 16, 256)), len(changed))
    if what == 0:
        for _ in range(length):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    elif what == 1:
        del changed[at : at + length]
    elif what == 2:
        changed[at:at] = chance.randbytes(length)
    elif what == 3:
        changed[at:at] = changed[at : at + length]
    else:
        del changed[max(1, at) :]
    return bytes(changed)


def decode(content: bytes) -> tuple[str, str]:
    """How it ended, and a word on it; as pages/widgets/image_input.py and steps_input.py do it."""
    try:
        grey = images.decode(content)
        stages = preparing.prepare(grey, SHAPE)
    except ImageError as error:
        return "refused", str(error)
    except BaseException:
        return "traceback", traceback.format_exc(limit=-3)
    last = stages[-1].image
    good = grey.dtype == np.uint8 and last.shape == SHAPE and bool(np.isfinite(last).all())
    good = good and last.min() >= 0 and last.max() <= 1
    return ("image", "") if good else ("wrong", f"{grey.dtype} {last.shape} {last.min()} to {last.max()}")


def is_turned(content: bytes) -> bool:
    """Whether its camera was held in another way than upright."""
    try:
        with Image.open(io.BytesIO(content), formats=images.FORMATS) as image:
            return image.getexif().get(ORIENTATION, 1) in range(2, 9)
    except Exception:
        return False


def upright(content: bytes) -> tuple[str, str]:
    """Compares with Pillow's own way of turning."""
    ours = images.decode(content, WHOLE)
    with Image.open(io.BytesIO(content)) as image:
        theirs = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    if ours.shape != theirs.shape:
        return "wrong", f"{ours.shape} instead of {theirs.shape}"
    away = float(np.abs(ours.astype(float) - theirs).mean())
    return ("image", "") if away <= ALIKE else ("wrong", f"{away:.1f} grey levels from upright")


def examine(name: str, content: bytes, turned: bool) -> Outcome:
    """Decodes in a child, which is the only thing that can die of it."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    child = os.fork()
    if not child:
        signal.alarm(HANGS)
        end, words = decode(content)
        if turned and end == "image":
            end, words = upright(content)
        os.write(writing, f"{end}\n{words}"[:4000].encode("utf-8", "replace"))
        os._exit(0)
    os.close(writing)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    with os.fdopen(reading, "rb") as pipe:
        end, _, words = pipe.read().decode().partition("\n")
    if status:
        end = "hang" if os.WTERMSIG(status) == signal.SIGALRM else "crash"
        words = f"signal {os.WTERMSIG(status)}"
    return Outcome(name, end, round(seconds, 3), round(usage.ru_maxrss / 1000, 1), turned, words)


def summary(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """How many ended how, the slowest, the largest, and all that are not as they should be."""
    bad = [o for o in outcomes if _is_bad(o)]
    return {
        "files": len(outcomes),
        "ends": dict(Counter(o.end for o in outcomes)),
        "turned": sum(o.turned for o in outcomes),
        "refusals": dict(Counter(o.words.split(":")[0] for o in outcomes if o.end == "refused").most_common(12)),
        "time": percentiles([o.seconds for o in outcomes]),
        "most_mb": max(o.mb for o in outcomes),
        "slowest": asdict(max(outcomes, key=lambda o: o.seconds)),
        "largest": asdict(max(outcomes, key=lambda o: o.mb)),
        "bad": [asdict(o) for o in bad],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--mutated", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        every = collected(asked.folder, Path(folder))
        # What a camera turned first, so that none of them is left out, then evenly through all the others.
        turned = {name for name, path in every.items() if is_turned(path.read_bytes())}
        others = [name for name in every if name not in turned]
        rest = max(0, asked.count - len(turned))
        chosen = [*sorted(turned), *others[:: max(1, len(others) // max(1, rest))][:rest]]
        whole = [examine(name, every[name].read_bytes(), name in turned) for name in chosen]
        chance = random.Random(asked.seed)
        names = chance.choices(chosen, k=asked.mutated)
        changed = [examine(name, mutated(every[name].read_bytes(), chance), False) for name in names]
    results = {"found": len(every), "whole": summary(whole), "mutated": summary(changed)}
    broken = [f"{o.name}: {o.end}, {o.seconds} s, {o.mb} MB, {o.words}" for o in whole + changed if _is_bad(o)]
    if len(whole) < asked.count:
        broken.append(f"only {len(whole)} images were found, {asked.count} are wanted")
    write("images", results, broken)


def _is_bad(outcome: Outcome) -> bool:
    fine = outcome.end in ("image", "refused")
    return not fine or outcome.seconds > MOST_SECONDS or outcome.mb > MOST_MB


if __name__ == "__main__":
    main()
