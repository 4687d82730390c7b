"""``encode``: images to codes."""

import csv
import io
from pathlib import Path
from typing import Any

import click
import numpy as np

from ae_core import data, inference
from ae_core.cli.output import FILE, telling, write
from ae_core.data import Dataset
from ae_core.errors import ImageError
from ae_core.inference import LoadedRun

CHUNK = 5000  # images: floats take four times their room, so never all at once


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--split", type=click.Choice(["test", "train"]), help="Of the run's data set. [default: test]")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many images of the split.")
@click.option("--out", type=FILE, help="A .npy or .csv file. [default: stdout]")
@click.option("--invert/--no-invert", default=None, help="Swap dark and light. [default: if darker than the ground]")
@click.option("--crop/--no-crop", default=True, help="Zoom until the content fills the frame.")
@click.option("--centre/--no-centre", default=True, help="Move the content to the middle.")
@click.option("--contrast/--no-contrast", default=True, help="Stretch from black to white.")
def encode(
    run: str, files: tuple[Path, ...], split: str | None, limit: int | None, out: Path | None, **steps: Any
) -> None:
    """Codes of a run: of FILES, or of its data set with their labels.

    FILES are images, or signals or rows of a table, as the run has learnt. They are prepared as on the page Your image;
    the last four options are for images. .npy holds the codes alone, float32 of shape (n, units); .csv and stdout have
    a row for each image, signal or row.
    """
    if out is not None and out.suffix not in (".npy", ".csv"):
        raise click.UsageError(f"--out must end in .npy or .csv, got {out.name!r}.")
    if files and (split or limit):
        raise click.UsageError("--split and --limit are for the data set: leave them out beside files.")
    loaded = inference.load(run)
    with telling("Encoding …"):
        if files and loaded.form.is_image:
            codes = loaded.encode(np.stack([_read_image(path, loaded.dataset, steps) for path in files]))
            heading, rows = ["image"], [[str(path)] for path in files]
        elif files:
            read = {path: _read_series(path, loaded.dataset) for path in files}
            codes = loaded.encode(np.concatenate([*read.values()]))
            heading = ["file", loaded.form.noun]
            rows = [[str(path), str(i)] for path, examples in read.items() for i in range(len(examples))]
        else:
            codes, labels = _split_codes(loaded, split or "test", limit)
            heading = [loaded.form.noun, "label", "class"]
            rows = [[str(i), str(label), loaded.dataset.class_of(label)] for i, label in enumerate(labels)]
    if out is not None and out.suffix == ".npy":
        file = io.BytesIO()
        np.save(file, codes)
        write(out, file.getvalue())
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*heading, *(f"z{i}" for i in range(codes.shape[1]))])
    writer.writerows([*row, *code] for row, code in zip(rows, codes, strict=True))
    if out is None:
        click.echo(text.getvalue(), nl=False)
    else:
        write(out, text.getvalue().encode())


def _split_codes(run: LoadedRun, split: str, limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Codes and class numbers of the first images of a split, (n, latent_dim) and (n,)."""
    part = run.dataset.split(split)
    images = part.images[:limit]
    codes = [run.encode(data.as_float(images[i : i + CHUNK])) for i in range(0, len(images), CHUNK)]
    return np.concatenate(codes), part.labels[:limit]


def _read_series(path: Path, dataset: Dataset) -> np.ndarray:
    """Signals or rows (n, *shape) in a file; what was done to them goes to stderr."""
    from ae_core import series

    found = series.read(path.read_bytes(), path.name, dataset)
    notes = found.notes + [f"the first {series.MOST} of {found.count:,} are read"] * (found.count > series.MOST)
    for note in notes:
        click.echo(f"{path}: {note}", err=True)
    return found.examples


def _read_image(path: Path, dataset: Dataset, steps: dict[str, Any]) -> np.ndarray:
    from ae_core import preparing

    try:
        if not dataset.is_tuned:
            return preparing.read_fitted(path.read_bytes(), dataset.form, preparing.fit_of(dataset.details.get("made")))
        height, width = dataset.form.sides
        return preparing.read(path.read_bytes(), (height, width), preparing.Steps(**steps))
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror}).") from error
