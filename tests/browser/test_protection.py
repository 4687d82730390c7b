"""What keeps other sites' pages from a visitor's session: asked of the running server."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest
import streamlit as st
from browsing import Server
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
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


def status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@contextmanager
def session(server: Server) -> Iterator[str]:
    """The id of a session whose page is drawn, and which lives as long as the block."""
    address = f"ws://{urlsplit(server.url).netloc}/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
        rerun = BackMsg()
        rerun.rerun_script.query_string = ""
        socket.send(rerun.SerializeToString())
        messages = {}
        while "script_finished" not in messages:
            message = ForwardMsg.FromString(socket.recv(60, decode=False))
            messages[message.WhichOneof("type")] = message
        yield messages["new_session"].new_session.initialize.session_id


def token(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=30) as answer:
        cookies = SimpleCookie(answer.headers["Set-Cookie"])
    return cookies["_streamlit_xsrf"].value


def put(server: Server, owner: str, name: str, size: int) -> int:
    """The status of an upload, as a browser sends it."""
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.png"\r\n\r\n' + b"x" * size + b"\r\n--b--\r\n"
    key = token(server)
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Cookie": f"_streamlit_xsrf={key}"}
    headers |= {"X-Xsrftoken": key}
    address = f"{server.url}/_stcore/upload_file/{owner}/{name}"
    return status(urllib.request.Request(address, body, headers, method="PUT"))


def delete(server: Server, owner: str, name: str) -> int:
    key = token(server)
    headers = {"Cookie": f"_streamlit_xsrf={key}", "X-Xsrftoken": key}
    address = f"{server.url}/_stcore/upload_file/{owner}/{name}"
    return status(urllib.request.Request(address, None, headers, method="DELETE"))


def test_sixty_large_files_stay_in_nobodys_memory(server: Server) -> None:
    with session(server) as mine, session(server) as another:
        before = server.process.memory_info().rss
        answers = [put(server, mine, f"file-{i}", 5 * 10**6 - 2000) for i in range(60)]
        assert answers == [204] * 5 + [413] * 55
        assert server.process.memory_info().rss - before < 60e6
        assert put(server, another, "file", 5 * 10**6) == 204, "others have room of their own"
        assert delete(server, mine, "file-3") == 204
        assert put(server, mine, "file-60", 4 * 10**6) == 204, "what is removed makes room"


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
