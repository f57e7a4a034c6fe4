"""Build stages that query a language model: read tools, group them, align their parameters and write scenarios.

The number of requests grows with the catalogue, not with the number of users. A reply is used only as far as it agrees
with its payload (see `builder_tasks`). Everything that is dropped is counted in the funnel under its reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from builder.config import MIN_SAME_FUNCTION, BuildConfig, LlmConfig
from builder.embedding import Encoder
from builder.funnel import Funnel
from builder.grouping.functionalities import REGISTERS
from builder.grouping.group_tools import usual_category
from builder.grouping.neighbours import nearest, numbered, pairs_among
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, Scenario, Slot, SlotValue, Tool
from builder.users.scenarios import favouring_words, is_final
from builder.words import mentions_any, provider_family, sentence

from .builder_tasks import ALIGN, JUDGE, UNDERSTAND, VERIFY, WRITE, Scenarios, fault_of, scenario_fault
from .engine import Engine
from .payloads import (
    align_payload,
    judge_payload,
    slots_of,
    takes_text,
    understand_payload,
    verify_payload,
    write_payload,
)
from .task import FailedRequest, Payload

__all__ = ["ModelAnalyst", "WrittenScenarios", "bound", "clusters_of", "pairs_of", "slots_of"]


class ModelAnalyst:
    """Catalogue analysis by a language model.

    Args:
        engine: Sends the requests.
        config: The build's config.
        encoder: Embeds functionalities, to select the pairs of tools that are compared.
        funnel: Counts dropped tools, pairs, groups and scenarios, with reasons.
    """

    def __init__(self, engine: Engine, config: BuildConfig, encoder: Encoder, funnel: Funnel) -> None:
        self._engine = engine
        self._config = config
        self._encoder = encoder
        self._funnel = funnel

    def understand(self, tools: Sequence[Tool]) -> tuple[list[Tool], dict[str, str]]:
        """Read the functionality and the attributes of each tool from its documentation.

        Args:
            tools: Tools, with the attributes that the catalogue measures.

        Returns:
            All tools, with the attributes that their documentation states added, and the functionality of each tool by
            tool name. A tool without a usable reply is returned unchanged and has no functionality.
        """
        replies = self._engine.complete_all(UNDERSTAND, [understand_payload(tool) for tool in tools])
        analysed, does = [], {}
        for tool, reply in zip(tools, replies, strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop("tool_not_understood", reply.reason)
                analysed.append(tool)
                continue
            read = tuple(Attribute(item.axis, item.value, " ".join(item.quote.split())) for item in reply.attributes)
            analysed.append(replace(tool, attributes=(*tool.attributes, *read)))
            does[tool.name] = " ".join(reply.functionality.split()).rstrip(".")
        return analysed, does

    def group(self, tools: Sequence[Tool], does: Mapping[str, str]) -> list[Group]:
        """Group tools that do the same job and take the same slots.

        Args:
            tools: The tools.
            does: Functionality of each tool, by tool name. Tools without one are not grouped.

        Returns:
            Groups of at least `MIN_SAME_FUNCTION` tools of different providers.
        """
        callable_ = [tool for tool in tools if tool.name in does and slots_of(tool)]
        pairs = pairs_of(callable_, does, self._encoder, self._config.llm)
        payloads = [judge_payload(callable_[first], callable_[second], does) for first, second in pairs]
        same: defaultdict[int, set[int]] = defaultdict(set)
        for (first, second), reply in zip(pairs, self._engine.complete_all(JUDGE, payloads), strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop("pair_not_judged", reply.reason)
            elif reply.same_job:
                same[first].add(second)
                same[second].add(first)
        clusters = list(clusters_of(callable_, same))
        self._funnel.drop("ungrouped_tool", "no_tools_for_the_same_job", len(tools) - sum(map(len, clusters)))
        return self._aligned(clusters, does)

    def _aligned(self, clusters: Sequence[Sequence[Tool]], does: Mapping[str, str]) -> list[Group]:
        """Return groups of the tools whose parameters take the slots of the first tool of their cluster."""
        candidates = [(cluster, tool) for cluster in clusters for tool in cluster[1:]]
        payloads = [align_payload(slots_of(cluster[0]), tool) for cluster, tool in candidates]
        members: defaultdict[str, list[GroupTool]] = defaultdict(list)
        for (cluster, tool), reply in zip(candidates, self._engine.complete_all(ALIGN, payloads), strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop("ungrouped_tool", f"not_aligned_{reply.reason}")
                continue
            bindings = bound(tool, {item.slot: item.parameter for item in reply.slots})
            if isinstance(bindings, str):
                self._funnel.drop("ungrouped_tool", bindings)
            else:
                members[cluster[0].name].append(GroupTool(tool, bindings))
        return list(self._groups(clusters, members, does))

    def _groups(
        self, clusters: Sequence[Sequence[Tool]], aligned: Mapping[str, Sequence[GroupTool]], does: Mapping[str, str]
    ) -> Iterator[Group]:
        """Yield a group for each cluster with enough aligned tools; `aligned` is by the name of the first tool."""
        names: Counter[str] = Counter()
        for cluster in clusters:
            leader = cluster[0]
            slots = slots_of(leader)
            members = [_leader_member(leader, slots), *aligned.get(leader.name, ())][: self._config.groups.largest]
            if len(members) < MIN_SAME_FUNCTION:
                self._funnel.drop("group", "fewer_than_3_providers")
                self._funnel.drop("ungrouped_tool", "group_too_small", len(members))
                continue
            phrase = does[leader.name]
            names[phrase] += 1
            category = usual_category(member.tool for member in members)
            phrases = {sentence(does[member.tool.name]) for member in members}
            yield Group(
                Functionality(
                    name=phrase if names[phrase] == 1 else f"{phrase} ({names[phrase]})",
                    category=category,
                    summary=sentence(phrase),
                    phrases=tuple(sorted(phrases - {sentence(phrase)})),
                    slots=tuple(slots),
                    patterns={},
                ),
                tuple(sorted(members, key=lambda member: member.tool.name)),
                category,
            )

    def look_alikes(
        self, tools: Sequence[Tool], groups: Sequence[Group], does: Mapping[str, str]
    ) -> dict[str, frozenset[str]]:
        """Find the tools that might do a group's job and therefore cannot be its distractors.

        Args:
            tools: Tools from which distractors are drawn.
            groups: The groups.
            does: Functionality of each tool, by tool name.

        Returns:
            Names of the tools that might do the job, by functionality name. Tools without a functionality are in every
            set.
        """
        named = [tool.name for tool in tools if tool.name in does]
        unknown = frozenset(tool.name for tool in tools) - frozenset(named)
        vectors = self._encoder.encode([does[name] for name in named])
        similar = {}
        for group in groups:
            functionality = group.functionality
            centre = self._encoder.encode([functionality.summary, *functionality.phrases])
            near = (vectors @ centre.T).max(axis=1) >= self._config.groups.look_alike
            similar[functionality.name] = unknown | {named[int(index)] for index in np.flatnonzero(near)}
        return similar

    def write(self, groups: Sequence[Group]) -> WrittenScenarios:
        """Write scenarios for every group in every register, and verify them.

        Args:
            groups: The groups.

        Returns:
            The scenarios that passed all checks.
        """
        requests = [(group, register) for group in groups for register in REGISTERS]
        count = self._config.llm.scenarios_per_register
        payloads = [write_payload(group, register, count) for group, register in requests]
        drafts: list[tuple[Group, Scenario]] = []
        seen: set[tuple[str, str]] = set()
        replies = self._engine.complete_all(WRITE, payloads)
        for (group, _), payload, reply in zip(requests, payloads, replies, strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop("register_not_written", reply.reason)
                continue
            drafts.extend((group, scenario) for scenario in self._drafts(group, payload, reply, seen))
        return WrittenScenarios(self._verified(drafts))

    def _drafts(
        self, group: Group, payload: Payload, reply: Scenarios, seen: set[tuple[str, str]]
    ) -> Iterator[Scenario]:
        """Yield the usable scenarios of a reply, except those in `seen`: (functionality name, instruction) pairs."""
        for written in reply.scenarios:
            key = (group.functionality.name, written.instruction)
            fault = scenario_fault(payload, written)
            if fault is None and key in seen:
                fault = "instruction_written_twice"
            if fault is not None:
                self._funnel.drop("scenario", fault)
                continue
            seen.add(key)
            yield Scenario(
                written.instruction, {item.slot: SlotValue(item.value, item.value) for item in written.values}
            )

    def _verified(self, drafts: Sequence[tuple[Group, Scenario]]) -> dict[str, list[Scenario]]:
        """Return the scenarios that the model confirms, by functionality name."""
        kept: defaultdict[str, list[Scenario]] = defaultdict(list)
        payloads = [verify_payload(group, scenario) for group, scenario in drafts]
        for (group, scenario), reply in zip(drafts, self._engine.complete_all(VERIFY, payloads), strict=True):
            fault = reply.reason if isinstance(reply, FailedRequest) else fault_of(reply)
            if fault is None:
                kept[group.functionality.name].append(scenario)
            else:
                self._funnel.drop("scenario", fault)
        return kept


@dataclass(frozen=True, slots=True)
class WrittenScenarios:
    """Scenarios that a model wrote for the groups, before any users exist."""

    by_functionality: Mapping[str, Sequence[Scenario]]
    """Scenarios of each group, by functionality name."""

    def write(self, group: Group, rng: np.random.Generator, final: bool) -> Iterator[Scenario]:
        """Yield the scenarios of a group in random order, like `builder.users.scenarios.write_scenarios`.

        Args:
            group: The group.
            rng: Draws the order.
            final: True for final instructions, False for scenarios of histories.
        """
        written = self.by_functionality.get(group.functionality.name, ())
        scenarios = [scenario for scenario in written if is_final(scenario.values) == final]
        names_any = mentions_any(favouring_words(group) if final else [])
        for index in rng.permutation(len(scenarios)):
            scenario = scenarios[int(index)]
            # The scenario was checked against the group of that time. If the group has lost tools since, an attribute
            # that all of them shared may now favour some of them.
            if not names_any(scenario.instruction):
                yield scenario


def bound(tool: Tool, parameters: Mapping[str, str | None]) -> dict[str, Binding] | str:
    """Bind the slots of a cluster to the parameters of one of its tools.

    Args:
        tool: The tool.
        parameters: Parameter that takes each slot, by slot name; None if no parameter does.

    Returns:
        Binding of each slot, by slot name, or the reason why the tool cannot be called with these slots.
    """
    properties: Mapping[str, Any] = tool.parameters["properties"]
    taken = {slot: name for slot, name in parameters.items() if name is not None}
    if len(taken) < len(parameters):
        return "slot_without_parameter"
    if set(tool.parameters["required"]) - set(taken.values()):
        return "required_parameter_without_slot"
    if not all(takes_text(properties[name]) for name in taken.values()):
        return "slot_in_a_parameter_that_takes_no_text"
    return {slot: _binding(tool, name) for slot, name in taken.items()}


def _leader_member(tool: Tool, slots: Sequence[Slot]) -> GroupTool:
    """Return the group member for a cluster's first tool, whose required parameters are the slots."""
    return GroupTool(tool, {slot.name: _binding(tool, slot.name) for slot in slots})


