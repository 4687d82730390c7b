"""A page that was run is forgotten: Streamlit keeps callbacks, and with a function of a page all of that page."""

import gc

import pytest
from visiting import ROOT, open_page

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem not in ("__init__", "navigation"))


@pytest.mark.parametrize("page", PAGES)
def test_nothing_of_a_page_stays_in_memory_but_what_it_shows(page: str) -> None:
    app = open_page(page)
    assert app.title or page == "home"
    gc.collect()
    file = str(ROOT / "pages" / f"{page}.py")
    kept = [o for o in gc.get_objects() if type(o) is dict and o.get("__file__") == file]
    assert not kept, "a function of the page is held, as a callback or a `format_func`: define it in a widget"
