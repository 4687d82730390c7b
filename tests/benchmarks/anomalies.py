"""Each class of Fashion-MNIST held out in turn: how well models that have not seen it tell it from the others.

    python tests/benchmarks/anomalies.py OUT [--classes Trouser,Bag] [--seeds 0,1] [--normal]

Trains a dense autoencoder of 32 units and a variational one of 8, 4 epochs each, for each class and seed, keeps the
runs in OUT, and prints the AUROC of each score and each floor by class, and their mean. With --normal the class is the
only one that models learn.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ae_core import data, inference, training, uses
from ae_core.spec import make_spec
from ae_core.uses.anomalies import SCORES

EPOCHS = 4
MODELS = {
    "vanilla, 32 units": ("vanilla", {"latent_dim": 32}),
    "variational, 8 units": (
        "variational",
        {"latent_dim": 8, "family": "dense", "hidden": (256,), "decoder_hidden": (256,)},
    ),
}


def measure(out: Path, model: str, name: str, seed: int, normal: bool) -> dict[str, float]:
    """AUROC by what is scored and how, of a model that learns all but one class, or only that one."""
    classes = data.load("fashion-mnist").class_names
    left_out = [other for other in classes if (other == name) != normal]
    kind, network = MODELS[model]
    path = out / f"{kind}-{'of' if normal else 'without'}-{name.replace(' ', '-')}-{seed}"
    if not path.exists():
        spec = make_spec(kind, network=network, left_out=left_out, epochs=EPOCHS, seed=seed)
        for event in training.fit(spec, path):
            if isinstance(event, training.Failed):
                raise SystemExit(event.reason)
    run = inference.load(path)
    rows = uses.read("anomalies", run.run)
    if rows is None:
        rows = uses.measure("anomalies", uses.subject(run))
        uses.write("anomalies", run.run, rows, beside=True)
    found = {}
    for row in rows:
        for score, (called, _) in SCORES.items():
            if f"auroc_{score}" in row.figures:
                found[f"{model if row.kind == 'run' else row.title}: {called}"] = row.mean(f"auroc_{score}")
    return found


def main() -> None:
    every = data.load("fashion-mnist").class_names
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--classes", default=",".join(every), help="names with commas between")
    parser.add_argument("--seeds", default="0", help="numbers with commas between")
    parser.add_argument("--normal", action="store_true", help="learn the class alone instead of all others")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    classes, seeds = asked.classes.split(","), [int(seed) for seed in asked.seeds.split(",")]
    table: dict[str, dict[str, list[float]]] = {}
    for name in classes:
        for model in MODELS:
            for seed in seeds:
                for row, value in measure(asked.out, model, name, seed, asked.normal).items():
                    table.setdefault(row, {}).setdefault(name, []).append(value)
                print(name, model, seed, file=sys.stderr, flush=True)
    print(f"| AUROC, {'one normal' if asked.normal else 'held out'} | {' | '.join(classes)} | mean |")
    print(f"|---|{'---|' * (len(classes) + 1)}")
    for row, by_class in table.items():
        means = [float(np.mean(values)) for values in by_class.values()]
        print(f"| {row} | {' | '.join(f'{mean:.3f}' for mean in means)} | {np.mean(means):.3f} |")


if __name__ == "__main__":
    main()
