"""``app``: the dashboard."""

import runpy
import sys

import click

from ae_core import locations


@click.command("app", context_settings={"ignore_unknown_options": True})
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port. [default: STREAMLIT_SERVER_PORT, or 8501]")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def serve_app(port: int | None, options: tuple[str, ...]) -> None:
    """Serve the dashboard until Ctrl-C.

    OPTIONS are those of `streamlit run`, such as --server.address 0.0.0.0.
    """
    chosen = () if port is None else ("--server.port", str(port))
    sys.argv = ["streamlit", "run", str(locations.APP), *chosen, *options]
    runpy.run_module("streamlit", run_name="__main__")
