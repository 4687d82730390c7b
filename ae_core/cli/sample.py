"""``sample``: random codes to images."""

import math
from pathlib import Path

import click
import numpy as np

from ae_core import data, inference
from ae_core.cli.output import FILE, telling, write

TILE = 96  # pixels, at least, of an image's shorter side on the sheet


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--count", type=click.IntRange(1, 1024), default=16, show_default=True, help="How many images.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draw.")
@click.option("--out", type=FILE, default="sample.png", show_default=True, help="A PNG file.")
def sample(run: str, count: int, seed: int, out: Path) -> None:
    """Random codes of a run, decoded onto one sheet of images.

    A variational run's codes are drawn from its prior, another's from a density fitted to its test codes.
    """
    from ae_core import images, latent, thumbnails

    if out.suffix.lower() != ".png":
        raise click.UsageError(f"--out must end in .png, got {out.name!r}.")
    loaded = inference.load(run)
    with telling("Fitting a density to the codes …"):
        codes = loaded.encode(data.as_float(loaded.dataset.split("test").images))
        density = latent.density(loaded, codes)
    click.echo(f"Sampled from {density.name}.", err=True)
    x_hat = loaded.decode(density.draw(count, seed))
    pictures = thumbnails.draw(loaded.form, x_hat, TILE)
    zoom = -(-TILE // min(pictures.shape[1:3]))
    enlarged = np.stack([images.enlarged(picture, zoom) for picture in pictures])
    write(out, images.to_png(images.mosaic(enlarged, columns=math.ceil(math.sqrt(count)), gap=4)))
