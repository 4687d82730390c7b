"""``lens``: a plane of a run that decodes under the pointer, as one HTML file."""

from pathlib import Path

import click

from ae_core import inference, latent
from ae_core.cli.output import FILE, telling, write
from ae_core.latent import PlaneSpec


@click.command("lens")
@click.argument("run", metavar="RUN")
@click.argument("file", metavar="FILE.html", type=FILE)
@click.option("--plane", default="main", show_default=True, help="Such as directions-1-3-image-0 or units-2-5-image-0.")
@click.option("--overlay", type=click.Choice(list(latent.OVERLAYS), case_sensitive=False), help="Colours the plane.")
def save_lens(run: str, file: Path, plane: str, overlay: str | None) -> None:
    """Put a lens into one HTML file that works in any browser without a server.

    It decodes what lies under the pointer, as the page Lens does, and is 8 MB at most.
    """
    if file.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"The file must end in .html, got {file.name!r}.")
    lens = inference.load(run).lens(PlaneSpec.parse(plane), overlay=overlay)
    with telling("Decoding the plane …"):
        content = lens.html.encode()
    write(file, content)
