"""The code behind a page's pictures: a few lines of `ae_core` that make the very same ones."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ae_core import runs
from ae_core.forms import Form
from ae_core.runs import Run

TITLE = "Show the code"
KEY = "show-code"


def show(source: str, reads: Sequence[str] = (), prefix: str = "") -> None:
    """Shows Python that runs as it stands, once its fold is opened.

    Args:
        source: With the visitor's settings filled in; whatever is a person's text as `repr` gives it.
        reads: Names of the visitor's own files that it reads.
        prefix: Of the keys of the part of the page that it makes, where the page has two.
    """
    fold = st.expander(TITLE, icon=":material/code:", key=prefix + KEY, on_change="rerun")
    if not fold.open:  # a browser colours code for a quarter of a second
        return
    with fold:
        made = "This code makes what this page shows, wherever Latent Explorer is installed"
        if reads:
            st.caption(f"{made}; your own files must be in the current folder, under these names:")
            st.text(", ".join(reads))
        else:
            st.caption(f"{made}.")
        st.code(source.strip(), language="python")


def form(of: Form, run: str = "run") -> str:
    """The argument that says what is drawn, after others; "" for images, which figures take for granted.

    Args:
        of: What an example is.
        run: The Python of a run that learnt such examples.
    """
    return "" if of.is_image else f", form={run}.form"


def opened(run: Run) -> str:
    """The expression that opens a run."""
    if run.path.parent == runs.SHIPPED:
        return f"ae_core.load({run.name!r})"
    return f"ae_core.load(ae_core.runs.data_folder() / 'runs' / {run.name!r})"


def several(named: Mapping[str, Run]) -> str:
    """The dict that opens runs, by what they are called."""
    return "{\n" + "".join(f"    {title!r}: {opened(run)},\n" for title, run in named.items()) + "}"
