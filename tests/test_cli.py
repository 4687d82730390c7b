"""The command line: what it prints, what it returns, and what it leaves behind."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import ae_core
from ae_core import cli, inference, kinds, processes, runs, training
from ae_core.cli import options, output, progress
from ae_core.kinds import Hyperparameter, Kind
from ae_core.spec import make_spec

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.usefixtures("data_folder")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, list(map(str, arguments)))


@pytest.fixture
def local_runs(digits_runs: dict[str, Path], data_folder: Path) -> Path:
    """Local runs "mine", sound, and "hollow", which lacks its decoder."""
    folder = data_folder / "runs"
    shutil.copytree(digits_runs["sparse"], folder / "mine")
    shutil.copytree(digits_runs["sparse"], folder / "hollow")
    (folder / "hollow" / "decoder.onnx").unlink()
    return folder


# Help and usage


@pytest.mark.parametrize("arguments", [[], *([command] for command in cli.main.commands)], ids=str)
def test_every_command_has_help(arguments: list[str]) -> None:
    result = call(*arguments, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage:")


@pytest.mark.parametrize("name", kinds.names())
def test_the_help_of_a_kind_names_every_hyperparameter_with_its_default(name: str) -> None:
    result = call("train", name, "--help")
    assert result.exit_code == 0
    for h in kinds.get(name).hyperparameters:
        assert f"--{h.name.replace('_', '-')}" in result.stdout
        assert str(h.default) in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "spars"], "Unknown kind 'spars': must be one of vanilla, sparse"),
        (["train", "sparse", "--l2", "1"], "No such option '--l2'"),
        (["train", "sparse", "--l1", "5"], "5.0 is not in the range"),
        (["train", "sparse", "--l1", "nan"], "l1 must be a number, got nan."),
        (["train", "sparse", "--target", "0.1"], "--target needs --method kl"),
        (["train", "denoising", "--noise", "loud"], "'loud' is not one of 'gaussian'"),
        (["train", "vanilla", "--hidden", "64,x"], "got '64,x'"),
        (["train", "vanilla", "--epochs", "0"], "0 is not in the range"),
        (["train", "vanilla", "--dataset", "digits", "--batch-size", "4000"], "batch size must be at most"),
        (["train", "undercomplete", "--latent-dim", "65"], "at most 64 units, got 65"),
        (["train", "vanilla", "--tied", "--hidden", "8"], "Tied weights need"),
        (["encode", "vanilla", "--out", "codes.txt"], "must end in .npy or .csv, got 'codes.txt'"),
        (["encode", "vanilla", __file__, "--limit", "3"], "leave them out beside files"),
        (["sample", "vanilla", "--out", "sheet.gif"], "must end in .png, got 'sheet.gif'"),
        (["list", "no/such/folder"], "'no/such/folder' does not exist"),
        (["paint"], "No such command 'paint'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_understood_is_status_2(arguments: list[str], sentence: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert [line for line in result.stderr.splitlines() if line.startswith("Error: ")] == [
        result.stderr.splitlines()[-1]
    ]
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", [["evaluate"], ["encode"], ["sample"]], ids=str)
def test_unknown_run_is_status_1_and_one_sentence(arguments: list[str]) -> None:
    result = call(*arguments, "nowhere")
    assert result.exit_code == 1
    assert re.fullmatch(r"Error: There is no run 'nowhere': .*\.\n", result.stderr)


# kinds


def test_kinds_are_listed_as_json_and_for_people() -> None:
    records = json.loads(call("kinds", "--json").stdout)
    assert [r["name"] for r in records] == kinds.names()
    for record in records:
        declared = kinds.get(record["name"]).hyperparameters
        assert [(h["name"], h["default"]) for h in record["hyperparameters"]] == [(h.name, h.default) for h in declared]
    assert "[0 to 1; default 0.001, with --method kl]" in call("kinds").stdout


def test_a_hyperparameter_that_collides_with_a_shared_option_gets_the_kinds_name() -> None:
    class Lucky(Kind):
        title, idea = "Lucky", "Draw once more."
        hyperparameters = (
            Hyperparameter("seed", 1, "Which draw.", 0, 9),
            Hyperparameter("twice", False, "Whether to draw again."),
        )

    made = [options.hyperparameter(Lucky, h) for h in Lucky.hyperparameters]
    assert [(o.opts, o.secondary_opts, o.default) for o in made] == [
        (["--lucky-seed"], [], 1),
        (["--twice"], ["--no-twice"], False),
    ]


# train


def test_an_interrupted_training_is_status_130_and_leaves_a_sound_run(data_folder: Path) -> None:
    options = ["--dataset", "digits", "--epochs", "500", "--batch-size", "4", "--title", "Cut", "--json"]
    command = [sys.executable, "-m", "ae_core", "train", "vanilla", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        events = []
        for event in map(json.loads, process.stdout):
            events.append(event)
            if event["event"] == "progress" and not any(e["event"] == "progress" for e in events[:-1]):
                process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.strip() == "Stopping, and keeping what was learnt; Ctrl-C again aborts.", "nothing of TensorFlow's"

    names = [e["event"] for e in events]
    first = names.index("started")
    assert set(names[:first]) == {"preparing"}
    assert names[first + 1] == "progress"
    assert all(e["phase"] for e in events if e["event"] == "preparing")
    assert all(list(e["terms"]) == ["reconstruction"] for e in events if e["event"] == "progress")

    last = events[-1]
    assert last["event"] == "cancelled"
    run = ae_core.load(last["run"])
    assert (run.run.title, run.run.card.complete) == ("Cut", False)
    assert len(run.run.history) == last["epoch"] < 500
    assert run.reconstruct(np.zeros((2, 8, 8), np.float32)).shape == (2, 8, 8)
    (record,) = json.loads(call("list", data_folder / "runs", "--json").stdout)
    assert (record["title"], record["complete"]) == ("Cut", False)
    assert "(stopped)" in call("list", data_folder / "runs").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks_and_the_second_aborts(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with processes.interruptible("Stopping.") as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def pretend(monkeypatch: pytest.MonkeyPatch, *events: training.Event) -> None:
    """Makes any training consist of these events."""
    monkeypatch.setattr(training, "fit", lambda *_, **__: iter(events))


def test_a_training_without_a_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, training.Failed("The kl term became nan."))
    result = call("train", "variational")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: The kl term became nan.\n")
    result = call("train", "variational", "--json")
    assert (result.exit_code, json.loads(result.stdout)["event"]) == (1, "failed")
    pretend(monkeypatch, training.Cancelled(None, 0))
    result = call("train", "vanilla")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "nothing was saved" in result.stderr


def test_a_training_that_diverges_prints_its_folder_and_fails(
    monkeypatch: pytest.MonkeyPatch, digits_runs: dict[str, Path]
) -> None:
    run = runs.read(digits_runs["sparse"])
    pretend(monkeypatch, training.Cancelled(run, 2, "The kl term became nan."))
    result = call("train", "sparse")
    assert (result.exit_code, result.stdout) == (1, f"{run.path}\n")
    assert result.stderr.endswith("Error: The kl term became nan.\n")
    result = call("train", "sparse", "--json")
    assert (result.exit_code, json.loads(result.stdout)["reason"]) == (1, "The kl term became nan.")


def test_finished_training_prints_its_terms_and_its_folder(
    monkeypatch: pytest.MonkeyPatch, digits_runs: dict[str, Path]
) -> None:
    run = runs.read(digits_runs["sparse"])
    terms = {"reconstruction": 0.25, "sparsity": 0.01}
    pretend(
        monkeypatch,
        training.Preparing("Loading TensorFlow"),
        training.Started(4192, 2, 42),
        training.Progress(0, 42, 0.5, terms, 3.0),
        training.EpochEnd(1, terms, terms, 1e-3, 3.0, np.zeros((10, 8, 8), np.uint8)),
        training.Finished(run),
    )
    result = call("train", "sparse", "--epochs", "2")
    assert (result.exit_code, result.stdout) == (0, f"{run.path}\n")
    assert "Loading TensorFlow …\n" in result.stderr
    assert "Epoch 1/2  reconstruction 0.25 (held out 0.25)  sparsity 0.01 (held out 0.01)  3 s left\n" in result.stderr


def test_a_terminal_shows_a_bar_once_it_takes_longer_than_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    view = progress.TrainingView(make_spec("vanilla", "digits", epochs=2))
    view.show(training.Progress(0, 1, 0.01, {"reconstruction": 0.7}, None))  # the first step compiles
    view.show(training.Progress(0, 20, 0.25, {"reconstruction": 0.5}, 0.5))
    assert capsys.readouterr().err == ""
    view.show(training.Progress(0, 21, 0.5, {"reconstruction": 0.4}, 65.0))
    assert capsys.readouterr().err == f"\r\033[K[{'#' * 15}{'-' * 15}]  50%  1 min 5 s left  reconstruction 0.4"


def test_options_reach_the_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(training, "fit", lambda spec, out, **_: seen.append((spec, out)) or iter(()))
    options = "--method kl --kl-weight 0.5 --dataset digits --epochs 3 --seed 7 --latent-dim 5 --hidden 20,10"
    result = call("train", "sparse", *options.split(), "--decoder-hidden", "none", "--out", "somewhere")
    assert result.exit_code == 0, result.stderr
    ((spec, out),) = seen
    assert (spec.kind, spec.dataset, out) == ("sparse", "digits", Path("somewhere"))
    assert (spec.hyperparameters["method"], spec.hyperparameters["kl_weight"]) == ("kl", 0.5)
    assert (spec.network.latent_dim, spec.network.hidden, spec.network.decoder_hidden) == (5, (20, 10), ())
    assert (spec.training.epochs, spec.training.seed) == (3, 7)


# list


def test_list_shows_broken_runs_with_the_reason(local_runs: Path, tmp_path: Path) -> None:
    records = {r["name"]: r for r in json.loads(call("list", "--json").stdout) if r["from"] == "local"}
    assert set(records) == {"mine", "hollow"}
    assert records["mine"]["broken"] is None
    assert records["mine"]["spec"]["kind"] == "sparse"
    assert "decoder.onnx missing" in records["hollow"]["broken"]
    assert {r["name"] for r in json.loads(call("list", local_runs, "--json").stdout)} == {"mine", "hollow"}
    result = call("list")
    assert result.exit_code == 0
    assert re.search(r"^mine +local +sparse +digits +32 +2 ", result.stdout, re.MULTILINE)
    assert re.search(r"^hollow +local +broken: .*decoder.onnx missing", result.stdout, re.MULTILINE)
    result = call("list", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No runs in" in result.stderr


# evaluate


def test_evaluate_goes_on_after_a_broken_run(local_runs: Path) -> None:
    result = call("evaluate", "hollow", "mine", "--no-neighbours", "--json")
    assert result.exit_code == 1
    assert re.search(r"^Error: hollow: decoder.onnx missing", result.stderr, re.MULTILINE)
    hollow, mine = json.loads(result.stdout)
    assert "decoder.onnx" in hollow["error"]
    assert mine["figures"] == pytest.approx(ae_core.evaluate(inference.load(local_runs / "mine"), neighbours=False))


def test_evaluate_prints_a_table_of_all_figures(digits_runs: dict[str, Path]) -> None:
    result = call("evaluate", digits_runs["denoising"], digits_runs["variational"])
    assert result.exit_code == 0
    table = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[1:]}
    assert len(table["bce"]) == len(table["knn_accuracy"]) == 2
    assert len(table["psnr_denoised"]) == len(table["kl"]) == 1
    assert len({len(line) for line in result.stdout.splitlines() if len(line.split()) == 3}) == 1


def test_evaluate_writes_null_for_what_json_cannot_hold() -> None:
    assert output.finite({"a": [float("inf"), float("nan"), 1.5]}) == {"a": [None, None, 1.5]}


# encode


def test_encode_writes_the_test_codes_with_their_labels(digits_runs: dict[str, Path]) -> None:
    run = inference.load(digits_runs["sparse"])
    test = ae_core.data.load("digits").split("test")
    result = call("encode", digits_runs["sparse"], "--limit", "7")
    assert result.exit_code == 0
    heading, *rows = csv.reader(io.StringIO(result.stdout))
    assert heading == ["image", "label", "class", *(f"z{i}" for i in range(32))]
    assert [int(row[1]) for row in rows] == test.labels[:7].tolist()
    codes = np.array([row[3:] for row in rows], np.float32)
    np.testing.assert_array_equal(codes, run.encode(ae_core.data.as_float(test.images[:7])))


def test_encode_writes_npy_of_a_split(digits_runs: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "codes.npy"
    result = call("encode", digits_runs["variational"], "--split", "train", "--out", out)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    codes = np.load(out)
    assert (codes.shape, codes.dtype) == ((1437, 2), np.float32)


def test_encode_takes_image_files(digits_runs: dict[str, Path], tmp_path: Path) -> None:
    pixels = ae_core.data.load("digits").split("test").images[0]
    Image.fromarray(pixels).save(tmp_path / "digit.png")
    result = call("encode", digits_runs["vanilla"], tmp_path / "digit.png")
    assert result.exit_code == 0
    _, (name, *code) = csv.reader(io.StringIO(result.stdout))
    assert name == str(tmp_path / "digit.png")
    expected = inference.load(digits_runs["vanilla"]).encode(ae_core.data.as_float(pixels[None]))[0]
    np.testing.assert_allclose(np.array(code, np.float32), expected, atol=1e-5)


def test_encode_takes_files_of_signals(tmp_path: Path) -> None:
    beats = ae_core.data.load("ecg")
    assert beats.scale
    wave = np.sin(np.linspace(0, 9, 128))
    np.savetxt(tmp_path / "two.csv", np.stack([wave, -wave]), "%.7f", ",")
    np.save(tmp_path / "one.npy", 1000 * wave)
    result = call("encode", "ecg-vanilla", tmp_path / "two.csv", tmp_path / "one.npy")
    assert result.exit_code == 0, result.output
    header, *rows = csv.reader(io.StringIO(result.stdout))
    assert header[:3] == ["file", "signal", "z0"]
    assert [row[:2] for row in rows] == [[str(tmp_path / name), n] for name, n in
                                         (("two.csv", "0"), ("two.csv", "1"), ("one.npy", "0"))]  # fmt: skip
    x = beats.scale.store(np.stack([wave, -wave, 1000 * wave])[..., None])
    np.testing.assert_allclose(
        np.array([row[2:] for row in rows], float), inference.load("ecg-vanilla").encode(x), atol=1e-4
    )
    assert "are they in the same unit?" in result.stderr
    refused = call("encode", "ecg-vanilla", __file__)
    assert refused.exit_code == 1
    assert "is none of .csv" in refused.stderr


def test_what_encode_cannot_read_or_write_is_named(digits_runs: dict[str, Path], tmp_path: Path) -> None:
    result = call("encode", digits_runs["vanilla"], __file__)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {__file__}: The file is not an image")
    result = call("encode", digits_runs["vanilla"], "--out", tmp_path / "no" / "codes.npy")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


# sample


@pytest.mark.parametrize(("kind", "source"), [("variational", "the prior"), ("sparse", "a mixture of 10 Gaussians")])
def test_sample_draws_one_sheet(digits_runs: dict[str, Path], tmp_path: Path, kind: str, source: str) -> None:
    def draw(name: str, seed: int) -> np.ndarray:
        result = call("sample", digits_runs[kind], "--count", 6, "--seed", seed, "--out", tmp_path / name)
        assert result.exit_code == 0, result.stderr
        assert source in result.stderr
        with Image.open(tmp_path / name) as sheet:
            assert sheet.format == "PNG"
            return np.asarray(sheet)

    first = draw("a.png", 1)
    assert first.shape == (2 * 96 + 4, 3 * 96 + 2 * 4)
    np.testing.assert_array_equal(first, draw("b.png", 1))
    assert (first != draw("c.png", 2)).any()


# What is never imported


def test_looking_never_imports_tensorflow_and_help_nothing_heavy(digits_runs: dict[str, Path]) -> None:
    code = (
        "import sys; from ae_core.cli import main\n"
        "def check(heavy, *commands):\n"
        "    for command in commands:\n"
        "        try: main(command)\n"
        "        except SystemExit as e: assert not e.code, e.code\n"
        "    found = heavy & set(sys.modules)\n"
        "    assert not found, found\n"
        "check({'tensorflow', 'keras', 'streamlit', 'sklearn', 'scipy', 'PIL', 'onnxruntime'})\n"
        "evaluate = ['evaluate', '--no-neighbours', sys.argv[1]]\n"
        "check({'tensorflow', 'keras', 'streamlit'}, ['kinds'], ['list'], evaluate)\n"
    )
    command = [sys.executable, "-c", code, digits_runs["vanilla"]]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=60)


# Archives


def test_a_run_goes_out_and_comes_in(local_runs: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.zip"
    assert call("export", "mine", file).stdout == f"{file}\n"
    done = call("import", file, "--title", "Come back")
    assert done.exit_code == 0, done.stderr
    came = Path(done.stdout.strip())
    assert came.parent == local_runs
    assert runs.read(came).title == "Come back"
    x = np.random.default_rng(0).random((3, 8, 8), np.float32)
    assert inference.load(came).reconstruct(x) == pytest.approx(
        inference.load(local_runs / "mine").reconstruct(x), abs=1e-5
    )


def test_what_cannot_go_out_or_come_in_is_told(local_runs: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    for arguments, says in (
        (("import", tmp_path / "bad.zip"), "This is not a .zip archive"),
        (("import", tmp_path / "nowhere.zip"), "does not exist"),
        (("export", "hollow", tmp_path / "x.zip"), "decoder.onnx"),
        (("export", "mine", tmp_path / "x.onnx"), "must end in .zip"),
        (("export", "nobody", tmp_path / "x.zip"), "There is no run"),
    ):
        done = call(*arguments)
        assert done.exit_code in (1, 2)
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            ["lens", "vanilla-2d", "{file}/a.html"],
            "{file}/a.html cannot be written (Not a directory): choose another file",
        ),
        (
            ["lens", "vanilla-2d", "a.html", "--plane", "x"],
            "There is no plane 'x': expected main, or such as directions",
        ),
        (
            ["compare", "ecg-vanilla", "--uses", "noise", "--again"],
            "(Not a directory): choose another place, or make room",
        ),
        pytest.param(
            ["export", "vanilla", "/proc/folder"],
            "cannot be written in /proc",
            marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="no such file system"),
        ),
    ],
)
def test_what_is_not_written_says_where_and_what_to_do(given: list[str], sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    arguments = [text.replace("{file}", str(file)) for text in given]
    told = CliRunner().invoke(cli.main, arguments, env={"LATENT_EXPLORER_DATA": str(file)})
    assert told.exit_code == 1, told.output
    assert sentence.replace("{file}", str(file)) in told.output
