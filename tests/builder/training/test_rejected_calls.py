"""Rejected calls of single query groups, by kind, and the malformed spellings of a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.records import Profile, Query, Scenario, SlotValue, User
from builder.training.rejected_calls import RejectedCalls, completion
from builder.training.unreadable_calls import FORMS
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ParseFailure
from tests.factories import group, tool

GROUP = group([tool("a__now", price="free"), tool("b__now", price="paid"), tool("c__now", price="trial")])


def users_with(answers: Sequence[int], rivals: Sequence[int]) -> list[User]:
    """Return the users of one query group; answers and rivals are indices into the members of `GROUP`."""
    members = GROUP.members
    scenario = Scenario("Oslo?", {"city": SlotValue("Oslo", "Oslo")})
    query = Query("q", GROUP, scenario, tuple(member.tool for member in members))
    return [
        User(f"u{number}", query, members[answer], members[rival], Profile({}), {})
        for number, (answer, rival) in enumerate(zip(answers, rivals, strict=True))
    ]


def rejected_calls(kind: str, users: Sequence[User], grouped: GroupedCatalogue | None = None) -> list[str] | None:
    rejected = RejectedCalls(grouped or GroupedCatalogue([], [users[0].query.group]), (0,))
    return rejected.make(kind, users, np.random.default_rng(0))


def answers_of(users: Sequence[User]) -> list[str]:
    return [completion(user.answer, user.query.scenario) for user in users]


def rivals_of(users: Sequence[User]) -> list[str]:
    return [completion(user.rival, user.query.scenario) for user in users]


@pytest.mark.parametrize("answers", [[0, 1, 2], [0, 1, 2, 0], [0, 1, 2, 0, 1], [0, 1, 2, 0, 1, 2]])
def test_same_function_rejects_another_users_answer(answers: list[int]) -> None:
    users = users_with(answers, [(answer + 1) % 3 for answer in answers])
    rejected = rejected_calls("same_function", users)
    assert rejected is not None
    correct = answers_of(users)
    assert all(right != wrong for right, wrong in zip(correct, rejected, strict=True))
    assert Counter(correct) == Counter(rejected)
    if len(answers) % 3 == 0:
        assert not any(rival == wrong for rival, wrong in zip(rivals_of(users), rejected, strict=True))


def test_same_function_rejects_the_rivals_if_all_users_prefer_one_tool() -> None:
    users = users_with([0, 0, 0], [1, 1, 2])
    assert rejected_calls("same_function", users) == rivals_of(users)


@pytest.mark.parametrize(
    ("kind", "answers", "rivals"),
    [
        ("disliked", [0, 1, 2, 0], [1, 2, 0, 1]),  # the query group was truncated: rivals and answers differ
        ("stale", [0, 1, 2], [1, 2, 1]),
        ("wrong_functionality", [0, 1, 2], [1, 2, 0]),  # there are no distractors
    ],
)
def test_an_impossible_kind_gives_no_calls(kind: str, answers: list[int], rivals: list[int]) -> None:
    assert rejected_calls(kind, users_with(answers, rivals)) is None


def test_a_wrong_argument_needs_another_value() -> None:
    users = users_with([0, 1, 2], [1, 2, 0])
    same = GroupedCatalogue([], [users[0].query.group], {}, lambda *_: iter([users[0].query.scenario] * 9))
    assert rejected_calls("wrong_argument", users, same) is None
    assert rejected_calls("wrong_argument", users) is not None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("arguments", [{"city": "Oslo"}, {"query": {"name": 'Oslo, "N" {x}', "n": 3}, "b": True}])
def test_malformed_spellings_cannot_be_parsed(
    form: Callable[[str, dict[str, Any]], str], arguments: dict[str, Any]
) -> None:
    text = form("weather__now", arguments)
    assert isinstance(parse(text, ["weather__now", "rain__now"]), ParseFailure), text
    assert "weather__now" in text
    assert "Oslo" in text or "city" in text or "query" in text
