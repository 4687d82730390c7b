"""What a button has started in this visit: two clicks on it start one thing.

A second click ends the run that the first one asked for, where that run next looks into the session. So what was
started is kept before anything else, the next run sees to it, and the button is then another one.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import streamlit as st

T = TypeVar("T")


@dataclass
class Starts(Generic[T]):
    """What one button has started.

    Attributes:
        name: What the button starts.
        count: How often.
        new: What no run of the page has seen to yet; whoever has done that empties it.
    """

    name: str
    count: int = 0
    new: list[T] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key of the button."""
        return f"start-{self.name}-{self.count}"

    def add(self, started: T) -> None:
        self.count += 1
        self.new.append(started)


def of(name: str) -> Starts[T]:
    """The starts of the button that starts things of that name."""
    starts: Starts[T] = st.session_state.setdefault(f"starts-{name}", Starts(name))
    return starts
