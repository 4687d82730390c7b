"""Controls made from what a kind declares: its hyperparameters, its network, its training."""

import math
from typing import Any

import streamlit as st

from ae_core import data, networks, spec
from ae_core import settings as limits
from ae_core.kinds import Hyperparameter, Kind
from ae_core.networks import Network
from pages.widgets import controls

SIZES = (1, 2, 3, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 392, 512)
WIDTHS: dict[tuple[int, ...], str] = {(): "none", (64,): "64", (128,): "128", (256,): "256", (256, 64): "256 → 64"}


def hyperparameters(kind: type[Kind]) -> dict[str, Any]:
    """A control for each of the kind's own hyperparameters that matters beside the others; their values."""
    values: dict[str, Any] = {}
    for h in kind.hyperparameters:
        if h.matters(values):
            values[h.name] = _control(h, f"{kind.__name__}-{h.name}")
    return values


def _control(h: Hyperparameter, key: str) -> Any:
    if h.choices:
        return controls.control(
            st.segmented_control, h.label, h.choices, default=h.default, help=h.help, key=key, required=True, wrap=True
        )
    if isinstance(h.default, bool):
        return controls.control(st.toggle, h.label, h.default, help=h.help, key=key)
    if isinstance(h.default, str):
        return controls.control(st.text_input, h.label, h.default, help=h.help, key=key)
    if h.low is None or h.high is None:
        return controls.control(st.number_input, h.label, value=h.default, help=h.help, key=key)
    if h.log:
        return controls.control(
            st.select_slider,
            h.label,
            _log_steps(h.low, h.high, float(h.default)),
            value=float(h.default),
            format_func=lambda v: f"{v:g}",
            help=h.help,
            key=key,
        )
    whole = isinstance(h.default, int)
    low, high, default = (int(v) if whole else float(v) for v in (h.low, h.high, h.default))
    step = 1 if whole else min(0.01, (high - low) / 100)
    return controls.control(st.slider, h.label, low, high, default, step, help=h.help, key=key)


def _log_steps(low: float, high: float, default: float) -> list[float]:
    """1, 3, 10, 30, … over the range, from a hundredth of the default if it begins at 0, which is then one of them."""
    lowest = low or (default or high / 1e4) / 100
    exponents = range(math.floor(math.log10(lowest)), math.ceil(math.log10(high)) + 1)
    steps = {float(f"{m}e{e}") for e in exponents for m in (1, 3)}
    return sorted({v for v in steps if lowest <= v <= high} | {low, default, high})


def network(kind: type[Kind], dataset: str) -> dict[str, Any]:
    """Controls for family, code size and depth; what differs from the kind's default network."""
    default = kind.default_network(data.load(dataset).image_shape)
    key = f"{kind.__name__}-{dataset}"
    families = {name: networks.get(name) for name in networks.names()}
    family = controls.control(
        st.segmented_control,
        "Network",
        list(families),
        default=default.family,
        format_func=controls.titled(networks.get),
        help="  \n".join(f"**{f.title}**: {f.help}" for f in families.values()),
        key=f"{key}-family",
        required=True,
        wrap=True,
    )
    most = limits.current().code
    own_size = min(default.latent_dim, most)
    sizes = [size for size in sorted({*SIZES, own_size}) if size <= most]
    size = controls.control(
        st.select_slider,
        "Code size",
        sizes,
        value=own_size,
        help="Units in the code; 2 make a plane.",
        key=f"{key}-size",
    )
    changes: dict[str, Any] = {"family": family, "latent_dim": size}
    with st.expander("Layers around the code"):
        own = family == default.family
        hidden = _widths("Hidden layers before the code", default.hidden if own else (), f"{key}-{family}-before")
        after = _widths("Hidden layers after it", default.decoder_hidden if own else (), f"{key}-{family}-after")
        changes |= {"hidden": hidden, "decoder_hidden": after}
        if families[family].can_tie and not hidden and not after:
            changes["tied"] = controls.control(
                st.toggle,
                "Tied weights",
                help="The decoder uses the encoder's weights, transposed.",
                key=f"{key}-tied",
            )
    return changes


def _widths(label: str, default: tuple[int, ...], key: str) -> tuple[int, ...]:
    options = list(WIDTHS) if default in WIDTHS else [*WIDTHS, default]
    chosen = controls.control(
        st.selectbox,
        label,
        options,
        index=options.index(default),
        format_func=lambda w: WIDTHS.get(w, " → ".join(map(str, w))),
        key=key,
    )
    return tuple(chosen)


def training(network: dict[str, Any], dataset: str) -> dict[str, Any]:
    """Controls for epochs, seed and the optimiser; their values."""
    family = network["family"]
    default = spec.default_training(Network(family=family), dataset)
    key = f"{family}-{dataset}"
    most = min(spec.MAX_EPOCHS, limits.current().epochs)
    left, right = st.columns(2)
    epochs = controls.control(
        left.number_input,
        f"Epochs, 1 to {most}",
        1,
        most,
        min(default.epochs, most),
        key=f"{key}-epochs",
        name="Epochs",
    )
    seed = controls.control(
        right.number_input, "Seed", 0, 2**31 - 1, 0, help="The same seed gives the same run.", key="seed"
    )
    with st.expander("Optimiser"):
        batch_size = controls.control(
            st.select_slider,
            "Batch size",
            sorted({16, 32, 64, 128, 256, 512, default.batch_size}),
            value=default.batch_size,
            key=f"{key}-batch",
        )
        rates = sorted({1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2, default.learning_rate})
        learning_rate = controls.control(
            st.select_slider,
            "Peak learning rate",
            rates,
            value=default.learning_rate,
            format_func=lambda r: f"{r:g}",
            help="Adam's rate rises to it, then falls to 0 along a cosine.",
            key=f"{key}-rate",
        )
    return {
        "epochs": int(epochs),
        "seed": int(seed),
        "batch_size": int(batch_size),
        "learning_rate": float(learning_rate),
    }
