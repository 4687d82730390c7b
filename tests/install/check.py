"""Installs the package into empty environments and uses it: ``python tests/install/check.py PYTHON…``.

For each interpreter: `pip install .` brings no TensorFlow; then, in an empty folder, `latent-explorer list` names the
runs that ship, `app` shows the lens in Chromium, and `train` says what to install; with [train] it trains an epoch.
Playwright must be installed where this runs, not in the environments.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
import browsing  # noqa: E402

SHIPPED = sorted(path.parent.name for path in ROOT.glob("checkpoints/*/card.json"))
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
# How many greys the lens shows once its tiles are there.
GREYS = """cursor => {
  const canvas = cursor.closest('.lens').querySelector('.decoded');
  const rgba = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return new Set(rgba.filter((_, i) => i % 4 === 0)).size;
}"""


class Environment:
    """An empty environment, and an empty folder to stand in.

    Attributes:
        folder: The empty folder.
    """

    def __init__(self, python: str, place: Path) -> None:
        self._programs = place / "venv" / SCRIPTS
        self.folder = place / "empty"
        self.folder.mkdir()
        home = {name: str(place / "home") for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_DATA_HOME")}
        foreign = ("PYTHONPATH", "VIRTUAL_ENV")
        self.variables = {k: v for k, v in os.environ.items() if k not in foreign} | home
        subprocess.run([python, "-m", "venv", place / "venv"], check=True)

    def install(self, what: str) -> None:
        self.run("python", "-m", "pip", "install", "-q", "--disable-pip-version-check", what)

    def run(self, program: str, *arguments: str, status: int = 0) -> str:
        """What a program of the environment prints.

        Raises:
            RuntimeError: if it ends with another status.
        """
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.variables, capture_output=True, text=True)
        if done.returncode != status:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def show_lens(self) -> int:
        """Opens the lens of `latent-explorer app` in a browser: the number of greys it shows."""
        port = browsing.free_port()
        log = self.folder.parent / "server.log"
        with log.open("wb") as output:
            server = psutil.Popen(
                [str(self._programs / "latent-explorer"), "app", "--port", str(port), "--server.address", "127.0.0.1"],
                cwd=self.folder,
                env=self.variables,
                stdout=output,
                stderr=output,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            browsing.await_health(url, server, log)
            with sync_playwright() as playwright:
                browser = browsing.launch(playwright)
                tab = browsing.Tab(browser.new_context(), browsing.Server(url, self.folder, server))
                page = tab.open("lens")
                cursor = page.locator(".lens .cursor").first
                page.wait_for_function("e => e.closest('.lens').dataset.sharp === 'true'", arg=cursor.element_handle())
                cursor.hover()
                page.wait_for_function(f"e => ({GREYS})(e) > 10", arg=cursor.element_handle())
                assert not tab.errors, tab.errors
                assert tab.hosts == {f"127.0.0.1:{port}"}, tab.hosts
                greys: int = cursor.evaluate(GREYS)
                browser.close()
            return greys
        finally:
            server.terminate()
            server.wait(30)


def check(python: str) -> None:
    """Prints a line for each thing that works.

    Raises:
        RuntimeError, AssertionError: for the first that does not.
    """
    with tempfile.TemporaryDirectory() as place:
        environment = Environment(python, Path(place))
        version = environment.run("python", "--version").strip()

        def tell(what: str) -> None:
            print(f"{version}: {what}", flush=True)

        environment.install(str(ROOT))
        installed = json.loads(environment.run("python", "-m", "pip", "list", "--format", "json"))
        names = {package["name"]: package["version"] for package in installed}
        assert not {"tensorflow", "tensorflow-cpu", "keras"} & set(names)
        tell(f"pip install . brings {len(names)} packages, no TensorFlow, Streamlit {names['streamlit']}")

        found = json.loads(environment.run("latent-explorer", "list", "--json"))
        assert sorted(run["name"] for run in found if run["broken"] is None) == SHIPPED
        tell(f"latent-explorer list names the {len(found)} runs that ship")

        tell(f"latent-explorer app shows the lens, {environment.show_lens()} greys")
        environment.run("latent-explorer", "sample", "vanilla", "--out", str(Path(place) / "sample.png"))
        said = environment.run("latent-explorer", "train", "vanilla", "--dataset", "digits", status=1)
        assert "pip install 'latent-explorer[train]'" in said
        assert not any(environment.folder.iterdir()), list(environment.folder.iterdir())
        tell("latent-explorer train says what to install")

        environment.install(f"{ROOT}[train]")
        options = ("--dataset", "digits", "--epochs", "1", "--out", "trained")
        environment.run("latent-explorer", "train", "vanilla", *options)
        figures = json.loads(environment.run("latent-explorer", "evaluate", "trained", "--json"))
        tell(f"with [train] an epoch on digits gives BCE {figures[0]['figures']['bce']:.4f}")
        options = ("--dataset", "digits", "--epochs", "1", "--latent-dim", "2", "--wait")
        environment.run("latent-explorer", "sweep", "--kind", "vanilla", *options)  # by the queue's own processes
        found = json.loads(environment.run("latent-explorer", "list", "--json"))
        assert [run["broken"] for run in found if run["from"] == "local"] == [None]
        tell("latent-explorer sweep trains in the background")


if __name__ == "__main__":
    for python in sys.argv[1:] or [sys.executable]:
        check(python)
