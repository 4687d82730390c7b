"""Table of the runs that ship; ``python -m ae_core.shipping [NAME ...]`` retrains all or the named ones."""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ae_core import derived, fitting, inference, projecting, runs, training
from ae_core.errors import ExplorerError, OptionError, TrainingError
from ae_core.latent import densities
from ae_core.spec import Spec, make_spec


@dataclass(frozen=True)
class Shipped:
    """A shipped run: what differs from its kind's defaults.

    Attributes:
        title: Display name.
        kind: Name of its kind.
        hyperparameters: Values of the kind's own hyperparameters.
        network: Fields of `Network`.
        training: Fields of `TrainingConfig`.
        dataset: Name of the data set that it learns.
        left_out: Names of classes that it does not learn.
    """

    title: str
    kind: str
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    dataset: str = "fashion-mnist"
    left_out: tuple[str, ...] = ()

    def spec(self) -> Spec:
        return make_spec(
            self.kind, self.dataset, self.hyperparameters, self.network, left_out=self.left_out, **self.training
        )


# One network for all of the 2-D runs, so that only the objective differs between their planes. Layers that are
# normalised learn more through two units than the convolutions that were here before, in a tenth of the time.
PLANE: dict[str, Any] = {
    "family": "dense",
    "latent_dim": 2,
    "hidden": (320, 128, 64),
    "decoder_hidden": (64, 128, 320),
    "code_activation": "linear",
    "normalised": True,
}
LONG = {"epochs": 40}
PLANE_TRAINING = {"epochs": 60, "batch_size": 128, "learning_rate": 3e-3, "warmup": 0.05, "beta_2": 0.999}

RUNS = {
    "vanilla": Shipped("Vanilla", "vanilla", training=LONG),
    # For Anomalies: of all classes sandals show best that cross-entropy takes what is dark for usual.
    "vanilla-without-sandal": Shipped("Vanilla, without Sandal", "vanilla", training=LONG, left_out=("Sandal",)),
    # For Features: what it never saw are tops and bags, which are harder to tell apart than shoes and trousers.
    "vanilla-of-half": Shipped(
        "Vanilla, half of the classes",
        "vanilla",
        training=LONG,
        left_out=("T-shirt", "Pullover", "Coat", "Shirt", "Bag"),
    ),
    "sparse": Shipped("Sparse, light penalty", "sparse", {"l1": 1e-5}, training=LONG),
    # Tied weights: an untied decoder grows while the code shrinks, and the penalty pays for less. L1 on a relu, since
    # it gives true zeros: what KL leaves of a sigmoid below 0.1 still carries half of the image.
    "sparse-visible": Shipped(
        "Sparse, 128 units, strong penalty",
        "sparse",
        {"l1": 6.5e-4},
        {"latent_dim": 128, "tied": True},
        {**LONG, "learning_rate": 2e-3},
    ),
    # Few units for an image and many in all: each stands for a part of some garments that one can name.
    "sparse-topk": Shipped(
        "Sparse, 16 of 512 units",
        "sparse",
        {"method": "topk", "k": 16},
        {"latent_dim": 512, "tied": True},
        {"epochs": 20, "learning_rate": 2e-3},
    ),
    "denoising": Shipped("Denoising", "denoising", training=LONG),
    "undercomplete": Shipped("Undercomplete, 16 units", "undercomplete", training=LONG),
    "contractive": Shipped("Contractive", "contractive", training=LONG),
    "convolutional": Shipped("Convolutional", "convolutional"),
    "variational": Shipped("Variational", "variational"),
    # Nothing keeps its codes together: after 60 epochs a few lie ten times as far out as most, between cliffs that are
    # finer than the tiles of a lens.
    "vanilla-2d": Shipped("Vanilla, 2-D", "vanilla", {}, PLANE, {**PLANE_TRAINING, "epochs": 20}),
    "denoising-2d": Shipped("Denoising, 2-D", "denoising", {}, PLANE, PLANE_TRAINING),
    "contractive-2d": Shipped("Contractive, 2-D", "contractive", {}, PLANE, PLANE_TRAINING),
    "variational-2d": Shipped("Variational, 2-D, larger network", "variational", {}, PLANE, PLANE_TRAINING),
    "emoji-vanilla": Shipped("Emoji, vanilla", "vanilla", dataset="emoji"),
    "emoji-variational": Shipped("Emoji, variational", "variational", dataset="emoji"),
    "ecg-vanilla": Shipped("Heartbeats, vanilla", "vanilla", {}, {"latent_dim": 8}, dataset="ecg"),
    "ecg-variational": Shipped("Heartbeats, variational", "variational", dataset="ecg"),
}


def ship(names: Sequence[str]) -> None:
    """Trains runs of the table, all if none is named; each replaces the previous one once it is complete.

    Raises:
        OptionError: if a name is not in the table.
        TrainingError: if a training fails.
    """
    for name in names:
        if name not in RUNS:
            raise OptionError(f"Unknown shipped run {name!r}: must be one of {', '.join(RUNS)}.")
    folder = runs.SHIPPED
    for name in names or RUNS:
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as work:
            new = Path(work) / name
            for event in training.fit(RUNS[name].spec(), new, title=RUNS[name].title):
                if isinstance(event, training.Failed):
                    raise TrainingError(f"{name}: {event.reason}")
                if isinstance(event, training.EpochEnd):
                    values = ", ".join(f"{k} {v:.5g}" for k, v in event.validation.items())
                    print(f"{name}: epoch {event.epoch}, {event.seconds:.0f} s, held out: {values}", flush=True)
            if (folder / name).exists():
                (folder / name).rename(Path(work) / "old")
            shutil.move(new, folder / name)
        run = runs.read(folder / name)
        loaded = inference.load(run.path)
        if not loaded.recipe.prior:
            codes = loaded.encode_kept(run.dataset.split("test").images)
            mixture = densities.fit_mixture(densities.sample(codes))
            fitting.write(derived.beside(run, fitting.NAME), mixture)
        if run.spec.network.latent_dim > 2:
            print(f"{name}: projecting its codes", flush=True)
            places = projecting.compute(run, lambda phase, fraction: None)
            if places is not None:
                projecting.write(projecting.beside(run), places)


if __name__ == "__main__":
    try:
        ship(sys.argv[1:])
    except ExplorerError as error:
        sys.exit(str(error))
