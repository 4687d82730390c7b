"""What visitors do on each page, and what must come back."""

import base64
import gzip
import json
import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from ae_core import images, kinds, preparing
from pages.widgets import selection
from tests.load.client import Page, Wrong
from tests.load.stay import DATASET, GAP, OWN, SIDE, Stay, decoded, holds, loaded, same, test_images

KINDS = ("vanilla", "sparse", "denoising", "undercomplete", "contractive", "variational", "vanilla-2d", "denoising-2d")
UNITS = ("sparse-visible", "sparse", "vanilla")
PLANES = ("variational", "vanilla-2d", "denoising-2d", "contractive-2d", "variational-2d", "sparse", "vanilla")


class Lens(Stay):
    path = "lens"

    def query(self) -> dict[str, Any]:
        self.run = self.chance.choice(PLANES)
        self.pin = [round(self.chance.uniform(-1, 1), 4), round(self.number / 100 + self.chance.random() / 200, 4)]
        return {"run": self.run, "pin": ",".join(map(str, self.pin))}

    def query_again(self) -> dict[str, Any]:
        return self.query()

    async def act(self) -> None:
        if self.chance.random() < 0.3:
            await self.pick_run(PLANES)
            self.pin = self.page.data("lens-*")["pin"]  # on a new plane the app's own
        else:
            self.pin[0] = round(self.chance.uniform(-1, 1), 4)
            self.page = await self.visitor.tell(self.page, "lens-*", pin=self.pin, view=None, alone=None)

    def check(self) -> None:
        self.of_run(self.run)
        shown = self.page.data("lens-*")
        pin = [",".join(f"{n:.7g}" for n in self.pin)]
        same(self.page.link.get("pin", pin), pin, "pin in the link, if it was chosen")
        headings = [h.body for h in self.page.of("heading")]
        x, y = np.array(self.pin, np.float32)  # as the page has them: halves may be rounded otherwise
        holds("\n".join(headings), f"Pinned at ({x:.2f}, {y:.2f})", "pinned place")
        same(self.picture("pinned").shape, (SIDE, SIDE), "pinned image")
        same(shown["count"], len(test_images()), "dots")

    async def see(self) -> None:
        await super().see()
        await self.fetch_plane()

    async def fetch_plane(self) -> None:
        """What a browser fetches for the home view: dots, what is true there, tiles of decoded images."""
        shown = self.page.data("lens-*")
        link, level = shown["link"], shown["level"]
        first, last = 2 ** (level - 2), 3 * 2 ** (level - 2) - 1  # the home view is the middle half of the world
        along = range(first, last + 1)
        names = ["0/0/0", *(f"{level}/{column}/{row}" for row in along for column in along)]
        points = f"{link}/points"
        ground = f"{link}/overlay/ground"
        tiles = [f"{link}/tile/{name}" for name in names]
        about, shapes = await self.visitor.fetch([points, ground]), await self.visitor.fetch(tiles, at_once=2)
        if points in about:
            values = 6 if shown["posteriors"] else 3
            size = len(gzip.decompress(about[points].body))
            same(size, shown["count"] * (4 * values + 1), "bytes of the dots")
            same(json.loads(gzip.decompress(about[ground].body))["side"], 64, "side of the ground")
        for name, answer in shapes.items():
            # The last four bytes of a gzip are the size of what is in it: to unpack each would take the driver's time.
            size = int.from_bytes(answer.body[-4:], "little")
            same(size, (shown["tile"] + 2) ** 2 * SIDE * SIDE, f"bytes of {name}")


class LatentSpace(Stay):
    path = "latent-space"

    def query(self) -> dict[str, Any]:
        self.run, self.selected = self.chance.choice(KINDS), self.some(6)
        return {"run": self.run, "select": ".".join(map(str, self.selected))}

    async def act(self) -> None:
        if self.chance.random() < 0.3:
            await self.pick_run(KINDS)
        else:
            self.selected = self.some(8)
            self.page = await self.visitor.trigger(self.page, "scatter", "selected", self.selected)

    def check(self) -> None:
        self.of_run(self.run)
        asked = selection.encode(np.array(self.selected, int), len(test_images()))
        same(self.page.link.get("select", [""]), [asked], "selection in the link")
        mask = np.unpackbits(np.frombuffer(base64.b64decode(self.page.data("scatter")["dots"]["mask"]), np.uint8))
        same(np.flatnonzero(mask).tolist(), self.selected, "dots in colour")
        same(self.page.data(f"selected-{DATASET}")["among"], self.selected, "images beside the map")


