"""Prints every sentence of the screen, with the pages that say it, to be read as a whole.

Visits each page empty and full in Streamlit's own test runner, and reads what their components say from their HTML and
JavaScript. ``python -m tests.sentences`` prints Markdown.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from google.protobuf.message import Message

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "page")]

# Pages as links open them: as they come, and with what is only there after a choice.
LINKS = (
    "home",
    "lens",
    "lens?from-lesson=holes.1&run=vanilla-2d&overlay=Density",
    "lens?run=contractive-2d&beside=vanilla-2d&overlay=Stretch",
    "lens?run=sparse&plane=Two units&overlay=Round trip",
    "lens?run=sparse&plane=Three images",
    "lens?run=gone&beside=gone&pin=nonsense",
    "latent_space",
    "latent_space?run=vanilla&select=1.2.3&image=7",
    "latent_space?run=vanilla&projection=t-SNE",
    "sampler",
    "sampler?run=vanilla&overlay=Density",
    "paths",
    "paths?images=3",
    "paths?path=Along a direction&run=sparse",
    "paths?image=2&image-2=2",
    "directions",
    "directions?from-group=c6&to-group=c3",
    "directions?from-group=c6&to-group=c6",
    "paths?path=Along a direction&along=Between two groups",
    "units",
    "units?off=1,2",
    "all_units",
    "all_units?sort=By class",
    "all_units?run=variational&sort=By effect",
    "unit?unit=11",
    "unit?run=variational",
    "unit?run=convolutional&unit=5",
    "your_image",
    "your_image?from=Upload",
    "your_image?from=Camera",
    "reconstruct",
    "reconstruct?image=own",
    "denoise",
    "denoise?run=vanilla",
    "sparsity",
    "stability",
    "uses",
    "features",
    "anomalies",
    "anomalies?runs=variational&by-mean=true",
    "generation",
    "compression",
    "noise",
    "clustering",
    "clustering?on=Heartbeats",
    "augmentation",
    "compare",
    "compare?runs=vanilla",
    "train",
    "train?kind=Sparse",
    "train?kind=Denoising&dataset=Digits (8 × 8)",
    "train?kind=Contractive",
    "train?kind=Undercomplete",
    "train?kind=Convolutional",
    "train?kind=Variational",
    "runs",
    "lessons",
    *(
        f"lessons?lesson={name}&step={step}"
        for name in (
            "the-code",
            "what-is-lost",
            "noise",
            "sparsity",
            "contraction",
            "holes",
            "beta",
            "anomalies",
        )
        for step in (1, 2, 3)
    ),
    "about",
)
WORDS = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
NOT_SAID = {"id", "key", "user_key", "element_id", "form_id", "icon", "page", "page_script_hash", "query_string"}
NOT_SAID |= {"js_content", "css_content", "html_content", "json", "language", "code_text", "component_name"}
NOT_SAID |= {"fragment_id", "url", "imgs", "hash", "color", "format", "columns", "arrow_data", "data", "file_name"}


def texts(message: Message, but: Collection[str] = NOT_SAID) -> Iterator[str]:
    """All that a message of Streamlit's protocol says in words, `but` in fields with these names."""
    for field, value in message.ListFields():
        if field.name in but:
            continue
        many = value if field.is_repeated else [value]
        for one in many:
            if field.message_type is not None and isinstance(one, Message):
                yield from texts(one, but)
            elif isinstance(one, str) and WORDS.search(one) and not one.startswith(("data:", "<style", "$$")):
                yield one


def elements(node: Any) -> Iterator[Message]:
    """The messages of all elements and blocks of the test runner's tree."""
    for child in (getattr(node, "children", None) or {}).values():
        if isinstance(proto := getattr(child, "proto", None), Message):
            yield proto
        yield from elements(child)


def of_page(app: Any) -> Iterator[str]:
    assert not app.exception, [e.value for e in app.exception]
    for block in (app.main, app.sidebar):
        for message in elements(block):
            yield from texts(message)


def of_components() -> Iterator[tuple[str, str]]:
    """What the components say, each with the name of its file."""
    for path in sorted((ROOT / "pages" / "widgets").rglob("*.html")):
        content = re.sub(r"\s+", " ", path.read_text("utf-8"))
        found = [
            *re.findall(r'(?:aria-label|title|placeholder)="([^"]+)"', content),
            *re.findall(r">([^<>]+)<", content),
        ]
        yield from ((path.name, text.strip()) for text in found if WORDS.search(text))
    for path in sorted((ROOT / "pages" / "widgets").rglob("*.js")):
        for text in re.findall(r'"([^"\n]{3,})"|`([^`]{3,})`', path.read_text("utf-8")):
            one = "".join(text)
            if re.search(r"[A-Za-z]{2,}[ ,.…].*[A-Za-z]", one) and not re.search(r"[{;]\s|=>|var\(|^\W", one):
                yield path.name, one


def main() -> None:
    """Visits and prints."""
    said: dict[str, dict[str, None]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_EXPLORER_DATA"] = folder
        from visiting import ME, job_in_state, open_page

        from ae_core import runs, tasks
        from pages.serving import page_state, visitor

        visitor.current = lambda: ME  # type: ignore[assignment]
        tasks.queue._advance = lambda: None
        shipped = runs.SHIPPED
        for state in ("empty", "full", "mine"):
            runs.SHIPPED = Path(folder) if state == "empty" else shipped
            if state == "mine":
                for how, reason in (
                    ("finished", ""),
                    ("failed", "The loss became NaN."),
                    ("cancelled", ""),
                    ("queued", ""),
                ):
                    job = job_in_state(how, title="Mine", reason=reason, starts=1)
                    if how == "finished":
                        shutil.copytree(shipped / "vanilla", job.run_path)
            links = [link for link in LINKS if "?" not in link] if state == "empty" else LINKS
            links = (
                [link for link in links if link.split("?")[0] in ("train", "runs", "about")]
                if state == "mine"
                else links
            )
            for link in links:
                query = dict(parse_qsl(urlsplit(link).query))
                app = open_page(urlsplit(link).path, **query)
                unknown = query.keys() - app.session_state[page_state.STORE].open.keys()
                assert not unknown, f"{link} asks for what the page does not know: {', '.join(sorted(unknown))}"
                for text in of_page(app):
                    said.setdefault(text, {})[f"{link} ({state})"] = None
    for file, text in of_components():
        said.setdefault(text, {})[file] = None
    for text, where in said.items():
        first, *others = where
        more = f" and {len(others)} more" if others else ""
        print(f"- {text.strip()}\n  <!-- {first}{more} -->")
    print(f"\n{len(said)} texts", file=sys.stderr)


if __name__ == "__main__":
    main()
