"""What belongs together is in view at once: a control and what it changes, two planes and what they decode."""

import pytest
from browsing import TRAINING, Tab
from playwright.sync_api import Locator, expect

DESK, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}


# For each page, where its controls show what they do, by how their names begin: the last is for all others. None stands
# for what shows nothing on the page, as a download or a field of a form; a form's button has a test of its own.
RESULTS: dict[str, dict[str, str | None]] = {
    "": {"": ".lens"},
    "reconstruct": {"": ".plot"},
    "your-image?from=Draw&image=7": {"Save": None, "": ".answers"},
    "your-image?from=Test images&image=7": {"": ".answers"},
    "denoise": {"": ".plot"},
    "lens?run=sparse": {"": ".lens"},
    "latent-space?run=sparse&image=7": {
        "By number|Largest|Smallest": ".gallery",
        "$|Test image|Euclidean|Cosine": ".plot >> nth=1",
        "All images": None,
        "": ".plot >> nth=0",
    },
    "sampler": {"Sample again": ".plot >> nth=1", "": ".plot >> nth=0"},
    "paths": {"Download|And back again": None, "": ".film"},
    "units": {r"Unit \d|Play|Place on|First row": None, r"\d+$": ".plot >> nth=1", "": ".units"},
    "all-units": {r"Unit \d": None, "": ".units"},
    "unit?unit=11": {r"Unit \d|Test image|T-shirt|Trouser": None, "": ".gallery >> nth=0"},
    "directions?from-group=c6&to-group=c3": {"From|To|Play|Place on": ".film", "": None},
    "uses": {"": ".plot >> nth=0"},
    "features": {"": ".plot >> nth=0"},
    "lessons?lesson=the-code&step=2": {"Next|All|Reveal|1|2|3": None, "": ".plot"},
    "anomalies?by-mean=true": {
        "Show what|.+, test image|expand_more": None,  # what is chosen is in the table below it
        "Model|Score|Threshold|squared|cross|nearest|−": ".plot >> nth=2",
        "": ".plot >> nth=0",
    },
    "generation": {"$": None, "Prior|Mixture": ".plot >> nth=2", "": ".plot >> nth=0"},  # the table has no name
    "stability": {
        "$": None,
        "Noise": ".plot >> nth=1",
        "Rotation|Shift|Brightness|How far|What a probe": ".plot >> nth=2",
        "": ".plot >> nth=0",
    },
    "compression": {
        "Bits": "[data-testid=stMarkdownContainer] table >> nth=0",
        "Class|First|Random start|Change|Test image|expand_more": ".plot >> nth=1",
        "": ".plot >> nth=0",
    },
    "noise": {"$": None, "Level": "[data-testid=stDataFrame]", "": ".plot >> nth=0"},
    "clustering": {
        ".+, test image|$|Vanilla$|Variational$": None,  # models stand in two rows, each by its own figure
        "Clusters": ".plot >> nth=1",
        "": ".plot >> nth=0",
    },
    "augmentation": {"": ".plot >> nth=0"},
    "sparsity": {"": ".plot"},
    "train": {"Kind|Data set": ".plot >> nth=0", "": None},
    "compare": {
        "Table": None,
        "Class|First image|Random start": ".plot >> nth=2",
        "Across|Up": ".plot >> nth=1",
        "": "[data-testid=stDataFrame]",
    },
}
# Of a page: the name of each control in it that lies so far from its result that the window does not hold both, and by
# how many pixels. Of a result, 240 pixels are enough to see that something has changed.
TOO_FAR = """([main, results]) => {
  const room = innerHeight - document.querySelector('[data-testid="stHeader"]').getBoundingClientRect().bottom;
  const found = {};
  const controls = [];
  const collect = (root) => root.querySelectorAll('*').forEach((e) => {
    if (e.shadowRoot) collect(e.shadowRoot);
    const kind = 'input:not([type=file]), select, button, [role=slider], [role=option], canvas[tabindex]';
    const aside = '[data-testid=stElementToolbar], .save, [popovertarget], [aria-label^="Help for"]';
    if (e.matches(kind) && !e.closest(aside))
      controls.push(e);
  });
  collect(main);
  for (const control of controls) {
    const box = control.getBoundingClientRect();
    const field = control.closest('[data-testid=stNumberInput], [data-testid=stSelectbox]') // with buttons of their own
      ?.querySelector('label')?.innerText;
    const name = (field || control.getAttribute('aria-label') || control.innerText).split('\\n').at(-1).trim();
    const [, result] = results.find(([pattern]) => new RegExp('^(' + pattern + ')').test(name));
    if (!box.width || !result) continue;
    const its = result.getBoundingClientRect();
    const part = Math.min(its.height, 240);
    const span = Math.max(box.bottom, its.top + part) - Math.min(box.top, its.bottom - part);
    if (span > room) found[name] = Math.round(span - room);
  }
  return [controls.length, found];
}"""


