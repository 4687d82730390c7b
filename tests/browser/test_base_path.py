"""The app below a path of its host, as behind a proxy."""

from collections.abc import Callable
from pathlib import Path

from browsing import Tab, serving
from playwright.sync_api import BrowserContext, expect


def test_everything_is_found_below_the_base_path(new_visitor: Callable[[], BrowserContext], tmp_path: Path) -> None:
    with serving(tmp_path, base="explorer") as server:
        tab = Tab(new_visitor(), server)
        tab.open("latent-space?run=variational-2d")
        expect(tab.picture()).to_be_visible()
        tab.open("lens?run=variational-2d")
        expect(tab.page.locator("[data-sharp=true]")).to_be_visible()
        assert not tab.errors
