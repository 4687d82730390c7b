"""People's words on a page: letter by letter, never Markdown, icons or links."""

import shutil
from collections.abc import Callable
from pathlib import Path

from browsing import Server, Tab
from playwright.sync_api import BrowserContext, expect

from ae_core import cards, runs

TITLE = (
    "**b** :red[x] :smile: :material/home: -- -> <- <i>i</i> &lt;i&gt; &copy; [l](http://e.x) `c` $x$ www.e.org a@b.org"
)


def test_a_title_stands_as_it_was_written(new_visitor: Callable[[], BrowserContext], server: Server) -> None:
    copy: Path = server.data / "runs" / "words"
    shutil.copytree(runs.SHIPPED / "vanilla-2d", copy)
    try:
        cards.write(copy, cards.unchecked(copy) | {"title": TITLE})
        tab = Tab(new_visitor(), server)
        tab.open("paths?runs=words")
        tab.page.get_by_role("button", name="Choose models").click()
        pill = tab.page.get_by_test_id("stButtonGroup").get_by_text("**b**").first
        assert pill.inner_text().replace("\u2060", "").startswith(TITLE)
        tab.turn_to("lens?run=words&beside=variational-2d")
        heading = tab.page.get_by_role("heading", name="**b**")
        expect(heading).to_be_visible()
        assert heading.inner_text().replace("\u2060", "").startswith(TITLE)
        assert heading.locator("a[href*='e.']").count() == 0
    finally:
        shutil.rmtree(copy)
