"""What a server may be told, all in one table: environment variables LATENT_EXPLORER_…, checked when they are read.

A variable that is not set, or set to nothing, has the value that the profile gives it: LATENT_EXPLORER_PROFILE is
"laptop", for whoever runs it for themselves, or "demo", for strangers on a small machine. ``python -m ae_core
settings`` prints this table with the values in force.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ae_core import locations
from ae_core.bounds import MAX_EPOCHS, MAX_LATENT_DIM, MAX_PARAMETERS
from ae_core.errors import SettingsError

PREFIX = "LATENT_EXPLORER_"
PROFILES = ("laptop", "demo")
SCHEDULER = re.compile(r"(tcp|tls|ws|wss)://[^\s/@:]+:\d{1,5}")


@dataclass(frozen=True)
class Settings:
    """The settings in force; what each means stands in `TABLE`."""

    profile: str
    data: Path
    lessons: Path
    running: int
    short_running: int
    queued: int
    per_visitor: int
    epochs: int
    minutes: float
    code: int
    parameters: int
    trainer_mb: int
    priority: str
    keep_days: float
    upload_mb: int
    all_uploads_mb: int
    items: int
    sets: int
    sets_mb: int
    data_mb: int
    scheduler: str
    ahead: str
    log: str


@dataclass(frozen=True)
class Setting:
    """One of them.

    Attributes:
        field: Its name in `Settings`.
        laptop, demo: Its value in each profile, of the type that every value has.
        help: What it means.
        low, high: The range of a number, both ends included.
        choices: The values of a choice.
    """

    field: str
    laptop: Any
    demo: Any
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        return PREFIX + self.field.upper()

    @property
    def expected(self) -> str:
        """The values it may have, for people."""
        if self.choices:
            return " or ".join(self.choices)
        if self.low is None or self.high is None:
            return "a folder" if isinstance(self.laptop, Path) else "the address of a scheduler, as tcp://host:8786"
        number = "a whole number" if isinstance(self.laptop, int) else "a number"
        return f"{number} from {self.low:g} to {self.high:,.10g}"

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            SettingsError: if it is none, or out of range.
        """
        value = self._value(text.strip())
        if value is None:
            raise SettingsError(f"{self.variable} must be {self.expected}, got {text!r}: {self.help[:1].lower()}"
                                f"{self.help[1:]}.")  # fmt: skip
        return value

    def _value(self, text: str) -> Any:
        if self.choices:
            return text if text in self.choices else None
        if isinstance(self.laptop, Path):
            return None if "\0" in text else Path(text).expanduser().absolute()
        if isinstance(self.laptop, str):
            return text if SCHEDULER.fullmatch(text) else None
        try:
            number = type(self.laptop)(text)
        except ValueError:
            return None
        assert self.low is not None
        assert self.high is not None
        return number if math.isfinite(number) and self.low <= number <= self.high else None


TABLE = (
    Setting("profile", "laptop", "laptop", "The values of all settings that are not set", choices=PROFILES),
    Setting("data", locations.DATA, locations.DATA, "The folder of jobs, runs and what is computed from them"),
    Setting("lessons", locations.LESSONS, locations.LESSONS, "The folder of lessons, with a folder for each language"),
    Setting("running", 1, 1, "Trainings at once on this machine", 1, 64),
    Setting("short_running", 1, 1, "Computations of under a minute at once on this machine", 1, 64),
    Setting("queued", 100, 10, "Trainings that may wait in the queue, and as many short computations", 1, 10_000),
    Setting("per_visitor", 100, 2, "The same for one visitor, waiting and running", 1, 10_000),
    Setting("epochs", MAX_EPOCHS, 200, "Epochs of a training, at most", 1, MAX_EPOCHS),
    Setting("minutes", 0.0, 10.0, "Minutes of a training, at most; what it learnt is kept; 0 for no limit", 0, 10_080),
    Setting("code", MAX_LATENT_DIM, 512, "Units of a code, at most", 1, MAX_LATENT_DIM),
    Setting("parameters", MAX_PARAMETERS, 3_000_000, "Parameters of encoder and decoder, at most", 1, MAX_PARAMETERS),
    Setting("trainer_mb", 4000, 1200, "Memory of a trainer in MB; one that takes more is ended", 500, 1_000_000),
    Setting("priority", "idle", "idle", "Priority of trainings: idle lets all else on their machine go first",
            choices=("idle", "normal")),
    Setting("keep_days", 0.0, 7.0, "Days that a visitor's runs are kept since their last use; 0 for ever", 0, 3650),
    Setting("upload_mb", 25, 25, "Megabytes of pictures kept at a time for one visitor", 1, 1024),
    Setting("all_uploads_mb", 1000, 200, "The same for all visitors together", 1, 1_000_000),
    Setting("items", 100_000, 20_000, "Examples of a data set that a visitor adds, at most", 20, 10_000_000),
    Setting("sets", 100, 3, "Data sets that a visitor may keep", 0, 10_000),
    Setting("sets_mb", 20_000, 256, "Megabytes that they may take together", 1, 10_000_000),
    Setting("data_mb", 2000, 100, "Megabytes of the files that a visitor makes one of", 1, 100_000),
    Setting("scheduler", "", "", "Address of the Dask scheduler that trains; empty for this machine"),
    Setting("ahead", "no", "yes", "Whether a new server computes ahead what pages show: 100 MB on disk, 30 in memory",
            choices=("no", "yes")),
    Setting("log", "text", "json", "How the log is written", choices=("text", "json")),
)  # fmt: skip


def current() -> Settings:
    """The settings in force.

    Raises:
        SettingsError: if a value makes no sense; says of which variable, what it was, and what it may be.
    """
    return _settings(tuple((setting.variable, os.environ.get(setting.variable, "")) for setting in TABLE))


@lru_cache(maxsize=8)
def _settings(given: tuple[tuple[str, str], ...]) -> Settings:
    return Settings(**{setting.field: value for setting, value, _ in explain(dict(given))})


def explain(environment: Mapping[str, str] | None = None) -> list[tuple[Setting, Any, str]]:
    """Each setting, its value, and where it comes from: its variable, or the profile.

    Raises:
        SettingsError: as `current`, and if a variable looks like a setting and is none.
    """
    given = {name: text for name, text in (os.environ if environment is None else environment).items() if text.strip()}
    _refuse_unknown(given)
    first = TABLE[0]
    profile = first.parse(given[first.variable]) if first.variable in given else first.laptop
    return [
        (setting, setting.parse(given[setting.variable]), setting.variable)
        if setting.variable in given
        else (setting, getattr(setting, profile), "default" if setting is first else f"profile {profile}")
        for setting in TABLE
    ]


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = [setting.variable for setting in TABLE]
    for name in sorted(given):
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(f"{name} is not a setting: it must be one of {', '.join(known)}; correct or unset it.")
