"""Makes data sets of files and of arrays: looks, splits, scales and writes.

All examples are first put into one file in their order, since only then is it known how many are whole. From there
they are written in the order of the split, a few at a time, so that memory stays small however many there are.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ae_core import disk, settings, texts
from ae_core.data import own, sources
from ae_core.data.dataset import Dataset, Scale
from ae_core.data.own import Draft, Part
from ae_core.data.sources import Choices, Problems, Source
from ae_core.data.sources.exported import Exported
from ae_core.errors import DatasetError
from ae_core.forms import Form
from ae_core.preparing import Fit

FEWEST = 20  # examples of a data set
FEWEST_TEST = 5  # a projection of fewer makes no sense
TEST_SHARE = 0.15
MOST_TEST = 10_000
GIVEN_SHARE = 0.6  # of all, which given training examples must have for the given split to be kept
NAMED_PROBLEMS = 20
CHUNK = 512  # examples written at a time
RANGE_SAMPLE = 20_000  # training examples that a scale is taken from
SHOWN = 12  # examples of a contact sheet
READ_FIRST = 4_000_000  # values that are read for it, so that one that cannot be is known at once
UNLABELLED = "no class"
READING, WRITING = "Reading the examples", "Writing the data set"

Progress = Callable[[str, float], bool | None]


class Stopped(Exception):
    """Whoever asked for it wants it no longer."""


@dataclass(frozen=True)
class Plan:
    """What to make of a source.

    Attributes:
        title: What to call the data set.
        choices: How its examples are read.
        test: Share of the examples for tests, in (0, 0.5].
        seed: Of the order and the split.
        keep_parts: Whether a split that the source gives is kept, if enough of it is for training.
    """

    title: str
    choices: Choices
    test: float = TEST_SHARE
    seed: int = 0
    keep_parts: bool = True


@dataclass
class _Stage:
    """Examples that were read, in their order, in a file.

    Attributes:
        path: Of the file.
        form: What they are.
        dtype: Of their values.
        labels: Their classes.
        parts: Their splits, where the source gives them.
        prints: A hash of each.
    """

    path: Path
    form: Form
    dtype: np.dtype
    labels: list[str | None] = field(default_factory=list)
    parts: list[str | None] = field(default_factory=list)
    prints: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def values(self) -> np.ndarray:
        """They, on the disk until they are looked at."""
        return np.memmap(self.path, self.dtype, "r", shape=(len(self), *self.form.shape))


def title_of(path: Path) -> str:
    """What to call a data set of a file or folder, unless its owner says it."""
    stem = path.name
    while PurePosixPath(stem).suffix and len(PurePosixPath(stem).suffix) < 9:
        stem = PurePosixPath(stem).stem
    return texts.short(stem.replace("_", " "), own.MAX_TITLE) or "My data"


def sample(source: Source, choices: Choices, count: int = SHOWN) -> np.ndarray:
    """Some examples, evenly spread, about as models will see them: uint8 of images, else floats in [0, 1].

    Raises:
        DatasetError: if they cannot be read.
    """
    form = source.form(choices)
    is_scaled = not form.is_image and not source.fixed
    tried = max(count, READ_FIRST // form.size) if is_scaled else count
    rows = np.unique(np.linspace(0, source.count - 1, min(tried, source.count)).round().astype(int))
    parts = [batch.values for batch in source.batches(choices, [], rows.tolist())]
    if not parts:
        raise DatasetError("None of the examples that were tried can be read.")
    values = np.concatenate(parts)
    shown = values[np.unique(np.linspace(0, len(values) - 1, min(count, len(values))).round().astype(int))]
    return Scale.of(values, form, source.names_of(choices)).store(shown) if is_scaled else shown


def add(
    path: str | Path,
    title: str = "",
    *,
    medium: str = "",
    side: int = 0,
    colour: bool | None = None,
    fit: str = "crop",
    ground: int | None = None,
    label: str | None = None,
    test: float = TEST_SHARE,
    seed: int = 0,
    owner: str | None = None,
    on_progress: Progress = lambda phase, fraction: None,
) -> Dataset:
    """Makes a data set of a file or a folder and keeps it in the data folder.

    Args:
        path: Images in a .zip or a folder; .npz, .npy or IDX arrays; CSV, TSV, Parquet or .ts.
        title: What to call it; by default as the file, or as it was called before it was exported.
        medium: "image", "signal" or "table"; by default what it looks like.
        side: Pixels of an image's sides, from 8 to 96.
        colour: Whether images are in colour; by default if they are.
        fit: "crop", "pad" or "stretch", for pictures of other proportions.
        ground: Value behind transparent parts and around padded pictures, 0 to 255; by default what suits them.
        label: Name of the column that holds the class; "" for none; by default the one that looks like it.
        test: Share of the examples for tests, which are at most 10,000.
        seed: Of the order and the split.
        owner: Owner's id; None for a data set that everyone sees.
        on_progress: Called with what is being done and the share of it; a true answer stops it.

    Raises:
        DatasetError: if it cannot be read, is too small or too large, or cannot be written.
    """
    source = sources.look(Path(path))
    choices = source.proposal
    if medium:
        choices = replace(choices, medium=medium)
    if side:
        choices = replace(choices, side=side)
    if colour is not None:
        choices = replace(choices, colour=colour)
    if label is not None:
        choices = replace(choices, label=label)
    if ground is None:
        ground = choices.fit.ground
    choices = replace(choices, fit=Fit(fit, ground))
    plan = Plan(title or source.title or title_of(Path(path)), choices, test, seed)
    return make(source, plan, Path(path).name, owner, on_progress)


def make(
    source: Source, plan: Plan, origin: str, owner: str | None, on_progress: Progress = lambda phase, fraction: None
) -> Dataset:
    """Makes a data set of a source that was looked at.

    Args:
        source: The examples.
        plan: What to make of them.
        origin: Where they come from, for people.
        owner: Owner's id; None for a data set that everyone sees.
        on_progress: As of `add`.

    Raises:
        DatasetError: as `add`.
        Stopped: if `on_progress` says so.
    """
    most = settings.current()
    if owner is not None and source.count > most.items:
        raise DatasetError(
            f"{origin} holds {source.count:,} {source.what}: at most {most.items:,} are taken on this server."
        )
    form = source.form(plan.choices)
    if owner is not None:
        _check_room(source.count * form.size * (1 if form.is_image else 4), owner)
    problems: Problems = []
    if isinstance(source, Exported):
        if on_progress(WRITING, 0.5):
            raise Stopped
        return own.install(source.copy, plan.title, owner)
    with disk.unfinished(own.folder(), "data", "data set", DatasetError) as work:
        stage = _Stage(work / "stage.bin", form, np.dtype(np.uint8 if form.is_image else "<f4"))
        _read(source, plan.choices, stage, problems, on_progress)
        _check(stage, origin, source.what, problems)
        class_names, labels, unlabelled = _classes(stage, source.notes)
        split, how = _split(stage, labels, plan)
        scale = (
            None
            if form.is_image
            else Scale.of(_some(stage.values, split["train"]), form, source.names_of(plan.choices))
        )
        left_out = [f"{name}: {why}"[:300] for name, why in problems[:NAMED_PROBLEMS]]
        made = {name: value for name, value in asdict(plan.choices).items() if name != "fit"}
        made |= {"fit": plan.choices.fit.how, "ground": plan.choices.fit.ground, "test": plan.test, "seed": plan.seed}
        details = {
            "origin": texts.short(origin, 200),
            "layout": source.layout,
            "notes": source.notes[:10],
            "left_out": {"count": len(problems), "first": left_out},
            "made": made,
            "split": how,
            "doubles": _doubles(stage, split),
        }
        parts = {}
        for which, rows in split.items():
            chunks = _written(stage, rows, scale, which, on_progress)
            parts[which] = Part(len(rows), chunks, labels[rows] if class_names else None)
        draft = Draft(
            title=plan.title,
            form=form,
            class_names=class_names,
            parts=parts,
            unlabelled=unlabelled,
            scale=scale,
            source=f"From {texts.short(origin, 200)}",
            details=details,
            owner=owner,
        )
        return own.write(draft)


def from_arrays(
    title: str,
    x_train: np.ndarray,
    y_train: Sequence[Any] | np.ndarray | None = None,
    x_test: np.ndarray | None = None,
    y_test: Sequence[Any] | np.ndarray | None = None,
    *,
    medium: str = "",
    class_names: Sequence[str] = (),
    seed: int = 0,
    owner: str | None = None,
) -> Dataset:
    """Makes a data set of arrays and keeps it in the data folder.

    Args:
        title: What to call it.
        x_train: Examples: images (n, h, w) or (n, h, w, 3), uint8 or floats in [0, 1]; signals (n, t) or (n, t, c);
            rows of a table (n, d).
        y_train: Their classes: numbers or names, (n,); None without classes.
        x_test: Examples for tests, at most 10,000; without them some are taken from the others. If fewer than 5 are
            given, or fewer than 60 % of all are for training, all are pooled and split anew.
        y_test: Their classes.
        medium: "image", "signal" or "table"; by default what the shape looks like.
        class_names: Names for classes that are numbers.
        seed: Of the order, and of the split where there is none.
        owner: Owner's id; None for a data set that everyone sees.

    Raises:
        DatasetError: if the arrays do not fit together, or it cannot be written.
    """
    arrays = {"x_train": _array("x_train", x_train)}
    for name, values in (("y_train", y_train), ("x_test", x_test), ("y_test", y_test)):
        if values is not None:
            arrays[name] = _array(name, values)
    if any(array.dtype.hasobject for array in arrays.values()):
        raise DatasetError("Arrays must hold numbers, or texts as classes; one holds Python objects.")
    for name in ("y_train", "y_test"):
        if class_names and name in arrays:
            arrays[name] = np.array(_named(name, arrays[name].ravel(), class_names))
    ordered: dict[str, Any] = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with disk.unfinished(own.folder(), "arrays", "data set", DatasetError) as work:
        np.savez(work / "arrays.npz", **ordered)
        source = sources.look(work / "arrays.npz")
        choices = source.proposal if not medium else replace(source.proposal, medium=medium)
        return make(source, Plan(title, choices, seed=seed), "arrays", owner)


def _array(name: str, values: Any) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError:
        raise DatasetError(f"{name} holds examples of several shapes: make them one shape.") from None


def _named(name: str, labels: np.ndarray, class_names: Sequence[str]) -> list[str]:
    """The names of classes that are given as numbers.

    Raises:
        DatasetError: if one is no number of a name.
    """
    numbers = range(len(class_names))
    wrong = next((label for label in labels.tolist() if label not in numbers), None)
    if wrong is not None:
        raise DatasetError(f"{name} must hold whole numbers from 0 to {len(class_names) - 1}, got {wrong!r}.")
    return [class_names[int(label)] for label in labels]


def _read(source: Source, choices: Choices, stage: _Stage, problems: Problems, on_progress: Progress) -> None:
    """Puts all examples of a source into the stage."""
    with stage.path.open("wb") as file:
        for batch in source.batches(choices, problems):
            values = np.ascontiguousarray(batch.values, stage.dtype)
            file.write(values.tobytes())
            stage.labels += batch.labels
            stage.parts += batch.parts
            stage.prints += [
                int.from_bytes(hashlib.blake2b(v.tobytes(), digest_size=8).digest(), "little") for v in values
            ]
            done = (len(stage) + len(problems)) / max(source.count, 1)
            if on_progress(READING, 0.8 * min(done, 1.0)):
                raise Stopped


def _check_room(size: int, owner: str) -> None:
    """Refuses a data set for which its owner has no room left."""
    most = settings.current().sets_mb
    taken = sum(int(d.details["bytes"]) for d in own.everything() if d.owner == owner)
    if taken + size > most * 1_000_000:
        raise DatasetError(
            f"It would take {size / 1e6:,.0f} MB; your data sets take {taken / 1e6:,.0f} MB and may take {most:,} MB "
            "together: choose a smaller side, give fewer examples, or delete a data set."
        )


def _check(stage: _Stage, origin: str, what: str, problems: Problems) -> None:
    """Refuses what no model can learn."""
    broken = f" ({len(problems):,} more cannot be read, as {problems[0][0]}: {problems[0][1]})" if problems else ""
    if len(stage) < FEWEST:
        raise DatasetError(f"{origin} holds {len(stage):,} {what}{broken[:300]}: a data set needs at least {FEWEST}.")
    if len(set(stage.prints)) < 2:
        raise DatasetError(f"All {len(stage):,} {what} of {origin} are the same: there is nothing to learn.")


def _classes(stage: _Stage, notes: list[str]) -> tuple[tuple[str, ...], np.ndarray, bool]:
    """Names of classes, the class number of each example, and whether the last class is that of those without one."""
    nothing = np.zeros(len(stage), np.uint8)
    counts = Counter(label for label in stage.labels if label is not None)
    if not counts:
        return (), nothing, False
    missing = len(stage) - sum(counts.values())
    if len(counts) + bool(missing) > own.MAX_CLASSES:
        notes.append(f"It has {len(counts):,} classes, more than the {own.MAX_CLASSES} that are kept: it has none now.")
        return (), nothing, False
    names = sorted(counts, key=_by_number)
    if missing:
        names.append(next(n for n in (UNLABELLED, f"({UNLABELLED})") if n not in counts))
    number = {name: i for i, name in enumerate(names)}
    labels = np.array([number[label] if label is not None else len(names) - 1 for label in stage.labels], np.uint8)
    return tuple(names), labels, missing > 0


def _by_number(name: str) -> tuple[float, str]:
    """Sorts 2 before 10, and numbers before words."""
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name


def _split(stage: _Stage, labels: np.ndarray, plan: Plan) -> tuple[dict[str, np.ndarray], str]:
    """Numbers of the examples of each split, shuffled, and in words how it was made."""
    rng = np.random.default_rng(plan.seed)
    count = len(stage)
    if not 0 < plan.test <= 0.5:
        raise DatasetError(f"The share for tests must be above 0 and at most 0.5, got {plan.test:g}.")
    within = " within each class" if len(np.unique(labels)) > 1 else ""
    wanted = min(max(FEWEST_TEST, round(plan.test * count)), MOST_TEST)
    given = {which: np.array([i for i, part in enumerate(stage.parts) if part == which], int) for which in own.SPLITS}
    if plan.keep_parts and all(len(rows) for rows in given.values()) and sum(map(len, given.values())) == count:
        enough = len(given["train"]) >= GIVEN_SHARE * count and len(given["test"]) >= FEWEST_TEST
        if enough:
            rows = {which: rng.permutation(rows) for which, rows in given.items()}
            left_out = len(rows["test"]) - MOST_TEST
            rows["test"] = rows["test"][:MOST_TEST]
            cut = f", of whose tests {left_out:,} by chance are left out" if left_out > 0 else ""
            return rows, f"the split that was given{cut}"
        why = f"pooled and split anew{within}: only {len(given['train']):,} of {count:,} were given for training"
    else:
        why = ""
    test: list[int] = []
    for label in np.unique(labels):
        rows_of = rng.permutation(np.flatnonzero(labels == label))
        share = round(wanted * len(rows_of) / count)
        take = min(max(share, 1), len(rows_of) - 1) if len(rows_of) > 1 else 0
        test += rows_of[:take].tolist()
    if len(test) < FEWEST_TEST:
        others = np.setdiff1d(np.arange(count), test)
        test += rng.permutation(others)[: FEWEST_TEST - len(test)].tolist()
    mask = np.zeros(count, bool)
    mask[test] = True
    why = why or f"{len(test):,} for tests, by chance{within}"
    return {"train": rng.permutation(np.flatnonzero(~mask)), "test": rng.permutation(np.flatnonzero(mask))}, why


def _doubles(stage: _Stage, split: dict[str, np.ndarray]) -> int:
    """How many test examples are also among those for training."""
    prints = np.array(stage.prints, np.uint64)
    return int(np.isin(prints[split["test"]], prints[split["train"]]).sum())


def _some(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.asarray(values[np.sort(rows[:RANGE_SAMPLE])])


def _written(
    stage: _Stage, rows: np.ndarray, scale: Scale | None, which: str, on_progress: Progress
) -> Iterator[np.ndarray]:
    """The examples of a split in its order, as they are kept."""
    values = stage.values
    for start in range(0, len(rows), CHUNK):
        chunk = values[rows[start : start + CHUNK]]
        yield chunk if scale is None else scale.store(chunk)
        share = (start + len(chunk)) / len(rows)
        if on_progress(WRITING, 0.8 + 0.2 * (0.8 * share if which == "train" else 0.8 + 0.2 * share)):
            raise Stopped
