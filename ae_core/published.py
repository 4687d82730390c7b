"""Figures of others on the same data, with where they stand and how they were measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A publication.

    Attributes:
        brief: Authors and year.
        title: What it is called.
        protocol: How it measured, a sentence or two, where that is not how this library does.
    """

    brief: str
    title: str
    protocol: str


@dataclass(frozen=True)
class Published:
    """What a source reports of one model.

    Attributes:
        source: Where.
        model: What it calls the model.
        units: Of its code.
        figures: By the names of this library's own figures.
    """

    source: Source
    model: str
    units: int
    figures: dict[str, float] = field(default_factory=dict)


PARAMETRIC_UMAP = Source(
    "Sainburg, McInnes & Gentner 2021",
    "Parametric UMAP embeddings for representation and semisupervised learning, its notebooks",
    "Convolutional networks that learnt 50,000 training images, one run each. 5-NN knows the codes of those 50,000, "
    "here of all 60,000.",
)
BAKE_OFF = Source(
    "Krokotsch 2021",
    "The great autoencoder bake off",
    "Dense networks, 60 epochs. Binary cross-entropy is reported in nats an image, here divided by 784. The probe's "
    "550 labels are one draw.",
)
PIXELS = 784


def _umap(model: str, units: int, mse: float, knn: float) -> Published:
    return Published(PARAMETRIC_UMAP, model, units, {"mse": mse, "knn_accuracy": knn})


def _bake_off(model: str, nats: float, probe: float | None = None) -> Published:
    figures = {"bce": nats / PIXELS} | ({} if probe is None else {"probe_550": probe})
    return Published(BAKE_OFF, model, 20, figures)


_BY_DATASET = {
    "fashion-mnist": (
        _umap("PCA", 2, 0.0461, 0.506),
        _umap("autoencoder", 2, 0.0244, 0.734),
        _umap("variational autoencoder, KL averaged over units", 2, 0.0253, 0.716),
        _umap("UMAP and autoencoder", 2, 0.0240, 0.756),
        _umap("PCA", 64, 0.0104, 0.857),
        _umap("autoencoder", 64, 0.0054, 0.876),
        _umap("variational autoencoder, KL averaged over units", 64, 0.0058, 0.883),
        _bake_off("shallow", 240.9, 0.585),
        _bake_off("vanilla", 212.6, 0.677),
        _bake_off("stacked", 228.2, 0.656),
        _bake_off("sparse", 212.7, 0.325),
        _bake_off("denoising", 247.8, 0.710),
        _bake_off("variational", 224.5, 0.490),
        _bake_off("β-variational, β = 2", 231.1),
        _bake_off("β-variational, β = ½", 219.1),
        _bake_off("vector-quantised", 213.0, 0.719),
    )
}


def of_dataset(name: str, sizes: Sequence[int] = ()) -> list[Published]:
    """What others report on a data set.

    Args:
        name: Of the data set.
        sizes: Of codes: only of these, if anything is reported of one of them.
    """
    every = list(_BY_DATASET.get(name, ()))
    same = [one for one in every if one.units in sizes]
    return same or every
