"""What several tests share: one tiny run of every kind."""

from pathlib import Path

import pytest

from ae_core import kinds, training
from ae_core.spec import make_spec


@pytest.fixture(scope="session")
def digits_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each kind on digits, trained for one epoch; tests must not change these folders."""
    folder = tmp_path_factory.mktemp("digits")
    for kind in kinds.names():
        # Compiling by XLA would take longer than an epoch of digits.
        spec = make_spec(kind, "digits", epochs=1, batch_size=64, compile=False)
        *_, last = training.fit(spec, folder / kind)
        assert isinstance(last, training.Finished), last
    return {kind: folder / kind for kind in kinds.names()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first: what needs a browser comes last."""
    items.sort(key=lambda item: "browser" in item.path.parts)
