"""A page that was run is forgotten: Streamlit keeps callbacks, and with a function of a page all of that page."""

import gc

from visiting import ROOT, open_page

PAGES = sorted(path for path in (ROOT / "pages").glob("*.py") if path.stem not in ("__init__", "navigation"))


def test_nothing_of_a_page_stays_in_memory_but_what_it_shows() -> None:
    apps = [open_page(page.stem) for page in PAGES]
    assert not any(app.exception for app in apps)
    gc.collect()
    files = {str(page) for page in PAGES}
    kept = {o["__file__"] for o in gc.get_objects() if type(o) is dict and o.get("__file__") in files}
    assert not kept, "a function of these pages is held, as a callback or a `format_func`: define it in a widget"
