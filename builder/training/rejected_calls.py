"""Rejected calls of a query group, by kind of error.

In a config, all users of a query group get the same kind. The rejected calls of `same_function`, `disliked` and
`stale` are the chosen calls of the group in another order. Each call is therefore rejected as often as it is chosen,
and without the prompt it does not reveal which of the two it is. The values of `wrong_argument` are drawn like those of
the answers. Replies of `wrong_functionality` and `wrong_format` can be recognised without the prompt; the tool names of
the former are balanced over all query groups.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import numpy as np

from builder.argument_config import ArgumentConfig
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.predictors.protocol import tool_call
from builder.randomness import generator_for
from builder.records import Group, GroupTool, Query, Scenario, SlotValue, User
from builder.users.arguments import alternatives_of, arguments_of
from builder.users.requests import write_requests
from builder.users.rows import to_json
from hf_dataset.schema import DPO_KINDS
from metrics.petoolbench.matching import compare_arguments
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ErrorClass, ToolCall

from .unreadable_calls import FORMS

_DRAWS: Final = 16
"""Maximum number of scenarios to try for a different value that fits."""
_PURPOSE: Final = "training"


def completion(member: GroupTool, scenario: Scenario) -> str:
    """Return the reply that calls a tool for a scenario."""
    # Serialised and parsed once, so that the keys have the same order as in the rows.
    return tool_call(member.tool.name, json.loads(to_json(arguments_of(scenario, member))))


class RejectedCalls:
    """Generator of rejected calls for the query groups of the training split.

    Args:
        grouped: Tools and groups of the training split.
        seed: Seed of the training split.
        own: Numbers that identify the partition in the names of its random draws.
        dials: How often values follow from the words of a request instead of standing in it.
    """

    def __init__(
        self,
        grouped: GroupedCatalogue,
        seed: Sequence[int],
        own: Sequence[int] = (),
        dials: ArgumentConfig = ArgumentConfig(),  # noqa: B008  (immutable)
    ) -> None:
        self._members = {member.tool.name: (group, member) for group in grouped.groups for member in group.members}
        self._grouped = grouped
        self._seed = seed
        self._own = own
        self._dials = dials
        self._scenarios: dict[str, Iterator[Scenario]] = {}
        self._surplus: Counter[str] = Counter()
        """Number of times a tool was chosen minus rejected, over the query groups of kind `wrong_functionality`."""

    def make(self, kind: str, users: Sequence[User], rng: np.random.Generator) -> list[str] | None:
        """Return a rejected reply for each user of a query group.

        Args:
            kind: One of `DPO_KINDS`.
            users: All users of the query group.
            rng: Draws tools, slots and malformed spellings.

        Returns:
            One reply per user, in order. None if this kind is not possible for all users; `same_function` always is.
        """
        if kind == "same_function":
            return _calls_of(users, _another_order(users, rng))
        if kind in ("disliked", "stale"):
            rivals = [user.rival for user in users]
            # Rivals of wishes are drawn evenly from the other candidates, so none is rejected more often than chosen.
            return _calls_of(users, rivals) if users[0].wish or _rivals_are_answers(users) else None
        if kind == "wrong_functionality":
            return self._for_another_job(users, rng)
        reject = self._with_another_value if kind == "wrong_argument" else _unreadable
        return _all_or_none([reject(user, rng) for user in users])

    def _more_scenarios(self, group: Group) -> Iterator[Scenario]:
        """Return an iterator over further scenarios of a group, drawn like final instructions and each used once."""
        if group.key not in self._scenarios:
            rng = generator_for(self._seed, _PURPOSE, group.key, *self._own)
            concerns = self._grouped.concerns.get(str(group.split))
            self._scenarios[group.key] = (
                write_requests(group, concerns, self._dials, rng) if concerns else self._grouped.write(group, rng, True)
            )
        return self._scenarios[group.key]

    def _with_another_value(self, user: User, rng: np.random.Generator) -> str | None:
        """Return the answer's call with one value replaced by that of another scenario."""
        scenario, member = user.query.scenario, user.answer
        correct = [arguments_of(scenario, member), *alternatives_of(scenario, member)]
        group, _ = self._members[member.tool.name]
        for other in islice(self._more_scenarios(group), _DRAWS):
            for index in rng.permutation(len(scenario.values)):
                slot = list(scenario.values)[int(index)]
                changed = replace(scenario, values={**scenario.values, slot: other.values[slot]})
                if not _coherent(changed.values, group):
                    continue
                wrong = arguments_of(changed, member)
                if all(compare_arguments(wrong, right, member.tool.parameters) == "values" for right in correct):
                    return completion(member, changed)
        return None

    def _for_another_job(self, users: Sequence[User], rng: np.random.Generator) -> list[str] | None:
        """Return calls of distractors, preferring those that were chosen more often than rejected so far."""
        query = users[0].query
        capable_tools = {member.tool.name for member in query.group.members}
        names = [
            tool.name for tool in query.candidates if tool.name in self._members and tool.name not in capable_tools
        ]
        replies: list[str] = []
        taken: Counter[str] = Counter()
        for _ in users:
            drawn = [names[int(index)] for index in rng.permutation(len(names))]
            preferred = sorted(drawn, key=lambda name: taken[name] - self._surplus[name])
            call = self._distractor_call(query, preferred)
            if call is not None:
                name, reply = call
                replies.append(reply)
                taken[name] += 1
        if len(replies) < len(users):
            return None
        self._surplus.subtract(taken)
        self._surplus.update(user.answer.tool.name for user in users)
        return replies

    def _distractor_call(self, query: Query, names: Sequence[str]) -> tuple[str, str] | None:
        """Return the name and a call of the first tool whose group has an unused scenario."""
        for name in names:
            group, member = self._members[name]
            scenario = next(self._more_scenarios(group), None)
            if scenario is not None:
                return name, completion(member, _with_requested_values(scenario, group, query))
        return None


