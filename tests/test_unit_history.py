"""What a film says of units: which carry something, when a code has collapsed, which units are dead."""

import math

import numpy as np
import pytest

from ae_core import unit_history


def test_a_unit_carries_something_above_a_hundredth_of_a_nat() -> None:
    kl = np.array([[0, 0.009, 0.011, 3], [0.5, 0, 0, 0]], np.float16)
    assert unit_history.carrying(kl).tolist() == [[False, False, True, True], [True, False, False, False]]


@pytest.mark.parametrize(
    ("kl", "collapsed"),
    [
        (np.zeros(4), True),
        (np.full(1024, 0.005), True),  # five nats in all, but no unit that is more than a trace of it
        (np.array([0.4, 0.2, 0]), True),  # less than a bit
        (np.array([0.4, 0.4, 0]), False),
        (np.array([5.0, *np.zeros(1023)]), False),  # one unit of many is no collapse
        (np.array([math.log(2) + 1e-3]), False),
    ],
)
def test_a_code_has_collapsed_that_carries_less_than_a_bit(kl: np.ndarray, collapsed: bool) -> None:
    assert unit_history.has_collapsed(kl) is collapsed


@pytest.mark.parametrize(
    ("epochs", "planned", "settled"), [(2, 3, False), (3, 3, True), (3, 30, True), (3, 31, False), (20, 200, True)]
)
def test_a_training_is_judged_after_three_epochs_and_a_tenth_of_all(epochs: int, planned: int, settled: bool) -> None:
    assert unit_history.has_settled(epochs, planned) is settled


def test_a_unit_is_dead_that_is_active_for_no_example() -> None:
    assert unit_history.are_dead(np.array([0, 0.001, 1], np.float16)).tolist() == [True, False, False]
