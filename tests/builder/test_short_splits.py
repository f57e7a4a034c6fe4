"""Tests of messages about splits that get too few users."""

from __future__ import annotations

import pytest

from builder.config import BuildConfig
from builder.funnel import Funnel
from builder.short_splits import no_users_error, short_split

OVERLAP = "provider_overlap = 1.0"


def config(**sections: dict[str, float]) -> BuildConfig:
    return BuildConfig.model_validate({"users": {"count": 100}, **sections})


@pytest.mark.parametrize(
    ("settings", "advised", "not_advised"),
    [
        ({}, [OVERLAP, "fewer than 10 candidates", "evidence_per_axis"], []),
        (
            {"candidates": {"provider_overlap": 1.0}},
            ["fewer than 10 candidates"],
            [OVERLAP, "no provider of a candidate"],
        ),
        ({"candidates": {"count": 4}}, [OVERLAP], ["candidates] count"]),
        ({"candidates": {"count": 6, "same_function_share": 0.5}}, [OVERLAP], ["candidates] count"]),
        ({"histories": {"evidence_per_axis": 1}}, [OVERLAP], ["evidence_per_axis"]),
        (
            {"candidates": {"count": 4, "provider_overlap": 1.0}, "histories": {"evidence_per_axis": 1}},
            ["Next: state the same facts"],
            ["--config-file"],
        ),
    ],
)
def test_settings_that_are_as_advised_are_not_advised_again(
    settings: dict[str, dict[str, float]], advised: list[str], not_advised: list[str]
) -> None:
    message = str(no_users_error("test", [], config(**settings), Funnel(), by_facts=False))
    assert all(text in message for text in (*advised, "--seed", "--facts", "--groups"))
    assert not any(text in message for text in not_advised)


def test_a_split_with_under_half_of_its_rows_is_named_with_the_reasons() -> None:
    funnel = Funnel()
    funnel.drop("query_group", "not_identifiable", 7)
    asked = config().users.by_split()["train"]
    (warning,) = short_split("train", asked // 2 - 1, config(), funnel, by_facts=False)
    assert f"'train' has {asked // 2 - 1} rows in each config instead of {asked}" in warning
    assert "not identifiable (7)" in warning
    assert not list(short_split("train", asked // 2, config(), funnel, by_facts=False))


def test_groups_with_too_few_requests_are_named_as_a_cause() -> None:
    funnel = Funnel()
    funnel.drop("group_in_histories", "too_few_scenarios", 2)
    message = str(no_users_error("test", [], config(), funnel, by_facts=False))
    assert "2 groups have too few requests to occur in histories: give their inputs more values." in message
    assert "too few requests" not in str(no_users_error("test", [], config(), Funnel(), by_facts=False))


def test_one_split_is_advised_until_there_is_only_one() -> None:
    assert "--preset evaluation" in str(no_users_error("test", [], config(), Funnel(), by_facts=False))
    one = config(users={"train": 0, "validation": 1, "test": 0, "count": 30})
    assert "--preset evaluation" not in str(no_users_error("validation", [], one, Funnel(), by_facts=False))
