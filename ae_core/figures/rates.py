"""What variational models of several β pay for what they keep."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ae_core.figures.style import SERIES_COLOURS, edge, figure, plain, trace

LEAST = 1.0  # nats that each axis shows, so that models which carry nothing do not look apart


def rate_distortion(
    titles: Sequence[str],
    groups: Sequence[str],
    betas: Sequence[float],
    rates: Sequence[float],
    distortions: Sequence[float],
    noun: str = "image",
) -> go.Figure:
    """A dot for each model, named by its β; a line through those that differ in β alone, in the order of β.

    Of several models with one β the line goes through their mean. Reference: Alemi et al. 2018, Fixing a broken ELBO,
    figure 3.

    Args:
        titles: What the models are called, (n,).
        groups: What those are called together that differ in β and seed alone, (n,).
        betas: Their β, (n,).
        rates: KL divergence of their codes from the prior, in nats per example, (n,).
        distortions: Their reconstruction term, in nats per example, (n,).
        noun: What an example is called.
    """
    beta, rate, distortion = (np.array(each, np.float32) for each in (betas, rates, distortions))
    of = np.array(groups)
    traces = []
    names = list(dict.fromkeys(groups))
    for i, name in enumerate(names):
        rows = np.flatnonzero(of == name)
        colour = edge(SERIES_COLOURS[i % len(SERIES_COLOURS)])
        each = np.unique(beta[rows])
        means = np.array([[v[rows][beta[rows] == b].mean() for v in (rate, distortion)] for b in each], np.float32)
        line = trace(
            "scatter", x=means[:, 0], y=means[:, 1], mode="lines", line={"color": colour, "width": 2},
            legendgroup=name, showlegend=False, hoverinfo="skip",
        )  # fmt: skip
        dots = trace(
            "scatter", x=rate[rows], y=distortion[rows], mode="markers+text", name=plain(name), legendgroup=name,
            showlegend=len(names) > 1, marker={"color": colour, "size": 10}, cliponaxis=False,
            text=[f"β = {b:g}" for b in beta[rows].tolist()], textposition="top right",
            hovertext=[plain(titles[row]) for row in rows.tolist()],
            hovertemplate="%{hovertext}<br>%{text}: rate %{x:.2f}, distortion %{y:.2f} nats<extra></extra>",
        )  # fmt: skip
        traces += [line, dots]
    room = float(np.ptp(rate)) or 1.0
    middle, high = float(distortion.min() + distortion.max()) / 2, max(float(np.ptp(distortion)), LEAST)
    return figure(
        traces,
        400,
        xaxis={
            "title": f"rate: KL in nats per {noun}<br>rate and distortion as in Alemi et al. 2018",
            "range": [-0.03 * room, max(1.18 * float(rate.max()), LEAST)],
        },
        yaxis={"title": f"distortion: nats per {noun}", "range": [middle - 0.6 * high, middle + 0.65 * high]},
    )
