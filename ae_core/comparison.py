"""Models beside one another: the figures of their cards, and the error of PCA with codes of the same size."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ae_core import kinds, networks, pca, unit_history, untrained
from ae_core.errors import DatasetError, OptionError
from ae_core.kinds import Measure
from ae_core.runs import Run

UNVARIED = ("model", "data_set", "kind", "network", "code", "parameters", "epochs", "seed", "pca_mse")  # by a seed
SPREAD = "_sd"  # ends the name of a column of standard deviations
RATES = ("kl", "elbo_reconstruction")  # the rate and the distortion of a card
PAYS = 0.05  # of an error, by which it must fall for more units to pay
PCA = Measure(
    "pca_mse",
    "PCA MSE",
    "MSE of principal component analysis with a code of the same size, fitted to the training images; no other linear "
    "code reconstructs those better.",
)
# PSNR is left out: it is the MSE on another scale.
MEASURES = (
    Measure("bce", "BCE", "Binary cross-entropy of test images and reconstructions, in nats per pixel.", "smaller"),
    Measure(
        "nll",
        "−log p",
        "Negative log-density of test images under a Gaussian around their reconstructions, in nats per pixel.",
        "smaller",
    ),
    Measure("above_floor", "BCE − floor", "BCE minus its floor, the pixels' entropy, in nats per pixel.", "smaller"),
    Measure(
        "mse", "MSE", "Mean squared error per pixel of reconstructed test images, with pixels from 0 to 1.", "smaller"
    ),
    PCA,
    Measure(
        "code_shift",
        "Code shift",
        "How far units move when Gaussian noise of σ = 0.1 is added to the test images, as a share of how far they "
        "vary between images: 0 for a code that stays still.",
        decimals=3,
    ),
    Measure(
        "knn_accuracy", "5-NN", "Accuracy of a 5-nearest-neighbours classifier of the codes, from 0 to 1.", "larger"
    ),
    Measure("active_units", "Active", "Units that are active for a test image, on average.", decimals=1),
    Measure("dead_units", "Dead", "Units that are active for no test image.", "smaller", decimals=0),
)


def measures() -> dict[str, Measure]:
    """What a table of models may hold, by name: figures of any kind, then those of single kinds."""
    of_kinds = (measure for name in kinds.names() for measure in kinds.get(name).measures)
    return {measure.name: measure for measure in (*MEASURES, *of_kinds)}


def alike(run: Run) -> str:
    """What a run shares with those that differ from it in code size and seed alone."""
    spec = run.spec.to_json()
    del spec["network"]["latent_dim"], spec["training"]["seed"]
    del spec["network"]["code_activation"]  # follows from the size
    return json.dumps(spec, sort_keys=True)


def alike_but(run: Run, hyperparameter: str) -> str:
    """What a run shares with those that differ from it in one hyperparameter and the seed alone."""
    spec = run.spec.to_json()
    spec["hyperparameters"] = {k: v for k, v in spec["hyperparameters"].items() if k != hyperparameter}
    del spec["training"]["seed"]
    return json.dumps(spec, sort_keys=True)


def enough(sizes: Sequence[int], errors: Sequence[float], more: float = PAYS) -> int:
    """The smallest code size whose error is hardly above that of the largest one: from there on more units do not pay.

    Args:
        sizes: Units of the codes, (n,); several models of one size count by their mean error.
        errors: Their errors, (n,), at least 0.
        more: The share by which it may be above.
    """
    code, error = np.asarray(sizes), np.asarray(errors, float)
    means = {int(size): float(error[code == size].mean()) for size in np.unique(code)}
    return next(size for size, mean in means.items() if mean <= (1 + more) * means[max(means)])


def by_size(models: Sequence[Run]) -> dict[str, list[int]]:
    """The numbers of models that differ in code size and seed alone, of at least two sizes, by what they share."""
    return _together(models, [alike(run) for run in models], [run.units for run in models])


def by_beta(models: Sequence[Run]) -> dict[str, list[int]]:
    """The numbers of models that differ in β and seed alone, of at least two β, by what they share.

    Only those count whose cards hold their rate and their distortion.
    """
    known = [i for i, run in enumerate(models) if all(math.isfinite(run.card.figure(name)) for name in RATES)]
    found = [models[i] for i in known if "beta" in models[i].spec.hyperparameters]
    known = [i for i in known if "beta" in models[i].spec.hyperparameters]
    betas = [run.spec.hyperparameters["beta"] for run in found]
    groups = _together(found, [alike_but(run, "beta") for run in found], betas, sizes=True)
    return {title: [known[i] for i in rows] for title, rows in groups.items()}


def _together(
    models: Sequence[Run], alike: Sequence[str], varied: Sequence[float], sizes: bool = False
) -> dict[str, list[int]]:
    """The numbers of models that are alike, of groups with at least two values of what is varied, by a title of each.

    A title is the kind's, with what groups differ in; where that is none of what is told, it is numbered in the end.
    """
    groups = {same: [i for i, other in enumerate(alike) if other == same] for same in dict.fromkeys(alike)}
    found = [rows for rows in groups.values() if len({varied[i] for i in rows}) > 1]
    of_groups = [settings(models[rows[0]]) for rows in found]
    if not sizes:
        of_groups = [{name: told for name, told in of.items() if name != "size"} for of in of_groups]
    differing = [
        name
        for name in dict.fromkeys(name for told in of_groups for name in told)
        if len({told[name] for told in of_groups if name in told}) > 1
    ]
    if len({told.get("left_out") for told in of_groups}) > 1:  # most leave nothing out, and do not say so
        differing = [*(name for name in differing if name != "left_out"), "left_out"]
    titles: dict[str, list[int]] = {}
    for rows, told in zip(found, of_groups, strict=True):
        kind = kinds.get(models[rows[0]].spec.kind).title
        whole = ", ".join([kind, *(told[name] for name in differing if name in told)])
        title, number = whole, 2
        while title in titles:
            title, number = f"{whole} ({number})", number + 1
        titles[title] = rows
    return titles


def settings(run: Run) -> dict[str, str]:
    """What a model was trained with beside its kind, in words, by a name of each."""
    spec = run.spec
    told = {"size": f"{run.units} unit{'s' * (run.units != 1)}"}
    told["network"] = networks.get(spec.network.family).title.lower()
    for h in kinds.get(spec.kind).hyperparameters:
        if h.matters(spec.hyperparameters):
            told[h.name] = f"{h.brief} {h.told(spec.hyperparameters[h.name])}"
    told["epochs"] = f"{spec.training.epochs} epoch{'s' * (spec.training.epochs != 1)}"
    if spec.left_out:
        told["left_out"] = spec.told_classes
    return told


def has_collapsed(run: Run) -> bool:
    """Whether the code of a variational model says less than one bit of its example, as its card tells."""
    return bool(run.card.figure("kl") < unit_history.LEAST_NATS)  # NaN of other kinds


def untrained_errors(models: Sequence[Run]) -> list[float]:
    """For each model of a code size that others alike have another one of, the error of its untrained encoder.

    Returns:
        As `untrained.errors`, (n,); NaN for models that stand alone.
    """
    asked = [i for rows in by_size(models).values() for i in rows]
    found = np.full(len(models), math.nan)
    if asked:
        found[asked] = untrained.errors([models[i].spec for i in asked])
    return found.tolist()


def table(models: Mapping[str, Run]) -> dict[str, list[Any]]:
    """Models of one data set as a table: columns by name, a row for each model.

    Args:
        models: By what they are called.

    Returns:
        model, data_set, kind, network: texts; code: units; parameters, epochs, seed: whole numbers; and each of
        `measures` that a card holds or that is known of PCA, NaN where a card lacks it.

    Raises:
        OptionError: if they are of several data sets: their figures do not compare.
    """
    found = list(models.values())
    names = sorted({run.spec.dataset for run in found})
    if len(names) > 1:
        raise OptionError(f"Models to compare must be of one data set, got {', '.join(names)}: compare each by itself.")
    general = {measure.name for measure in MEASURES}
    figures = {name: _figures(name, found) for name in measures()}
    figures = {name: values for name, values in figures.items() if not np.isnan(values).all()}
    return {
        "model": list(models),
        "data_set": [run.spec.about.title for run in found],
        "code": [run.spec.network.latent_dim for run in found],
        **{name: values for name, values in figures.items() if name in general},
        "kind": [kinds.get(run.spec.kind).title for run in found],
        "parameters": [run.card.parameters for run in found],
        "network": [networks.get(run.spec.network.family).title for run in found],
        "epochs": [run.card.epochs for run in found],
        "seed": [run.spec.training.seed for run in found],
        **{name: values for name, values in figures.items() if name not in general},
    }


def seeds_apart(models: Sequence[Run]) -> list[list[int]]:
    """The numbers of models in groups that differ in their seed alone, in the order of the first of each.

    Of several with the same seed each is in a group of its own: they are one training, and would make a spread small.
    """
    groups: dict[tuple[str, int], list[int]] = {}
    seen = Counter[tuple[str, int]]()
    for i, run in enumerate(models):
        spec = run.spec.to_json()
        seed = spec["training"].pop("seed")
        alike = json.dumps(spec, sort_keys=True)
        groups.setdefault((alike, seen[alike, seed]), []).append(i)
        seen[alike, seed] += 1
    return list(groups.values())


def over_seeds(columns: Mapping[str, Sequence[Any]], models: Sequence[Run]) -> dict[str, list[Any]]:
    """A table with one row for all models that differ in their seed alone.

    Args:
        columns: As `table` gives them, or with rows of floors below the models.
        models: Of the rows, m of them, in their order.

    Returns:
        The same columns; of such rows the mean of each figure, and beside it its standard deviation over the seeds,
        n − 1 in the denominator. Other rows stay as they are.
    """
    count = len(columns["model"])
    groups = [*seeds_apart(models), *([i] for i in range(len(models), count))]
    figures = {name for name in columns if not name.endswith(SPREAD) and name not in UNVARIED}
    found: dict[str, list[Any]] = {}
    for name, values in columns.items():
        if name.endswith(SPREAD):
            continue
        if name not in figures:
            found[name] = [values[rows[0]] for rows in groups]
            continue
        found[name] = [float(np.mean([values[i] for i in rows])) for rows in groups]
        before = columns.get(name + SPREAD, [math.nan] * count)
        spreads = [
            float(np.std([values[i] for i in rows], ddof=1)) if len(rows) > 1 else float(before[rows[0]])
            for rows in groups
        ]
        if not np.isnan(spreads).all():
            found[name + SPREAD] = spreads
    of_several = {i: len(rows) for i, rows in enumerate(groups) if len(rows) > 1}
    for i, number in of_several.items():
        own = f", seed {models[groups[i][0]].spec.training.seed}"  # as a sweep calls it
        found["model"][i] = f"{found['model'][i].removesuffix(own)}, {number} seeds"
    if "seed" in found:
        found["seed"] = [math.nan if i in of_several else seed for i, seed in enumerate(found["seed"])]
    return found


def _figures(name: str, found: Sequence[Run]) -> list[float]:
    if name == PCA.name:
        return [pca_error(run.spec.dataset, run.spec.network.latent_dim) for run in found]
    return [run.card.figure(name) for run in found]


def pca_error(dataset: str, size: int) -> float:
    """That of `pca.errors` for codes of one size; NaN if it is not known, or the data set is gone."""
    try:
        errors = pca.errors(dataset)
    except DatasetError:
        return math.nan
    return float(errors[min(size, len(errors) - 1)])
