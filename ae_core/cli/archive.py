"""``export`` and ``import``: a run as a file for others, and back."""

from pathlib import Path

import click

from ae_core import archive, exporting, runs, training
from ae_core.cli.output import telling, write
from ae_core.events import Failed, Finished, Preparing


@click.command("export")
@click.argument("run", metavar="RUN")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def export_run(run: str, file: Path) -> None:
    """Put a run into a file for others, by the ending of its name.

    \b
    .zip     what was trained, how it learnt, its title, its weights as plain arrays: `import` takes it back
    .keras   a model of Keras's own layers
    .tflite  LiteRT: two files, NAME-encoder.tflite and NAME-decoder.tflite
    no ending: a new folder as Hugging Face keeps models, with a model card and the networks as ONNX
    """
    found = runs.read(runs.locate(run))
    writers = {".keras": exporting.write_keras, ".tflite": exporting.write_litert, "": exporting.write_card}
    if file.suffix == ".zip":
        with telling("Packing …"):
            content = archive.pack(found)
        write(file, content)
    elif file.suffix in writers:
        if file.suffix:
            training.check_installed()
        with telling("Exporting …"):
            written = writers[file.suffix](found, file)
        click.echo("\n".join(map(str, written)))
    else:
        raise click.UsageError(
            f"The file must end in .zip, .keras, .tflite or nothing for a folder, got {file.name!r}."
        )


@click.command("import")
@click.argument("file", metavar="FILE.zip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run. [default: a new local one]")
@click.option("--title", help="What to call the run. [default: as it was called]")
def import_run(file: Path, out: Path | None, title: str | None) -> None:
    """Make a run of a .zip that `export` wrote, checked before anything is built.

    Its networks are exported and its figures computed anew. Prints the run's folder.
    """
    if file.stat().st_size > archive.MAX_ARCHIVE:
        raise click.ClickException(
            f"{file.name} is larger than any run: at most {archive.MAX_ARCHIVE:,} bytes are read."
        )
    found = archive.unpack(file.read_bytes())
    for event in training.rebuild(found, out or runs.data_folder() / "runs" / runs.new_name(found.spec.kind), title):
        match event:
            case Preparing(phase):
                click.echo(f"{phase} …", err=True)
            case Finished(run):
                click.echo(run.path)
            case Failed(reason):
                raise click.ClickException(reason)