def scroll_to(part: Locator) -> None:
    """Brings the top of a part right under the page's header."""
    part.evaluate(
        """e => {
          const main = document.querySelector('[data-testid="stMain"]');
          const header = document.querySelector('[data-testid="stHeader"]').getBoundingClientRect().bottom;
          main.scrollBy({ top: e.getBoundingClientRect().top - header - 4, behavior: 'instant' });
        }"""
    )


def assert_in_view(tab: Tab, *parts: Locator) -> None:
    """None of them is cut off by the window, nor lies under the page's header."""
    header = tab.page.get_by_test_id("stHeader").bounding_box()
    size = tab.page.viewport_size
    assert header
    assert size
    for part in parts:
        for one in part.all():
            box = one.bounding_box()
            assert box, f"{one} is not drawn"
            assert box["y"] >= header["y"] + header["height"], (one, box)
            assert box["y"] + box["height"] <= size["height"], (one, box)
            assert box["x"] >= 0, (one, box)
            assert box["x"] + box["width"] <= size["width"], (one, box)


def test_home_shows_the_lens_the_network_and_the_lessons_without_scrolling(tab: Tab) -> None:
    tab.page.set_viewport_size(DESK)
    page = tab.open("")
    links = page.locator(".st-key-home-lessons [data-testid=stPageLink-NavLink]")
    expect(links).to_have_count(8)
    assert_in_view(tab, *(page.locator(f".{part}") for part in ("plane", "nearest", "decoded", "flow")), links)


@pytest.mark.parametrize("path", RESULTS)
def test_every_control_is_in_view_of_its_result(shared_tab: Tab, path: str) -> None:
    shared_tab.page.set_viewport_size(DESK)
    page = shared_tab.turn_to(path)
    main = page.get_by_test_id("stMain").element_handle()
    results = [[name, page.locator(at).first.element_handle() if at else None] for name, at in RESULTS[path].items()]
    count, too_far = page.evaluate(TOO_FAR, [main, results])
    assert count
    assert too_far == {}


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_two_lenses_show_both_planes_and_both_decoded_images_at_once(tab: Tab, size: dict[str, int]) -> None:
    tab.page.set_viewport_size(size)
    page = tab.open("lens?run=contractive-2d&beside=vanilla-2d")
    planes, decoded = page.locator(".plane"), page.locator(".decoded")
    expect(planes).to_have_count(2)
    if size is PHONE:
        scroll_to(planes.first)
    assert_in_view(tab, planes, decoded)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_training_is_in_view_where_it_was_started_and_has_a_sign_elsewhere(tab: Tab, size: dict[str, int]) -> None:
    tab.page.set_viewport_size(size)
    tab.train("Vanilla", 500, "Long")
    page, state = tab.page, tab.page.locator(".st-key-training-state")
    stop = state.get_by_role("button", name="Stop training")
    expect(stop).to_be_visible()
    assert_in_view(tab, state.get_by_role("progressbar"), stop)
    tab.open("about")  # by its link, so that the server reads anew what is under way
    sign = page.get_by_role("link", name="Training")
    expect(sign).to_be_visible()
    box = sign.bounding_box()
    assert box
    assert box["y"] < 60
    assert box["x"] + box["width"] <= size["width"]
    sign.click()
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    stop.click()
    expect(stop).to_have_count(0, timeout=TRAINING)
