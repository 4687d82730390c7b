"""The command line, ``latent-explorer`` or ``python -m ae_core``: a module for each command.

Results go to stdout, progress and errors to stderr. Exit status: 0 fine, 1 failed, 2 not understood,
130 stopped by the person at the keyboard.
"""

from typing import Any

import click

from ae_core.cli.app import serve_app
from ae_core.cli.archive import export_run, import_run
from ae_core.cli.compare import compare_runs
from ae_core.cli.data import datasets
from ae_core.cli.encode import encode
from ae_core.cli.evaluate import evaluate_runs
from ae_core.cli.kinds import show_kinds
from ae_core.cli.lens import save_lens
from ae_core.cli.listing import list_runs
from ae_core.cli.output import STOPPED
from ae_core.cli.project import project
from ae_core.cli.sample import sample
from ae_core.cli.settings import show_settings
from ae_core.cli.sweep import sweep_kinds
from ae_core.cli.train import train_kind
from ae_core.errors import ExplorerError

__all__ = ["main"]


class Commands(click.Group):
    """A group whose commands fail with one sentence and the right exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ExplorerError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            which = error.filename or "A file"
            raise click.ClickException(
                f"{which} could not be written or read ({error.strerror or error}): choose another place, or make room."
            ) from error
        except KeyboardInterrupt:
            click.echo("Aborted.", err=True)
            ctx.exit(STOPPED)


@click.group(
    cls=Commands,
    commands=[
        serve_app,
        show_kinds,
        train_kind,
        sweep_kinds,
        list_runs,
        datasets,
        evaluate_runs,
        compare_runs,
        encode,
        project,
        sample,
        save_lens,
        show_settings,
        export_run,
        import_run,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
def main() -> None:
    """Train autoencoders, look at their figures, and use them."""
