"""The contract of every kind, by discovery: a new kind is held to it without a change here."""

import pytest

from ae_core import data, forms, kinds, networks
from ae_core.errors import OptionError
from ae_core.forms import Form
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
    assert "Reference:" in str(kind.__doc__)
    assert any(year.isdigit() and len(year) == 4 for year in kind.reference.replace(";", " ").split())
    assert kind.heads
    assert kind.unit
    for other in map(kinds.get, kinds.names()):
        assert other is kind or (other.title != kind.title and other.idea != kind.idea)


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


def test_values_and_names_that_it_does_not_know_are_refused(kind: type[kinds.Kind]) -> None:
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
    with pytest.raises(OptionError, match="has no hyperparameter 'lambada'") as caught:
        kind(lambada=1)
    assert all(h.name in str(caught.value) for h in kind.hyperparameters)


def test_unknown_kinds_are_refused_with_the_known_ones() -> None:
    for name in ("magic", "", "base", "Vanilla"):
        with pytest.raises(OptionError, match="Unknown kind") as caught:
            kinds.get(name)
        assert all(known in str(caught.value) for known in kinds.names())


def test_the_default_network_fits_every_data_set(kind: type[kinds.Kind]) -> None:
    for name in data.names():
        network = kind.default_network(data.load(name).form)
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
        ({"active": 32}, "Active units .* from 0 to 31, got 32"),
        ({"active": -1}, "Active units .* got -1"),
    ],
)
def test_impossible_networks_are_refused(changes: dict, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        Network(**changes)


def test_feature_map_is_two_halvings_and_its_filters() -> None:
    def features(family: str, form: Form) -> tuple[int, ...]:
        of = networks.get(family)
        return of.features_shape(of.fit(Network(family), form), form)

    assert features("pooling", forms.image(28, 28)) == (7, 7, 8)
    assert features("strided", forms.image(28, 28)) == (7, 7, 64)
    assert features("pooling", forms.image(9, 5)) == (3, 2, 8)
    assert features("strided", forms.image(64, 64, colour=True)) == (8, 8, 64), "three halvings of a larger side"
    assert features("strided", Form("signal", (150, 3))) == (19, 64)


@pytest.mark.parametrize(
    ("kind", "hyperparameters", "network", "expected"),
    [
        ("undercomplete", {}, {}, {"latent_dim": 16}),
        ("undercomplete", {}, {"latent_dim": 64}, {"latent_dim": 64}),
        ("convolutional", {}, {}, {"latent_dim": 392}),
        ("convolutional", {}, {"family": "strided"}, {"family": "strided"}),
        ("variational", {}, {"family": "dense", "latent_dim": 32}, {"code_activation": "linear"}),
        ("sparse", {"method": "l1"}, {}, {"code_activation": "relu"}),
        ("sparse", {"method": "kl"}, {}, {"code_activation": "sigmoid"}),
        ("sparse", {"method": "topk", "k": 5}, {}, {"code_activation": "relu", "active": 5}),
        ("sparse", {"method": "l1"}, {"active": 5}, {"active": 0}),
        *(("sparse", {"method": "kl"}, {"latent_dim": n}, {"code_activation": "sigmoid"}) for n in (1, 2, 3)),
    ],
)
def test_a_kind_chooses_what_its_network_leaves_open(
    kind: str, hyperparameters: dict, network: dict, expected: dict
) -> None:
    chosen = make_spec(kind, hyperparameters=hyperparameters, network=network).network
    assert {name: getattr(chosen, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("kind", "hyperparameters", "network", "says"),
    [
        ("undercomplete", {}, {"latent_dim": 65}, "at most 64 units, got 65"),
        ("convolutional", {}, {"family": "dense"}, "got dense"),
        ("variational", {}, {"code_activation": "relu"}, "variational needs a linear code, got relu"),
        ("sparse", {"method": "kl"}, {"code_activation": "tanh"}, "sparse needs a sigmoid code, got tanh"),
    ],
)
def test_a_kind_refuses_networks_that_are_not_its_own(
    kind: str, hyperparameters: dict, network: dict, says: str
) -> None:
    with pytest.raises(OptionError, match=says):
        make_spec(kind, hyperparameters=hyperparameters, network=network)
