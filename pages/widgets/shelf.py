"""What a visitor brings to the models, such as pictures; it stays in the memory of the session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar, cast

import streamlit as st
from streamlit.typing import UploadedFile

from ae_core import logs, settings
from ae_core.errors import ExplorerError
from pages.serving import page_state, session
from pages.widgets import alerts, gallery

MOST = 10  # things besides the drawing, and files at a time
DRAWING = "drawing"  # the id of all drawings: one thing that changes
TEST, DRAW, UPLOAD, CAMERA, PASTE = "Test images", "Draw", "Upload", "Camera", "Paste"  # where something comes from


class Brought(Protocol):
    """One thing.

    Attributes:
        title: What it is called on the page.
        id: What tells it from others.
        file: The name that its file has or would have.
        thumbnail: A small picture of it, as a data URI.
    """

    @property
    def title(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def thumbnail(self) -> str: ...


Thing = TypeVar("Thing", bound=Brought)


@dataclass(frozen=True)
class Refusal:
    """That something could not be read.

    Attributes:
        sentence: What became of it.
        reasons: A line for each file.
        where: The key of what it was given to.
        link: The number of the link that the page then showed.
    """

    sentence: str
    reasons: str
    where: str
    link: int


@dataclass
class Shelf(Generic[Thing]):
    """What a visitor has brought of one sort.

    Attributes:
        name: What it is called in the session.
        things: By id, the latest last; at most `MOST` besides the drawing.
        current_id: That of the one that was taken last.
        refused: What could not be read of the latest files, until the visitor goes on to something else.
        uploads: How often files were given.
    """

    name: str
    things: dict[str, Thing] = field(default_factory=dict)
    current_id: str | None = None
    refused: Refusal | None = None
    uploads: int = 0

    @property
    def current(self) -> Thing | None:
        """The one that was taken last, if it is still there."""
        return self.things.get(self.current_id) if self.current_id is not None else None

    @property
    def others(self) -> list[Thing]:
        """All besides the current one."""
        return [thing for thing in self.things.values() if thing.id != self.current_id]

    @property
    def brought(self) -> list[Thing]:
        """All but the drawing."""
        return [thing for thing in self.things.values() if thing.id != DRAWING]

    def put(self, thing: Thing) -> None:
        """Adds a thing, or puts it in the place of the one with its id, and takes it."""
        self.things[thing.id] = thing
        self.current_id = thing.id
        if len(self.brought) > MOST:
            del self.things[self.brought[0].id]

    def take(self, id: str) -> None:
        """Makes a thing the current one."""
        self.current_id, self.refused = id, None

    def remove(self, id: str) -> None:
        """Removes a thing, if it is there."""
        self.things.pop(id, None)
        self.refused = None
        if self.current_id == id:
            self.current_id = None

    def has_another_drawing(self, is_current: bool) -> bool:
        """Whether there is a drawing that is not the current image; `is_current` as of `choose`."""
        return DRAWING in self.things and not (is_current and self.current_id == DRAWING)

    def refuse(self, sentence: str, reasons: str, where: str) -> None:
        """Keeps what could not be read, to be said."""
        self.refused = Refusal(sentence, reasons, where, page_state.adopted())

    def tell(self, where: str) -> None:
        """Says what could not be read, where it was given and for as long as the visitor stays there."""
        if (refused := self.refused) is None:
            return
        if (refused.where, refused.link) == (where, page_state.adopted()):
            alerts.error(refused.sentence, refused.reasons)
        else:
            self.refused = None

    def draw(
        self,
        drawing: Thing | None,
        same: bool,
        is_current: bool,
        on_new: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Takes what is on a pad.

        Args:
            drawing: With the id `DRAWING`; None of an empty pad.
            same: Whether it is as it was.
            is_current: As of `choose`.
            on_new: Is called when it is another one than before, which was taken.
            on_gone: Is called when the drawing that was the current image is gone.
        """
        self.refused = None
        if drawing is not None:
            if not same:
                self.put(drawing)
                on_new()
        elif DRAWING in self.things:
            was_taken = is_current and self.current_id == DRAWING
            self.remove(DRAWING)
            if was_taken:
                on_gone()

    def keep(
        self,
        given: Sequence[UploadedFile],
        where: str,
        read: Callable[[UploadedFile], Sequence[Thing]],
        title: str = "",
    ) -> bool:
        """Reads files, takes the last thing in them, and says whether there was any.

        All are freed: a file that both the uploader and this shelf kept could be lost to one of them alone.

        Args:
            given: The files.
            where: The key of what they were given to.
            read: Gives what is in a file.
            title: What to call a file that has no name of the visitor's.
        """
        # Once they are read, nothing looks into the session: see `page_state.putting`.
        refused: list[str] = []
        count = 0
        for number, file in enumerate(given):
            if number < MOST:
                try:
                    for thing in read(file):
                        self.put(thing)
                        count += 1
                except ExplorerError as error:
                    logs.event("upload refused", bytes=file.size)
                    refused.append(f"{title or file.name}: {error}")
            session.remove_upload(file.file_id)
        if len(given) > MOST:
            refused.append(f"You chose {len(given)} files; the first {MOST} were looked at.")
        self.refused = None
        if refused:
            sentence = "Some files could not be read; the others were added." if count else "No file could be read."
            self.refuse(sentence, "\n".join(refused), where)
        return count > 0

    def upload(
        self, what: str, most_mb: int, read: Callable[[UploadedFile], Sequence[Thing]], on_new: Callable[[], None]
    ) -> None:
        """Shows an uploader; it is empty again once its files were read.

        Args:
            what: Is read, in words.
            most_mb: Megabytes of a file.
            read: As of `keep`.
            on_new: Is called after a new thing was taken, before the page runs again.
        """
        where = f"{self.name}-uploader"
        key = f"{where}-{self.uploads}"

        def keep() -> None:
            # A click while they were read has this called again: they are read and freed by then.
            given = [file for file in st.session_state[key] if isinstance(file, UploadedFile)]
            if not given:
                return
            self.uploads += 1  # another uploader
            if self.keep(given, where, read):
                on_new()

        st.file_uploader(
            f"Up to {MOST} {what}, together up to {settings.current().upload_mb} MB",
            accept_multiple_files=True,
            max_upload_size=most_mb,
            key=key,
            on_change=keep,
        )
        self.tell(where)

    def choose(self, is_current: bool, on_choose: Callable[[], None], on_gone: Callable[[], None]) -> None:
        """Shows what was brought, to choose one, and the way to remove it.

        Args:
            is_current: Whether something of one's own is the current image.
            on_choose: Is called after one was taken, before the page runs again.
            on_gone: Is called after the one that is current was removed.
        """
        found = self.brought
        ids = [thing.id for thing in found]
        chosen = ids.index(self.current_id) if is_current and self.current_id in ids else None
        if not found:
            return

        def take(number: int) -> None:
            self.take(ids[number])
            on_choose()

        gallery.pictures([(thing.title, thing.thumbnail) for thing in found], f"{self.name}-gallery", chosen, take)
        if chosen is None:
            return

        def remove(id: str) -> None:
            self.remove(id)
            on_gone()

        label = f"Remove {alerts.escape_markdown(found[chosen].title)}"
        st.button(label, icon=":material/delete:", on_click=partial(remove, ids[chosen]))


def opened(name: str, _sort: type[Thing]) -> Shelf[Thing]:
    """The visitor's shelf with a name, for things of one sort."""
    return cast(Shelf[Thing], st.session_state.setdefault(f"own-{name}", Shelf(name)))
