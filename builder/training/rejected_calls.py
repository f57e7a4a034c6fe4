"""The rejected calls of a query group, by what is wrong with them.

All users of a query group get the same kind in a config, and the rejected calls of `same_function`, `disliked` and
`stale` are the chosen ones in another order: each is rejected just as often as it is chosen, so that without its prompt
a reply says nothing. The values of `wrong_argument` are drawn as those of the answers are. `wrong_functionality` and
`wrong_format` can be told without a prompt, by their nature; names of the former are balanced over all query groups.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import numpy as np

from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.predictors.protocol import tool_call
from builder.randomness import generator_for
from builder.records import Group, GroupTool, Scenario, SlotValue, User
from builder.users.instances import to_json
from builder.users.scenarios import arguments_of
from hf_dataset.schema import DPO_KINDS
from metrics.petoolbench.matching import compare_arguments
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ErrorClass, ToolCall

from .unreadable_calls import FORMS

_DRAWS: Final = 16
"""Scenarios looked at for a value that is another one and fits."""
_PURPOSE: Final = "training"


def completion(member: GroupTool, scenario: Scenario) -> str:
    """The reply that calls a tool for a scenario."""
    # Once through the spelling of the rows, so that keys stand in the same order.
    return tool_call(member.tool.name, json.loads(to_json(arguments_of(scenario, member))))


class RejectedCalls:
    """Makes the rejected calls of the query groups of train.

    Args:
        grouped: Tools and groups of train.
        seed: The build's seed for train.
        own: What names the partition's draws.
    """

    def __init__(self, grouped: GroupedCatalogue, seed: Sequence[int], own: Sequence[int] = ()) -> None:
        self._members = {member.tool.name: (group, member) for group in grouped.groups for member in group.members}
        self._prepared = grouped
        self._seed = seed
        self._own = own
        self._scenarios: dict[str, Iterator[Scenario]] = {}
        self._surplus: Counter[str] = Counter()
        """How much more often a tool was chosen than rejected in `wrong_functionality`."""

    def make(self, kind: str, users: Sequence[User], rng: np.random.Generator) -> list[str] | None:
        """A rejected reply for each user of a query group; None where not all of them can have one of this kind.

        Args:
            kind: One of `DPO_KINDS`; `same_function` can always be had.
            users: All users of a query group.
            rng: Draws tools, slots and forms.
        """
        if kind == "same_function":
            return _of_tools(users, _another_order(users, rng))
        if kind in ("disliked", "stale"):
            return _of_tools(users, [user.rival for user in users]) if _rivals_are_answers(users) else None
        if kind == "wrong_functionality":
            return self._for_another_job(users, rng)
        one: Callable[[User, np.random.Generator], str | None]
        one = self._with_another_value if kind == "wrong_argument" else _unreadable
        made = [one(user, rng) for user in users]
        found = [text for text in made if text is not None]
        return found if len(found) == len(users) else None

    def _others(self, group: Group) -> Iterator[Scenario]:
        """Further scenarios of a group, drawn as the final instructions are, each given once."""
        if group.key not in self._scenarios:
            rng = generator_for(self._seed, _PURPOSE, group.key, *self._own)
            self._scenarios[group.key] = self._prepared.write(group, rng, True)
        return self._scenarios[group.key]

    def _with_another_value(self, user: User, rng: np.random.Generator) -> str | None:
        """The answer's call with one value of another scenario."""
        scenario, member = user.query.scenario, user.answer
        own = arguments_of(scenario, member)
        whole, _ = self._members[member.tool.name]
        for other in islice(self._others(whole), _DRAWS):
            for index in rng.permutation(len(scenario.values)):
                slot = list(scenario.values)[int(index)]
                changed = replace(scenario, values={**scenario.values, slot: other.values[slot]})
                wrong = arguments_of(changed, member)
                if (
                    _coherent(changed.values, whole)
                    and compare_arguments(wrong, own, member.tool.parameters) == "values"
                ):
                    return completion(member, changed)
        return None

    def _for_another_job(self, users: Sequence[User], rng: np.random.Generator) -> list[str] | None:
        """Calls to distractors, those first that were chosen oftener than rejected."""
        query = users[0].query
        able = {member.tool.name for member in query.group.members}
        names = [tool.name for tool in query.candidates if tool.name in self._members and tool.name not in able]
        made: list[str] = []
        taken: Counter[str] = Counter()
        for _ in users:
            drawn = [names[int(index)] for index in rng.permutation(len(names))]
            for name in sorted(drawn, key=lambda name: taken[name] - self._surplus[name]):
                group, member = self._members[name]
                scenario = next(self._others(group), None)
                if scenario is not None:
                    made.append(completion(member, _told(query.scenario, query.group, scenario, group)))
                    taken[name] += 1
                    break
        if len(made) < len(users):
            return None
        self._surplus.subtract(taken)
        self._surplus.update(user.answer.tool.name for user in users)
        return made


