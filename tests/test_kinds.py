"""The contract of every kind, by discovery: a new kind is held to it without a change here."""

import subprocess
import sys

import pytest

from ae_core import data, kinds, networks
from ae_core.errors import OptionError
from ae_core.kinds import Hyperparameter
from ae_core.networks import Network
from ae_core.spec import make_spec


@pytest.fixture(params=kinds.names())
def kind(request: pytest.FixtureRequest) -> type[kinds.Kind]:
    return kinds.get(request.param)


def test_the_seven_are_there_in_the_order_of_a_first_lesson() -> None:
    seven = ["vanilla", "sparse", "denoising", "undercomplete", "contractive", "convolutional", "variational"]
    assert [name for name in kinds.names() if name in seven] == seven


def test_a_kind_tells_what_it_is(kind: type[kinds.Kind]) -> None:
    assert kind.title[0].isupper()
    for sentence in (kind.idea, kind.notice):
        assert sentence.endswith(".")
        assert "\n" not in sentence
    assert kind.__doc__
    assert "Reference:" in kind.__doc__
    assert any(year.isdigit() and len(year) == 4 for year in kind.reference.replace(";", " ").split())
    assert kind.heads
    assert kind.unit


def test_titles_and_places_are_different() -> None:
    every = [kinds.get(name) for name in kinds.names()]
    assert len({k.title for k in every}) == len({k.idea for k in every}) == len(every)


def test_hyperparameters_are_sound(kind: type[kinds.Kind]) -> None:
    recipe = kind()
    known = {h.name: h for h in kind.hyperparameters}
    assert len(known) == len(kind.hyperparameters)
    for h in kind.hyperparameters:
        assert h.name.isidentifier()
        assert h.help.endswith(".")
        assert h.check(h.default) == h.default
        assert getattr(recipe, h.name) == recipe.values[h.name] == h.default
        if isinstance(h.default, str):
            assert h.default in h.choices
        elif not isinstance(h.default, bool):
            assert h.low is not None
            assert h.high is not None
            assert h.low < h.high
            assert h.check(h.low) == h.low
            assert h.check(h.high) == h.high
        for other, value in h.only_if.items():
            known[other].check(value)
        assert h.matters(recipe.values) == all(recipe.values[o] == v for o, v in h.only_if.items())


def test_values_out_of_range_or_of_another_type_are_refused(kind: type[kinds.Kind]) -> None:
    for h in kind.hyperparameters:
        wrong = [None, [1], {}]
        if isinstance(h.default, str):
            wrong += ["nonsense", "", 1, True]
        elif isinstance(h.default, bool):
            wrong += [1, "true"]
        else:
            wrong += ["1", True, float("nan"), float("inf"), -float("inf"), 10**400, h.low - 1e-3, h.high * 1.001 + 1]
        for value in wrong:
            with pytest.raises(OptionError, match=f"^{h.name} must be .*got .*") as caught:
                kind(**{h.name: value})
            assert str(caught.value).endswith(".")


def test_unknown_hyperparameters_are_refused_with_the_known_ones(kind: type[kinds.Kind]) -> None:
    with pytest.raises(OptionError, match="has no hyperparameter 'lambada'") as caught:
        kind(lambada=1)
    for h in kind.hyperparameters:
        assert h.name in str(caught.value)


def test_unknown_kinds_are_refused_with_the_known_ones() -> None:
    for name in ("magic", "", "base", "Vanilla"):
        with pytest.raises(OptionError, match="Unknown kind") as caught:
            kinds.get(name)
        assert all(known in str(caught.value) for known in kinds.names())


def test_the_default_network_fits_every_data_set(kind: type[kinds.Kind]) -> None:
    for name in data.names():
        network = kind.default_network(data.load(name).image_shape)
        assert kind().fit_network(network) == network


