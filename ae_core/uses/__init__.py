"""What autoencoders are good for, measured: every module of this package that holds a `Use` subclass is one.

A run's figures stand beside those of what one would use in its place. They are kept as `derived` says, those of runs in
``derived/<encoder>/use-NAME.json``; a run that ships brings its own.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache

from ae_core import derived, discovery, inference
from ae_core.errors import OptionError
from ae_core.inference import LoadedRun
from ae_core.kinds import Measure
from ae_core.runs import Run
from ae_core.uses import coders
from ae_core.uses.base import Subject, Tell, Use, progress
from ae_core.uses.beside import Line, Measured, by_way, lines, listed
from ae_core.uses.contests import Contest, compare, side_by_side, times
from ae_core.uses.rows import Figures, Row
from ae_core.uses.table import SPREAD, escaped, latex, markdown, with_uses, written

__all__ = [
    "SPREAD", "Contest", "Line", "Measured", "Row", "Subject", "Use",
    "by_way", "compare", "compute", "escaped", "get", "latex", "lines", "listed", "markdown", "measure", "measures",
    "names", "read", "read_or_measure", "side_by_side", "subject", "times", "with_uses", "write", "written",
]  # fmt: skip

MAX_FILE = 1 << 20


@cache
def _uses() -> dict[str, Use]:
    return {name: found() for name, found in discovery.subclasses(__name__, __path__, Use).items()}


def names() -> list[str]:
    """Names of all uses."""
    return list(_uses())


def get(name: str) -> Use:
    """The use of that name.

    Raises:
        OptionError: if there is none.
    """
    try:
        return _uses()[name]
    except KeyError:
        raise OptionError(f"Unknown use {name!r}: must be one of {', '.join(names())}.") from None


def measures() -> dict[str, Measure]:
    """What all uses measure, by name."""
    return {measure.name: measure for use in _uses().values() for measure in use.figures}


def subject(run: LoadedRun) -> Subject:
    """A run as what its uses are measured on; measure several on the same one, and each split is coded once."""
    return Subject(coders.of_run(run), run.dataset, run, run.spec.left_out)


def measure(name: str, of: Subject, tell: Tell = lambda fraction: None) -> list[Row]:
    """Measures a run and its floors.

    What was measured of a floor is kept for other runs of the data set.

    Args:
        name: Of the use.
        of: The run, as `subject` gives it.
        tell: Called with the share that is done, in [0, 1].

    Returns:
        The run's row, then those of its floors.

    Raises:
        OptionError: if there is no such use, or the data set lacks what it needs.
    """
    from threadpoolctl import threadpool_limits

    use = get(name)
    lacking = use.lacking(of.dataset, of.left_out)
    if lacking:
        raise OptionError(f"{use.title} cannot be measured: {lacking[0].lower()}{lacking[1:]}")
    if of.run is None:
        raise OptionError("Measure a run: its floors are measured with it.")
    beside = use.beside(of.run)
    tells = progress(tell, [2.0] + [1.0] * len(beside))
    # Several threads of linear algebra take many times longer as soon as anything else wants the processor.
    with threadpool_limits(1):
        rows = [_row(of.coder, use.measure(of, tells[0]))]
        for floor, tell_of in zip(beside, tells[1:], strict=True):
            figures = _floor(name, Subject(floor, of.dataset, left_out=of.left_out), tell_of)
            rows.append(_row(floor, figures))
    tell(1.0)
    return rows


def _row(coder: coders.Coder, figures: Figures) -> Row:
    return Row(coder.kind, coder.title, coder.units, figures)


def _floor(name: str, of: Subject, tell: Tell) -> Figures:
    """Figures of a floor, from the data folder if they are there."""
    use = get(name)
    key = of.coder.key
    if use.by_left_out and of.left_out:
        key = key.removesuffix(coders.without(of.left_out)) + coders.without(of.left_out)
    path = derived.of_dataset(of.dataset.name, f"use-{name}-{use.version}-{key}.json")
    content = derived.intact(path, MAX_FILE)
    if content is None:
        found = use.measure(of, tell)
        content = json.dumps(found, allow_nan=False).encode()
        derived.write(path, content)
    return dict(json.loads(content))


def read(name: str, run: Run) -> list[Row] | None:
    """What was measured of a run, as `measure` gives it; None if it was not, or in another way."""
    use = get(name)
    for content in derived.read(run, _file(name), MAX_FILE):
        with suppress(TypeError, AttributeError, KeyError, ValueError):  # something else stands there
            found = json.loads(content)
            if found.get("version") == use.version:
                return [Row(**row) for row in found["rows"]]
    return None


def read_or_measure(name: str, run: LoadedRun) -> list[Row]:
    """What was measured of a run; if it was not, it is now, and not kept."""
    return read(name, run.run) or measure(name, subject(run))


def write(name: str, run: Run, rows: Sequence[Row], beside: bool = False) -> None:
    """Keeps what was measured of a run; with `beside` in the run's own folder, as those that ship do.

    Raises:
        OSError: if it cannot be written.
    """
    path = derived.beside(run, _file(name)) if beside else derived.kept(run, _file(name))
    content = {"version": get(name).version, "rows": [asdict(row) for row in rows]}
    derived.write(path, json.dumps(content, allow_nan=False).encode())


def _file(name: str) -> str:
    return f"use-{name}.json"


def compute(name: str, run: Run, tell: Tell) -> list[Row]:
    """Loads a run and measures it."""
    return measure(name, subject(inference.load(run.path)), tell)
