"""Where the dashboard, what ships with it and the data folder are: in a checkout and in an installed wheel."""

from pathlib import Path

import platformdirs

PACKAGE = Path(__file__).resolve().parent
# A wheel keeps what lies beside ae_core/ in the repository inside it: see [tool.hatch.build.targets.wheel].
INSTALLED = (PACKAGE / "dashboard").is_dir()
ROOT = PACKAGE / "dashboard" if INSTALLED else PACKAGE.parent
APP = ROOT / "app.py"
CHECKPOINTS = ROOT / "checkpoints"
LESSONS = ROOT / "lessons"
# Nobody should write into site-packages.
DATA = platformdirs.user_data_path("latent-explorer", appauthor=False) if INSTALLED else CHECKPOINTS / "local"
