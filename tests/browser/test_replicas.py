"""Replicas behind Caddy, below a path of their host: a visitor stays with one, and finds another when it is gone."""

import hashlib
import hmac
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from browsing import ROOT, Server, Tab, serving
from playwright.sync_api import expect

BASE = "explorer"  # as behind a proxy that gives the app a path of its host
COOKIE = "latent_explorer_replica"
CADDY = shutil.which("caddy")
pytestmark = pytest.mark.skipif(CADDY is None, reason="Caddy is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, derived: Path) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("replicas"), base=BASE, replicas=2, derived=derived) as server:
        yield server


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end
        time.sleep(0.1)


def replica(tab: Tab) -> str:
    """The cookie that says which one answers."""
    return next((cookie["value"] for cookie in tab.page.context.cookies() if cookie["name"] == COOKIE), "")


def address(process: psutil.Process) -> str:
    command = process.cmdline()
    return f"127.0.0.1:{command[command.index('--server.port') + 1]}"


def serves(process: psutil.Process, tab: Tab) -> bool:
    """Whether a visitor's requests go to that replica: Caddy's cookie is a digest of its address."""
    return hmac.new(b"", address(process).encode(), hashlib.sha256).hexdigest() == replica(tab)


def is_up(process: psutil.Process) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address(process)}/{BASE}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, psutil.Error):
        return False


def draw_again(tab: Tab) -> None:
    seed = tab.page.url.partition("draw-seed=")[2]
    tab.page.get_by_role("button", name="Sample again").click()
    expect(tab.page).not_to_have_url(f"**draw-seed={seed}")
    tab.settle()


@pytest.mark.parametrize("upstreams", ["to 127.0.0.1:8502 127.0.0.1:8503", "dynamic a app 8501 {\n refresh 1s\n }"])
def test_caddy_takes_its_configuration(upstreams: str) -> None:
    command = [str(CADDY), "validate", "--config", "deploy/Caddyfile", "--adapter", "caddyfile"]
    checked = subprocess.run(command, cwd=ROOT, env={**os.environ, "UPSTREAMS": upstreams}, capture_output=True)
    assert checked.returncode == 0, checked.stderr.decode()


def test_everything_is_found_below_the_base_path(tab: Tab) -> None:
    tab.open("latent-space?run=variational-2d")
    expect(tab.picture()).to_be_visible()
    tab.open("lens?run=variational-2d")
    expect(tab.page.locator("[data-sharp=true]")).to_be_visible()
    assert not tab.errors


def test_a_visitor_stays_with_a_replica_until_it_is_gone(tab: Tab, server: Server) -> None:
    tab.open("sampler?draw-seed=1")
    first = replica(tab)
    draw_again(tab)
    tab.open("units")
    tab.open("sampler?draw-seed=1")
    assert replica(tab) == first
    draw_again(tab)
    left = tab.link

    (mine,) = [process for process in server.replicas() if serves(process, tab)]
    # Otherwise a new process may have its place before the browser asks again.
    server.process.suspend()
    try:
        mine.kill()
        wait(lambda: replica(tab) != first)
        tab.settle()
    finally:
        server.process.resume()
    draw_again(tab)
    assert tab.link == left, "the first press after that brings back what the tab shows, not what it was opened with"
    assert tab.failures.count() == 0
    wait(lambda: len(server.replicas()) == 2 and all(map(is_up, server.replicas())))


def test_a_rolling_restart_renews_all_and_the_page_goes_on(tab: Tab, server: Server) -> None:
    tab.open("sampler?draw-seed=1")
    before = set(server.replicas())
    server.process.send_signal(signal.SIGHUP)
    wait(lambda: len(server.replicas()) == 2 and not before & set(server.replicas()))
    wait(lambda: all(map(is_up, server.replicas())))
    tab.settle()
    draw_again(tab)
    assert tab.failures.count() == 0