def _binding(tool: Tool, name: str) -> Binding:
    return Binding((name,), tool.parameters["properties"][name].get("type", "string"))


def pairs_of(
    tools: Sequence[Tool], does: Mapping[str, str], encoder: Encoder, settings: LlmConfig
) -> list[tuple[int, int]]:
    """Find pairs of tools of different providers that may do the same job.

    Args:
        tools: The tools.
        does: Functionality of each tool, by tool name.
        encoder: Embeds the functionalities.
        settings: Number of neighbours to compare each tool with, and their minimum cosine similarity.

    Returns:
        Pairs of indices into `tools`, sorted, each pair once with the smaller index first.
    """
    texts, text_of = numbered(does[tool.name] for tool in tools)
    families = numbered(provider_family(tool.provider) for tool in tools)[1]
    vectors = encoder.encode(texts)
    return pairs_among(nearest(vectors, text_of, families, settings.neighbours, settings.similarity))


def clusters_of(tools: Sequence[Tool], same: Mapping[int, set[int]]) -> Iterator[list[Tool]]:
    """Cluster tools that do the same job, greedily: the tool with the most unclustered partners comes first.

    Args:
        tools: The tools.
        same: Partners of each tool: the tools that do the same job. Indices into `tools`; symmetric.

    Yields:
        A tool, followed by its unclustered partners sorted by name. A cluster keeps one tool of each provider.
        Clusters with fewer than `MIN_SAME_FUNCTION` tools are discarded.
    """
    free = set(same)
    degrees = Counter({index: len(same[index] & free) for index in same})
    heap = [(-degree, tools[index].name, index) for index, degree in degrees.items()]
    heapify(heap)
    while heap:
        degree, name, leader = heappop(heap)
        if leader not in free:
            continue
        if -degree > degrees[leader]:  # outdated: earlier clusters have taken some of its partners
            heappush(heap, (-degrees[leader], name, leader))
            continue
        partners = same[leader] & free
        taken = {leader, *partners}
        free -= taken
        for index in taken:
            degrees.subtract(same[index])
        cluster = _one_per_provider(tools[leader], [tools[index] for index in partners])
        if len(cluster) >= MIN_SAME_FUNCTION:
            yield cluster


def _one_per_provider(leader: Tool, partners: Sequence[Tool]) -> list[Tool]:
    """Return the leader, then its partners sorted by name, but only the first tool of each provider."""
    cluster: dict[str, Tool] = {}
    for tool in [leader, *sorted(partners, key=lambda tool: tool.name)]:
        cluster.setdefault(provider_family(tool.provider), tool)
    return list(cluster.values())
