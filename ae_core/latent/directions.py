"""Directions through latent space that two groups of examples make: the mean of one minus the mean of the other.

A direction is only worth what can be said against it, so its figures are made here too: how far it turns when other
examples are drawn, how much of the groups' spread lies along it, and how well it orders examples that did not make it.
"""

from dataclasses import dataclass

import numpy as np

from ae_core import metrics
from ae_core.errors import OptionError
from ae_core.latent.planes import Plane, main_plane, principal_directions

DRAWS = 200  # of a bootstrap
FEWEST = 2  # examples of a group
FLAT = 1e-6


@dataclass(frozen=True)
class Direction:
    """What two groups make.

    Attributes:
        vector: (d,), from the mean of the first group to that of the second; not of length 1.
        start: (d,), the mean of the first group.
        cosines: (draws,), between the vector and those of bootstrap samples: near 1 where it is well known.
        floor: The mean of such cosines where the same examples are dealt to two groups at random: some 0.7, since a
            sample has most of its examples from the group itself. Only what is above it says that groups differ.
        drawn: (draws, d), the vectors of bootstrap samples.
        share: Of the variance of both groups' codes, in [0, 1]: how much lies along it.
        order: AUROC of the groups along it, of examples that did not make it: in [0, 1], 0.5 is chance.
    """

    vector: np.ndarray
    start: np.ndarray
    cosines: np.ndarray
    floor: float
    drawn: np.ndarray
    share: float
    order: float


def between(first: np.ndarray, second: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Direction:
    """The direction from one group to another.

    Args:
        first, second: Codes of the groups, (n, d) and (m, d).
        draws: Bootstrap samples, of each group with replacement.
        seed: Of the samples and of the halves that the order is measured on.

    Raises:
        OptionError: if a group has fewer than two examples, or both have the same mean.
    """
    if min(len(first), len(second)) < FEWEST:
        raise OptionError(
            f"A direction needs at least {FEWEST} examples in each group, got {len(first)} and {len(second)}: choose "
            "more."
        )
    found = vector(first, second)
    if not np.linalg.norm(found) > 0:
        raise OptionError("Both groups have the same mean code, so there is no direction: choose others.")
    rng = np.random.default_rng(seed)
    drawn = _resampled(second, draws, rng) - _resampled(first, draws, rng)
    both = np.concatenate([first, second])
    along = both @ (found / np.linalg.norm(found))
    dealt = both[rng.permutation(len(both))]
    one, other = dealt[: len(first)], dealt[len(first) :]
    by_chance = _resampled(other, draws, rng) - _resampled(one, draws, rng)
    variance = metrics.total_variance(both)
    return Direction(
        vector=found,
        start=first.mean(axis=0),
        cosines=cosine(drawn, found),
        floor=float(cosine(by_chance, vector(one, other)).mean()),
        drawn=drawn,
        share=float(np.var(along, dtype=np.float64)) / variance if variance > 0 else 0.0,
        order=_order(first, second, rng),
    )


def plane_along(codes: np.ndarray, vector: np.ndarray) -> Plane:
    """The plane of a direction (d,) and of what else codes (n, d) vary most in, through their mean; d of 2 and more.

    Of a code of two units it is that plane itself.
    """
    if codes.shape[1] <= 2:
        return main_plane(codes)
    mean = codes.mean(axis=0, dtype=np.float64)
    along = vector / np.linalg.norm(vector)
    rest = codes - mean
    rest = rest - (rest @ along)[:, None] * along
    directions, _ = principal_directions(rest)
    across = directions[0] - (directions[0] @ along) * along
    if not np.linalg.norm(across) > FLAT:  # codes vary along it alone: any way across it will do
        way = np.eye(len(along))[np.abs(along).argmin()]
        across = way - (way @ along) * along
    axes = np.stack([along, across / np.linalg.norm(across)]).astype(np.float32)
    total = metrics.total_variance(codes)
    share = metrics.total_variance((codes - mean) @ axes.T) / total if total > 0 else 1.0
    return Plane(mean.astype(np.float32), axes, share, ("along the direction", "main direction across it"))


def analogy(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """What is to c as b is to a: c + b − a, of codes (d,).

    Reference: Mikolov et al. 2013, Linguistic regularities in continuous space word representations.
    """
    return np.asarray(c + b - a)


def cosine(vectors: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosines of the angles between vectors (…, d) and another (d,), in [-1, 1]; 0 for a vector without length."""
    lengths = np.linalg.norm(vectors, axis=-1) * np.linalg.norm(other)
    return np.clip(np.divide(vectors @ other, lengths, out=np.zeros_like(lengths), where=lengths > 0), -1, 1)


def vector(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The mean of the second group minus that of the first, (d,), of codes (n, d) and (m, d)."""
    difference: np.ndarray = second.mean(axis=0, dtype=np.float64) - first.mean(axis=0, dtype=np.float64)
    return difference


def _resampled(codes: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Means of bootstrap samples of codes (n, d), (draws, d)."""
    often = rng.multinomial(len(codes), np.full(len(codes), 1 / len(codes)), size=draws)
    means: np.ndarray = often @ codes.astype(np.float64) / len(codes)
    return means


def _order(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> float:
    """Mean AUROC of each half of the examples along the direction that the other half makes."""
    halves = [np.array_split(rng.permutation(len(group)), 2) for group in (first, second)]
    found = []
    for mine, others in ((0, 1), (1, 0)):
        a, b = first[halves[0][mine]], second[halves[1][mine]]
        along = np.concatenate([a, b]) @ vector(first[halves[0][others]], second[halves[1][others]])
        found.append(metrics.auroc(along, np.arange(len(along)) >= len(a)))
    return float(np.mean(found))
