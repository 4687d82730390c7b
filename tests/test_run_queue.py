"""Pages run one at a time, in the order in which they came, and none holds up the others for long."""

import threading
import time
from collections.abc import Callable

import pytest

from pages.serving import run_queue

PATIENCE = 60  # seconds
NEVER = 1000.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page takes so long that it loses its turn."""
    monkeypatch.setattr(run_queue, "LONG", NEVER)


def run(pages: list[Callable[[], None]]) -> None:
    """Runs each page in a thread of its own, which queue in this order until the first turn ends."""
    threads = [threading.Thread(target=page) for page in pages]
    with run_queue.turn():
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while len(run_queue._waiting) < number:
                time.sleep(0.001)
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_one_runs_at_a_time_in_the_order_in_which_they_came() -> None:
    events: list[tuple[str, int]] = []

    def page(number: int) -> None:
        with run_queue.turn():
            events.append(("begin", number))
            time.sleep(0.001)  # lets others begin, if they may
            events.append(("end", number))

    run([lambda n=n: page(n) for n in range(20)])
    assert events == [(what, n) for n in range(20) for what in ("begin", "end")]


def test_one_that_computes_for_long_loses_its_turn_and_takes_none_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended, holders = threading.Event(), threading.Event(), []

    def next_one() -> None:
        with run_queue.turn():
            monkeypatch.setattr(run_queue, "LONG", NEVER)
            begun.set()
            holders.append(run_queue._holder)
            ended.wait(PATIENCE)
            holders.append(run_queue._holder)

    monkeypatch.setattr(run_queue, "LONG", 0.01)
    thread = threading.Thread(target=next_one)
    with run_queue.turn():
        thread.start()
        assert begun.wait(PATIENCE)
    ended.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert holders[0] is holders[1], "the turn of the long one was over before it ended"


def test_a_page_that_fails_gives_its_turn_back() -> None:
    with pytest.raises(ValueError, match="no"), run_queue.turn():
        raise ValueError("no")
    assert run_queue._holder is None
