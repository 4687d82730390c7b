"""The page Anomalies: what is said beside figures, the threshold, and the way to a model that left a class out."""

import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from visiting import assert_sound, code_of, open_page, said

import ae_core
from ae_core import data

pytestmark = pytest.mark.usefixtures("elsewhere")
WITHOUT = "vanilla-without-sandal"


def cells(text: str, first: str) -> list[str]:
    """The cells of a table's row, by its first one."""
    return [c.strip() for c in re.findall(rf"^\| {re.escape(first)} \|(.+)\|$", text, re.MULTILINE)[0].split("|")]


def test_what_is_called_odd_follows_from_the_threshold() -> None:
    run, test = ae_core.load(WITHOUT), data.load("fashion-mnist").split("test")
    x = data.as_float(test.images)
    error, odd = ((x - run.reconstruct(x)) ** 2).mean(axis=(1, 2)), test.labels == 5
    for alarms in (5, 20):
        app = open_page("anomalies", runs=WITHOUT, score="squared error", alarms=str(alarms))
        assert_sound(app)
        called = error >= np.quantile(error[~odd], 1 - alarms / 100)
        hits, missed, share = cells(said(app), "**odd**")
        assert int(hits.replace(",", "")) == pytest.approx((called & odd).sum(), abs=1)
        assert int(missed.replace(",", "")) == pytest.approx((~called & odd).sum(), abs=1)
        assert float(share) == pytest.approx(100 * (called & odd).sum() / 1000, abs=0.15)
        assert float(cells(said(app), "**others**")[2]) == pytest.approx(alarms, abs=0.1)
        assert "The odd ones are 1,000 test images of what the model has not learnt (Sandal)" in said(app)


def test_the_switch_shows_that_cross_entropy_goes_with_grey() -> None:
    app = open_page("anomalies", runs=WITHOUT, **{"by-mean": "true"})
    test = data.load("fashion-mnist").split("test")
    x = data.as_float(test.images)
    inside = np.clip(x, 1e-7, 1 - 1e-7)
    entropy = -(x * np.log(inside) + (1 - x) * np.log(1 - inside)).mean(axis=(1, 2))
    odd = test.labels == 5
    for name, score in (("mean value", x.mean(axis=(1, 2))), ("entropy of the pixels", entropy)):
        assert float(cells(said(app), name)[0]) == pytest.approx(roc_auc_score(odd, score), abs=2e-3)
    assert float(cells(said(app), "cross-entropy")[2]) > 0.95, "cross-entropy is mostly the pixels' own entropy"
    assert "Worse than a coin" in said(app)


def test_damaged_ones_are_asked_for_where_no_class_was_left_out_and_the_page_leads_to_train() -> None:
    app = open_page("anomalies", runs="vanilla")
    assert_sound(app)
    assert "5,000 test images that were damaged, in turn\\: halves exchanged, upside down" in said(app)
    (way,) = [e for e in app.get("page_link") if e.proto.label.startswith("Train a model without Trouser")]
    assert "fashion-mnist-without=Trouser" in way.proto.query_string
    app = open_page("train", **{"dataset": "fashion-mnist", "fashion-mnist-without": "Trouser"})
    assert_sound(app)
    assert app.text_input(key="title").placeholder == "Vanilla, 32 units, without Trouser"
    assert "left_out=['Trouser']" in code_of(app)


def test_a_model_that_left_classes_out_says_so() -> None:
    for page in ("reconstruct", "stability", "latent_space"):
        app = open_page(page, run=WITHOUT)
        assert "was trained without Sandal" in said(app), page
    assert "was trained" not in said(open_page("reconstruct", run="vanilla"))
