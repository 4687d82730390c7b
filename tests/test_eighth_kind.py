"""A new kind is one new file, and so is a new family of networks: command line, training, export and pages follow."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

DECORRELATED = '''
from typing import Any

from ae_core.kinds.base import Forward, Hyperparameter, Kind


class Decorrelated(Kind):
    """Penalise units that say the same thing: λ ½ Σ_{i≠j} C_ij², C the codes' covariance over the batch.

    Reference: Cogswell et al. 2016, Reducing overfitting in deep networks by decorrelating representations.
    """

    title = "Decorrelated"
    idea = "Let no two units say the same thing."
    reference = "Cogswell et al. 2016"
    hyperparameters = (
        Hyperparameter("pull_apart", 0.1, "λ: weight of the covariances between units.", 0.0, 10.0, log=True),
    )
    pull_apart: float

    def loss_terms(self, p: Forward) -> dict[str, Any]:
        from keras import ops

        terms = super().loss_terms(p)
        h = p.code["z"] - ops.mean(p.code["z"], axis=0)
        covariance = ops.matmul(ops.transpose(h), h) / ops.cast(ops.shape(h)[0], h.dtype)
        off = ops.sum(covariance**2) - ops.sum(ops.diagonal(covariance) ** 2)
        terms["covariance"] = self.pull_apart * 0.5 * off
        return terms
'''

AVERAGING = """
import math
from dataclasses import dataclass

from ae_core.networks.families.base import Family, cut_to
from ae_core.networks.layers import Conv2D, Dense, Layer, MaxPooling2D, Reshape, UpSampling2D, output_shape


@dataclass(frozen=True)
class AveragePooling2D(MaxPooling2D):
    pass


class Averaging(Family):
    title = "Convolutional, averaging"
    help = "5 × 5 convolutions with average pooling."

    convolutional = True

    def encoder(self, network, form):
        return Reshape(form.with_channels), Conv2D(6, 5), AveragePooling2D(3), Conv2D(4, 5)

    def decoder(self, network, form, heads):
        features = self.features_shape(network, form)
        layers = Dense(math.prod(features), "relu"), Reshape(features), UpSampling2D(3), Conv2D(1, 5, activation=None)
        return *layers, *cut_to(form, output_shape(layers, features))
"""

CALLS = """
import json
import numpy as np
from click.testing import CliRunner
import ae_core
from ae_core.cli import main

def call(command):
    done = CliRunner().invoke(main, command.split())
    assert done.exit_code == 0, done.output
    return done.stdout

options = "--pull-apart 0.25 --network averaging --dataset digits --epochs 2 --out new-run --json"
told = {
    "kinds": json.loads(call("kinds --json")),
    "help": call("train decorrelated --help"),
    "events": [json.loads(line) for line in call("train decorrelated " + options).splitlines()],
}
run = ae_core.load("new-run")
x_hat = run.reconstruct(ae_core.data.as_float(ae_core.data.load("digits").split("test").images))
told["run"] = type(run.recipe).__name__, run.recipe.pull_apart, x_hat.shape, bool(np.isfinite(x_hat).all())
told["evaluation"] = json.loads(call("evaluate new-run --no-neighbours --json"))
for command in ("export new-run run.zip", "import run.zip --out again", "export again again.zip"):
    call(command)
print(json.dumps(told | {"file": ae_core.__file__}))
"""

SHOW = """
import os
import shutil
shutil.copytree("new-run", "data/runs/new-run")
shutil.copytree("new-run", "checkpoints/decorrelated")  # as if it shipped
os.environ["LATENT_EXPLORER_DATA"] = os.path.abspath("data")
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(os.path.abspath("pages/navigation.py"), default_timeout=60).run()
app.switch_page("train.py").run()
app.selectbox(key="kind").set_value("decorrelated").run()
assert not app.exception
print([(s.label, float(s.value)) for s in app.select_slider if s.label == "Pull apart"])
(family,) = [c for c in app.segmented_control if c.label == "Network"]
print(family.options)
app.switch_page("reconstruct.py").run()
app.selectbox(key="run").set_value("new-run").run()
assert not app.exception and not app.error
pictures = [c for c in app.get("bidi_component") if not c.proto.id.endswith("-link")]
print([c.value for c in app.caption if "Digits" in c.value], len(pictures))
for page in ("home", "about"):
    app.switch_page(page + ".py").run()
    assert not app.exception and not app.error
    print([text.value for text in (*app.header, *app.markdown)])
"""


def python(house: Path, code: str) -> str:
    """Runs code inside the copied house; its stdout."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LATENT_EXPLORER_DATA")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=house, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the app and its library with a kind and a family of networks more."""
    house = tmp_path_factory.mktemp("house")
    big = ROOT / "ae_core" / "data" / "shipped" / "fashion_mnist"
    for name in ("ae_core", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, house / name, ignore=shutil.ignore_patterns("__pycache__", big.name))
    (house / big.relative_to(ROOT)).symlink_to(big)
    shutil.copy(ROOT / "app.py", house)
    (house / "ae_core" / "kinds" / "decorrelated.py").write_text(DECORRELATED)
    (house / "ae_core" / "networks" / "families" / "averaging.py").write_text(AVERAGING)
    return house


@pytest.fixture(scope="module")
def told(house: Path) -> dict[str, Any]:
    """What the command line and the library there say of it, and of a run that they train."""
    return json.loads(python(house, CALLS).splitlines()[-1])


def test_it_is_found_with_its_hyperparameter(told: dict[str, Any]) -> None:
    records = {r["name"]: r for r in told["kinds"]}
    assert len(records) == 8
    (hyperparameter,) = records["decorrelated"]["hyperparameters"]
    assert (hyperparameter["option"], hyperparameter["default"]) == ("--pull-apart", 0.1)
    assert "--pull-apart" in told["help"]
    assert "weight of the covariances" in told["help"]


def test_its_loss_term_has_a_curve_of_its_own(told: dict[str, Any]) -> None:
    epochs = [e for e in told["events"] if e["event"] == "epoch"]
    assert len(epochs) == 2
    for epoch in epochs:
        assert list(epoch["terms"]) == list(epoch["validation"]) == ["reconstruction", "covariance"]
        assert epoch["terms"]["covariance"] > 0
    assert told["events"][-1]["event"] == "finished"


def test_its_run_is_loaded_evaluated_and_packed_like_any_other(house: Path, told: dict[str, Any]) -> None:
    assert Path(told["file"]).is_relative_to(house)
    assert told["run"] == ["Decorrelated", 0.25, [360, 8, 8], True]
    (result,) = told["evaluation"]
    assert 0 < result["figures"]["above_floor"] < 1
    with zipfile.ZipFile(house / "run.zip") as packed:
        assert "encoder.conv2d_1.0.npy" in packed.namelist()
    assert (house / "again.zip").read_bytes() == (house / "run.zip").read_bytes()


@pytest.mark.usefixtures("told")
def test_it_is_on_the_train_page_with_a_slider_of_its_own_and_its_run_is_shown(house: Path) -> None:
    sliders, families, shown, home, about = python(house, SHOW).splitlines()
    assert "Convolutional, averaging" in families
    assert sliders == "[('Pull apart', 0.1)]"
    assert "Digits (8 × 8) · convolutional, averaging" in shown
    assert shown.endswith(" 1")
    assert "Eight ways to learn a code" in home
    assert "Let no two units say the same thing." in home
    assert "It trains eight kinds" in about
    assert "**Decorrelated**: Cogswell et al. 2016" in about
