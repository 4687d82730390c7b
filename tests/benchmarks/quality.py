"""What codes of the published sizes reach on Fashion-MNIST, three seeds each, beside PCA, raw pixels and no training.

    python tests/benchmarks/quality.py OUT [NAME …]

Trains what OUT does not hold yet, so that it can be stopped and gone on with, and prints the table as Markdown. The
test images are looked at once for each run. k-NN is fitted on the codes of the first 50,000 training images, as in the
published figures (Sainburg et al. 2021), and of all 60,000.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ae_core import data, inference, keras_model, metrics, shipping, training
from ae_core.data import as_float
from ae_core.spec import make_spec

SEEDS = (0, 1, 2)
FIRST = 50_000
PLANE = {**shipping.PLANE}
# Dense networks of these sizes learn the training images, not others: see docs/benchmarks.md.
CONVOLUTIONAL = {"family": "strided", "filters": (32, 64), "code_activation": "linear"}
LONG = {**shipping.PLANE_TRAINING}
SLOW = {"epochs": 18, "batch_size": 64, "learning_rate": 3e-3, "beta_2": 0.999, "compile": False}
RUNS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "2-D vanilla": ("vanilla", PLANE, LONG),
    # Without the penalty some codes lie far out, and the others close together.
    "2-D contractive": ("contractive", PLANE, LONG),
    "2-D variational": ("variational", PLANE, LONG),
    "64 units": (
        "vanilla",
        # A hidden layer costs .0002 of MSE, and gives .01 of 5-NN.
        CONVOLUTIONAL | {"latent_dim": 64, "hidden": (512,), "decoder_hidden": (512,), "normalised": True},
        SLOW | {"epochs": 12},
    ),
    "20 units": ("vanilla", CONVOLUTIONAL | {"latent_dim": 20}, SLOW),
}
PUBLISHED = {
    "2-D vanilla": "MSE .0244, 5-NN .734",
    "2-D contractive": "MSE .0244, 5-NN .734",
    "2-D variational": "MSE .0253, 5-NN .716",
    "64 units": "MSE .0054, 5-NN .876 (VAE-64: .883)",
    "20 units": "212.6 nats",
}


def neighbours(codes: np.ndarray, labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> list[float]:
    """Accuracy of 5-NN with the codes of the first 50,000 images, and of all."""
    return [KNeighborsClassifier(5).fit(codes[:n], labels[:n]).score(test, test_labels) for n in (FIRST, len(codes))]


def measure(x: np.ndarray, x_hat: np.ndarray, found: list[float]) -> dict[str, float]:
    nats = metrics.binary_cross_entropy(x, np.clip(x_hat, 0, 1)).mean(dtype=np.float64) * 784
    mse = metrics.squared_error(x, x_hat).mean(dtype=np.float64)
    return {"mse": float(mse), "nats": float(nats), "5-NN, 50,000": found[0], "5-NN, 60,000": found[1]}


def run(out: Path, name: str, seed: int) -> dict[str, float]:
    path = out / f"{name.replace(' ', '-')}-{seed}"
    kept = path.with_suffix(".json")
    if kept.exists():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    kind, network, config = RUNS[name]
    if not path.exists():
        for event in training.fit(make_spec(kind, "fashion-mnist", {}, network, **config, seed=seed), path):
            if isinstance(event, training.Failed):
                raise SystemExit(event.reason)
    loaded = inference.load(path)
    train, test = (data.load("fashion-mnist").split(which) for which in ("train", "test"))
    x = as_float(test.images)
    codes = np.concatenate([loaded.encode(as_float(train.images[i : i + 5000])) for i in range(0, len(train), 5000)])
    own = loaded.encode(x)
    found = measure(x, loaded.decode(own), neighbours(codes, train.labels, own, test.labels))
    kept.write_text(json.dumps(found), encoding="utf-8")
    print(name, seed, found, flush=True)
    return found


def floors(out: Path, name: str) -> dict[str, dict[str, float]]:
    """PCA with a code of that size, raw pixels, and the network before it has learnt anything."""
    kept = out / f"{name.replace(' ', '-')}-floors.json"
    if kept.exists():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    train, test = (data.load("fashion-mnist").split(which) for which in ("train", "test"))
    x, every = as_float(test.images).reshape(-1, 784), as_float(train.images).reshape(-1, 784)
    kind, network, config = RUNS[name]
    size = int(network["latent_dim"])
    pca = PCA(size, random_state=0).fit(every)
    codes = pca.transform(every), pca.transform(x)
    found = {
        f"PCA, {size}": measure(
            x, pca.inverse_transform(codes[1]), neighbours(codes[0], train.labels, codes[1], test.labels)
        ),
        "raw pixels": {
            k: v
            for k, v in measure(x, x, neighbours(every, train.labels, x, test.labels)).items()
            if k.startswith("5-NN")
        },
    }
    fresh = keras_model.Autoencoder(make_spec(kind, "fashion-mnist", {}, network, **config))
    before, own = (fresh.encode(as_float(part.images))[fresh.kind.heads[0]] for part in (train, test))
    scores = neighbours(before, train.labels, own, test.labels)
    found["untrained network"] = {"5-NN, 50,000": scores[0], "5-NN, 60,000": scores[1]}
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rows = ["| code | MSE | nats | 5-NN (50,000) | 5-NN (60,000) | published |", "|---|---|---|---|---|---|"]
    for name in sys.argv[2:] or RUNS:
        found = [run(out, name, seed) for seed in SEEDS]
        cells = []
        for figure, decimals in (("mse", 5), ("nats", 1), ("5-NN, 50,000", 4), ("5-NN, 60,000", 4)):
            values = np.array([each[figure] for each in found])
            cells.append(f"{values.mean():.{decimals}f} ± {values.std(ddof=1):.{decimals}f}")
        rows.append(f"| **{name}** | {' | '.join(cells)} | {PUBLISHED[name]} |")
        for floor, values in floors(out, name).items():
            shown = [
                f"{values[k]:.4f}" if k in values else "–" for k in ("mse", "nats", "5-NN, 50,000", "5-NN, 60,000")
            ]
            rows.append(f"| {floor} | {' | '.join(shown)} | |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
