"""What each kind is good for on Fashion-MNIST, three seeds, beside what one would use instead; and the other runs.

    python tests/benchmarks/uses.py OUT [--seeds 0,1,2] [--write docs/uses.md]

Seed 0 is the run that ships; with the others the same training is run again and kept in OUT, with what was measured, so
that it can be stopped and gone on with. Set LATENT_EXPLORER_DATA to a folder to keep what was measured of floors.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ae_core import inference, kinds, runs, training, uses
from ae_core.runs import Run
from ae_core.uses import Contest

ALPHA = 0.05
EVERY_SECOND = (0, 2, 4, 6, 8)  # classes that the models of Transfer have not seen: tops and bags
MARKS = {1: "better", 0: "as good", -1: "worse", None: "once"}
Found = Mapping[str, Sequence[Mapping[str, list[Contest]]]]  # by kind or run, for each seed, by use
INTRODUCTION = """# What they are good for

Written by `python tests/benchmarks/uses.py OUT --write docs/uses.md`, which trains what does not ship. Each kind of
autoencoder on Fashion-MNIST, as it ships, with {seeds} seeds: what its code is worth beside what one would use instead.
The pages under "What it is good for" show the same figures of any model and any data set, and
`python -m ae_core compare` prints them.

Transfer is measured on models that have not seen every second class, trained in the same way.

"Ahead by" is how much better a kind is than the best of what is in its row's place: raw pixels, PCA of the same size,
the same network untrained, and the methods of the trade, as JPEG or a median filter. A negative number is a loss. ± is
the standard deviation over seeds. "Better" and "worse" are told by a t test of the differences, paired by seed, at 5 %;
with {seeds} seeds small differences stay "as good".

## At a glance

How far each kind is ahead of the best that one would use instead; bold where it is better. "alone": nothing else gets
there.
"""
OTHERS = """The other runs that ship, one seed each. The verdict is by the draws of labels, noise or starts, at 5 %.
"Once" was measured once, so that no spread is known.
"""


def run_of(out: Path, kind: str, seed: int, left_out: tuple[int, ...] = ()) -> Run:
    """The shipped run of a kind, or its training with another seed, or without some classes."""
    shipped = runs.read(runs.locate(kind))
    if seed == shipped.spec.training.seed and not left_out:
        return shipped
    path = out / f"{kind}{'-half' if left_out else ''}-{seed}"
    if not path.exists():
        spec = replace(shipped.spec, left_out=left_out, training=replace(shipped.spec.training, seed=seed))
        for event in training.fit(spec, path):
            if isinstance(event, training.Failed):
                raise SystemExit(event.reason)
    return runs.read(path)


def measured(run: Run, names: Sequence[str]) -> dict[str, list[Contest]]:
    """By use what a run is set against; measures what was not measured yet."""
    subject, found = None, {}
    for name in names:
        use = uses.get(name)
        if use.lacking(run.dataset, run.spec.left_out):
            continue  # of Transfer, what has seen all classes
        rows = uses.read(name, run)
        if rows is None:
            begun = time.perf_counter()
            subject = subject or uses.subject(inference.load(run.path))
            rows = uses.measure(name, subject)
            uses.write(name, run, rows, beside=True)
            print(f"{run.path.name} {name}: {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)
        found[name] = use.contests(rows)
    return found


def over_seeds(contests: Sequence[Contest]) -> tuple[str, str, str, int | None]:
    """A contest of one kind with several seeds: its figure, the best floor, by how much it is ahead, and the verdict.

    The floor is the one whose mean over the seeds is best; the verdict is that of a t test of the differences, paired
    by seed, at 5 %.
    """
    decimals, sign = contests[0].decimals, contests[0].sign
    own = np.array([np.mean(contest.own) for contest in contests])
    shared = set.intersection(*(set(contest.floors) for contest in contests))
    if not shared:
        return spread(own, decimals), "none reaches it", "", 1
    means = {title: np.array([np.mean(contest.floors[title]) for contest in contests]) for title in shared}
    best = max(means, key=lambda title: sign * float(means[title].mean()))
    ahead = sign * (own - means[best])
    if len(ahead) > 1 and ahead.std() > 0:
        p = float(stats.ttest_1samp(ahead, 0).pvalue)
        verdict: int | None = 0 if p > ALPHA else int(np.sign(ahead.mean()))
    else:
        verdict = contests[0].verdict
    return spread(own, decimals), f"{best} {means[best].mean():.{decimals}f}", spread(ahead, decimals, True), verdict


def spread(values: np.ndarray, decimals: int, signed: bool = False) -> str:
    """A mean with its standard deviation."""
    mean = f"{values.mean():{'+' if signed else ''}.{decimals}f}".replace("-", "−")
    return mean if len(values) < 2 else f"{mean} ± {values.std(ddof=1):.{decimals}f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def at_a_glance(found: Found) -> list[str]:
    """One table: a row for each contest, a column for each kind or run."""
    titles = {(use, c.title): None for of_runs in found.values() for by in of_runs for use in by for c in by[use]}
    rows = []
    for use, title in titles:
        cells = []
        for of_runs in found.values():
            same = [c for by in of_runs for c in by.get(use, []) if c.title == title]
            if not same:
                cells.append("")
                continue
            *_, ahead, verdict = over_seeds(same)
            bold = "**" * (verdict == 1)
            cells.append(f"{bold}{ahead.partition(' ')[0] or 'alone'}{bold} {MARKS[verdict]}")
        rows.append([f"{uses.get(use).title}: {title}", *cells])
    return table(["", *found], rows)


def in_full(name: str, found: Found) -> list[str]:
    """The tables of one use."""
    lines = [f"## {uses.get(name).title}", "", uses.get(name).question, ""]
    titles = {c.title: None for of_runs in found.values() for by in of_runs for c in by.get(name, [])}
    for title in titles:
        rows = []
        for called, of_runs in found.items():
            same = [c for by in of_runs for c in by.get(name, []) if c.title == title]
            if same:
                own, best, ahead, verdict = over_seeds(same)
                missed = sorted({each for c in same for each in c.missed})
                rows.append([called, own, best, ahead, MARKS[verdict], ", ".join(missed)])
        few = not any(row[-1] for row in rows)
        head = ["", title, "best instead", "ahead by", "", "cannot reach it"]
        lines += table(head[:-1] if few else head, [row[:-1] if few else row for row in rows])
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", default="0,1,2", help="numbers with commas between")
    parser.add_argument("--uses", default=",".join(uses.names()), help="names with commas between")
    parser.add_argument("--write", type=Path, help="the page to write; printed by default")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    seeds, names = [int(seed) for seed in asked.seeds.split(",")], asked.uses.split(",")
    of_half = [name for name in names if name == "transfer"]
    by_kind = {
        kinds.get(kind).title: [
            measured(run_of(asked.out, kind, seed), names)
            | (measured(run_of(asked.out, kind, seed, EVERY_SECOND), of_half) if of_half else {})
            for seed in seeds
        ]
        for kind in kinds.names()
    }
    shipped = [run for run in runs.shipped() if isinstance(run, Run) and run.name not in kinds.names()]
    others = {run.title: [measured(run, names)] for run in shipped}
    lines = [INTRODUCTION.format(seeds=len(seeds)), *at_a_glance(by_kind), OTHERS, *at_a_glance(others)]
    for name in names:
        lines += in_full(name, by_kind)
    text = "\n".join(lines).rstrip() + "\n"
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
