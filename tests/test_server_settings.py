"""What the environment tells the server."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from ae_core import cli, settings
from ae_core.errors import SettingsError
from ae_core.settings import TABLE, Settings


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in TABLE:
        monkeypatch.delenv(setting.variable, raising=False)


def test_the_table_is_all_there_is_and_says_what_each_means() -> None:
    assert [setting.field for setting in TABLE] == [field.name for field in fields(Settings)]
    for setting in TABLE:
        assert setting.help
        assert not setting.help.endswith(".")
        for value in (setting.laptop, setting.demo):
            if value != "":
                assert setting.parse(str(value)) == value, "a profile's own values are allowed"
        if setting.field in ("queued", "per_visitor", "epochs", "code", "parameters", "trainer_mb"):
            assert setting.demo <= setting.laptop, "a demo lets nobody take more"


@pytest.mark.parametrize("profile", settings.PROFILES)
def test_a_profile_gives_what_is_not_set(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PROFILE", profile)
    monkeypatch.setenv("LATENT_EXPLORER_EPOCHS", "7")
    monkeypatch.setenv("LATENT_EXPLORER_CODE", " ")
    found = settings.current()
    assert found.epochs == 7
    for setting in TABLE[1:]:
        if setting.field != "epochs":
            assert getattr(found, setting.field) == getattr(setting, profile)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PROFILE", "server"),
        ("RUNNING", "0"),
        ("RUNNING", "two"),
        ("RUNNING", "1.5"),
        ("QUEUED", "-1"),
        ("EPOCHS", "501"),
        ("MINUTES", "nan"),
        ("MINUTES", "inf"),
        ("MINUTES", "-0.1"),
        ("TRAINER_MB", "1e3"),
        ("KEEP_DAYS", "a week"),
        ("SCHEDULER", "localhost"),
        ("SCHEDULER", "http://localhost:8786"),
        ("SCHEDULER", "tcp://user:secret@host:8786"),
        ("LOG", "JSON"),
        ("CODE", "9" * 5000),
    ],
)
def test_nonsense_is_refused_with_what_it_was_and_what_it_may_be(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.PREFIX + variable, text)
    (setting,) = [s for s in TABLE if s.variable == settings.PREFIX + variable]
    with pytest.raises(SettingsError) as refusal:
        settings.current()
    assert f"{setting.variable} must be {setting.expected}, got {text!r}" in str(refusal.value)


def test_the_command_prints_values_and_where_each_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_PROFILE", "demo")
    monkeypatch.setenv("LATENT_EXPLORER_MINUTES", "2.5")
    result = CliRunner().invoke(cli.main, ["settings", "--json"])
    found = {record["variable"]: (record["value"], record["from"]) for record in json.loads(result.stdout)}
    assert found["LATENT_EXPLORER_MINUTES"] == (2.5, "LATENT_EXPLORER_MINUTES")
    assert found["LATENT_EXPLORER_LOG"] == ("json", "profile demo")
    text = CliRunner().invoke(cli.main, ["settings"]).stdout
    assert all(setting.variable in text and setting.help in text for setting in TABLE)
    monkeypatch.setenv("LATENT_EXPLORER_MINUTES", "soon")
    result = CliRunner().invoke(cli.main, ["settings"])
    assert result.exit_code == 1
    assert "LATENT_EXPLORER_MINUTES must be a number from 0 to 10,080, got 'soon'" in result.stderr
    with pytest.raises(
        SettingsError, match=r"^LATENT_EXPLORER_EPOCH is not a setting: it must be one of .*correct or unset"
    ):
        settings.explain({"LATENT_EXPLORER_EPOCH": "3"})


def test_a_server_does_not_start_on_nonsense_and_says_why(tmp_path: Path) -> None:
    environment = {**os.environ, "LATENT_EXPLORER_DATA": str(tmp_path), "LATENT_EXPLORER_MINUTES": "soon"}
    server = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", "0"],
        cwd=Path(settings.__file__).parent.parent, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert server.returncode == 1
    assert "LATENT_EXPLORER_MINUTES must be a number from 0 to 10,080, got 'soon'" in server.stderr
    assert "Traceback" not in server.stderr
