"""What keeps other sites' pages from a visitor's session: asked of the running server."""

import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
import streamlit as st
from browsing import Server
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("server.enableCORS", True),
        ("server.enableXsrfProtection", True),
        ("server.corsAllowedOrigins", []),
        ("server.enableAgentApi", False),
        ("client.showErrorDetails", "none"),
        ("browser.gatherUsageStats", False),
    ],
)
def test_the_options_in_force(option: str, value: object) -> None:
    assert st.get_option(option) == value


def knock(server: Server, origin: str | None) -> int:
    """The status that a page of that origin gets for its websocket: 101 if it is open."""
    address = f"ws://{urlsplit(server.url).netloc}/_stcore/stream"
    try:
        with connect(address, origin=origin, subprotocols=["streamlit"]):  # type: ignore[arg-type, list-item]
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_the_websocket_is_for_pages_from_here(server: Server) -> None:
    assert knock(server, server.url) == 101
    assert knock(server, None) == 101, "a program, which brings no visitor's cookie"
    for origin in ("http://evil.example", "https://" + urlsplit(server.url).netloc + ".evil.example", "null"):
        assert knock(server, origin) == 403, origin


def test_other_sites_that_knock_hold_nobody_up(server: Server) -> None:
    begin = time.monotonic()
    assert {knock(server, "http://evil.example") for _ in range(10)} == {403}
    assert time.monotonic() - begin < 5, "refused by us; Streamlit would ask the internet who it is, each time"


def status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_upload_needs_a_token_that_other_sites_cannot_read(server: Server, method: str) -> None:
    address = f"{server.url}/_stcore/upload_file/a-session/a-file"
    headers = {"Cookie": "_streamlit_xsrf=2|12345678|0123|1", "X-Xsrftoken": "2|87654321|4567|1"}
    for given in ({}, headers):
        assert (
            status(urllib.request.Request(address, b"x", {"Origin": "http://evil.example", **given}, method=method))
            == 403
        )


def test_no_other_site_may_read_an_answer(server: Server) -> None:
    request = urllib.request.Request(f"{server.url}/_stcore/health", headers={"Origin": "http://evil.example"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers.get("Access-Control-Allow-Origin") is None
