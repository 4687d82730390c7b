"""Clustering: how well clusters of codes, found without labels, are the classes."""

import numpy as np

from ae_core.kinds import Measure
from ae_core.uses.base import Subject, Tell, Use, progress
from ae_core.uses.rows import Figures

STARTS = 5
COUNTS = (2, 3, 4, 5, 6, 8, 10, 15, 20)  # of clusters, where there are no classes to compare them with
FULL_UNITS, DIAGONAL_UNITS = (
    64,
    512,
)  # up to so many a mixture's covariances are full, or diagonal; beyond it is left out
LEAST_VARIANCE = 1e-3  # of a mixture's component, as a share of the codes' mean variance
SAMPLE = 5000  # codes that a mixture is fitted to
JUDGED = 2000  # codes whose silhouettes are averaged
WAYS = {"kmeans": "k-means", "mixture": "Mixture"}
SCORES = {
    "nmi": ("NMI", "normalised mutual information of clusters and classes, from 0 to 1: 0 if they are independent."),
    "acc": ("ACC", "share of examples in the cluster that stands for their class, matched one to one as fits best."),
    "ari": (
        "ARI",
        "adjusted Rand index: pairs that clusters and classes agree on, 0 by chance and 1 if they are equal.",
    ),
}
TOLD = {
    "kmeans": "Clusters by k-means",
    "mixture": "Clusters by a mixture of Gaussians",
}


class Clustering(Use):
    """Clusters of test codes against the classes, which they were found without; as many clusters as classes.

    k-means and a mixture of Gaussians, each from five starts. A mixture has full covariances up to 64 units, diagonal
    ones up to 512, and is left out beyond: a full covariance of 784 pixels has 307,720 numbers for each cluster.
    Without classes it is the silhouette of k-means, in each code's own distances, over the number of clusters.

    References: Xie et al. 2016, Unsupervised deep embedding for clustering analysis, equation 10 (ACC); Hubert & Arabie
    1985, Comparing partitions (ARI); Rousseeuw 1987, Silhouettes.
    """

    title = "Clustering"
    question = "Are clusters of codes, found without a label, the classes?"
    headlines = ("kmeans_nmi", "mixture_nmi")
    order = 4
    figures = (
        *(
            Measure(f"{way}_{score}", f"{WAYS[way]}, {heading}", f"{TOLD[way]}: {help}", "larger", 3)
            for way in WAYS
            for score, (heading, help) in SCORES.items()
        ),
        *(
            Measure(
                f"silhouette_{k}",
                f"Silhouette, {k}",
                f"Mean silhouette of {k} clusters by k-means, from −1 to 1: how much nearer examples are to their own "
                "cluster than to the next one, by distances in the code itself.",
                "larger",
                3,
            )
            for k in COUNTS
        ),
    )

    def measure(self, subject: Subject, tell: Tell) -> Figures:
        codes, labels = subject.test
        if subject.dataset.classes < 2:
            return _silhouettes(codes, tell)
        count = min(subject.dataset.classes, len(codes))
        by_mixture = codes.shape[1] <= DIAGONAL_UNITS
        tells = progress(tell, [1.0, 4.0] if by_mixture else [1.0])
        found: Figures = {}
        for way, tell_of in zip(WAYS, tells, strict=False):
            scores: list[dict[str, float]] = []
            for seed in range(STARTS):
                clusters = kmeans(codes, count, seed) if way == "kmeans" else mixture(codes, count, seed)
                scores.append(agreement(clusters, labels))
                tell_of((seed + 1) / STARTS)
            found |= {f"{way}_{score}": [one[score] for one in scores] for score in SCORES}
        return found


def kmeans(codes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Cluster of each code, (n,), of codes (n, d) by k-means from one start."""
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer codes differ than there are to be clusters
        return np.asarray(KMeans(count, n_init=1, random_state=seed).fit_predict(codes))


def mixture(codes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The most likely component of each code, (n,), of codes (n, d), by a mixture of Gaussians fitted to some."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    # Of mean variance 1, so that the least variance of a component means the same in every code.
    scale = np.sqrt(codes.var(axis=0, dtype=np.float64).mean())
    scaled = np.asarray(codes, np.float64) / (scale if scale > 0 else 1.0)
    some = scaled[:: -(-len(codes) // SAMPLE)]
    if len(some) < max(2, count):
        some = scaled
    covariance = "full" if codes.shape[1] <= FULL_UNITS else "diag"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = GaussianMixture(count, covariance_type=covariance, reg_covar=LEAST_VARIANCE, random_state=seed).fit(
            some
        )
    return np.asarray(found.predict(scaled))


def agreement(clusters: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """How well clusters (n,) are the classes (n,), by the names of `SCORES`."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return {
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "acc": accuracy(clusters, labels),
        "ari": float(adjusted_rand_score(labels, clusters)),
    }


def accuracy(clusters: np.ndarray, labels: np.ndarray) -> float:
    """Share of examples whose cluster (n,) stands for their class (n,), by the one-to-one matching that fits best.

    Reference: Xie et al. 2016, equation 10; the matching by Kuhn 1955.
    """
    from scipy.optimize import linear_sum_assignment

    counts = confusion(clusters, labels, int(clusters.max()) + 1, int(labels.max()) + 1)
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / len(labels))


def confusion(clusters: np.ndarray, labels: np.ndarray, of_clusters: int, of_classes: int) -> np.ndarray:
    """How many examples of each class every cluster holds, (clusters, classes); those without a class are left out."""
    counts = np.zeros((of_clusters, of_classes), int)
    known = labels < of_classes
    np.add.at(counts, (clusters[known], labels[known]), 1)
    return counts


def typical(codes: np.ndarray, clusters: np.ndarray, count: int) -> list[np.ndarray]:
    """Numbers of the examples of each cluster that are nearest to its mean code, nearest first, at most `count`.

    Args:
        codes: (n, d).
        clusters: Of each code, (n,), from 0; there may be empty ones.
        count: How many.
    """
    found = []
    for cluster in range(int(clusters.max()) + 1):
        members = np.flatnonzero(clusters == cluster)
        inside = codes[members]
        far = np.linalg.norm(inside - inside.mean(axis=0), axis=1) if len(members) else np.empty(0)
        found.append(members[np.argsort(far, kind="stable")[:count]])
    return found


def _silhouettes(codes: np.ndarray, tell: Tell) -> Figures:
    counts = [k for k in COUNTS if k < len(codes)]
    found: Figures = {}
    for i, k in enumerate(counts):
        found[f"silhouette_{k}"] = [silhouette(codes, kmeans(codes, k, seed)) for seed in range(STARTS)]
        tell((i + 1) / len(counts))
    return found


def silhouette(codes: np.ndarray, clusters: np.ndarray) -> float:
    """Mean silhouette of codes (n, d) in clusters (n,), of some of them where there are many, in [−1, 1].

    It is 0 where all are in one cluster, or each in one of its own.
    """
    from sklearn.metrics import silhouette_score

    some = slice(None, None, -(-len(codes) // JUDGED))
    codes, clusters = codes[some], clusters[some]
    if not 2 <= len(np.unique(clusters)) < len(codes):
        return 0.0
    return float(silhouette_score(codes, clusters))
