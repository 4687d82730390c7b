"""What this server is doing, what it allows, and what it keeps of its visitors."""

import streamlit as st

from ae_core import settings
from pages.serving import server_status

st.title("About")
st.markdown("What it is doing now, how much a visitor may ask of it, and what it keeps.")

now, limits = server_status.facts(), settings.current()


def megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


up, load, memory = st.columns(3)
up.metric("Up for", server_status.duration(now.uptime))
load.metric("Load", "unknown" if now.load is None else f"{now.load:.1f} of {now.cores} cores")
memory.metric("The server's memory", megabytes(now.bytes))
training, waiting, trainers = st.columns(3)
training.metric("Training now", now.training)
waiting.metric("In the queue", now.waiting)
trainers.metric("The trainers' memory", megabytes(now.trainers_bytes), help="Of those on this machine.")

st.header("What a visitor may ask for")
at_once = "one for each worker of its cluster" if limits.scheduler else f"{limits.running:,}"
at_most = {
    "Trainings at once, of all visitors": at_once,
    "Trainings in the queue, of all visitors": f"{limits.queued:,}",
    "Trainings of yours, waiting and under way": f"{limits.per_visitor:,}",
    "Epochs of a training": f"{limits.epochs:,}",
    "Minutes of a training": f"{limits.minutes:g}" if limits.minutes else "no limit",
    "Units of a code": f"{limits.code:,}",
    "Parameters of encoder and decoder": f"{limits.parameters:,}",
    "Memory of a trainer": f"{limits.trainer_mb:,} MB",
    "Pictures of yours, at a time": f"{limits.upload_mb:,} MB",
}
# All words are the app's own, so that Markdown is safe.
st.markdown("\n".join(["| | at most |", "|:--|:--|", *(f"| {what} | {most} |" for what, most in at_most.items())]))

st.header("What is kept of you")
kept = f"{limits.keep_days:g} days after their last use" if limits.keep_days else "until whoever runs this deletes them"
st.markdown(
    f"""
- **A cookie** in your browser: random letters that no script can read, for a year. The server stores their fingerprint
  alone, with the trainings that you start, so that they are yours again when you come back.
- **Your trainings and runs**: settings, the name you gave, what was learnt; kept {kept}. Whoever has the link of a run
  can see it.
- **Your pictures** and drawings: in memory while your tab is open, never on disk.
- **A log**: when a tab was opened and what became of trainings, by random ids; no names, no pictures.
"""
)
st.caption(server_status.versions())
