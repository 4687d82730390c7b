"""A run as a Keras file, as LiteRT, and as a folder with a model card."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ae_core import cards, cli, comparison, data, exporting, inference, kinds, runs, training, uses
from ae_core.errors import RunError
from ae_core.spec import make_spec
from ae_core.uses import Row

OPEN = """
import json, sys
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1], safe_mode=True)
x = np.load(sys.argv[2])
found = model(x)
assert not any(name.startswith("ae_core") for name in sys.modules)
np.savez(sys.argv[3], z=found["z"], x_hat=model.get_layer("decoder")(model.get_layer("encoder")(x)))
"""


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with what Keras has no layers for: tied weights, and a code of its largest units only."""
    network = {"family": "dense", "latent_dim": 24, "tied": True, "normalised": True}
    spec = make_spec("sparse", "digits", {"method": "topk", "k": 4}, network, epochs=1, compile=False)
    *_, last = training.fit(spec, tmp_path_factory.mktemp("tied") / "topk")
    assert isinstance(last, training.Finished), last
    return last.run.path


@pytest.fixture(params=["vanilla", "variational", "convolutional", "tied"])
def path(request: pytest.FixtureRequest, digits_runs: dict[str, Path], tied: Path) -> Path:
    return tied if request.param == "tied" else digits_runs[request.param]


def examples() -> np.ndarray:
    return data.as_float(data.load("digits").split("test").images[8:40])


def test_keras_opens_the_file_without_this_library(path: Path, tmp_path: Path) -> None:
    exporting.write_keras(runs.read(path), tmp_path / "run.keras")
    np.save(tmp_path / "x.npy", examples())
    given = [str(tmp_path / name) for name in ("run.keras", "x.npy", "found.npz")]
    subprocess.run([sys.executable, "-c", OPEN, *given], check=True, cwd=tmp_path)
    found, run = np.load(tmp_path / "found.npz"), inference.load(path)
    np.testing.assert_allclose(found["z"], run.encode(examples()), atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(found["x_hat"], run.reconstruct(examples()), atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_litert_encodes_and_decodes(path: Path, tmp_path: Path) -> None:
    import tensorflow as tf

    run = inference.load(path)
    encoder, decoder = exporting.write_litert(run.run, tmp_path / "run.tflite")
    assert [file.name for file in (encoder, decoder)] == ["run-encoder.tflite", "run-decoder.tflite"]
    z = run.encode(examples())
    for file, given, expected in ((encoder, examples(), z), (decoder, z, run.decode(z))):
        interpreter = tf.lite.Interpreter(str(file))
        (input_of,), (output_of,) = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.allocate_tensors()
        for example, wanted in zip(given[:5], expected, strict=False):
            interpreter.set_tensor(input_of["index"], example[None])
            interpreter.invoke()
            np.testing.assert_allclose(interpreter.get_tensor(output_of["index"])[0], wanted, atol=1e-4, rtol=1e-4)


def test_a_file_that_is_not_the_run_is_not_written(
    digits_runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = (runs.read(digits_runs[name]) for name in ("vanilla", "contractive"))
    weights = runs.weights(other)
    monkeypatch.setattr(runs, "weights", lambda run: weights)
    with pytest.raises(RunError, match="the exported file gives z that differ by"):
        exporting.write_keras(run, tmp_path / "run.keras")
    assert not list(tmp_path.iterdir())


def test_a_model_card_tells_figures_beside_floors(
    digits_runs: dict[str, Path], data_folder: Path, tmp_path: Path
) -> None:
    run = runs.read(digits_runs["vanilla"])
    rows = [
        Row("run", run.title, run.units, {"probe_all": [0.875]}),
        Row("pixels", "raw pixels", 64, {"probe_all": [0.9]}),
    ]
    uses.write("features", run, rows)
    told = CliRunner().invoke(cli.main, ["export", str(run.path), str(tmp_path / "card")])
    assert told.exit_code == 0, told.output
    names = {path.name for path in (tmp_path / "card").iterdir()}
    assert names == {"README.md", "encoder.onnx", "decoder.onnx", "spec.json", "history.jsonl"}
    _, front, text = (tmp_path / "card" / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    fields = {key: json.loads(value) for key, _, value in (line.partition(": ") for line in front.strip().splitlines())}
    (result,) = fields["model-index"][0]["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values["mse"] == run.card.figure("mse")
    assert values["pca_mse"] == comparison.pca_error("digits", run.units)
    assert "| 0.875 |" in text
    assert "| raw pixels | 64 | | 0.900 |".replace(" | |", " |") in text.replace(" |  |", " |")
    assert kinds.get("vanilla").notice in text
    assert json.loads((tmp_path / "card" / "spec.json").read_text(encoding="utf-8")) == run.spec.to_json()
    again = CliRunner().invoke(cli.main, ["export", str(run.path), str(tmp_path / "card")])
    assert again.exit_code == 1


def test_another_ending_is_refused(digits_runs: dict[str, Path]) -> None:
    told = CliRunner().invoke(cli.main, ["export", str(digits_runs["vanilla"]), "run.pt"])
    assert told.exit_code == 2
    assert "must end in .zip, .keras, .tflite or nothing for a folder, got 'run.pt'" in told.output


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize("name", exporting.FORMATS)
def test_a_packed_run_holds_what_is_written(name: str, digits_runs: dict[str, Path]) -> None:
    run = runs.read(digits_runs["vanilla"])
    with zipfile.ZipFile(io.BytesIO(exporting.packed(run, name))) as file:
        assert file.testzip() is None
        found = file.namelist()
    in_folder = ("README.md", "decoder.onnx", "encoder.onnx", "history.jsonl", "spec.json")
    expected = {
        "keras": [f"{run.name}.keras"],
        "litert": [f"{run.name}-encoder.tflite", f"{run.name}-decoder.tflite"],
        "card": [f"{run.name}/{each}" for each in in_folder],
    }
    assert found == expected[name]


def test_what_is_kept_is_found_until_it_is_damaged(digits_runs: dict[str, Path], data_folder: Path) -> None:
    run = runs.read(digits_runs["vanilla"])
    assert not exporting.is_kept(run, "card")
    assert exporting.kept(run, "card") is None
    exporting.keep(run, "card")
    content = exporting.kept(run, "card")
    assert content
    zipfile.ZipFile(io.BytesIO(content)).close()
    (path,) = (data_folder / "derived").glob("*/export-card-*")
    path.write_bytes(path.read_bytes()[:-50])
    assert exporting.kept(run, "card") is None
    assert not exporting.is_kept(run, "card"), "it is written anew"


def test_peoples_words_are_no_markdown_in_a_model_card(digits_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(digits_runs["undercomplete"], tmp_path / "run")
    cards.rename(tmp_path / "run", "<img src=x> [a](b) **c**")
    lines = exporting.card(runs.read(tmp_path / "run")).splitlines()
    assert r"# \<img src=x\> \[a\](b) \*\*c\*\*" in lines
    assert any(line.startswith("An undercomplete autoencoder of 8 × 8") for line in lines)
