"""Files that are made when somebody asks for them."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from starlette.requests import Request
from starlette.responses import Response
from streamlit.testing.v1 import AppTest

from ae_core.errors import OptionError
from pages.serving import downloads

NAME = "Ünï 1.zip"


def get(url: str) -> Response:
    """What the server answers."""
    _, found = downloads.ROUTE.matches({"type": "http", "method": "GET", "path": url})
    answer: Response = asyncio.run(downloads.ROUTE.endpoint(Request({"type": "http", "headers": []} | found)))
    return answer


def text(answer: Response) -> str:
    return bytes(answer.body).decode()


def offer(make: Callable[[], bytes]) -> str:
    """The address of what a page offers."""

    def page(make, name) -> None:  # type: ignore[no-untyped-def]  # Streamlit runs it by itself, without imports
        from pages.serving import downloads

        downloads.button("Export", make, name, "application/zip", key="export")

    at = AppTest.from_function(page, kwargs={"make": make, "name": NAME}).run()
    assert not at.exception
    (button,) = at.get("link_button")
    assert button.proto.label == "Export"
    at.run()
    assert at.get("link_button")[0].proto.url == button.proto.url, "a run of the page leaves the button as it is"
    url: str = button.proto.url
    return url


def test_a_file_is_made_when_it_is_asked_for_and_each_time_anew() -> None:
    made = iter([b"first", b"second"])
    url = offer(lambda: next(made))
    answer = get(url)
    assert (answer.status_code, answer.body) == (200, b"first")
    assert answer.headers["content-type"] == "application/zip"
    assert re.search("filename\\*=UTF-8''%C3%9Cn%C3%AF%201.zip$", answer.headers["content-disposition"])
    assert answer.headers["cache-control"] == "no-store"
    assert get(url).body == b"second"


def test_a_visitor_has_one_made_at_a_time() -> None:
    begun, go_on = Event(), Event()

    def slowly() -> bytes:
        begun.set()
        assert go_on.wait(60)
        return b"first"

    url = offer(slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(get, url)
        assert begun.wait(60)
        second = get(url)
        assert (second.status_code, text(second)) == (409, downloads.BUSY)
        go_on.set()
        assert first.result().body == b"first"
    assert get(url).body == b"first"


def test_it_is_said_why_a_file_cannot_be_made() -> None:
    def refuse() -> bytes:
        raise OptionError("This model was deleted.")

    def fail() -> bytes:
        raise RuntimeError("/a/secret/path")

    for make, status, sentence in ((refuse, 409, "This model was deleted."), (fail, 500, downloads.FAILED)):
        answer = get(offer(make))
        assert (answer.status_code, text(answer)) == (status, sentence)
    answer = get("/downloads/unknown")
    assert (answer.status_code, text(answer)) == (404, downloads.GONE)


def test_what_a_page_no_longer_offers_is_let_go() -> None:
    def page() -> None:
        import streamlit as st

        from pages.serving import downloads

        for key in ("a", "b"):
            if st.session_state.get("shown", key) == key:
                downloads.button(key, bytes, "file", "text/plain", key=key)
        downloads.free_unused()

    at = AppTest.from_function(page).run()
    a, b = (button.proto.url for button in at.get("link_button"))
    at.session_state["shown"] = "b"
    at.run()
    assert [get(url).status_code for url in (a, b)] == [404, 200]
