"""Build stages in which a language model writes the scenarios of groups and verifies them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.funnel import Funnel
from builder.grouping.functionalities import REGISTERS
from builder.records import Group, Scenario, SlotValue
from builder.users.trial import allotted

from .builder_tasks import VERIFY, WRITE, Scenarios, Verification, fault_of, scenario_fault, values_of
from .engine import Engine
from .payloads import verify_payload, write_payload
from .task import FailedRequest, Payload

Draft = tuple[Group, Scenario]


class ScenarioAuthor:
    """Scenarios by a language model.

    Args:
        engine: Sends the requests.
        config: The build's config.
        funnel: Counts dropped registers, scenarios, tools and groups, with reasons.
    """

    def __init__(self, engine: Engine, config: BuildConfig, funnel: Funnel) -> None:
        self._engine = engine
        self._config = config
        self._funnel = funnel

    def write(self, groups: Sequence[Group]) -> tuple[list[Group], WrittenScenarios]:
        """Write scenarios for every group in every register, and verify them.

        Args:
            groups: The groups.

        Returns:
            The groups, without the tools whose calls fail in most verifications, and the scenarios that passed all
            checks.
        """
        drafts: list[Draft] = []
        # Register by register, so that each request states the values that the earlier ones have.
        for register in REGISTERS:
            drafts += self._register(groups, register, drafts)
        self._funnel.count("scenarios_written", len(drafts))
        verdicts = self._engine.complete_all(VERIFY, [verify_payload(group, scenario) for group, scenario in drafts])
        judged = [
            (draft, verdict)
            for draft, verdict in zip(drafts, verdicts, strict=True)
            if not isinstance(verdict, FailedRequest)
        ]
        for verdict in verdicts:
            if isinstance(verdict, FailedRequest):
                self._funnel.drop("scenario", verdict.reason)
        failing = _failing_tools(judged)
        kept: defaultdict[str, list[Scenario]] = defaultdict(list)
        for (group, scenario), verification in judged:
            fault = fault_of(verification, failing[group.functionality.name])
            if fault is None:
                kept[group.functionality.name].append(scenario)
            else:
                self._funnel.drop("scenario", fault)
        self._funnel.count("scenarios_verified", sum(map(len, kept.values())))
        return self._without(groups, failing), WrittenScenarios(kept, self._config.histories.least_pool)

    def _register(self, groups: Sequence[Group], register: str, drafts: Sequence[Draft]) -> list[Draft]:
        """Return the usable scenarios of all groups in one register; `drafts` are those of the earlier registers."""
        used: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
        seen: set[tuple[str, str]] = set()
        for group, scenario in drafts:
            used[group.functionality.name].append(_said(scenario))
            seen.add((group.functionality.name, scenario.instruction))
        count = self._config.llm.scenarios_per_register
        payloads = [write_payload(group, register, count, used[group.functionality.name]) for group in groups]
        found: list[Draft] = []
        for group, payload, reply in zip(groups, payloads, self._engine.complete_all(WRITE, payloads), strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop(
                    "register_not_written", reply.reason, names=[f"{group.functionality.name}: {register}"]
                )
            else:
                found += [(group, scenario) for scenario in self._drafts(group, payload, reply, seen)]
        return found

    def _drafts(
        self, group: Group, payload: Payload, reply: Scenarios, seen: set[tuple[str, str]]
    ) -> Iterator[Scenario]:
        """Yield the usable scenarios of a reply, except those in `seen`: (functionality name, instruction) pairs."""
        own: list[dict[str, str]] = []
        for written in reply.scenarios:
            key = (group.functionality.name, written.instruction)
            fault = scenario_fault({**payload, "used": [*payload["used"], *own]}, written)
            if fault is None and key in seen:
                fault = "instruction_written_twice"
            if fault is not None:
                self._funnel.drop("scenario", fault, names=[written.instruction])
                continue
            seen.add(key)
            values = {slot: str(value) for slot, value in values_of(written).items()}
            scenario = Scenario(written.instruction, {slot: SlotValue(value, value) for slot, value in values.items()})
            own.append(_said(scenario))
            yield scenario

    def _without(self, groups: Sequence[Group], failing: Mapping[str, frozenset[str]]) -> list[Group]:
        """Return the groups without failing tools; a group that becomes too small is dropped."""
        kept = []
        for group in groups:
            names = failing[group.functionality.name]
            self._funnel.drop("ungrouped_tool", "fails_most_verifications", len(names), sorted(names))
            members = tuple(member for member in group.members if member.tool.name not in names)
            if len(members) < MIN_SAME_FUNCTION:
                self._funnel.drop("group", "fewer_than_3_tools_that_serve", names=[group.functionality.name])
                self._funnel.drop("ungrouped_tool", "group_too_small", len(members))
            else:
                kept.append(replace(group, members=members))
        return kept


def _failing_tools(judged: Sequence[tuple[Draft, Verification]]) -> defaultdict[str, frozenset[str]]:
    """Return the tools that fail in most verifications of their group, by functionality name."""
    fails: defaultdict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for (group, _), verification in judged:
        name = group.functionality.name
        total[name] += 1
        fails[name].update(call.tool for call in verification.calls if not call.serves)
    failing: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for name, counts in fails.items():
        failing[name] = frozenset(tool for tool, number in counts.items() if 2 * number > total[name])
    return failing


def _said(scenario: Scenario) -> dict[str, str]:
    return {slot: str(value.value).casefold() for slot, value in scenario.values.items()}


@dataclass(frozen=True, slots=True)
class WrittenScenarios:
    """Scenarios that a model wrote for the groups, before any users exist."""

    by_functionality: Mapping[str, Sequence[Scenario]]
    """Scenarios of each group, by functionality name."""
    least: int
    """Minimum number of scenarios that a group needs to occur in histories."""

    def write(self, group: Group, rng: np.random.Generator, final: bool) -> Iterator[Scenario]:
        """Yield the scenarios of a group in random order, like `builder.users.scenarios.write_scenarios`.

        Args:
            group: The group.
            rng: Draws the order.
            final: True for final instructions, False for scenarios of histories.
        """
        written = self.by_functionality.get(group.functionality.name, ())
        scenarios = allotted(written, self.least, final=final)
        for index in rng.permutation(len(scenarios)):
            yield scenarios[int(index)]
