"""How long the default training takes to the article's own result: ``python tests/benchmarks/train_speed.py KIND|all``.

Baseline: the article's recipe written out in plain Keras, 50 epochs of `fit` at batch 256 with Adam's defaults on
float32 arrays, the test set as validation data. Ours: `ae_core.training.fit` with the kind's default settings, timed
until the first epoch end whose test loss is within a tolerance of the baseline's final one. Tracing and compilation
count on both sides, importing TensorFlow and loading images on neither; our test losses are computed while our clock
stands still. Each side has a process of its own.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

RESULTS = Path(__file__).resolve().parent / "results" / "train_speed.json"
KINDS = ("vanilla", "sparse", "denoising", "undercomplete", "contractive", "convolutional", "variational")
EPOCHS, BATCH = 50, 256
NATS_A_PIXEL, NATS_AN_IMAGE = 0.0005, 0.4  # within this much of the baseline's final test loss
WANTED = dict.fromkeys(KINDS, 10) | {"convolutional": 4, "variational": 4}


def article(kind: str) -> dict[str, Any]:
    """The article's recipe: its curve [(seconds, test loss), ...], its duration, and the share spent on validation."""
    import keras
    import numpy as np

    from ae_core import data
    from tests.benchmarks import article as recipes

    dataset = data.load("fashion-mnist")
    shape = (28, 28, 1) if kind in ("convolutional", "variational") else (784,)
    x, x_test = ((dataset.split(name).images.astype("float32") / 255).reshape(-1, *shape) for name in ("train", "test"))
    keras.utils.set_random_seed(0)
    given, given_test = x, x_test
    if kind == "denoising":
        rng = np.random.default_rng(0)
        given, given_test = (
            np.clip(a + 0.5 * rng.standard_normal(a.shape, dtype="float32"), 0, 1) for a in (x, x_test)
        )
    curve: list[tuple[float, float]] = []
    testing = 0.0

    class Watch(keras.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            self.begun = time.perf_counter()

        def on_test_end(self, logs: Any = None) -> None:
            nonlocal testing
            testing += time.perf_counter() - self.begun

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            curve.append((time.perf_counter() - began, float(logs["val_loss"])))
            print(f"{kind}, article: {curve[-1][0]:.1f} s, {curve[-1][1]:.5f}", flush=True)

    began = time.perf_counter()
    model = recipes.build(kind)
    model.fit(
        given,
        x,
        epochs=EPOCHS,
        batch_size=BATCH,
        shuffle=True,
        validation_data=(given_test, x_test),
        callbacks=[Watch()],
        verbose=0,
    )
    return {"curve": curve, "seconds": time.perf_counter() - began, "validation_seconds": testing}


def ours(kind: str) -> dict[str, Any]:
    """`training.fit` with the kind's default settings: its curve [(seconds, test loss), ...]."""
    from ae_core import data, keras_model, training
    from ae_core.spec import make_spec

    spec = make_spec(kind)
    dataset = data.load(spec.dataset)
    few, test = dataset.split("train").images[: 2 * spec.training.batch_size], dataset.split("test").images
    probes: list[keras_model.Optimisation] = []
    plain = keras_model.Optimisation

    def watched(model: keras_model.Autoencoder, *arguments: Any) -> keras_model.Optimisation:
        # A second one on the same model, whose held-out images are the test set: only its `validate` is used.
        probes.append(plain(model, spec, few, test))
        return plain(model, *arguments)

    keras_model.Optimisation = watched  # type: ignore[assignment,misc]
    curve: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        events = training.fit(spec, Path(folder) / "run")
        seconds, building = 0.0, False
        while True:
            begin = time.perf_counter()
            event = next(events)
            if building:
                seconds += time.perf_counter() - begin
            building = building or (isinstance(event, training.Preparing) and event.phase.startswith("Building"))
            if isinstance(event, training.EpochEnd):
                curve.append((seconds, sum(probes[0].validate().values())))
                print(f"{kind}, ours: {seconds:.1f} s, {curve[-1][1]:.5f}", flush=True)
                if event.epoch == spec.training.epochs:
                    return {"curve": curve, "settings": spec.to_json()["training"]}
            if isinstance(event, training.Failed):
                raise SystemExit(event.reason)


def compare(kind: str) -> dict[str, Any]:
    """Both sides, one after the other, and the ratio of their durations."""
    results = []
    for side in (article, ours):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            results.append(pool.apply(side, (kind,)))
    baseline, mine = results
    target = baseline["curve"][-1][1] + (NATS_AN_IMAGE if kind == "variational" else NATS_A_PIXEL)
    reached = next((seconds for seconds, loss in mine["curve"] if loss <= target), None)
    return {
        "kind": kind,
        "target": target,
        "article": baseline,
        "ours": mine,
        "seconds_to_target": reached,
        "times_faster": reached and baseline["seconds"] / reached,
        "times_faster_without_validation": reached and (baseline["seconds"] - baseline["validation_seconds"]) / reached,
        "wanted": WANTED[kind],
    }


def report(result: dict[str, Any]) -> str:
    """A result in lines for people."""
    lines = [f"{result['kind']}: target {result['target']:.5f}"]
    for side in ("article", "ours"):
        points = "  ".join(f"{seconds:.1f} s {loss:.5f}" for seconds, loss in result[side]["curve"])
        lines.append(f"  {side}: {points}")
    if result["seconds_to_target"] is None:
        return "\n".join([*lines, "  the target was not reached"])
    lines.append(
        f"  {result['seconds_to_target']:.1f} s instead of {result['article']['seconds']:.1f} s: "
        f"{result['times_faster']:.1f} times faster ({result['wanted']} wanted; "
        f"{result['times_faster_without_validation']:.1f} without the article's validation)"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=(*KINDS, "all"))
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    for kind in KINDS if arguments.kind == "all" else (arguments.kind,):
        result = compare(kind)
        print(json.dumps(result) if arguments.json else report(result), flush=True)
        known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        known[kind] = result
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({k: known[k] for k in KINDS if k in known}, indent=1) + "\n")


if __name__ == "__main__":
    main()
