"""What this app is, where its parts come from, what it cannot do, and how this server is."""

import streamlit as st

from ae_core import data, kinds, settings
from pages.serving import server_status
from pages.widgets import counts

st.title("About")
st.markdown(
    "Latent Explorer shows what autoencoders learn: the codes they make of images, signals and tables, and what their "
    f"decoders draw from codes that no example has. It trains {counts.say(len(kinds.names()))} kinds, and "
    "everything that you see is computed from their real weights."
)

st.header("Sources")
st.markdown(
    "\n".join(
        [
            "The data sets:",
            *(f"- **{dataset.title}**: {dataset.source}" for dataset in map(data.load, data.names())),
            "\nThe kinds, with the papers that describe them:",
            *(f"- **{kind.title}**: {kind.reference}" for kind in map(kinds.get, kinds.names())),
        ]
    )
)

st.header("Limits")
st.markdown(
    """
- The models are small and know only one data set each. Their metrics say nothing about larger models.
- BCE of pixels is not a likelihood. Compare it only between models of one data set.
- A plane through a code of many units shows a small part of it. The pages say how much.
- Values of signals and tables are scaled to go from 0 to 1, and errors are those of scaled values.
- Your own pictures are first scaled down to the size of the training images. The pages show each step.
"""
)

st.header("Licence")
st.markdown("The app is open source under the MIT licence; the data sets have their own licences, named above.")

st.header("This server")
now, limits = server_status.facts(), settings.current()


def megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


up, load, memory = st.columns(3)
up.metric("Running for", server_status.duration(now.uptime))
load.metric("Load", "unknown" if now.load is None else f"{now.load:.1f} of {now.cores} cores")
memory.metric("Memory of the server", megabytes(now.bytes))
training, waiting, trainers = st.columns(3)
training.metric("Trainings under way", now.training)
waiting.metric("Trainings in the queue", now.waiting)
trainers.metric("Memory of the trainings", megabytes(now.trainers_bytes), help="Only of the trainings on this machine.")

st.subheader("Limits of this server")
at_once = "one for each worker of its cluster" if limits.scheduler else f"{limits.running:,}"
at_most = {
    "Trainings under way, of all visitors": at_once,
    "Trainings in the queue, of all visitors": f"{limits.queued:,}",
    "Your trainings, under way and in the queue": f"{limits.per_visitor:,}",
    "Epochs of a training": f"{limits.epochs:,}",
    "Minutes of a training": f"{limits.minutes:g}" if limits.minutes else "no limit",
    "Units of a code": f"{limits.code:,}",
    "Parameters of a network": f"{limits.parameters:,}",
    "Memory of a training": f"{limits.trainer_mb:,} MB",
    "Your uploads, together": f"{limits.upload_mb:,} MB",
    "Files for a data set": f"{limits.data_mb:,} MB",
    "Your data sets": f"{limits.sets:,} of {limits.items:,} examples and {limits.sets_mb:,} MB together",
}
# All words are the app's own, so that Markdown is safe.
st.markdown("\n".join(["| | at most |", "|:--|:--|", *(f"| {what} | {most} |" for what, most in at_most.items())]))

st.subheader("What is stored about you")
kept = f"{limits.keep_days:g} days after they were last opened" if limits.keep_days else "until they are deleted"
st.markdown(
    f"""
- **A cookie** in your browser, for a year: random letters that no script can read. The server stores only their
  hash, with the trainings that you start, so that you find them again when you come back.
- **Your trainings and models**: their settings, name and weights, {kept}. Anyone with the link of a model can see it.
- **Your data sets**: their name and examples, {kept}, and a hundred examples with each model that learnt one. Anyone
  with the link of a data set or of such a model can see its examples.
- **Your pictures**, signals and drawings for a model: in memory while your tab is open, never on disk.
- **A log**: when a tab was opened and how trainings went, with random ids, without names or pictures.
"""
)
st.caption(server_status.versions())
