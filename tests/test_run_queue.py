"""Pages take turns, in the order in which they came, and none holds up the others for long."""

import threading
import time
from collections.abc import Callable

import pytest

from pages.serving import run_queue

SHORT = 0.3


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_queue, "LONG", SHORT)


def run(pages: list[Callable[[], None]]) -> None:
    """All of them, each in a thread of its own and a little later than the one before."""
    threads = [threading.Thread(target=page) for page in pages]
    for thread in threads:
        thread.start()
        time.sleep(0.005)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_one_is_run_at_a_time_in_the_order_in_which_they_came() -> None:
    events: list[tuple[str, int]] = []

    def page(number: int) -> None:
        with run_queue.turn():
            events.append(("begin", number))
            time.sleep(0.02)
            events.append(("end", number))

    run([lambda n=n: page(n) for n in range(20)])
    assert events == [(what, n) for n in range(20) for what in ("begin", "end")]


def test_one_that_computes_for_long_loses_its_turn_and_takes_none_from_others() -> None:
    events: list[str] = []
    long_is_over = threading.Event()

    def slow() -> None:
        with run_queue.turn():
            events.append("slow begins")
            long_is_over.wait(10)
            events.append("slow ends")

    def quick(number: int) -> None:
        with run_queue.turn():
            events.append(f"quick {number}")
            if number == 1:
                long_is_over.set()
                time.sleep(0.1)  # the slow one ends in the middle of this one's turn
                events.append("quick 1 ends")

    began = time.monotonic()
    run([slow, *(lambda n=n: quick(n) for n in range(3))])
    assert SHORT <= time.monotonic() - began < 5
    assert events == ["slow begins", "quick 0", "quick 1", "slow ends", "quick 1 ends", "quick 2"]


def test_a_page_that_fails_gives_its_turn_back() -> None:
    def fails() -> None:
        with pytest.raises(ValueError, match="no"), run_queue.turn():
            raise ValueError("no")

    began = time.monotonic()
    run([fails, fails, fails])
    assert time.monotonic() - began < SHORT
