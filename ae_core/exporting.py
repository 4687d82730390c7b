"""A run for others: as a Keras file, as LiteRT, and as a folder with a model card."""

import io
import json
import math
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ae_core import __version__, cards, comparison, derived, disk, kinds, networks, runs, uses
from ae_core.errors import RunError
from ae_core.networks.layers import Layer, TiedDense, TopDense
from ae_core.runs import Run

TOLERANCE = 1e-5  # of the largest value, by which a file may differ from the run
PROBES = 8  # test examples that are tried
LICENCE = "mit"


def to_keras(run: Run) -> Any:
    """A run as a Keras model of Keras's own layers: to open it, nothing of this library is needed.

    Returns:
        A `keras.Model` from x (n, *shape) in [0, 1] to {"z": (n, latent_dim), "x_hat": (n, *shape)}. Its layers
        "encoder" and "decoder" are its two halves; z of a variational run is z_mean.

    Raises:
        RunError: if the run is damaged.
    """
    from ae_core.backend import keras

    spec, weights = run.spec, runs.weights(run)
    architecture = spec.architecture
    arrays = iter(weights.values())
    kernels: dict[str, np.ndarray] = {}

    def added(layer: Layer, y: Any, shape: tuple[int, ...], name: str | None = None) -> Any:
        own = [next(arrays) for _ in layer.weights(shape)]
        if isinstance(layer, TiedDense):
            dense = keras.layers.Dense(layer.units, name=name)
            y = dense(y)
            dense.set_weights([kernels[layer.to].T, own[0]])
            return y
        if isinstance(layer, TopDense):
            dense = keras.layers.Dense(layer.units, layer.activation, name=name)
            values = dense(y)
            dense.set_weights(own)
            kernels[name or dense.name] = own[0]
            least = keras.ops.top_k(values, layer.active)[0][:, -1:]
            return keras.ops.where(values >= least, values, 0.0)
        built = layer.build(name=name)
        y = built(y)
        if own:
            built.set_weights(own)
            kernels[built.name] = own[0]
        return y

    x = keras.Input(architecture.form.shape, name="x")
    y, shape = x, architecture.form.shape
    for layer in architecture.encoder:
        y, shape = added(layer, y, shape), layer.output_shape(shape)
    # Keras sorts the outputs of a network by name, and so its weights.
    heads = {head: added(architecture.head, y, shape, name=head) for head in sorted(architecture.heads)}
    encoder = keras.Model(x, heads[architecture.heads[0]], name="encoder")
    z = keras.Input((architecture.latent_dim,), name="z")
    y, shape = z, (architecture.latent_dim,)
    for layer in architecture.decoder:
        y, shape = added(layer, y, shape), layer.output_shape(shape)
    if spec.likelihood == "bernoulli":
        y = keras.layers.Activation("sigmoid")(y)
    decoder = keras.Model(z, y, name="decoder")
    code = encoder(x)
    return keras.Model(x, {"z": code, "x_hat": decoder(code)}, name="autoencoder")


def write_keras(run: Run, path: Path) -> list[Path]:
    """Writes a run as a `.keras` file, once it gives the run's own values.

    Returns:
        Its path.

    Raises:
        RunError: if the run is damaged, or Keras gives other values.
    """
    model = to_keras(run)
    x, z, x_hat = _probe(run)
    found = model(x)
    _compare(run, {"z": z, "x_hat": x_hat}, {name: np.asarray(value) for name, value in found.items()})
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        disk.write_bytes(path, (Path(folder) / "model.keras").read_bytes())
    return [path]


