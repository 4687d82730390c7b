"""Sweeps: what they train, that they are all or nothing, and how they end; trainings are made up."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from ae_core import runs, sweeps, tasks
from ae_core.cli import main
from ae_core.errors import OptionError, TrainingError
from ae_core.kinds import Hyperparameter
from ae_core.tasks import folder, local

pytestmark = pytest.mark.usefixtures("made_up_trainings")


def plan(*titles: str, seeds: tuple[int, ...] = (0, 1)) -> list[tuple]:
    """Trainings whose titles say what the worker that makes them up does."""
    planned = sweeps.plan(["vanilla"], [2], seeds, "digits", epochs=1)
    return [(what, title) for (what, _), title in zip(planned, titles, strict=True)]


def test_every_kind_with_every_size_and_every_seed() -> None:
    planned = sweeps.plan(["vanilla", "sparse", "vanilla"], [2, 8], [0, 1], "digits", epochs=3)
    assert [title for _, title in planned] == [
        f"{kind}, {size} units, seed {seed}" for kind in ("Vanilla", "Sparse") for size in (2, 8) for seed in (0, 1)
    ]
    found = {(what.kind, what.network.latent_dim, what.training.seed, what.training.epochs) for what, _ in planned}
    assert found == {(kind, size, seed, 3) for kind in ("vanilla", "sparse") for size in (2, 8) for seed in (0, 1)}
    ((what, title),) = sweeps.plan(["undercomplete"], dataset="digits")
    assert title == f"Undercomplete, {what.network.latent_dim} units, seed 0"


def test_what_does_not_go_together_is_refused_and_named() -> None:
    with pytest.raises(OptionError, match=r"^undercomplete, 128 units: "):
        sweeps.plan(["vanilla", "undercomplete"], [2, 128], [0], "digits")
    with pytest.raises(OptionError, match=r"^A sweep has 1 to 500 runs, got 0: "):
        sweeps.plan([])
    with pytest.raises(OptionError, match=r"^A sweep has 1 to 500 runs, got more: "):
        sweeps.plan(["vanilla"], [2], range(501), "digits")


def test_no_more_combinations_are_made_than_a_sweep_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    monkeypatch.setattr(Hyperparameter, "matters", lambda h, values: looks.append(h) or True)
    with pytest.raises(OptionError, match=r"^A sweep has 1 to 500 runs, got more: "):
        sweeps.plan(["variational"], [2], [0], "digits", {"beta": [k / 2000 for k in range(20_000)]})
    assert len(looks) == sweeps.MAX_RUNS + 1


def test_a_hyperparameter_is_swept_in_the_kinds_that_have_it() -> None:
    planned = sweeps.plan(["vanilla", "variational"], [2], [0, 1], "digits", {"beta": [0.25, 1, 0.25]})
    assert [title for _, title in planned] == [
        "Vanilla, 2 units, seed 0",
        "Vanilla, 2 units, seed 1",
        *(f"Variational, 2 units, β {beta}, seed {seed}" for beta in ("0.25", "1") for seed in (0, 1)),
    ]
    assert [what.hyperparameters.get("beta") for what, _ in planned] == [None, None, 0.25, 0.25, 1.0, 1.0]
    several = {"method": ["l1", "topk"], "k": [2, 4], "revival": [0.0]}
    titles = [title for _, title in sweeps.plan(["sparse"], [16], [0], "digits", several)]
    assert titles == [
        "Sparse, 16 units, method L1 penalty, seed 0",
        "Sparse, 16 units, method Top k, k 2, revival 0, seed 0",
        "Sparse, 16 units, method Top k, k 4, revival 0, seed 0",
    ], "what has no effect is trained once"


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        ("vanilla", {"beta": [1]}, "beta has no effect on vanilla: it belongs to variational."),
        ("sparse", {"k": [2]}, "k has no effect on sparse: it needs method topk."),
        ("vanilla", {"odd": [1]}, "odd has no effect on vanilla: no kind has it."),
        ("variational", {"beta": [21]}, "variational, 2 units: beta must be between 0 and 20, got 21."),
        ("variational", {"beta": list(range(60_000))}, "A sweep has 1 to 500 runs, got up to 60,000: choose fewer"),
    ],
)
def test_values_that_cannot_be_swept_are_refused(kind: str, values: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError) as error:
        sweeps.plan([kind], [2], [0], "digits", values)
    assert str(error.value).startswith(says)


def test_the_command_sweeps_hyperparameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    options = "--kind variational --kind vanilla --latent-dim 2 --dataset digits --beta 0.25 --beta 1 --json"
    found = CliRunner().invoke(main, ["sweep", *options.split()])
    told = json.loads(found.stdout)
    assert [job["title"] for job in told["jobs"]] == [
        "Variational, 2 units, β 0.25, seed 0",
        "Variational, 2 units, β 1, seed 0",
        "Vanilla, 2 units, seed 0",
    ]
    assert [job["spec"]["hyperparameters"].get("beta") for job in told["jobs"]] == [0.25, 1.0, None]
    refused = CliRunner().invoke(main, ["sweep", "--kind", "vanilla", "--dataset", "digits", "--beta", "1"])
    assert refused.exit_code == 2
    assert "beta has no effect on vanilla: it belongs to variational." in refused.stderr


def test_its_jobs_are_found_together_and_stopped_together() -> None:
    other = sweeps.submit(plan("learns", "learns"), "bob")
    sweep = sweeps.submit(plan("quick", "quick"), "alice")
    assert sweeps.find(sweep.id, "alice").jobs == sweep.jobs
    assert {job.sweep for job in sweep.jobs} == {sweep.id}
    assert (sweep.ended, sweep.fraction) == (0, 0.0)
    with pytest.raises(TrainingError, match=r"^There is no sweep"):
        sweeps.find(sweep.id, "bob")
    sweeps.stop(sweep)
    sweep = sweeps.find(sweep.id, "alice")
    assert [job.status.state for job in sweep.jobs] == ["cancelled", "cancelled"]
    assert (sweep.ended, sweep.fraction) == (2, 1.0)
    latest = sweeps.latest("bob")
    assert latest is not None
    assert latest.id == other.id
    assert sweeps.latest("carol") is None


def test_the_last_one_that_ended_takes_one_look_at_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)  # so that they wait
    assert sweeps.ended_last("alice") is None
    sweep = sweeps.submit(plan("quick", "quick"), "alice")
    assert sweeps.ended_last("alice") is None, "they wait"
    sweeps.stop(sweep)
    looks = []
    monkeypatch.setattr(tasks, "jobs_of", lambda owner: looks.append(owner) or folder.jobs_of(owner))
    ended = sweeps.ended_last("alice")
    assert looks == ["alice"]
    assert ended == sweeps.find(sweep.id, "alice")


def test_a_visitor_gets_all_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PER_VISITOR", "2")
    with pytest.raises(
        TrainingError, match=r"^You have 0 trainings under way, and 3 more would be over your limit of 2"
    ):
        sweeps.submit(plan("quick", "quick", "quick", seeds=(0, 1, 2)), "alice")
    monkeypatch.setenv("LATENT_EXPLORER_QUEUED", "1")
    with pytest.raises(TrainingError, match=r"^The queue has no room for 2 trainings: 0 wait, and at most 1 can"):
        sweeps.submit(plan("quick", "quick"), "alice")
    monkeypatch.setenv("LATENT_EXPLORER_CODE", "1")
    with pytest.raises(OptionError, match=r"^Code size may be at most 1 on this server"):
        sweeps.submit(plan("quick", "quick"), "alice")
    assert folder.paths() == []
    assert len(sweeps.submit(plan("quick", "quick"), None).jobs) == 2, "the command line knows no limits"


def test_the_command_waits_for_all_and_prints_a_table(
    data_folder: Path, digits_runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(job: tasks.Job) -> None:
        shutil.copytree(digits_runs["vanilla"], job.run_path)
        tasks.Status("finished", fraction=1.0, epoch=1).write(job.path)

    monkeypatch.setattr(local, "start", train)
    options = "--kind vanilla --latent-dim 2 --seed 0 --seed 1 --epochs 1 --dataset digits --wait"
    found = CliRunner().invoke(main, ["sweep", *options.split()])
    head, *rows = found.stdout.splitlines()
    assert head.split() == ["run", "title", "state", "epochs", "time", "BCE", "MSE"]
    for seed, row in enumerate(rows):
        assert " ".join(row.split()[1:7]) == f"Vanilla, 2 units, seed {seed} finished"
        run = runs.read(data_folder / "runs" / row.split()[0])
        assert row.split()[-1] == f"{run.card.figure('mse'):.5f}"
    assert len(rows) == 2
    assert "2/2" in found.stderr


def test_the_command_leaves_them_to_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = folder.create(plan("quick", seeds=(0,))[0][0], None, "first")
    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    found = CliRunner().invoke(
        main, ["sweep", "--kind", "vanilla", "--kind", "sparse", "--dataset", "digits", "--json"]
    )
    told = json.loads(found.stdout)
    assert [job["state"] for job in told["jobs"]] == ["queued", "queued"]
    assert len(tasks.jobs_of(None)) == 3
    assert blocked.id not in {job["run"] for job in told["jobs"]}


def test_the_page_varies_a_hyperparameter_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def script() -> None:
        from pages.widgets import sweep_input

        sweep_input.show("digits")

    monkeypatch.setattr(tasks.queue, "_advance", lambda: None)
    at = AppTest.from_function(script, default_timeout=60).run()
    which = at.selectbox(key="sweep-hyperparameter")
    assert "Weight of the KL divergence (β), variational" in which.options
    assert not [label for label in which.options if label.startswith("Rise of β")], "which has no effect by default"
    which.set_value("beta").run()
    assert not at.exception
    values = at.text_input(key="sweep-values-beta")
    assert values.placeholder == "0.25, 0.5, 1, 2, 4"
    assert [b.label for b in at.button] == ["Start 6 trainings"], "five of them variational"
    values.set_value("0.5; 2 2.0").run()
    next(b for b in at.button if b.label == "Start 3 trainings").click().run()
    assert not at.exception
    sweep = sweeps.latest("local")
    assert sweep is not None
    assert [job.spec.hyperparameters.get("beta") for job in sweep.jobs] == [None, 0.5, 2.0]
    wrong = (
        ("0.5, x", "Values must be numbers"),
        ("x" * 500, f"got '{'x' * 40}'."),
        ("0.5, 99", "beta must be between 0 and 20, got 99."),
    )
    assert values.proto.max_chars == 500
    for typed, says in wrong:
        at.text_input(key="sweep-values-beta").set_value(typed).run()
        assert not at.exception
        assert not at.button
        assert any(says in text.value for text in at.text)
    at.pills(key="sweep-kinds").set_value(["vanilla"]).run()
    assert not at.exception
    assert not [box for box in at.selectbox if box.key == "sweep-hyperparameter"]


def test_the_page_starts_follows_and_stops_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def script() -> None:
        import streamlit as st

        from pages.widgets import sweep_input

        sweep_input.show("digits")
        sweep_input.watch(st.container())

    at = AppTest.from_function(script, default_timeout=60).run()
    folder.create(plan("quick", seeds=(0,))[0][0], None, "learns")  # so that they wait
    tasks.tick()

    def button(label: str) -> Any:
        assert not at.exception
        return next((button for button in at.button if button.label == label), None)

    button("Start 2 trainings").click().run()
    sweep = sweeps.latest("local")
    assert sweep is not None
    assert [job.title for job in sweep.jobs] == ["Vanilla, 2 units, seed 0", "Variational, 2 units, seed 0"]
    button("Stop all").click().run()
    assert [job.status.state for job in sweeps.find(sweep.id, "local").jobs] == ["cancelled", "cancelled"]
    at.run()
    assert button("Stop all") is None
    monkeypatch.setenv("LATENT_EXPLORER_PER_VISITOR", "1")
    at.run()
    assert button("Start 2 trainings") is None
    assert [caption.value for caption in at.caption if "the server has room for 1 now" in caption.value]
