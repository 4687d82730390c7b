"""What ONNX Runtime serves is what Keras trained, and nothing else is let in."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ae_core import cards, data, inference, kinds
from ae_core.data import as_float
from ae_core.errors import OptionError, RunError
from ae_core.inference import LoadedRun

X = as_float(data.load("digits").split("test").images)  # 360: more than one batch of 128

ALL = pytest.mark.parametrize("kind", kinds.names())


@pytest.fixture(scope="module")
def loaded(digits_runs: dict[str, Path]) -> dict[str, LoadedRun]:
    return {kind: inference.load(path) for kind, path in digits_runs.items()}


@ALL
def test_onnx_equals_keras_with_the_saved_weights(kind: str, loaded: dict[str, LoadedRun]) -> None:
    from ae_core.keras_model import Autoencoder

    run = loaded[kind]
    model = Autoencoder(run.spec)
    before = model.encoder(X)[run.recipe.heads[0]].numpy()
    model.load_weights(run.run.path / "model.weights.h5")
    code = {name: z.numpy() for name, z in model.encoder(X).items()}
    assert np.abs(code[run.recipe.heads[0]] - before).max() > 1e-3  # the weights were not these already
    assert run.encode(X) == pytest.approx(code[run.recipe.heads[0]], abs=1e-5)
    z = code[run.recipe.heads[0]]
    assert run.decode(z) == pytest.approx(model.decoder(z)["x_hat"].numpy(), abs=1e-5)
    assert run.reconstruct(X) == pytest.approx(model.reconstruct(X), abs=1e-5)


@ALL
def test_codes_and_images_have_their_shapes_and_ranges_in_any_company(kind: str, loaded: dict[str, LoadedRun]) -> None:
    run = loaded[kind]
    z = run.encode(X)
    assert (z.shape, z.dtype) == ((360, run.latent_dim), np.float32)
    assert z.std() > 0
    x_hat = run.decode(z)
    assert (x_hat.shape, x_hat.dtype) == (X.shape, np.float32)
    assert x_hat.min() >= 0
    assert x_hat.max() <= 1
    assert run.parameters > 0
    assert run.encode(X[200:201]) == pytest.approx(z[200:201], abs=1e-5)
    assert run.encode(X[:0]).shape == (0, run.latent_dim)
    assert run.decode(np.zeros((0, run.latent_dim))).shape == (0, 8, 8)
    assert np.array_equal(run.encode(X.astype(np.float64)), z)


def test_examples_of_a_data_set_are_encoded_a_part_at_a_time(
    loaded: dict[str, LoadedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, parts = loaded["vanilla"], []
    expected, encode = run.encode(X), LoadedRun.encode
    monkeypatch.setattr(inference, "PART", 100)
    monkeypatch.setattr(LoadedRun, "encode", lambda run, x: parts.append(len(x)) or encode(run, x))
    found = run.encode_kept(data.load("digits").split("test").images)
    assert found == pytest.approx(expected, abs=1e-5)
    assert parts == [100, 100, 100, 60]


def test_a_variational_run_encodes_to_distributions(loaded: dict[str, LoadedRun]) -> None:
    run = loaded["variational"]
    z_mean, z_log_var = run.encode_distribution(X)
    assert z_mean.shape == z_log_var.shape == (360, run.latent_dim)
    assert np.array_equal(run.encode(X), z_mean)  # no sample: the same every time
    assert not np.allclose(z_mean, z_log_var)
    with pytest.raises(OptionError, match="encodes to points"):
        loaded["vanilla"].encode_distribution(X)


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (X[0], r"\(n, 8, 8\), got \(8, 8\)"),
        (X[..., None], r"got \(360, 8, 8, 1\)"),
        (X.reshape(360, 64), r"got \(360, 64\)"),
        (np.zeros((2, 28, 28), np.float32), r"got \(2, 28, 28\)"),
        (np.zeros((2, 8, 8), np.uint8), "got uint8"),
        (np.full((2, 8, 8), 255.0), "from 255"),
        (np.full((2, 8, 8), -0.1), "from -0.1"),
        (np.full((2, 8, 8), np.nan), "nan"),
        (np.full((2, 8, 8), "a"), "got <U1"),
    ],
)
def test_wrong_images_and_codes_are_refused(x: np.ndarray, says: str, loaded: dict[str, LoadedRun]) -> None:
    run = loaded["vanilla"]
    for call in (run.encode, run.reconstruct):
        with pytest.raises(OptionError, match=says):
            call(x)
    for shape in ((32,), (2, 31), (2, 33), (2, 32, 1)):
        with pytest.raises(OptionError, match=r"\(n, 32\), got"):
            run.decode(np.zeros(shape))


def test_serving_imports_no_tensorflow(digits_runs: dict[str, Path]) -> None:
    code = (
        "import sys, numpy as np, ae_core\n"
        "for name in ae_core.kinds.names(): ae_core.kinds.get(name)()\n"
        "for path in sys.argv[1:]:\n"
        "    run = ae_core.load(path)\n"
        "    run.decode(run.encode(np.zeros((3, 8, 8), np.float32)))\n"
        "heavy = {'keras', 'tensorflow', 'tf2onnx', 'onnx', 'sklearn', 'streamlit', 'jax'}\n"
        "print(*heavy & {m.split('.')[0] for m in sys.modules})"
    )
    paths = [str(path) for path in digits_runs.values()]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    assert done.stdout == "\n", done.stdout


@pytest.mark.parametrize("network", ["encoder", "decoder"])
def test_weights_that_are_no_numbers_are_refused(network: str, digits_runs: dict[str, Path], tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    damaged = tmp_path / "damaged"
    shutil.copytree(digits_runs["vanilla"], damaged)
    model = onnx.load(damaged / f"{network}.onnx")
    weights = next(i for i in model.graph.initializer if len(i.dims) == 2)
    values = numpy_helper.to_array(weights).copy()
    values[0, 0] = np.nan
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    onnx.save(model, damaged / f"{network}.onnx")
    cards.write(damaged, cards.unchecked(damaged))
    with pytest.raises(RunError, match=f"{network}.onnx gives values that are not finite numbers"):
        inference.load(damaged)
