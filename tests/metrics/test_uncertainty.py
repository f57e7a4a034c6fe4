"""Intervals and comparisons, against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.petoolbench.uncertainty import compare, intervals


def drawn(rng: np.random.Generator, rows: int, rate: float) -> list[float]:
    return [float(value) for value in rng.random(rows) < rate]


def test_an_interval_of_independent_rows_is_the_binomials() -> None:
    rng = np.random.default_rng(0)
    outcomes = np.array([drawn(rng, 1000, 0.3)]).T
    ((low, high),) = intervals(outcomes, [str(index) for index in range(1000)], resamples=4000, seed=1)
    error = 1.96 * (0.3 * 0.7 / 1000) ** 0.5
    assert abs(low - (outcomes.mean() - error)) < 0.004
    assert abs(high - (outcomes.mean() + error)) < 0.004


def test_rows_of_one_query_group_count_as_one() -> None:
    rng = np.random.default_rng(0)
    together = np.repeat(drawn(rng, 200, 0.5), 5)[:, None]
    groups = [str(index // 5) for index in range(1000)]
    ((low, high),) = intervals(together, groups, resamples=2000, seed=0)
    ((one, other),) = intervals(together, [str(index) for index in range(1000)], resamples=2000, seed=0)
    assert 2.0 < (high - low) / (other - one) < 2.5  # the square root of 5


def test_intervals_hold_what_they_promise() -> None:
    """Of 300 samples, about 95 % of the intervals hold the rate."""
    rng = np.random.default_rng(3)
    groups = [str(index // 4) for index in range(400)]
    held = 0
    for seed in range(300):
        ((low, high),) = intervals(np.array([drawn(rng, 400, 0.4)]).T, groups, resamples=400, seed=seed)
        held += low <= 0.4 <= high
    # 285 expected; four standard deviations are 15
    assert 268 <= held <= 298


def test_the_same_seed_gives_the_same_interval() -> None:
    outcomes = np.array([[1.0], [0.0], [1.0], [1.0]])
    one, other = (intervals(outcomes, list("aabc"), resamples=100, seed=5) for _ in range(2))
    assert (one == other).all()


def test_a_clear_difference_is_told() -> None:
    rng = np.random.default_rng(1)
    groups = [str(index // 5) for index in range(1500)]
    found = compare(drawn(rng, 1500, 0.6), drawn(rng, 1500, 0.5), groups)
    assert 0.03 < found.low < found.difference < found.high < 0.17
    assert found.p < 0.001
    assert (found.rows, found.query_groups) == (1500, 300)
    words = found.in_words("A", "B")
    assert words.startswith(f"A is ahead by {100 * found.difference:.1f} points, ")
    turned = compare(drawn(np.random.default_rng(1), 1500, 0.5), drawn(np.random.default_rng(2), 1500, 0.6), groups)
    assert turned.in_words("A", "B").startswith("B is ahead by ")


def test_no_difference_is_called_none_and_what_could_be_found_is_told() -> None:
    outcomes = drawn(np.random.default_rng(0), 300, 0.5)
    same = compare(outcomes, outcomes, [str(index) for index in range(300)])
    assert (same.difference, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    assert "cannot be told apart" in same.in_words("A", "B")
    other = compare(outcomes, drawn(np.random.default_rng(9), 300, 0.5), [str(index) for index in range(300)])
    # 2.8 standard errors of a difference of two rates of one half
    assert abs(other.detectable - 2.8 * (0.5 / 300) ** 0.5) < 0.01
    assert "These 300 rows would show a difference of" in other.in_words("A", "B")


def test_p_is_even_where_nothing_differs() -> None:
    rng = np.random.default_rng(4)
    groups = [str(index // 3) for index in range(300)]
    found = [
        compare(drawn(rng, 300, 0.5), drawn(rng, 300, 0.5), groups, resamples=200, seed=seed).p for seed in range(200)
    ]
    # 10 of 200 below 0.05 expected; four standard deviations are 12
    assert sum(p < 0.05 for p in found) <= 22
    assert sum(p < 0.5 for p in found) > 70


@pytest.mark.parametrize(("first", "second", "groups"), [([], [], []), ([1.0], [], ["a"]), ([1.0], [1.0], ["a", "b"])])
def test_what_does_not_belong_together_is_refused(first: list[float], second: list[float], groups: list[str]) -> None:
    with pytest.raises(ValueError, match="give one of each for each row"):
        compare(first, second, groups)