def write_litert(run: Run, path: Path) -> list[Path]:
    """Writes a run as two files for LiteRT, "NAME-encoder.tflite" and "NAME-decoder.tflite", once they give its values.

    LiteRT does not freeze the weights of a file with several signatures, so each half has a file of its own. They take
    one example at a time: it cannot convert upsampling for any number.

    Returns:
        Their paths.

    Raises:
        RunError: if the run is damaged, or LiteRT gives other values.
    """
    from ae_core.backend import keras, tf

    model = to_keras(run)
    x, z, x_hat = _probe(run)
    found = []
    for half, given, name, expected in (("encoder", x, "z", z), ("decoder", z, "x_hat", x_hat)):
        one = keras.Input(given.shape[1:], batch_size=1)
        alone = keras.Model(one, model.get_layer(half)(one))
        content = tf.lite.TFLiteConverter.from_keras_model(alone).convert()
        interpreter = tf.lite.Interpreter(model_content=content)
        ask, called = interpreter.get_signature_runner(), _input_of(interpreter)
        got = np.concatenate([next(iter(ask(**{called: example[None]}).values())) for example in given])
        _compare(run, {name: expected}, {name: got})
        found.append((path.with_name(f"{path.stem}-{half}.tflite"), content))
    for file, content in found:
        disk.write_bytes(file, content)
    return [file for file, _ in found]


def _input_of(interpreter: Any) -> str:
    """What the one input of an interpreter's only signature is called."""
    (signature,) = interpreter.get_signature_list().values()
    (name,) = signature["inputs"]
    return str(name)


def _probe(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Some examples, and what the run makes of them."""
    from ae_core import data, inference

    loaded = inference.load(run.path)
    x = data.as_float(run.dataset.split("test").images[:PROBES])
    z = loaded.encode(x)
    return x, z, loaded.decode(z)


def _compare(run: Run, expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> None:
    for name, value in expected.items():
        away, largest = float(np.abs(found[name] - value).max()), max(1.0, float(np.abs(value).max()))
        if not away <= TOLERANCE * largest:
            raise RunError(
                f"{run.name}: the exported file gives {name} that differ by {away:.1e}, expected at most "
                f"{TOLERANCE * largest:.1e}: train the run again."
            )


def write_card(run: Run, folder: Path) -> list[Path]:
    """Writes a folder as Hugging Face keeps models: a card with the run's figures, the networks, and what made them.

    Reference: Mitchell et al. 2019, Model cards for model reporting.

    Args:
        run: Which.
        folder: A new one.

    Returns:
        Its path.

    Raises:
        RunError: if the run is damaged, or the folder exists.
    """
    with disk.writing(folder) as work:
        for name in ("encoder.onnx", "decoder.onnx", "spec.json", "history.jsonl"):
            disk.write_bytes(work / name, cards.read_file(run.path, name, run.card))
        disk.write_bytes(work / "README.md", card(run).encode())
    return [folder]


def card(run: Run) -> str:
    """A run's model card: Markdown with what the hub reads in front."""
    dataset, spec = run.spec.about, run.spec
    figures = dict(_figures(run))
    metrics = [{"type": name, "value": value} for name, (_, value) in figures.items()]
    task = {"type": "feature-extraction"}
    front = {
        "library_name": "onnx",
        **({"license": LICENCE} if run.path.parent == runs.SHIPPED else {}),  # what others trained is theirs
        "tags": ["autoencoder", spec.kind, "representation-learning", "latent-explorer"],
        "model-index": [
            {
                "name": run.title,
                "results": [
                    {"task": task, "dataset": {"name": dataset.title, "type": dataset.name}, "metrics": metrics}
                ],
            }
        ],
    }
    kind = kinds.get(spec.kind)
    named = kind.title.lower()
    lines = [
        "---",
        *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()),  # JSON is YAML
        "---",
        f"# {uses.escaped(run.title)}",
        "",
        f"{'An' if named[0] in 'aeiou' else 'A'} {named} autoencoder of {dataset.form}, with a code of {run.units} "
        f"unit{'s' * (run.units != 1)}: {networks.get(spec.network.family).title.lower()}, "
        f"{run.card.parameters:,} parameters, {run.card.epochs} epoch{'s' * (run.card.epochs != 1)}, "
        f"seed {spec.training.seed}. Trained on {uses.escaped(dataset.title)} ({dataset.sizes['train']:,} examples) by "
        f"Latent Explorer {__version__}.",
        "",
        "`encoder.onnx` takes examples in [0, 1], float32, and gives their code; `decoder.onnx` takes codes and gives "
        "examples. `spec.json` says how it was trained.",
        "",
        "## Figures",
        "",
        f"On the {dataset.sizes['test']:,} test examples.",
        "",
        "| figure | value | what it is |",
        "| :-- | --: | :-- |",
        *(
            f"| {measure.heading} | {value:.{measure.decimals}f} | {measure.help} |"
            for measure, value in figures.values()
        ),
    ]
    for name in uses.names():
        rows = uses.read(name, run)
        if rows:
            use = uses.get(name)
            lines += ["", f"## {use.title}", "", use.question, "", _of_use(run, name)]
    lines += ["", "## Limits", "", kind.notice, ""]
    return "\n".join(lines)


