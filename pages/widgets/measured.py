"""What models were measured to be good for, beside what one would use instead; what was not measured can be."""

from collections.abc import Collection, Mapping, Sequence

import streamlit as st

from ae_core import uses
from ae_core.inference import LoadedRun
from ae_core.kinds import Measure
from ae_core.runs import Run
from ae_core.uses import Contest, Measured, Row
from pages.widgets import alerts, computation, models_table, next_page, tables
from pages.widgets.words import Words


def of(name: str, runs: Mapping[str, LoadedRun], ends: bool = True) -> dict[str, list[Row]]:
    """The rows of models for a use, by their titles: each model's own, then its floors.

    Where one was not measured yet, it is offered to do that now, with its progress and time left.

    Args:
        name: Of the use.
        runs: The models, by their titles.
        ends: Whether the page ends here if none of them was measured.
    """
    use = uses.get(name)
    found: dict[str, list[Row]] = {}
    for title, run in runs.items():
        lacking = use.lacking(run.dataset, run.spec.left_out)
        if lacking:
            st.info(f"**{alerts.escape_markdown(title)}** is left out. {lacking}")
            continue
        rows = uses.read(name, run.run)
        if rows is not None:
            found[title] = rows
            continue
        what = f"**{alerts.escape_markdown(title)}** has not been measured yet; it takes about a minute."
        computation.show("measure", run.run, what, what=name, called=f"the figures of {title}")
    if not found and ends:
        next_page.link(
            "uses", "See what this data set can be measured for", runs=[run.run.name for run in runs.values()]
        )
        st.stop()
    return found


def missing(name: str, runs: Mapping[str, Run]) -> dict[str, list[Row]]:
    """What was measured of models, by their titles; the first that was not is offered to be, the others are named."""
    use, found = uses.get(name), {title: uses.read(name, run) for title, run in runs.items()}
    lacking = {title: use.lacking(run.dataset, run.spec.left_out) for title, run in runs.items()}
    left = [title for title, rows in found.items() if rows is None and not lacking[title]]
    if all(lacking.values()):
        st.info(next(iter(lacking.values())))
    elif left:
        named = ", ".join(f"**{alerts.escape_markdown(title)}**" for title in left)
        what = f"Not measured yet: {named}. A model takes about a minute."
        computation.show("measure", runs[left[0]], what, what=name, called=f"the figures of {left[0]}")
    return {title: rows for title, rows in found.items() if rows is not None}


def table(name: str, measured: Measured, say: Words, only: Collection[str] | None = None) -> None:
    """Shows a row for each model and each floor, a column for each figure, or only for some."""
    rows = uses.listed(measured)
    shown = [m for m in uses.get(name).figures if any(m.name in row.figures for *_, row in rows)]
    shown = [m for m in shown if only is None or m.name in only]
    columns: dict[str, Sequence[str]] = {"of": [title for title, *_ in rows]}
    columns["units"] = [f"{row.units:,}" if row.units else "" for *_, row in rows]
    columns |= {m.name: [written(row, m) for *_, row in rows] for m in shown}
    config = {
        "of": st.column_config.TextColumn("Code", pinned=True),
        "units": st.column_config.TextColumn("Units", alignment="right"),
    } | {
        m.name: st.column_config.TextColumn(
            m.heading + models_table.ARROWS[m.better],
            help=say(m.help) + models_table.SENTENCES[m.better],
            alignment="right",
        )
        for m in shown
    }
    st.dataframe(tables.table(columns), hide_index=True, lazy=False, placeholder="", column_config=config)


def written(row: Row, measure: Measure) -> str:
    """A figure with its spread; "" if it was not measured."""
    if measure.name not in row.figures:
        return ""
    mean = f"{row.mean(measure.name):.{measure.decimals}f}"
    spread = f"{row.spread(measure.name):.{measure.decimals}f}"
    return f"{mean} ± {spread}" if len(row.figures[measure.name]) > 1 else mean


def verdict(name: str, measured: Measured, figure: str, say: Words) -> None:
    """Says of each model which floors it beats in a figure, by how much, and to which it loses."""
    contests = {title: uses.get(name).contest(figure, rows) for title, rows in measured.items()}
    tell({title: found[0] for title, found in contests.items() if found}, say)


def tell(contests: Mapping[str, Contest], say: Words) -> None:
    """The same of contests that models have in one figure, by the models' titles."""
    lines = []
    for title, contest in contests.items():
        unit, parts = " dB" if contest.decibels else "", []
        for floor, values in contest.floors.items():
            ahead = contest.sign * (contest.mean - sum(values) / len(values))
            told = uses.compare(contest.own, values, contest.bootstrapped)
            amount = f"{abs(ahead):.{contest.decimals}f}{unit} {'better' if ahead > 0 else 'worse'} than"
            parts.append(f"{amount if told or told is None else 'as good as'} {alerts.escape_markdown(floor)}")
        if parts:
            lines.append(f"- **{alerts.escape_markdown(title)}**: {'; '.join(parts)}.")
    if lines:
        heading = next(iter(contests.values())).title
        st.markdown(say(f"{heading}, beside what one would use instead:") + "\n\n" + "\n".join(lines))
