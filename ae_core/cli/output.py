"""What the commands share: how results are printed and written."""

import json
import math
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ae_core import disk

STOPPED = 130
STOPPING = "Stopping, and keeping what was learnt; Ctrl-C again aborts."
PATIENCE = 1.0  # seconds before a command says what it is doing
BAR = 30  # characters
CLEAR_LINE = "\r\033[K"

FILE = click.Path(dir_okay=False, path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@contextmanager
def telling(message: str) -> Iterator[None]:
    """Says on stderr what is being done if it takes longer than a second."""
    timer = threading.Timer(PATIENCE, click.echo, (message,), {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Bar:
    """A progress bar with the time left, on a terminal's stderr."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._began = time.monotonic()

    def show(self, fraction: float, text: str, left: float | None = None) -> None:
        """Draws it; nothing is drawn for what will be done within a second.

        Args:
            fraction: What is done, in [0, 1].
            text: Stands behind the bar.
            left: Seconds; by default as what is done took.
        """
        spent = time.monotonic() - self._began
        if left is None and fraction > 0:
            left = spent * (1 - fraction) / fraction
        if not self._terminal or left is None or spent + left < PATIENCE:
            return
        done = round(BAR * fraction)
        line = f"[{'#' * done}{'-' * (BAR - done)}] {fraction:4.0%}  {clock(left)} left  {text}"
        click.echo(CLEAR_LINE + line[: shutil.get_terminal_size().columns - 1], nl=False, err=True)

    def clear(self) -> None:
        if self._terminal:
            click.echo(CLEAR_LINE, nl=False, err=True)


def print_json(value: Any) -> None:
    click.echo(json.dumps(finite(value), indent=1, ensure_ascii=False))


def finite(value: Any) -> Any:
    """The value with null for numbers that JSON cannot hold: infinities and NaN."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(rows: Sequence[Sequence[str]], right: bool = False) -> str:
    """Rows as aligned text; all columns but the first are numbers if `right`."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    justify = [str.ljust, *[str.rjust if right else str.ljust] * (len(widths) - 1)]
    return "\n".join(
        "  ".join(to(cell, width) for to, cell, width in zip(justify, row, widths, strict=True)).rstrip()
        for row in rows
    )


def clock(seconds: float) -> str:
    """Seconds as people say them: "8 s", "2 min 5 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def write(path: Path, content: bytes) -> None:
    """Writes a result to a file and prints the file's path."""
    try:
        disk.write_bytes(path, content)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({error.strerror}): choose another file.") from error
    click.echo(path)
