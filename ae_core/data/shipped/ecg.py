"""497 heartbeats of an electrocardiogram, without classes; ``python -m tests.data_sources ship`` makes them anew."""

from pathlib import Path

import numpy as np

from ae_core.data.dataset import About, Dataset, Scale, Split
from ae_core.errors import DatasetError
from ae_core.forms import Form

FILE = Path(__file__).parent / "ecg" / "beats.npy"
STEPS = 128
TRAIN, TEST = 397, 100
ZERO, PER_MILLIVOLT = 1024, 200
SCALE = Scale((-1.5,), (2.5,), ("millivolts",))  # what lies beyond, of some beats that the recorder lost, is cut off


def read(which: str) -> Split:
    try:
        samples = np.load(FILE, allow_pickle=False)
        if samples.shape != (TRAIN + TEST, STEPS):
            raise ValueError(f"its shape is {samples.shape}")
    except (OSError, ValueError) as error:
        raise DatasetError(f"The heartbeats cannot be read ({error}): restore them from the repository.") from error
    millivolts = (samples.astype(np.float32) - ZERO) / PER_MILLIVOLT
    rows = slice(TRAIN) if which == "train" else slice(TRAIN, None)
    beats = SCALE.store(millivolts[rows][..., None])
    return Split(beats, np.zeros(len(beats), np.uint8))


ORDER = 2
DATASET = Dataset(
    About(
        name="ecg",
        title="Heartbeats",
        form=Form("signal", (STEPS, 1)),
        class_names=(),
        sizes={"train": TRAIN, "test": TEST},
    ),
    source="MIT-BIH Arrhythmia Database, Moody & Mark 2001, PhysioNet, Open Data Commons",
    read=read,
    thing="heartbeat",
    scale=SCALE,
)
