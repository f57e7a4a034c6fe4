"""Statistical tests of the gates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from builder.audit.gates import ALPHA, Outcome, in_each_split, reader_gate, upper_gate


def test_random_answers_almost_never_fail_a_gate() -> None:
    """The share of failures in 2,000 random draws at chance level is of the order of ALPHA."""
    rng = np.random.default_rng(0)
    failures = 0
    for _ in range(2000):
        draws = rng.random((60, 5)) < 0.2
        outcomes = [Outcome(str(group), bool(draws[group, user]), 0.2) for group in range(60) for user in range(5)]
        failures += not upper_gate("x", outcomes, 1).passed
    assert failures <= 4 * 2000 * ALPHA


def test_a_few_query_groups_with_equal_accuracy_do_not_fail_a_gate() -> None:
    """Three query groups have one right answer of four each, where one of ten is expected."""
    outcomes = [Outcome(str(index // 4), index % 4 == 0, 0.1) for index in range(12)]
    gate = upper_gate("x", outcomes, 13)
    assert gate.accuracy == 0.25
    assert gate.passed
    copies = [
        replace(outcome, query_group=f"{outcome.query_group}-{copy}") for outcome in outcomes for copy in range(20)
    ]
    assert not upper_gate("x", copies, 13).passed


def test_margins_are_clustered_on_query_groups() -> None:
    """Right answers in the same query groups are weaker evidence than right answers in different ones."""
    together = [Outcome(str(index // 10), index // 10 < 10, 0.2) for index in range(300)]
    apart = [Outcome(str(index), index < 100, 0.2) for index in range(300)]
    assert upper_gate("x", together, 1).margin > 2 * upper_gate("x", apart, 1).margin
    assert upper_gate("x", together, 1).passed
    assert not upper_gate("x", apart, 1).passed


def test_the_gate_of_a_reader_has_no_margin() -> None:
    outcomes = [Outcome(str(index), index >= 2, 0.2) for index in range(100)]
    assert not reader_gate("x", outcomes).passed
    assert reader_gate("x", outcomes[1:]).passed is False
    assert reader_gate("x", outcomes[2:]).passed


def test_expected_loss_lowers_the_bound_of_a_reader() -> None:
    outcomes = [Outcome(str(index), index % 10 > 0, 0.2) for index in range(1000)]
    assert not reader_gate("x", outcomes).passed
    assert not reader_gate("x", outcomes, expected_loss=0.01).passed
    gate = reader_gate("x", outcomes, expected_loss=0.1)
    assert gate.passed
    assert abs(gate.bound - 0.89) < 1e-9


def test_a_gate_must_hold_for_each_split() -> None:
    """An effective shortcut, or a wrong oracle, in one small split vanishes in the mean of all rows."""
    rows = {
        split: [Outcome(f"{split}{index // 4}", float(index % 4 < right), 0.25) for index in range(count)]
        for split, count, right in (("train", 9000, 1), ("validation", 1000, 2), ("test", 3000, 1))
    }
    pooled = upper_gate("x", [outcome for outcomes in rows.values() for outcome in outcomes], 1)
    gate = in_each_split(lambda outcomes: upper_gate("x", outcomes, 1), rows)
    assert gate.accuracy == pooled.accuracy == pytest.approx(0.269, abs=0.001)
    assert (gate.passed, gate.failed_in) == (False, ("validation",))
    assert gate.splits == {"train": 0.25, "validation": 0.5, "test": 0.25}
    solved = {
        split: [Outcome(f"{index}", float(index >= wrong), 0.25) for index in range(count)]
        for split, count, wrong in (("train", 9000, 0), ("validation", 1000, 100), ("test", 3000, 0))
    }
    assert reader_gate("x", [outcome for outcomes in solved.values() for outcome in outcomes]).passed
    assert in_each_split(lambda outcomes: reader_gate("x", outcomes), solved).failed_in == ("validation",)
