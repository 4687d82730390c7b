"""Controls made from what a kind declares: its hyperparameters, its network, its training."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ae_core import bounds, data, networks, settings, spec
from ae_core.errors import ExplorerError
from ae_core.kinds import Hyperparameter, Kind
from ae_core.networks import Network
from pages.serving import fields, page_state
from pages.serving.fields import Field, Values
from pages.widgets import alerts

SIZES = (1, 2, 3, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 392, 512, 768, 1024)
WIDTHS: dict[tuple[int, ...], str] = {
    (): "none",
    (64,): "64",
    (128,): "128",
    (256,): "256",
    (512,): "512",
    (256, 64): "256 → 64",
    (64, 256): "64 → 256",
    (512, 256, 128): "512 → 256 → 128",
    (128, 256, 512): "128 → 256 → 512",
}


MANY, FOLD = 40, 200  # classes, above which they scroll in a box of so many pixels


def _g(value: Any) -> str:
    return f"{value:g}"


def hyperparameters(kind: type[Kind]) -> tuple[dict[str, Any], dict[str, DeltaGenerator]]:
    """A control for each of the kind's own hyperparameters that matters beside the others.

    Returns:
        Their values, and a place below each control.
    """
    state = page_state.open(*(_field(h, kind) for h in kind.hyperparameters))
    shown = [h for h in kind.hyperparameters if h.name in state.values]
    values, places = {}, {}
    for h in shown:
        values[h.name] = state.draw(_widget(h), h.name, help=h.help)
        places[h.name] = st.container()
    return values, places


def _field(h: Hyperparameter, kind: type[Kind]) -> Field:
    about: dict[str, Any] = {
        "param": lambda values: f"{kind.__name__}-{h.name}",
        "when": lambda values: h.matters(dict(values)),
        "default": h.default,
    }
    if h.choices:
        return fields.choice(h.name, h.label, h.choices, h.title_of, **about)
    if isinstance(h.default, bool):
        return fields.flag(h.name, h.label, **about)
    if isinstance(h.default, str):
        return Field(h.name, h.label, lambda text, values: text, **about)
    if h.log and h.low is not None and h.high is not None:
        about["default"] = float(h.default)
        return fields.choice(h.name, h.label, _log_steps(h.low, h.high, float(h.default)), _g, **about)
    whole = isinstance(h.default, int)
    low, high, default = (None if v is None else int(v) if whole else float(v) for v in (h.low, h.high, h.default))
    step = 1 if whole else 0.01 if low is None or high is None else min(0.01, (high - low) / 100)
    return fields.number(h.name, h.label, low, high, step=step, **about | {"default": default})


def _widget(h: Hyperparameter) -> Callable[..., Any]:
    if h.choices:
        return partial(st.segmented_control, required=True, wrap=True)
    if isinstance(h.default, bool | str):
        return st.toggle if isinstance(h.default, bool) else st.text_input
    if h.low is None or h.high is None:
        return st.number_input
    return st.select_slider if h.log else st.slider


def _log_steps(low: float, high: float, default: float) -> list[float]:
    """1, 3, 10, 30, … over the range, from a hundredth of the default if it begins at 0, which is then one of them."""
    lowest = low or (default or high / 1e4) / 100
    exponents = range(math.floor(math.log10(lowest)), math.ceil(math.log10(high)) + 1)
    steps = {float(f"{m}e{e}") for e in exponents for m in (1, 3)}
    return sorted({v for v in steps if lowest <= v <= high} | {low, default, high})


def tell_notes(
    kind: type[Kind], values: dict[str, Any], of_network: dict[str, Any], places: dict[str, DeltaGenerator]
) -> None:
    """Says below controls what there is to know of the kind's values beside the fields of a network."""
    try:
        notes = kind(**values).notes(Network(**of_network))
    except ExplorerError:
        return  # the page says why
    for name in notes.keys() & places.keys():
        places[name].caption(notes[name])


