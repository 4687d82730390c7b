"""What draws are judged in: classifiers as good as is said, and principal components where there is none."""

import os

import numpy as np
import pytest
from sklearn.decomposition import PCA

from ae_core import data, judges, locations
from ae_core.data import as_float
from ae_core.errors import OptionError


@pytest.mark.parametrize("name", judges.ACCURACIES)
def test_the_classifiers_that_ship_are_small_and_as_good_as_is_said(name: str) -> None:
    test = data.load(name).split("test")
    found = judges.accuracy(judges.classifier(name), test.images, test.labels)
    assert found == pytest.approx(judges.ACCURACIES[name], abs=0.0006)
    paths = list((locations.PACKAGE / "data" / "shipped").rglob("judge.onnx"))
    assert len(paths) == len(judges.ACCURACIES)
    assert sum(map(os.path.getsize, paths)) < 1_000_000
    features = judges.of(data.load(name)).of_kept(test.images[:50])
    assert features.shape == (50, judges.UNITS)
    with pytest.raises(OptionError, match="No classifier ships for 'ecg'"):
        judges.classifier("ecg")


def test_without_a_classifier_principal_components_judge() -> None:
    digits = data.load("digits")
    judge = judges.of(digits)
    train, test = (as_float(digits.split(which).images).reshape(-1, 64) for which in ("train", "test"))
    theirs = PCA(judges.COMPONENTS, svd_solver="full").fit(train).transform(test)
    found = judge.of_kept(digits.split("test").images)
    np.testing.assert_allclose(np.abs(found[:, :20]), np.abs(theirs[:, :20]), atol=2e-3)
    assert not judge.learnt
    assert "first 32 principal components" in judge.title
