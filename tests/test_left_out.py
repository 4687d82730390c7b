"""A training that leaves classes out: what its spec says, and what it sees."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ae_core import archive, cli, comparison, data, runs, shipping, sweeps, training
from ae_core import spec as specs
from ae_core.errors import OptionError
from ae_core.spec import make_spec


def test_classes_are_left_out_by_name_or_number_and_survive_json() -> None:
    spec = make_spec("vanilla", left_out=["bag", "0", 5])
    assert spec.left_out == (0, 5, 8)
    assert spec.told_classes == "without T-shirt, Sandal, Bag"
    again = specs.parse(json.dumps(spec.to_json()))
    assert again == spec
    assert make_spec("vanilla", "digits", left_out=[n for n in range(10) if n != 3]).told_classes == "of 3 alone"
    assert make_spec("vanilla", left_out=range(1, 7)).told_classes == "without 6 of 10 classes"


def test_a_spec_that_leaves_nothing_out_is_written_as_before() -> None:
    assert "left_out" not in make_spec("vanilla").to_json()
    shipped = (runs.SHIPPED / "vanilla" / "spec.json").read_text(encoding="utf-8")
    assert archive.spec_text(specs.parse(shipped)) == shipped


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([10], "from 0 to 9, got 10"),
        ([-1], "from 0 to 9, got -1"),
        ([True], "got True"),
        (["x"], "has no class 'x'"),
        (["9" * 30], "has no class '9999"),
        (range(10), "keep at least one"),
    ],
)
def test_what_cannot_be_left_out_is_refused(given: list[int | str], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        make_spec("vanilla", "digits", left_out=given)


@pytest.mark.parametrize("value", [None, 3, "Bag", {}, ["Bag"], [1.0], [[1]], [True], [10], list(range(10)), [10**400]])
def test_a_file_that_leaves_out_what_is_no_class_is_refused(value: object) -> None:
    with pytest.raises(OptionError):
        specs.parse(json.dumps(make_spec("vanilla", "digits").to_json() | {"left_out": value}))


def test_data_without_classes_have_none_to_leave_out() -> None:
    with pytest.raises(OptionError, match="Heartbeats has no two classes"):
        make_spec("vanilla", "ecg", left_out=[0])


def test_a_training_sees_no_example_of_a_class_that_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ae_core import keras_model

    seen = []
    begin = keras_model.Optimisation.__init__

    def watch(self: object, model: object, spec: object, train: np.ndarray, validation: np.ndarray) -> None:
        seen.append(np.concatenate([train, validation]))
        begin(self, model, spec, train, validation)  # type: ignore[arg-type]

    monkeypatch.setattr(keras_model.Optimisation, "__init__", watch)
    spec = make_spec("vanilla", "digits", left_out=["7", 2], epochs=1, compile=False)
    *_, last = training.fit(spec, tmp_path / "run")
    assert isinstance(last, training.Finished), last
    split = data.load("digits").split("train")
    np.testing.assert_array_equal(seen[0], split.images[(split.labels != 7) & (split.labels != 2)])
    assert last.run.spec.left_out == (2, 7)
    assert comparison.settings(last.run)["left_out"] == "without 2, 7"
    # What is exported comes back as it was, and is checked on the same held-out examples.
    found = archive.unpack(archive.pack(last.run))
    assert found.spec == last.run.spec
    *_, again = training.rebuild(found, tmp_path / "again")
    assert isinstance(again, training.Finished), again
    np.testing.assert_array_equal(seen[1], seen[0])


def test_too_few_examples_are_told(tmp_path: Path) -> None:
    spec = make_spec("vanilla", "digits", left_out=range(1, 10), batch_size=128, epochs=1)
    *_, last = training.fit(spec, tmp_path / "run")
    assert isinstance(last, training.Failed)
    assert last.reason.startswith("Only 1")
    assert "left of 0 alone, expected at least two batches of 128" in last.reason


def test_models_alike_but_for_what_they_left_out_are_not_alike() -> None:
    run, other = (runs.read(runs.SHIPPED / name) for name in ("vanilla", "vanilla-without-sandal"))
    assert comparison.alike(run) != comparison.alike(other)
    assert other.spec == shipping.RUNS["vanilla-without-sandal"].spec()


def test_a_sweep_and_the_command_leave_classes_out() -> None:
    ((spec, title),) = sweeps.plan(["vanilla"], dataset="digits", left_out=["3"])
    assert spec.left_out == (3,)
    assert title.endswith("seed 0, without 3")
    told = CliRunner().invoke(cli.main, ["train", "vanilla", "--dataset", "digits", "--leave-out", "cat"])
    assert told.exit_code == 2
    assert "has no class 'cat'" in told.output