def _of_tools(users: Sequence[User], members: Sequence[GroupTool]) -> list[str]:
    return [completion(member, user.query.scenario) for user, member in zip(users, members, strict=True)]


def _another_order(users: Sequence[User], rng: np.random.Generator) -> list[GroupTool]:
    """The answers of the users, dealt so that nobody gets the own one, nor if possible the rival's.

    Were there no such order, since more than half of the users want one tool, it would be the rivals' after all.
    """
    answers = [user.answer for user in users]
    turned = [
        [*answers[shift:], *answers[:shift]] for shift in (int(one) + 1 for one in rng.permutation(len(users) - 1))
    ]
    others = [order for order in turned if all(one != user.answer for one, user in zip(order, users, strict=True))]
    others = others or [[user.rival for user in users]]
    return min(others, key=lambda order: sum(one == user.rival for one, user in zip(order, users, strict=True)))


def _rivals_are_answers(users: Sequence[User]) -> bool:
    """Whether the rivals of a query group are its answers in another order; they are unless it was cut to fit."""
    rivals = Counter(user.rival.tool.name for user in users)
    return rivals == Counter(user.answer.tool.name for user in users)


def _coherent(values: Mapping[str, SlotValue], group: Group) -> bool:
    """Whether nothing in some values tells that one was put in: none comes twice, dates are in order."""
    said = [str(value.value).casefold() for value in values.values()]
    days = {slot.concept: str(values[slot.name].value) for slot in group.functionality.slots if slot.name in values}
    return len(set(said)) == len(said) and days.get("start_date", "") <= days.get("end_date", "~")


def _told(asked: Scenario, group: Group, filling: Scenario, other: Group) -> Scenario:
    """A scenario of another group that holds what was asked for, as far as its slots take that."""
    wanted = {
        slot.concept or slot.name: asked.values[slot.name]
        for slot in group.functionality.slots
        if slot.name in asked.values
    }
    values = dict(filling.values)
    for slot in other.functionality.slots:
        value = wanted.get(slot.concept or slot.name)
        if value is not None and slot.name in values and type(value.value) is type(values[slot.name].value):
            values[slot.name] = value
    return replace(filling, values=values)


def _unreadable(user: User, rng: np.random.Generator) -> str | None:
    """The answer's call in a form from which no call can be read."""
    name = user.answer.tool.name
    arguments: dict[str, Any] = json.loads(to_json(arguments_of(user.query.scenario, user.answer)))
    for index in rng.permutation(len(FORMS)):
        text = FORMS[int(index)](name, arguments)
        if not isinstance(parse(text), ToolCall):
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
"""How the metric judges a rejected reply, by its kind."""
POSSIBLE: Final[Mapping[str, Sequence[str]]] = {
    "preferred_only": tuple(kind for kind in DPO_KINDS if kind not in ("disliked", "stale")),
    "rating_integrated": tuple(kind for kind in DPO_KINDS if kind != "stale"),
    "chronological": tuple(kind for kind in DPO_KINDS if kind != "disliked"),
}
"""Kinds that the histories of each config allow."""