def network(kind: type[Kind], dataset: str, more: DeltaGenerator) -> dict[str, Any]:
    """Controls for family, code size and, in `more`, depth; gives all that they say, as fields of `Network`."""
    of = data.load(dataset)
    default = spec.default_network(kind, of)
    most = settings.current().code
    own_size = min(default.latent_dim, most)
    key = f"{kind.__name__}-{dataset}"
    families = {name: networks.get(name) for name in networks.names()}
    if not of.form.sides:
        families = {name: family for name, family in families.items() if not family.convolutional}

    def widths(name: str, label: str, suffix: str, own: tuple[int, ...]) -> Field:
        return fields.choice(
            name,
            label,
            [*WIDTHS, *([own] if own not in WIDTHS else [])],
            _width,
            default=lambda values: own if values["family"] == default.family else (),
            param=lambda values: f"{key}-{values['family']}-{suffix}",
        )

    def of_depths(family: str) -> list[tuple[int, ...]]:
        return [families[family].filters(of.form, depth) for depth in families[family].depths(of.form)]

    def may_be_tied(values: Values) -> bool:
        return families[values["family"]].can_tie and not values["hidden"] and not values["decoder_hidden"]

    state = page_state.open(
        fields.choice(
            "family",
            "Network",
            list(families),
            fields.titled(networks.get),
            default=default.family,
            param=lambda values: f"{key}-family",
        ),
        fields.choice(
            "latent_dim",
            "Code size",
            [size for size in sorted({*SIZES, own_size}) if size <= most],
            default=own_size,
            param=lambda values: f"{key}-size",
        ),
        fields.choice(
            "filters",
            "Halvings by convolutions",
            lambda values: of_depths(values["family"]),
            _width,
            default=lambda values: families[values["family"]].filters(of.form),
            param=lambda values: f"{key}-{values['family']}-filters",
            when=lambda values: families[values["family"]].convolutional,
        ),
        widths("hidden", "Hidden layers before the code", "before", default.hidden),
        widths("decoder_hidden", "Hidden layers after the code", "after", default.decoder_hidden),
        fields.flag(
            "normalised",
            "Normalised layers",
            param=lambda values: f"{key}-normalised",
            when=lambda values: bool(values["hidden"] or values["decoder_hidden"]),
        ),
        fields.flag("tied", "Tied weights", param=lambda values: f"{key}-tied", when=may_be_tied),
    )
    help = "  \n".join(f"**{f.title}**: {f.help}" for f in families.values())
    state.segments("family", help=help, wrap=True)
    state.draw(
        st.select_slider,
        "latent_dim",
        help="How many numbers the code has. A larger code keeps more detail; with 2 you can see the whole code as a "
        "plane.",
    )
    with more.expander("Layers around the code"):
        if "filters" in state.values:
            state.draw(
                st.selectbox,
                "filters",
                help="The filters of each convolution of the encoder; each halves the sides, and the decoder mirrors "
                "them. More halvings see larger parts at once and leave fewer numbers before the code.",
            )
        state.draw(
            st.selectbox,
            "hidden",
            help="Units of dense layers between the encoder's features and the code. With more units the code can be "
            "richer, but training takes longer.",
        )
        state.draw(
            st.selectbox, "decoder_hidden", help="Units of dense layers between the code and the decoder's features."
        )
        if "normalised" in state.values:
            state.draw(
                st.toggle,
                "normalised",
                help="The values of each dense layer get mean 0 and variance 1 for each example. Small codes behind "
                "several layers then learn more, in fewer epochs.",
            )
        if "tied" in state.values:
            state.draw(
                st.toggle,
                "tied",
                help="The decoder uses the encoder's weights, transposed: half as many weights to learn.",
            )
    return state.values


def left_out(dataset: str, more: DeltaGenerator) -> list[str]:
    """A control in `more` of the classes that a training leaves out; their names, none of data without classes."""
    names = data.load(dataset).class_names
    if len(names) < 2:
        return []
    state = page_state.open(
        fields.choice(
            "left_out",
            "Leave out classes",
            names,
            default=lambda values: [],
            param=lambda values: f"{dataset}-without",
            between=fields.REPEAT,
            told="classes to leave out",
        )
    )
    with more.expander("Leave out classes", expanded=bool(state["left_out"])):
        found: list[str] = state.draw(
            (st.container(height=FOLD) if len(names) > MANY else st).pills,
            "left_out",
            label_visibility="collapsed",
            selection_mode="multi",
            format_func=alerts.escape_markdown,
            wrap=True,
        )
        st.caption("The model never sees them while it learns. Anomalies then measures whether it finds them strange.")
    return found


def _width(layers: tuple[int, ...]) -> str:
    return WIDTHS.get(layers, " → ".join(map(str, layers)))


def training(network: dict[str, Any], dataset: str, more: DeltaGenerator) -> dict[str, Any]:
    """Controls for epochs, seed and, in `more`, the optimiser; their values."""
    family = network["family"]
    of = data.load(dataset)
    default = spec.default_training(Network(family=family), of)
    most = min(bounds.MAX_EPOCHS, settings.current().epochs)
    rates = sorted({1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2, default.learning_rate})

    def called(name: str) -> dict[str, Any]:
        return {"param": lambda values: f"{family}-{dataset}-{name}"}

    # Without limits: Streamlit sends no number beyond them, and the training would start with the one before.
    state = page_state.open(
        fields.number("epochs", "Epochs", None, None, min(default.epochs, most), **called("epochs")),
        fields.number("seed", "Seed", None, None, 0),
        fields.choice(
            "batch_size",
            "Batch size",
            sorted({16, 32, 64, 128, 256, 512, default.batch_size}),
            default=default.batch_size,
            **called("batch"),
        ),
        fields.choice(
            "learning_rate", "Peak learning rate", rates, _g, default=default.learning_rate, **called("rate")
        ),
        fields.choice(
            "likelihood",
            "Loss",
            list(spec.LIKELIHOODS),
            str.capitalize,
            default=spec.default_likelihood(of.form),
            **called("loss"),
        ),
    )
    left, right = st.columns(2)
    state.draw(
        left.number_input,
        "epochs",
        f"Epochs, 1 to {most}",
        help="How often the model sees all of the training data. More epochs take longer, and no longer help once the "
        "curves are flat.",
    )
    state.draw(
        right.number_input, "seed", help="Starts the random numbers: the same seed and settings give the same model."
    )
    with more.expander("Optimiser"):
        state.draw(
            st.select_slider,
            "batch_size",
            help="Examples in each step. A smaller batch gives more and noisier steps; a larger one makes epochs "
            "faster.",
        )
        state.draw(
            st.select_slider,
            "learning_rate",
            help="How large the steps of Adam get: the rate rises to this value, then falls to 0 along a cosine. If "
            "it is too large, the loss jumps or becomes NaN; if it is too small, the loss falls slowly.",
        )
        state.segments("likelihood", help="  \n".join(f"**{words}**." for words in spec.LIKELIHOODS.values()))
    return state.values