def test_a_whole_number_stays_whole() -> None:
    steps = Hyperparameter("steps", 3, "How many.", 1, 9)
    assert steps.check(4.0) == 4
    assert type(steps.check(4.0)) is int
    with pytest.raises(OptionError, match=r"steps must be a whole number, got 4.5"):
        steps.check(4.5)
    for value in (float("nan"), float("inf"), 10**400):
        with pytest.raises(OptionError, match="steps must be"):
            steps.check(value)


def test_a_choice_among_several_methods_silences_the_others() -> None:
    sparse = kinds.get("sparse")
    matters = {m: {h.name for h in sparse.hyperparameters if h.matters(sparse(method=m).values)} for m in ("l1", "kl")}
    assert matters == {"l1": {"method", "l1"}, "kl": {"method", "target", "kl_weight"}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"family": "quantum"}, "Unknown network 'quantum'.*dense, pooling, strided"),
        ({"latent_dim": 0}, "Code size .* got 0"),
        ({"latent_dim": 1025}, "Code size .* got 1025"),
        ({"latent_dim": True}, "Code size .* got True"),
        ({"latent_dim": 2.0}, "Code size .* got 2.0"),
        ({"hidden": (0,)}, "Hidden layers .*0"),
        ({"hidden": (2049,)}, "Hidden layers .*2049"),
        ({"decoder_hidden": (1,) * 5}, "Hidden layers"),
        ({"hidden": ("8",)}, "Hidden layers"),
        ({"code_activation": "softmax"}, "Code activation .*'softmax'"),
        ({"tied": True, "hidden": (8,)}, "Tied weights"),
        ({"tied": True, "family": "pooling"}, "Tied weights"),
    ],
)
def test_impossible_networks_are_refused(changes: dict, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        Network(**changes)


def test_feature_map_is_two_halvings_and_its_filters() -> None:
    pooling, strided = networks.get("pooling"), networks.get("strided")
    assert pooling.features_shape((28, 28)) == (7, 7, 8)
    assert strided.features_shape((28, 28)) == (7, 7, 64)
    assert pooling.features_shape((9, 5)) == (3, 2, 8)


def test_undercomplete_bounds_its_code() -> None:
    assert make_spec("undercomplete").network.latent_dim == 16
    assert make_spec("undercomplete", network={"latent_dim": 64}).network.latent_dim == 64
    with pytest.raises(OptionError, match="at most 64 units, got 65"):
        make_spec("undercomplete", network={"latent_dim": 65})


def test_convolutional_bounds_its_family() -> None:
    assert make_spec("convolutional").network.latent_dim == 392
    assert make_spec("convolutional", network={"family": "strided"}).network.family == "strided"
    with pytest.raises(OptionError, match="got dense"):
        make_spec("convolutional", network={"family": "dense"})


def test_variational_codes_are_free_to_range() -> None:
    assert make_spec("variational", network={"family": "dense", "latent_dim": 32}).network.code_activation == "linear"
    with pytest.raises(OptionError, match="variational needs a linear code, got relu"):
        make_spec("variational", network={"code_activation": "relu"})


def test_kl_sparsity_takes_a_sigmoid_code() -> None:
    assert make_spec("sparse", hyperparameters={"method": "kl"}).network.code_activation == "sigmoid"
    assert make_spec("sparse", hyperparameters={"method": "l1"}).network.code_activation == "relu"
    with pytest.raises(OptionError, match="sparse needs a sigmoid code, got tanh"):
        make_spec("sparse", hyperparameters={"method": "kl"}, network={"code_activation": "tanh"})


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_kl_sparsity_works_for_codes_as_small_as_a_plane(latent_dim: int) -> None:
    spec = make_spec("sparse", hyperparameters={"method": "kl"}, network={"latent_dim": latent_dim})
    assert spec.network.code_activation == "sigmoid"


def test_kinds_are_known_without_keras() -> None:
    code = (
        "import sys, ae_core\n"
        "for name in ae_core.kinds.names(): ae_core.kinds.get(name)()\n"
        "heavy = {m.split('.')[0] for m in sys.modules} & {'keras', 'tensorflow', 'streamlit', 'sklearn', 'jax'}\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
