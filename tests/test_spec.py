"""A spec survives JSON, and whatever else a file may hold is refused in a sentence."""

import json
from typing import Any

import pytest

from ae_core import data, forms, kinds
from ae_core import spec as specs
from ae_core.bounds import MAX_EPOCHS
from ae_core.errors import ExplorerError, OptionError
from ae_core.networks import Network
from ae_core.spec import make_spec


@pytest.mark.parametrize("kind", kinds.names())
@pytest.mark.parametrize("dataset", data.names())
def test_every_default_survives_json(kind: str, dataset: str) -> None:
    spec = make_spec(kind, dataset, seed=7)
    assert specs.parse(json.dumps(spec.to_json())) == spec
    assert spec.training.seed == 7


def test_what_was_chosen_survives_json() -> None:
    spec = make_spec(
        "sparse",
        "digits",
        {"method": "kl", "target": 0.1},
        {"latent_dim": 7, "hidden": (9, 8), "decoder_hidden": (5,)},
        epochs=3,
        batch_size=16,
        learning_rate=1e-4,
        warmup=0.0,
        compile=False,
        seed=2**31 - 1,
    )
    again = specs.parse(json.dumps(spec.to_json()))
    assert again == spec
    assert again.network == Network("dense", 7, (9, 8), (5,), "sigmoid")
    assert again.hyperparameters["target"] == 0.1
    assert again.hyperparameters["rate"] == kinds.get("sparse")().values["rate"]  # defaults are written out
    assert again.training == specs.TrainingConfig(3, 16, 1e-4, 0.0, 0.98, False, 2**31 - 1)


GOOD = make_spec("sparse", "digits").to_json()
NUMBERS_GONE_WRONG = (None, "3", [], {}, True, float("nan"), float("inf"), -1, 10**400)
BAD: list[tuple[tuple[str, ...], Any]] = [
    *((("training", "epochs"), v) for v in (*NUMBERS_GONE_WRONG, 0, 1.5, MAX_EPOCHS + 1)),
    *((("training", "batch_size"), v) for v in (*NUMBERS_GONE_WRONG, 0, 32.0, 4097, 719)),
    *((("training", "learning_rate"), v) for v in (*NUMBERS_GONE_WRONG, 0, 1.01)),
    *((("training", "warmup"), v) for v in (*NUMBERS_GONE_WRONG, 0.51)),
    *((("training", "seed"), v) for v in (*NUMBERS_GONE_WRONG, 0.5, 2**31)),
    *((("training", "compile"), v) for v in (None, 0, 1, "true", [])),
    *((("training",), v) for v in (None, 3, "x", [], {}, {**GOOD["training"], "more": 1})),
    *((("network", "latent_dim"), v) for v in (*NUMBERS_GONE_WRONG, 0, 2.0, 1025)),
    *(
        (("network", "hidden"), v)
        for v in (None, 3, "64", {}, [0], [2049], [1] * 5, ["8"], [True], [[8]], [8.0], [None])
    ),
    *((("network", "decoder_hidden"), v) for v in (None, 3, "64", {}, [0], [10**400])),
    *((("network", "family"), v) for v in (None, 1, "", "Dense", [], {}, "../dense")),
    *((("network", "code_activation"), v) for v in (None, 1, "", "softmax", [], {})),
    *((("network", "tied"), v) for v in (None, 1, "false", [])),
    *((("network",), v) for v in (None, [], {}, {**GOOD["network"], "layers": []})),
    *((("hyperparameters",), v) for v in (None, [], "l1", {"l2": 1}, {"l1": "x"}, {"l1": 10**400}, {"": 0})),
    *((("kind",), v) for v in (None, 1, "", "unknown", "base", [], {}, "__init__")),
    *((("dataset",), v) for v in (None, 1, "", "mnist", [], {}, "../digits")),
]


@pytest.mark.parametrize(("place", "value"), BAD, ids=lambda v: ".".join(v) if isinstance(v, tuple) else repr(v)[:20])
def test_every_bad_field_is_refused_in_a_sentence(place: tuple[str, ...], value: Any) -> None:
    wrong = json.loads(json.dumps(GOOD))
    target = wrong
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    with pytest.raises(ExplorerError) as caught:
        specs.parse(json.dumps(wrong))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


# Runs of older versions have none: these had but one value.
ADDED_LATER = {"likelihood", "network.filters", "network.active", "network.normalised"}


@pytest.mark.parametrize(
    "place", sorted({*GOOD, *(f"network.{n}" for n in GOOD["network"]), "training.epochs"} - ADDED_LATER)
)
def test_every_missing_field_is_refused_by_name(place: str) -> None:
    wrong = json.loads(json.dumps(GOOD))
    *path, last = place.split(".")
    del (wrong[path[0]] if path else wrong)[last]
    with pytest.raises(OptionError, match=f"needs exactly .*{last}"):
        specs.parse(json.dumps(wrong))


def test_runs_made_before_a_hyperparameter_existed_say_what_they_did() -> None:
    old = json.loads(json.dumps(make_spec("contractive", "digits").to_json()))
    old["hyperparameters"] = {"contraction": 0.01}
    recipe = specs.parse(json.dumps(old)).recipe()
    assert (recipe.values["method"], recipe.values["contraction"]) == ("jacobian", 0.01)
    assert make_spec("contractive", "digits").recipe().values["method"] == "nudge"


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", "3", "null", '"spec"', "{", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\x00", "NaN"]
)
def test_text_that_is_no_spec_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        specs.parse(text)


def test_options_by_name_are_checked() -> None:
    with pytest.raises(OptionError, match="Unknown training option 'epoch': must be one of epochs"):
        make_spec("vanilla", epoch=3)
    with pytest.raises(OptionError, match=r"Unknown network option 'units': must be one of .*latent_dim"):
        make_spec("vanilla", network={"units": 3})
    with pytest.raises(ExplorerError, match="'mnist'"):
        make_spec("vanilla", "mnist")
    with pytest.raises(OptionError, match=r"at most 16,711,680 parameters, got 28,525,360: choose fewer or narrower"):
        make_spec("vanilla", network={"hidden": (2048,) * 4, "decoder_hidden": (2048,) * 4})
    with pytest.raises(OptionError, match=r"batch size must be at most 718 for Digits \(8 × 8\), got 800"):
        make_spec("vanilla", "digits", batch_size=800)


def test_what_was_not_chosen_follows_from_what_was() -> None:
    network = make_spec("variational", network={"family": "dense"}).network
    assert (network.family, network.hidden, network.latent_dim) == ("dense", (), 2)
    for chosen, activation in (({"latent_dim": 2}, "linear"), ({"latent_dim": 4}, "relu")):
        assert make_spec("vanilla", network=chosen).network.code_activation == activation
    asked = make_spec("vanilla", network={"latent_dim": 2, "code_activation": "relu"})
    assert asked.network.code_activation == "relu"
    assert (asked.dataset, asked.form) == ("fashion-mnist", forms.image(28, 28))
    assert isinstance(make_spec("denoising", "digits", {"level": 1}).recipe(), kinds.get("denoising"))


def test_a_small_data_set_gets_more_epochs_of_smaller_batches() -> None:
    for kind in kinds.names():
        small, large = (make_spec(kind, name).training for name in ("digits", "fashion-mnist"))
        assert small.batch_size < large.batch_size
        assert small.epochs > large.epochs
        assert small.epochs <= MAX_EPOCHS
