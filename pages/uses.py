"""Models set against what one would use in their place, for all that they are said to be good for."""

import streamlit as st

from ae_core import figures, uses
from ae_core.uses import Contest
from pages.widgets import alerts, glossary, measured, menu, next_page, plot, run_picker, source_code, tables
from pages.widgets.words import Words

MAX_RUNS = 7
WIDE = 44  # letters of a label
TIMES = "error of the best instead ÷ the model's own"
MARKS = {1: ":material/check_circle: better", 0: ":material/equal: as good", -1: ":material/cancel: worse"}


def cell(title: str, contest: Contest | None) -> str:
    """What a model reaches, and how that compares with the best that one would use instead; "" if not measured."""
    if contest is None:
        return ""
    plain = title.replace("`", "'").replace("|", "/")
    named = f"`{plain}:`"  # which page.css shows on a phone only
    own = f"{named} **{contest.mean:.{contest.decimals}f}**"
    if contest.best is None:
        return f"{own} {MARKS[1]}: nothing else reaches it" if contest.missed else own
    best = alerts.escape_markdown(contest.best)
    if contest.verdict == 0:
        return f"{own} {MARKS[0]} as {best}"
    word = MARKS[contest.verdict] if contest.verdict else "better" if contest.ahead > 0 else "worse"
    return f"{own} {word} by {abs(contest.ahead):.{contest.decimals}f} than {best}"


st.title("At a glance")
intro = st.container()
chosen = run_picker.name_several(["vanilla", "denoising", "convolutional", "variational"], MAX_RUNS)
dataset = next(iter(chosen.values())).dataset
say = Words(dataset.form)
with intro:
    glossary.say(
        say(
            "What a model is measured to do better than the best that one would use in its place, its "
            "[[floors|floor]]: raw pixels, PCA of the same size, the same network untrained, and the methods of the "
            "trade. Where it loses, that stands here as well."
        )
    )
found, lacking, left = {}, {}, []
for name in uses.names():
    use = uses.get(name)
    reasons = {title: use.lacking(dataset, run.spec.left_out) for title, run in chosen.items()}
    if all(reasons.values()):
        lacking[use.title] = next(iter(reasons.values()))
        continue
    read = {title: uses.read(name, run) for title, run in chosen.items() if not reasons[title]}
    found[use.title] = {title: use.contests(rows) for title, rows in read.items() if rows is not None}
    left += [name] * (None in read.values())
table = uses.side_by_side(found, list(chosen))
if table:
    told = [contest.verdict for row in table.values() for contest in row if contest]
    better, worse, alike, once = (told.count(verdict) for verdict in (1, -1, 0, None))
    st.markdown(f"Of {len(told)} comparisons: better {better}, worse {worse}, as good {alike}, measured once {once}.")
    titles, times = [say(title) for title in table], uses.times(table, list(chosen))
    plot.show(
        lambda: figures.beside(titles, times, TIMES, 1, logarithmic=True, letters=WIDE),
        key="times",
        narrow=lambda: figures.beside(titles, times, TIMES.replace(" ÷", "<br>÷"), 1, logarithmic=True),
        alt="How many times each model's error goes into that of the best that one would use instead",
    )
    columns = {"": [alerts.escape_markdown(title) for title in titles]}
    for i, title in enumerate(chosen):
        columns[alerts.escape_markdown(title)] = [cell(title, row[i]) for row in table.values()]
    with st.container(key="at-a-glance"):
        tables.show(columns, words=True)
    st.caption(
        "With a sign: told apart from chance at 5 % or not, by the differences over draws of labels, of noise or of "
        "starts. Without: measured once, so that no spread is known. The figure compares errors: what is missing to 1 "
        "of accuracies, AUROC and NMI, the squared error of PSNR, and bits and distances as they are. One training "
        "says nothing of the next: train with other seeds, and choose them here beside one another."
    )
for reason in dict.fromkeys(lacking.values()):
    st.caption(f"{', '.join(title for title, same in lacking.items() if same == reason)}: {reason}")
if left:
    st.header("Not measured yet")
    measured.missing(left[0], chosen)
    if left[1:]:
        st.caption(f"Then: {', '.join(uses.get(name).title for name in left[1:])}.")
with st.container(horizontal=True):
    for page in dict.fromkeys(menu.of_use(name) for name in uses.names() if uses.get(name).title in found):
        next_page.link(page.name, page.title, runs=[run.name for run in chosen.values()])
next_page.link("compare", "Compare all figures, and take the table along", runs=[run.name for run in chosen.values()])
opened = source_code.several(chosen)
source_code.show(f"""
import ae_core
from ae_core import figures, uses

models = {opened}
found = {{
    use.title: {{
        title: use.contests(uses.read_or_measure(name, model))
        for title, model in models.items()
    }}
    for name, use in ((name, uses.get(name)) for name in {[n for n in uses.names() if found.get(uses.get(n).title)]})
}}
table = uses.side_by_side(found, list(models))
figures.beside(list(table), uses.times(table, list(models)), {TIMES!r}, 1, logarithmic=True, letters={WIDE}).show()
for title, row in table.items():
    for model, contest in zip(models, row):
        if contest:
            print(title, model, contest.best, contest.ahead, contest.verdict)
""")
