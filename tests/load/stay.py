"""A visitor on a page, and what tells what is theirs from anybody else's."""

import base64
import io
import json
import random
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from ae_core import data, inference, runs
from pages.widgets import selection
from tests.load.client import Page, Visitor, Wrong

DATASET = "fashion-mnist"
OWN = 40  # test images that one visitor uses and nobody else
SEEDS = 700_000_000  # those of visitor n begin 1,000 n above it, and no seed of the app itself is so large
SEED = re.compile(r"\b7\d{8}\b")
PICTURE = re.compile(r'"source":("data:image[^"]+")')
DEFAULTS = ("0", "2", "9")  # images that a page shows until one is chosen
SIDE = 28
GAP = 2  # pixels between two images of a picture


@cache
def test_images() -> np.ndarray:
    """uint8 (n, 28, 28)."""
    return data.load(DATASET).split("test").images


def decoded(source: str) -> np.ndarray:
    """The greys, or the red, of a PNG that a page shows, from its base64."""
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.rpartition(",")[2]))))
    return picture if picture.ndim == 2 else picture[..., 0]


def same(found: Any, expected: Any, what: str) -> None:
    """Raises unless they are the same."""
    if found != expected:
        raise Wrong(f"{what}: {str(found)[:200]} instead of {str(expected)[:200]}")


def holds(text: str, expected: str, what: str) -> None:
    """Raises unless the text holds that."""
    if expected not in text:
        raise Wrong(f"{what}: no {expected!r}")


class Stay:
    """A visitor on a page, to which they may come back: it then shows what they left.

    Attributes:
        path: Of the page.
        visitor: Who.
        number: Which one among all; what is theirs alone follows from it.
        page: What they have before them.
        run: The run that they look at, if the page is of one.
    """

    path: ClassVar[str]
    run: str = ""

    def __init__(self, visitor: Visitor, number: int, chance: random.Random) -> None:
        self.visitor, self.number, self.chance = visitor, number, chance
        self.own = range(OWN * number, OWN * (number + 1))
        self.seed = SEEDS + 1000 * number + chance.randrange(500)
        self.page = Page([], {})

    def query(self) -> dict[str, Any]:
        """What the link asks for."""
        raise NotImplementedError

    def query_again(self) -> dict[str, Any]:
        """What the link asks for when they come back; all else the page has kept."""
        return {"run": self.run} if self.run else {}

    def accept(self, back: bool) -> None:
        """Takes over what other pages have chosen for this one as well; `back` if it has been open before."""

    async def act(self) -> None:
        """Changes something."""
        raise NotImplementedError

    def check(self) -> None:
        """Raises Wrong unless the page shows what was asked for."""
        raise NotImplementedError

    async def begin(self, anew: bool) -> None:
        """Opens the page by its link, in a new tab or in the one that is open."""
        opened = self.visitor.open if anew else self.visitor.turn_to
        back = bool(self.page.elements)
        self.page = await opened(self.path, **(self.query_again() if back else self.query()))
        if not anew:
            self.accept(back)
        await self.see()

    async def go_on(self) -> None:
        """One action, and a look at what comes of it."""
        await self.act()
        await self.see()

    def forget(self) -> None:
        """Forgets what only the session knew: the visitor is in a new one."""
        self.page = Page([], {})

    async def see(self) -> None:
        """Looks at the page, opens its code, and fetches and checks what it shows."""
        self.page = await self.visitor.unfold(self.page)
        found = [image.url for imgs in self.page.of("imgs") for image in imgs.imgs]
        await self.visitor.fetch([url for url in found if url.startswith("/media/")])
        self.check()
        self.none_of_others()

    def none_of_others(self) -> None:
        """Raises if the page shows anything that only another visitor asked for."""
        words = f"{self.page.text()}\n{self.page.code()}\n{self.page.link}"
        for seed in map(int, SEED.findall(words)):
            if not SEEDS + 1000 * self.number <= seed < SEEDS + 1000 * (self.number + 1):
                raise Wrong(f"foreign: a seed of visitor {(seed - SEEDS) // 1000}")
        for name in re.findall(r"Visitor (\d+)", words):
            if int(name) != self.number:
                raise Wrong(f"foreign: the training of visitor {name}")
        for key, (text, *_) in self.page.link.items():
            if key.startswith(("image", "first-", "select")) and text != "own":
                numbers = selection.decode(text, len(test_images())).tolist()
                if not set(numbers) <= set(self.own) and text not in DEFAULTS:
                    raise Wrong(f"foreign: {key}={text}")

    def current(self) -> int | None:
        """The number of the image that goes along, as the link says it; None of a picture of one's own."""
        text = self.page.link.get("image", ["0"])[-1]
        return None if text == "own" else int(text)

    def some(self, count: int = 1) -> list[int]:
        """Test images of their own, rising."""
        return sorted(self.chance.sample(self.own, count))

    def picture(self, key: str) -> np.ndarray:
        """The greys of the picture in a figure."""
        found = PICTURE.search(self.page.data(key)["figure"])
        if not found:
            raise Wrong(f"{key}: no picture")
        return decoded(json.loads(found[1]))  # Plotly writes every slash as six letters

    async def pick_run(self, among: Sequence[str]) -> None:
        """Picks another run on the page."""
        self.run = self.chance.choice([name for name in among if name != self.run])
        self.page = await self.visitor.change(self.page, "run", loaded(self.run).run.title)

    def of_run(self, name: str) -> None:
        """Raises unless the page is of that run and of no other."""
        same(set(re.findall(r"ae_core\.load\('([\w-]+)'\)", self.page.code())), {name}, "runs in the code")
        holds(self.page.text(), f"{loaded(name).parameters:,} parameters", f"caption of {name}")


@cache
def loaded(name: str) -> inference.LoadedRun:
    return inference.load(runs.SHIPPED / name)
