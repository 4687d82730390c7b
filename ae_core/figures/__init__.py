"""Arrays to Plotly figures: pure functions, legible on light and dark ground."""

from ae_core.figures.anomalies import anomaly_curves, anomaly_scores, score_by_mean
from ae_core.figures.clusters import beside, confusion
from ae_core.figures.codes import (
    activation_histogram,
    class_mix,
    code_profile,
    error_histogram,
    firing_rates,
    scatter,
    units_per_image,
)
from ae_core.figures.columns import two_columns
from ae_core.figures.curves import learning_curves
from ae_core.figures.directions import direction_fan
from ae_core.figures.generation import draws_judged, precision_and_coverage
from ae_core.figures.pictures import Row, image_grid, image_rows, neighbours, reconstructions, signed_error, tinted
from ae_core.figures.rates import rate_distortion
from ae_core.figures.sizes import error_by_code_size
from ae_core.figures.stability import nudge_curves
from ae_core.figures.style import plain, wrapped
from ae_core.figures.units import traversals, unit_by_class, unit_histogram, weights, without_units
from ae_core.figures.uses import over
from ae_core.figures.watching import kl_by_unit, units_by_epoch

__all__ = [
    "Row",
    "activation_histogram",
    "anomaly_curves",
    "anomaly_scores",
    "beside",
    "class_mix",
    "code_profile",
    "confusion",
    "direction_fan",
    "draws_judged",
    "error_by_code_size",
    "error_histogram",
    "firing_rates",
    "image_grid",
    "image_rows",
    "kl_by_unit",
    "learning_curves",
    "neighbours",
    "nudge_curves",
    "over",
    "plain",
    "precision_and_coverage",
    "rate_distortion",
    "reconstructions",
    "scatter",
    "score_by_mean",
    "signed_error",
    "tinted",
    "traversals",
    "two_columns",
    "unit_by_class",
    "unit_histogram",
    "units_by_epoch",
    "units_per_image",
    "weights",
    "without_units",
    "wrapped",
]