class Denoise(Stay):
    path = "denoise"

    def query(self) -> dict[str, Any]:
        self.run, self.level, self.first = self.chance.choice(KINDS), 0.5, self.own[self.chance.randrange(OWN - 9)]
        return {"run": self.run, "noise-seed": self.seed, f"first-{DATASET}": self.first}

    async def act(self) -> None:
        what = self.chance.random()
        if what < 0.5:
            self.level = round(0.05 * self.chance.randrange(2, 20), 2)
            self.page = await self.visitor.change(self.page, "level", self.level)
        elif what < 0.75:
            self.seed += 1
            self.page = await self.visitor.press(self.page.labelled("button", "New noise"))
        else:
            self.first = self.own[self.chance.randrange(OWN - 9)]
            self.page = await self.visitor.change(self.page, f"first-{DATASET}", self.first)

    def check(self) -> None:
        self.of_run(self.run)
        current = self.current()
        rows = [n for n in range(self.first, self.first + 10) if n != current][:9]
        holds(self.page.code(), f"level={self.level}, seed={self.seed})", "noise")
        holds(self.page.code(), f"rows = {rows}", "images")
        picture = self.picture("denoised")
        same(picture.shape, (5 * (SIDE + GAP) - GAP, 10 * (SIDE + GAP) - GAP), "five rows of ten images")
        clean = np.concatenate([picture[:SIDE, j * (SIDE + GAP) : j * (SIDE + GAP) + SIDE] for j in range(10)])
        given = clean[:SIDE] if current is None else test_images()[current]
        if not np.array_equal(clean, np.concatenate([given, *test_images()[rows]])):
            raise Wrong(f"the clean images are not {current} and {rows}")


class YourImage(Stay):
    path = "your-image"
    drawn: int | None = None

    def query(self) -> dict[str, Any]:
        return {}

    def forget(self) -> None:
        super().forget()
        self.drawn = None

    async def act(self) -> None:
        (self.drawn,) = self.some()
        fine = self._grey()
        sent = {"version": 0, "drawing": base64.b64encode(fine.tobytes()).decode()}
        self.page = await self.visitor.tell(self.page, "pad", sent=sent)

    def _grey(self) -> np.ndarray:
        return test_images()[self.drawn].repeat(4, axis=0).repeat(4, axis=1)

    def check(self) -> None:
        if self.drawn is None:
            return
        x = preparing.prepare(self._grey(), (SIDE, SIDE))[-1].image
        fine = images.as_uint8(x).repeat(2, axis=0).repeat(2, axis=1)
        shown = [image.url for imgs in self.page.of("imgs") for image in imgs.imgs]
        if shown[-1] != (link := images.data_uri(fine)):
            found = decoded(shown[-1])
            same(found.shape, fine.shape, f"test image {self.drawn} as the models get it")
            apart = np.abs(found.astype(int) - fine)
            alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(shown[-1], link, strict=False)))
            raise Wrong(
                f"test image {self.drawn}: {(apart > 0).sum()} pixels are wrong, by up to {apart.max()}; of "
                f"{len(link)} characters of its link the first {alike} are right: {shown[-1][alike:][:40]!r}"
            )
        rows = self.page.data("answers")["rows"]
        same([row["name"] for row in rows], list(kinds.names()), "the seven")
        greys = decoded(next(row["greys"] for row in rows if row["name"] == "vanilla"))
        expected = images.as_uint8(loaded("vanilla").reconstruct(x[None])[0])
        if np.abs(greys[:, :SIDE].astype(int) - expected).max() > 1:
            raise Wrong(f"the reconstruction is not that of test image {self.drawn}")


class Paths(Stay):
    path = "paths"

    def query(self) -> dict[str, Any]:
        self.ends, self.frames = self.some(2), 16
        return self.query_again()

    def query_again(self) -> dict[str, Any]:
        return {"image": self.ends[0], "image-2": self.ends[1]}

    async def act(self) -> None:
        self.frames = self.chance.randrange(8, 24)
        self.page = await self.visitor.change(self.page, "frames", self.frames)

    def check(self) -> None:
        same(
            [self.page.link[name] for name in ("image", "image-2")], [[str(n)] for n in self.ends], "images in the link"
        )
        film = self.page.data("film-Between images")
        rows = len(film["rows"])
        same(film["frames"], self.frames, "frames")
        sheet = decoded(film["sheet"])
        same(sheet.shape, (rows * SIDE, self.frames * SIDE), "sheet")
        blend = sheet[-SIDE:]  # of the images themselves, so that it begins and ends with them
        for end, number in ((blend[:, :SIDE], self.ends[0]), (blend[:, -SIDE:], self.ends[1])):
            if not np.array_equal(end, test_images()[number]):
                raise Wrong(f"the path does not lead to test image {number}")


