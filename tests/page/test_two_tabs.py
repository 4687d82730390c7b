"""Two tabs of one visitor, or two clicks, on the same trainings and models."""

import shutil
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from visiting import ME, button, click_again, job_in_state, open_page, said

from ae_core import cards, processes, runs, tasks
from pages.widgets import under_way
from tests.trainings import save_epoch

pytestmark = pytest.mark.usefixtures("nothing_starts")


def with_run(job: tasks.Job, title: str) -> tasks.Job:
    """A run at the job's path, owned by the visitor; any shipped one will do."""
    shutil.copytree(runs.SHIPPED / "vanilla-2d", job.run_path)
    cards.write(job.run_path, cards.unchecked(job.run_path) | {"owner": ME, "title": title})
    return tasks.find(job.id)


def stopped(title: str) -> tasks.Job:
    """A training that was stopped after an epoch: what it learnt is a model, and it can be resumed."""
    job = job_in_state("cancelled", title=title, epoch=1, starts=1)
    save_epoch(job.path, 1)
    return with_run(job, title)


def active() -> list[tasks.Job]:
    return [job for job in tasks.jobs_of(ME) if job.status.active]


def test_two_clicks_on_resume_continue_once(monkeypatch: pytest.MonkeyPatch) -> None:
    job, made, resume = stopped("X"), [], tasks.resume

    def resume_and_click(which: tasks.Job) -> tasks.Job:
        if not made:
            click_again(start)
        made.append(resume(which))
        return made[-1]

    monkeypatch.setattr(tasks, "resume", resume_and_click)
    app = open_page("train", job=job.id)
    start = button(app, "Resume")
    start.click().run()
    assert len(active()) == 1, [j.id for j in active()]
    assert app.session_state[under_way.KEY] == [made[0].id]


def test_two_tabs_resume_once() -> None:
    job = stopped("X")
    one, other = open_page("train", job=job.id), open_page("train", job=job.id)
    button(one, "Resume").click().run()
    button(other, "Resume").click().run()
    assert len(active()) == 1, [j.id for j in active()]


def test_resume_never_resumes_another_training_after_a_delete() -> None:
    shown, latest = stopped("Shown"), stopped("Latest")
    tab = open_page("train", job=shown.id)
    tasks.remove(shown.id, ME)  # in another tab
    button(tab, "Resume").click().run()
    assert not active(), f"{active()[0].title} was resumed, not {shown.title}"
    assert latest


def test_resume_never_resumes_one_that_was_stopped_since() -> None:
    stopped("Shown")
    tab = open_page("train")  # without a link: the latest
    stopped("Later")  # begun and stopped in another tab
    button(tab, "Resume").click().run()
    assert [job.title for job in active()] in ([], ["Shown"]), [job.title for job in active()]


def test_what_has_just_ended_is_not_said_to_be_under_way() -> None:
    job = with_run(job_in_state("finished", title="Done", epoch=3, fraction=1.0), "Done")
    with processes.working(job.path, processes.WORKER):  # its process unloads TensorFlow
        app = open_page("runs")
        app = button(app, "Delete").click().run()
        app = button(app, "Delete it").click().run()
        assert "It is under way: stop it first" not in said(app)


def test_leaving_the_queue_after_a_delete_blames_no_disk(capfd: pytest.CaptureFixture[str]) -> None:
    job = job_in_state("queued", title="Waiting")
    tab = open_page("train", job=job.id)
    tasks.request_stop(job)  # in another tab, which then deletes it
    tasks.remove(job.id, ME)
    button(tab, "Leave the queue").click().run()
    assert "cannot be written" not in said(tab)
    assert "jobs cannot be written" not in capfd.readouterr().err


def test_two_clicks_on_delete_it_say_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    with_run(job_in_state("finished", title="Gone", epoch=3), "Gone")
    remove, calls = tasks.remove, []

    def remove_and_click(name: str, owner: str) -> None:
        if not calls:
            click_again(again)
        calls.append(name)
        remove(name, owner)

    monkeypatch.setattr(tasks, "remove", remove_and_click)
    app = open_page("runs")
    app = button(app, "Delete").click().run()
    again = button(app, "Delete it")
    app = again.click().run()
    assert "Deleted." in said(app)
    assert "could not be deleted" not in said(app)


def own(name: str) -> str:
    run = runs.data_folder() / "runs" / name
    shutil.copytree(runs.SHIPPED / "vanilla-2d", run)
    cards.write(run, cards.unchecked(run) | {"owner": ME, "title": "Mine"})
    return name


@pytest.mark.parametrize("before", [{}, {"run": "sparse"}], ids=["nothing chosen", "another one chosen"])
def test_a_model_that_was_deleted_meanwhile_leaves_the_page_as_it_was(before: dict[str, Any]) -> None:
    name = own("vanilla-20260101-000000-0123456789abcdef")
    tab: AppTest = open_page("reconstruct", **before)
    shown = tab.selectbox(key="run").value
    picker = tab.selectbox(key="run").set_value(name)
    tasks.remove(name, ME)  # in another tab
    picker.run()
    assert "no longer there" in said(tab), "nothing says why the choice did nothing"
    assert "this link" not in said(tab), "no link is to blame"
    assert tab.selectbox(key="run").value == shown, "the page jumps to its default"