def _figures(run: Run) -> Iterator[tuple[str, tuple[kinds.Measure, float]]]:
    for name, measure in comparison.measures().items():
        value = comparison.pca_error(run.spec.dataset, run.units) if name == "pca_mse" else run.card.figure(name)
        if math.isfinite(value):
            yield name, (measure, value)


def _of_use(run: Run, name: str) -> str:
    """A run and its floors in one use, as a table of Markdown."""
    rows = uses.read(name, run) or []
    table = uses.with_uses({run.title: run}, {name: {run.title: rows}})
    shown = {"model", "code", *(m.name for m in uses.get(name).figures)}
    columns = {key: values for key, values in table.items() if key.removesuffix(uses.SPREAD) in shown}
    return uses.markdown(uses.written(columns, uses.measures()))


@dataclass(frozen=True)
class Format:
    """A format in which a run is exported.

    Attributes:
        title: What it is called.
        help: What opens it, a sentence.
        write: Writes it to a path whose name begins as the run's, and gives the paths of what was written.
        ending: Of that path; "" of a folder.
        slow: Whether it needs Keras, and depends on the weights alone.
    """

    title: str
    help: str
    write: Callable[[Run, Path], list[Path]]
    ending: str
    slow: bool = True


FORMATS = {
    "keras": Format("Keras file", "Keras 3 opens it, with no other library.", write_keras, ".keras"),
    "litert": Format("LiteRT files", "For phones and small devices: encoder and decoder.", write_litert, ".tflite"),
    "card": Format(
        "Hugging Face folder", "A model card with the figures, and both networks as ONNX.", write_card, "", slow=False
    ),
}
MAX_FILE = 256 << 20


def packed(run: Run, format: str) -> bytes:
    """A run in one of `FORMATS` as one .zip file.

    Raises:
        RunError: as what writes it.
    """
    about, content = FORMATS[format], io.BytesIO()
    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        folder = Path(name)
        for written in about.write(run, folder / f"{run.name}{about.ending}"):
            for each in sorted(written.rglob("*")) if written.is_dir() else [written]:
                file.write(each, each.relative_to(folder))
    return content.getvalue()


def keep(run: Run, format: str) -> None:
    """Keeps a slow format of a run as `derived` says.

    Raises:
        RunError: as `packed`.
        OSError: if it cannot be written.
    """
    derived.write(derived.kept(run, _file(format)), packed(run, format))


def kept(run: Run, format: str) -> bytes | None:
    """The .zip file that `keep` wrote; None if there is none, or it was damaged and is removed, to be written anew."""
    content = next(derived.read(run, _file(format), MAX_FILE), None)
    if content is None:
        derived.kept(run, _file(format)).unlink(missing_ok=True)
    return content


def is_kept(run: Run, format: str) -> bool:
    """Whether there is such a file, without reading it."""
    return derived.kept(run, _file(format)).is_file()


def _file(format: str) -> str:
    return f"export-{format}-{__version__}.zip"