class Units(Stay):
    path = "units"

    def query(self) -> dict[str, Any]:
        self.run, (self.image,) = self.chance.choice(UNITS), self.some()
        return self.query_again()

    def query_again(self) -> dict[str, Any]:
        return {"run": self.run, "image": self.image}

    async def act(self) -> None:
        await self.pick_run(UNITS)

    def check(self) -> None:
        self.of_run(self.run)
        same(self.current(), self.image, "image in the link")
        holds(self.page.code(), f"codes[{self.image}]", "image in the code")
        original = self.picture("switched")[:SIDE, :SIDE]
        if not np.array_equal(original, test_images()[self.image]):
            raise Wrong(f"the original is not test image {self.image}")


class Sampler(Stay):
    path = "sampler"

    def query(self) -> dict[str, Any]:
        self.run, self.side = self.chance.choice(KINDS), self.chance.randrange(5, 21)
        return {"run": self.run, "grid": self.side, "draw-seed": self.seed}

    async def act(self) -> None:
        if self.chance.random() < 0.7:
            self.side = self.chance.randrange(5, 21)
            self.page = await self.visitor.change(self.page, "grid", self.side)
        else:
            self.seed += 1
            self.page = await self.visitor.press(self.page.labelled("button", "Sample again"))

    def check(self) -> None:
        self.of_run(self.run)
        same(self.page.link["draw-seed"], [str(self.seed)], "seed in the link")
        holds(self.page.code(), f"seed={self.seed})", "seed in the code")
        same(self.picture("grid-picture").shape, (self.side * SIDE, self.side * SIDE), "grid")
        same(self.picture("draws").shape, (2 * (SIDE + GAP) - GAP, 20 * (SIDE + GAP) - GAP), "draws")


class Sparsity(Stay):
    path = "sparsity"

    def query(self) -> dict[str, Any]:
        self.runs = self.chance.sample(KINDS, 2)
        return {"runs": self.runs}

    def accept(self, back: bool) -> None:
        names = {loaded(name).run.title: name for name in {*KINDS, *PLANES, "sparse-visible"}}
        self.runs = self.page.link.get("runs") or [names[title] for title in self._titles()]

    def query_again(self) -> dict[str, Any]:
        return {}

    async def act(self) -> None:
        self.runs = self.chance.sample(KINDS, 2)
        _, pills = self.page.widget("runs")
        offered = {option.content.replace("\\", ""): option.content for option in pills.options}
        self.page = await self.visitor.change(
            self.page, "runs", [offered[loaded(name).run.title] for name in self.runs]
        )

    def check(self) -> None:
        same(sorted(self.page.link.get("runs", self.runs)), sorted(self.runs), "runs in the link, if they were chosen")
        same(set(re.findall(r"ae_core\.load\('([\w-]+)'\)", self.page.code())), set(self.runs), "runs in the code")
        same(len(self._titles()), len(self.runs), "distributions")

    def _titles(self) -> set[str]:
        return {trace.get("name") for trace in json.loads(self.page.data("units")["figure"])["data"]}


class Train(Stay):
    """Whoever comes to look; only one of them trains."""

    path = "train"

    def query(self) -> dict[str, Any]:
        return {}

    async def act(self) -> None:
        self.page = await self.visitor.turn_to(self.path)

    def check(self) -> None:
        holds("\n".join(h.body for h in self.page.of("heading")), "What to expect", "an own training, if any")

    async def start(self, epochs: int, kind: str = "Vanilla") -> None:
        """Starts a training of so many epochs, under the visitor's own name."""
        self.page = await self.visitor.open(self.path)
        self.page = await self.visitor.change(self.page, f"dense-{DATASET}-epochs", epochs)
        self.page = await self.visitor.change(self.page, "title", f"Visitor {self.number}")
        self.page = await self.visitor.press(self.page.labelled("button", "Start training"))
        holds(self.page.text(), f"Visitor {self.number}", "the training")

    async def watch(self, seconds: float, until: Callable[[Page], bool] = lambda page: False) -> None:
        """Looks on, as the page does by itself."""
        self.page = await self.visitor.watch(seconds, until)
        holds(self.page.text(), f"Visitor {self.number}", "the training")

    async def stop(self) -> None:
        """Stops it."""
        self.page = await self.visitor.press(self.page.labelled("button", "Stop training"))


HEAVY: Sequence[type[Stay]] = (Lens, LatentSpace, Denoise, YourImage, Paths, Units, Sampler, Sparsity)
