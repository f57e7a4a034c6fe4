"""Tests of confidence intervals and comparisons, against known statistical properties."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.petoolbench.uncertainty import compare, intervals


def outcomes_at(rng: np.random.Generator, rows: int, rate: float) -> list[float]:
    """Draw outcomes of 0 or 1 with a mean of about `rate`."""
    return [float(value) for value in rng.random(rows) < rate]


def test_the_interval_of_independent_rows_agrees_with_the_binomial_one() -> None:
    rng = np.random.default_rng(0)
    outcomes = np.array([outcomes_at(rng, 1000, 0.3)]).T
    ((low, high),) = intervals(outcomes, [str(index) for index in range(1000)], resamples=4000, seed=1)
    error = 1.96 * (0.3 * 0.7 / 1000) ** 0.5
    assert abs(low - (outcomes.mean() - error)) < 0.004
    assert abs(high - (outcomes.mean() + error)) < 0.004


def test_identical_rows_of_a_query_group_count_as_one() -> None:
    rng = np.random.default_rng(0)
    clustered = np.repeat(outcomes_at(rng, 200, 0.5), 5)[:, None]
    groups = [str(index // 5) for index in range(1000)]
    ((low, high),) = intervals(clustered, groups, resamples=2000, seed=0)
    ((row_low, row_high),) = intervals(clustered, [str(index) for index in range(1000)], resamples=2000, seed=0)
    assert 2.0 < (high - low) / (row_high - row_low) < 2.5  # about the square root of 5


def test_intervals_have_their_nominal_coverage() -> None:
    """About 95 % of 300 intervals contain the true rate."""
    rng = np.random.default_rng(3)
    groups = [str(index // 4) for index in range(400)]
    covered = 0
    for seed in range(300):
        ((low, high),) = intervals(np.array([outcomes_at(rng, 400, 0.4)]).T, groups, resamples=400, seed=seed)
        covered += low <= 0.4 <= high
    # The expected number is 285, and four standard deviations are 15.
    assert 268 <= covered <= 298


def test_the_same_seed_gives_the_same_interval() -> None:
    outcomes = np.array([[1.0], [0.0], [1.0], [1.0]])
    first, second = (intervals(outcomes, list("aabc"), resamples=100, seed=5) for _ in range(2))
    assert (first == second).all()


def test_a_clear_difference_is_significant() -> None:
    rng = np.random.default_rng(1)
    groups = [str(index // 5) for index in range(1500)]
    comparison = compare(outcomes_at(rng, 1500, 0.6), outcomes_at(rng, 1500, 0.5), groups)
    assert 0.03 < comparison.low < comparison.difference < comparison.high < 0.17
    assert comparison.p < 0.001
    assert (comparison.rows, comparison.query_groups) == (1500, 300)
    words = comparison.in_words("A", "B")
    assert words.startswith(f"A is ahead by {100 * comparison.difference:.1f} points, ")
    reversed_comparison = compare(
        outcomes_at(np.random.default_rng(1), 1500, 0.5), outcomes_at(np.random.default_rng(2), 1500, 0.6), groups
    )
    assert reversed_comparison.in_words("A", "B").startswith("B is ahead by ")


def test_without_a_difference_the_detectable_one_is_stated() -> None:
    outcomes = outcomes_at(np.random.default_rng(0), 300, 0.5)
    groups = [str(index) for index in range(300)]
    same = compare(outcomes, outcomes, groups)
    assert (same.difference, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    assert "do not differ significantly" in same.in_words("A", "B")
    similar = compare(outcomes, outcomes_at(np.random.default_rng(9), 300, 0.5), groups)
    # The difference of two rates of one half must be 2.8 times its standard error.
    assert abs(similar.detectable - 2.8 * (0.5 / 300) ** 0.5) < 0.01
    assert "The smallest detectable difference on these 300 rows is" in similar.in_words("A", "B")


def test_p_values_are_uniform_without_a_difference() -> None:
    rng = np.random.default_rng(4)
    groups = [str(index // 3) for index in range(300)]
    p_values = [
        compare(outcomes_at(rng, 300, 0.5), outcomes_at(rng, 300, 0.5), groups, resamples=200, seed=seed).p
        for seed in range(200)
    ]
    # The expected number below 0.05 is 10, and four standard deviations are 12.
    assert sum(p < 0.05 for p in p_values) <= 22
    assert sum(p < 0.5 for p in p_values) > 70


@pytest.mark.parametrize(("first", "second", "groups"), [([], [], []), ([1.0], [], ["a"]), ([1.0], [1.0], ["a", "b"])])
def test_sequences_of_different_lengths_are_refused(first: list[float], second: list[float], groups: list[str]) -> None:
    with pytest.raises(ValueError, match="Pass one outcome of each system for each row"):
        compare(first, second, groups)