def _all_or_none(replies: Sequence[str | None]) -> list[str] | None:
    possible = [reply for reply in replies if reply is not None]
    return possible if len(possible) == len(replies) else None


def _calls_of(users: Sequence[User], members: Sequence[GroupTool]) -> list[str]:
    return [completion(member, user.query.scenario) for user, member in zip(users, members, strict=True)]


def _another_order(users: Sequence[User], rng: np.random.Generator) -> list[GroupTool]:
    """Return the users' answers, reordered so that no user gets their own and as few as possible get their rival.

    If more than half of the users prefer one tool, no such order exists, and the rivals are returned.
    """
    answers, rivals = [user.answer for user in users], [user.rival for user in users]
    shifts = [int(index) + 1 for index in rng.permutation(len(users) - 1)]
    orders = [[*answers[shift:], *answers[:shift]] for shift in shifts]
    allowed = [order for order in orders if not _agreements(order, answers)] or [rivals]
    return min(allowed, key=lambda order: _agreements(order, rivals))


def _agreements(order: Sequence[GroupTool], other: Sequence[GroupTool]) -> int:
    """Count the positions at which two orders have the same tool."""
    return sum(first == second for first, second in zip(order, other, strict=True))


def _rivals_are_answers(users: Sequence[User]) -> bool:
    """Return True if the rivals are the answers in another order. Only a truncated query group differs."""
    rivals = Counter(user.rival.tool.name for user in users)
    return rivals == Counter(user.answer.tool.name for user in users)


def _coherent(values: Mapping[str, SlotValue], group: Group) -> bool:
    """Return True if the values are plausible: all differ, and the start date is not after the end date."""
    texts = [str(value.value).casefold() for value in values.values()]
    days = {slot.concept: str(values[slot.name].value) for slot in group.functionality.slots if slot.name in values}
    return len(set(texts)) == len(texts) and days.get("start_date", "") <= days.get("end_date", "~")


def _with_requested_values(scenario: Scenario, group: Group, query: Query) -> Scenario:
    """Replace values of a group's scenario by those of the query, for slots with the same concept and type."""
    requested = {
        slot.concept or slot.name: query.scenario.values[slot.name]
        for slot in query.group.functionality.slots
        if slot.name in query.scenario.values
    }
    values = dict(scenario.values)
    for slot in group.functionality.slots:
        value = requested.get(slot.concept or slot.name)
        if value is not None and slot.name in values and type(value.value) is type(values[slot.name].value):
            values[slot.name] = value
    return replace(scenario, values=values)


def _unreadable(user: User, rng: np.random.Generator) -> str | None:
    """Return the answer's call in a malformed spelling, or None if the parser accepts all of them."""
    name = user.answer.tool.name
    arguments: dict[str, Any] = json.loads(to_json(arguments_of(user.query.scenario, user.answer)))
    candidates = [tool.name for tool in user.query.candidates]
    for index in rng.permutation(len(FORMS)):
        text = FORMS[int(index)](name, arguments)
        if not isinstance(parse(text, candidates), ToolCall):
            return text
    return None


ERROR_OF: Final[Mapping[str, ErrorClass]] = {
    "same_function": "preference_mismatch",
    "disliked": "preference_mismatch",
    "stale": "preference_mismatch",
    "wrong_argument": "parameter_value_mismatch",
    "wrong_functionality": "functionality_mismatch",
    "wrong_format": "invalid_format",
}
"""Error class that the metric assigns to a rejected reply, by kind."""
POSSIBLE: Final[Mapping[str, Sequence[str]]] = {
    "preferred_only": tuple(kind for kind in DPO_KINDS if kind not in ("disliked", "stale")),
    "rating_integrated": tuple(kind for kind in DPO_KINDS if kind != "stale"),
    "chronological": tuple(kind for kind in DPO_KINDS if kind != "disliked"),
}
"""Kinds that are possible with the histories of each config."""
