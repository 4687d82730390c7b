"""What a visitor chose, on whatever page, and what the link of the open page newly asks for; without Streamlit."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pages.serving.fields import Field, Values

Link = dict[str, list[str]]


@dataclass
class Store:
    """What a visitor chose, and where the links of the open page stand.

    Attributes:
        id: Of the session.
        chosen: By slot, as the link says it; without any text what was taken back.
        touched: By slot, values that controls were given since their fields were opened.
        refused: By slot, what the link asks for in vain.
        gone: What a control was given that is no longer there.
        page: The one that is open.
        asked: What the link newly asks for, until a whole run of the page has ended; None if it says nothing new.
        whole: Whether the link newly says all, so that what it leaves out is no longer chosen.
        taken: The slots of the fields that have taken what the link newly says.
        adopted: How many links have been adopted.
        link: Of the open page: what was asked for, until a run of it has ended.
        told: What the page is asked for in place of the browser's link, if anything.
        open: The slots of the open page's fields, by what the link calls them.
        drawn: By key, what the controls of the page's last whole run offered.
        drawing: The same of this run.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    chosen: dict[str, list[str]] = field(default_factory=dict)
    touched: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    page: str | None = None
    asked: Link | None = None
    whole: bool = False
    taken: set[str] = field(default_factory=set)
    adopted: int = 0
    link: Link = field(default_factory=dict)
    told: Link | None = None
    open: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, str] = field(default_factory=dict)
    drawing: dict[str, str] = field(default_factory=dict)

    def begin(self, page: str, link: Link, went_back: bool = False, whole: bool = False) -> None:
        """Looks at the link that a run of a page begins with.

        It asks for something when the visitor comes to the page. From then on a browser repeats what it has opened the
        page with, or the link that the page shows: neither is news.

        Args:
            page: Its name.
            link: What the browser asks for.
            went_back: Whether the visitor went back or forward to it.
            whole: Whether the link says all: one on arrival says only what is to be other than it was.
        """
        arrived = page != self.page
        self.page, self.open, self.drawing = page, {}, {}
        told, self.told = self.told, None
        self.gone.clear()
        if arrived:
            self.drawn = {}
        elif told is None and not went_back:
            return
        self.asked = self.link = link if told is None else told
        self.whole, self.taken = whole or told is not None or went_back, set()
        self.refused.clear()
        self.adopted += 1

    def resolve(self, of: Field, values: Values, prefix: str = "") -> Any:
        """The value of a field, given those of the fields before."""
        param, slot = of.slot(values, prefix)
        self.open[param] = slot
        if slot in self.touched:
            self._take(slot, of, values, self.touched.pop(slot))
        elif self.asked is not None and slot not in self.taken:
            if param in self.asked:
                self._adopt(slot, of, values, self.asked[param])
            elif self.whole:
                self.chosen.pop(slot, None)
        self.taken.add(slot)
        texts = self.chosen.get(slot)
        if texts is None:
            return of.fallback(values)
        if not texts:
            return [] if of.between else of.fallback(values)
        try:
            return of.read(texts, values)[0]
        except ValueError:  # what was chosen is gone
            del self.chosen[slot]
            if param in self.link:
                self.refused[slot] = of.told or of.label
            return of.fallback(values)

    def _take(self, slot: str, of: Field, values: Values, value: Any) -> None:
        """Keeps what a control was given, unless it has gone meanwhile: then what was chosen before stays."""
        try:
            if texts := of.write(value):
                of.read(texts, values)
        except (ValueError, TypeError, KeyError):  # also a value that no control of ours has
            self.gone[of.told or of.label] = None
        else:
            self.choose(slot, texts)

    def _adopt(self, slot: str, of: Field, values: Values, texts: Sequence[str]) -> None:
        try:
            value, sound = of.read(texts, values)
        except ValueError:
            sound = False
        else:
            self.chosen[slot] = of.write(value)
        if not sound:
            self.refused[slot] = of.told or of.label

    def choose(self, slot: str, texts: list[str]) -> None:
        """Keeps a choice, and forgets what the link asked for in its place."""
        self.chosen[slot] = texts
        self.refused.pop(slot, None)

    def so_far(self) -> Link:
        """What was chosen for the fields that the page has come to."""
        return {param: texts for param, slot in self.open.items() if (texts := self.chosen.get(slot))}

    def end(self, early: bool = False) -> Link:
        """The link of the page that has run; of one that ended early, with what it has not come to yet."""
        link = self.so_far()
        if early:
            link |= {param: texts for param, texts in self.link.items() if param not in self.open}
        self.link, self.drawn = link, self.drawing
        if not early:
            self.asked = None
        return link

    def refusal(self) -> str:
        """A sentence on all that the link asks for in vain, and one on what was chosen in vain; "" if nothing was."""
        names = dict.fromkeys(self.refused[slot].lower() for slot in self.open.values() if slot in self.refused)
        told = []
        if names:
            told.append(
                f"Some values of this link are not valid, so the page shows its defaults instead: {', '.join(names)}."
            )
        if self.gone:
            told.append(f"What you chose is no longer there, so nothing was changed: {', '.join(self.gone).lower()}.")
        return " ".join(told)
