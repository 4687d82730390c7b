"""Examples that a model finds strange or not: a threshold, what it finds and misses, and the pictures themselves."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from ae_core import images, metrics, thumbnails, uses
from ae_core.uses import Measured, anomalies, listed
from ae_core.uses.anomalies import SCORES, Asked
from pages.serving import fields, page_state
from pages.serving.fields import Field, Values
from pages.serving.page_state import State
from pages.widgets import alerts, current_image, gallery, tables
from pages.widgets import measured as measured_of
from pages.widgets.words import Words

SHOWN = 10  # examples of a gallery
BEST = "divergence"  # the score that is shown at first, where it applies


def _title(name: str) -> str:
    return SCORES[name][0]


def fields_of(runs: Mapping[str, str], names: Mapping[str, Sequence[str]]) -> tuple[Field, ...]:
    """The model, its score, the threshold, and whether the mean value is looked at.

    Args:
        runs: What models are called, by their names.
        names: Of the scores that apply to each, by the same.
    """

    def first(values: Values) -> str:
        offered = names[values["odd-of"]]
        return BEST if BEST in offered else offered[0]

    return (
        fields.choice("odd-of", "Model", list(runs)),
        fields.choice("score", "Score", lambda values: names[values["odd-of"]], _title, default=first),
        fields.number("alarms", "Threshold: others that are called odd", 1, 50, 5),
        fields.flag("by-mean", "Show what the mean value alone says"),
    )


def controls(runs: Mapping[str, str], names: Mapping[str, Sequence[str]]) -> State:
    """Shows the controls of a threshold and gives their state."""
    state = page_state.open(*fields_of(runs, names))
    if len(runs) > 1:
        state.segments("odd-of", format_func={n: alerts.escape_markdown(t) for n, t in runs.items()}.__getitem__)
    state.segments("score")
    state.draw(st.slider, "alarms", format="%d %%")
    return state


def confusion(called: np.ndarray, odd: np.ndarray) -> None:
    """Shows how many of the odd and of the others are called odd, both bool (n,)."""
    hits, alarms = int((called & odd).sum()), int((called & ~odd).sum())
    missed, passed = int(odd.sum()) - hits, int((~odd).sum()) - alarms
    tables.show(
        {
            " ": ["**odd**", "**others**"],
            "called odd": [f"{hits:,}", f"{alarms:,}"],
            "let pass": [f"{missed:,}", f"{passed:,}"],
            "called odd, %": [f"{100 * hits / (hits + missed):.1f}", f"{100 * alarms / (alarms + passed):.1f}"],
        }
    )
    right = 100 * hits / (hits + alarms) if hits + alarms else 0.0
    st.caption(f"Precision: of those that are called odd {right:.1f} % are; {100 * odd.mean():.1f} % of all are odd.")


def examples(asked: Asked, rows: np.ndarray, key: str) -> None:
    """Shows examples in this order; a click makes the test image the current one.

    Damaged ones are shown as they are asked about, and named by what was done to them.
    """
    dataset = asked.dataset
    numbers = [int(number) for number in asked.numbers[rows]]
    chosen = current_image.test_number(dataset.name)

    def take(number: int) -> None:
        current_image.take(dataset.name, number)

    if not (asked.damage[rows] >= 0).any():
        gallery.some(dataset.name, numbers, key, chosen, take, savable=False)
        return
    ways = anomalies.damages(dataset.form)
    drawn = thumbnails.draw(dataset.form, asked.x(rows))
    shown = []
    for number, damage, picture in zip(numbers, asked.damage[rows], drawn, strict=True):
        name = dataset.called(number) + (f", {ways[damage]}" if damage >= 0 else "")
        shown.append((name, images.data_uri(images.enlarged(picture, max(1, round(72 / picture.shape[0]))))))

    def take_at(place: int) -> None:
        take(numbers[place])

    gallery.pictures(shown, key, numbers.index(chosen) if chosen in numbers else None, take_at)


def border(values: np.ndarray, threshold: float) -> np.ndarray:
    """The rows of a score (n,) next to a threshold: half of them below it, half at or above it, rising."""
    order = np.argsort(values, kind="stable")
    at = int(np.searchsorted(values[order], threshold))
    return order[max(0, at - SHOWN // 2) : at + SHOWN // 2]


def extremes(asked: Asked, values: np.ndarray) -> None:
    """Shows the most and the least strange of the odd examples and of the others."""
    for odd, title in ((True, "Odd ones"), (False, "Others")):
        rows = np.flatnonzero(asked.odd == odd)
        rows = rows[np.argsort(-values[rows], kind="stable")]
        for column, which, these in zip(
            st.columns(2), ("most", "least"), (rows[:SHOWN], rows[::-1][:SHOWN]), strict=True
        ):
            with column:
                st.markdown(f"**{title}, {which} strange**")
                examples(asked, these, f"{which}-{'odd' if odd else 'others'}")


def trap(scores: Mapping[str, np.ndarray], odd: np.ndarray) -> None:
    """Shows how far each score (n,) goes with the mean value, and of cross-entropy with the pixels' own entropy."""
    shown = {_title(name): values for name, values in scores.items()}
    beside = {"mean value": scores["brightness"]}
    if "bce" in scores:
        beside["entropy of the pixels"] = shown["entropy of the pixels"] = scores["bce"] - scores["divergence"]
    columns = {
        "score": list(shown),
        "AUROC": [f"{anomalies.curve(values, odd).auroc:.3f}" for values in shown.values()],
    }
    for title, other in beside.items():
        both = [np.corrcoef(metrics.ranks(values[~odd]), metrics.ranks(other[~odd]))[0, 1] for values in shown.values()]
        columns[f"with the {title}"] = [f"{value:.2f}" for value in both]
    tables.show(columns)


def figures_table(measured: Measured, say: Words) -> None:
    """Shows a row for each score of each model and each floor."""
    columns: dict[str, list[str]] = {"of": [], "score": [], "auroc": [], "ap": []}
    for title, _, row in listed(measured):
        for name in SCORES:
            if f"auroc_{name}" in row.figures:
                told = [
                    f"{row.mean(figure):.3f} ± {row.spread(figure):.3f}" for figure in (f"auroc_{name}", f"ap_{name}")
                ]
                for column, cell in zip(columns.values(), (title, _title(name), *told), strict=True):
                    column.append(cell)
    about = {
        "auroc": "How often an odd image has the larger score than one that is not: 0.5 is a coin.",
        "ap": "Average precision; of a coin it is the share of odd images.",
    }
    config = {
        "of": st.column_config.TextColumn("Code", pinned=True),
        "score": st.column_config.TextColumn("Score"),
        "auroc": st.column_config.TextColumn("AUROC ↑", help=say(about["auroc"]), alignment="right"),
        "ap": st.column_config.TextColumn("Average precision ↑", help=say(about["ap"]), alignment="right"),
    }
    st.dataframe(tables.table(columns), hide_index=True, lazy=False, placeholder="", column_config=config)


def verdict(measured: Measured, say: Words) -> None:
    """Says of each model which floors its first headline beats and which not, and what is worse than a coin."""
    use = uses.get("anomalies")
    measured_of.tell({title: use.contests(rows)[0] for title, rows in measured.items()}, say)
    worse = [
        f"{alerts.escape_markdown(title)} by {_title(name)} ({own.mean(f'auroc_{name}'):.3f})"
        for title, (own, *_) in measured.items()
        for name in SCORES
        if own.mean(f"auroc_{name}") < 0.5
    ]
    if worse:
        st.markdown(say(f"Worse than a coin: {', '.join(worse)}."))
