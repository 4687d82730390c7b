"""What a visitor chose, on whatever page, and what the link of the open page newly asks for; without Streamlit."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pages.serving.fields import Field, Values

Link = dict[str, list[str]]

MAX_LINKS = 50  # that are remembered


@dataclass
class Store:
    """What a visitor chose, and where the links of the open page stand.

    Attributes:
        id: Of the session.
        chosen: By slot, as the link says it; without any text what was taken back.
        touched: By slot, values that controls were given since their fields were opened.
        refused: By slot, what the link asks for in vain.
        page: The one that is open.
        opening: What the browser asked for when it opened the page.
        before: What it asked for at the run before.
        shown: The links of the page since the last one was adopted.
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
    page: str | None = None
    opening: Link = field(default_factory=dict)
    before: Link = field(default_factory=dict)
    shown: list[Link] = field(default_factory=list)
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

        A browser goes on asking for what it has opened a page with, whatever link it shows since; if that was nothing,
        it asks for the link that it shows. Neither says anything new, and the page's name in the menu does not either.

        Args:
            page: Its name.
            link: What the browser asks for.
            went_back: Whether the visitor went back or forward to it.
            whole: Whether the link says all: one on arrival says only what is to be other than it was.
        """
        arrived, before = page != self.page, self.before
        self.page, self.before, self.open, self.drawing = page, link, {}, {}
        told, self.told = self.told, None
        if arrived:
            self.drawn = {}
        if arrived or went_back:
            self.opening = link
        elif told is None and (link in ({}, self.opening, before) or (not self.opening and link in self.shown)):
            return
        self.asked = self.link = link if told is None else told
        self.whole, self.taken, self.shown = whole or told is not None or went_back or not arrived, set(), [link]
        self.refused.clear()
        self.adopted += 1

    def resolve(self, of: Field, values: Values, prefix: str = "") -> Any:
        """The value of a field, given those of the fields before."""
        param, slot = of.slot(values, prefix)
        self.open[param] = slot
        if slot in self.touched:
            self.choose(slot, of.write(self.touched.pop(slot)))
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

    def end(self, early: bool = False) -> Link:
        """The link of the page that has run; of one that ended early, with what it has not come to yet."""
        link = {param: texts for param, slot in self.open.items() if (texts := self.chosen.get(slot))}
        if early:
            link |= {param: texts for param, texts in self.link.items() if param not in self.open}
        self.link, self.drawn = link, self.drawing
        if not early:
            self.asked = None
        self.shown = [*self.shown, link][-MAX_LINKS:]
        return link

    def refusal(self) -> str:
        """One sentence on all that the link asks for in vain; "" if it does not."""
        names = dict.fromkeys(self.refused[slot].lower() for slot in self.open.values() if slot in self.refused)
        if not names:
            return ""
        return f"Some values of this link are not valid, so the page shows its defaults instead: {', '.join(names)}."
