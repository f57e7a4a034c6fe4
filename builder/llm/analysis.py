"""The stages that a language model does: understanding tools, grouping them, aligning parameters, writing scenarios.

Requests grow with the catalogue, never with the number of users. What a model says is used as far as the payload bears
it out (`tasks`); what is dropped is counted in the funnel with its reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any, Final

import numpy as np

from builder.config import MIN_SAME_FUNCTION, BuildConfig, LlmConfig
from builder.embedding import Encoder
from builder.funnel import Funnel
from builder.grouping.functionalities import REGISTERS
from builder.grouping.group_tools import usual_category
from builder.grouping.neighbours import nearest, numbered, pairs_among
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, Scenario, Slot, SlotValue, Tool
from builder.users.scenarios import catalogue_values, favouring_words, is_final
from builder.words import mentions_any, provider_family, sentence
from builder.world.marketplace import axes

from .builder_tasks import ALIGN, JUDGE, UNDERSTAND, VERIFY, WRITE, fault_of, typed, wrong_with_scenario
from .engine import Engine
from .task import Payload, Refusal

_SCALARS: Final = frozenset({"string", "integer", "number"})


class ModelAnalyst:
    """Prepares a catalogue by asking a model.

    Args:
        engine: Asks.
        config: The build's config.
        encoder: Tells which tools are worth comparing.
        funnel: Counts what was dropped, with reasons.
    """

    def __init__(self, engine: Engine, config: BuildConfig, encoder: Encoder, funnel: Funnel) -> None:
        self._engine = engine
        self._config = config
        self._encoder = encoder
        self._funnel = funnel

    def understand(self, tools: Sequence[Tool]) -> tuple[list[Tool], dict[str, str]]:
        """Read functionality and attributes out of the documentation.

        Args:
            tools: Tools, with the attributes that were measured.

        Returns:
            The tools with the attributes that their documentation states, and what each tool does, by name; a tool
            that was not understood does nothing known.
        """
        replies = self._engine.complete_all(UNDERSTAND, [understand_payload(tool) for tool in tools])
        known, does = [], {}
        for tool, reply in zip(tools, replies, strict=True):
            if isinstance(reply, Refusal):
                self._funnel.drop("tool_not_understood", reply.reason)
                known.append(tool)
                continue
            read = tuple(Attribute(one.axis, one.value, " ".join(one.quote.split())) for one in reply.attributes)
            known.append(replace(tool, attributes=(*tool.attributes, *read)))
            does[tool.name] = " ".join(reply.functionality.split()).rstrip(".")
        return known, does

    def group(self, tools: Sequence[Tool], does: Mapping[str, str]) -> list[Group]:
        """Group tools that do the same job and can be called with the same slots.

        Args:
            tools: The tools.
            does: What each tool does, by name.
        """
        callable_ = [tool for tool in tools if tool.name in does and slots_of(tool)]
        pairs = pairs_of(callable_, does, self._encoder, self._config.llm)
        payloads = [judge_payload(callable_[one], callable_[other], does) for one, other in pairs]
        same: defaultdict[int, set[int]] = defaultdict(set)
        for (one, other), reply in zip(pairs, self._engine.complete_all(JUDGE, payloads), strict=True):
            if isinstance(reply, Refusal):
                self._funnel.drop("pair_not_judged", reply.reason)
            elif reply.same_job:
                same[one].add(other)
                same[other].add(one)
        clusters = list(clusters_of(callable_, same))
        self._funnel.drop("ungrouped_tool", "no_tools_for_the_same_job", len(tools) - sum(map(len, clusters)))
        return self._aligned(clusters, does)

    def _aligned(self, clusters: Sequence[Sequence[Tool]], does: Mapping[str, str]) -> list[Group]:
        """Groups of the tools whose parameters take the slots of their cluster's first tool."""
        asked = [(cluster, tool) for cluster in clusters for tool in cluster[1:]]
        payloads = [align_payload(slots_of(cluster[0]), tool) for cluster, tool in asked]
        members: defaultdict[str, list[GroupTool]] = defaultdict(list)
        for (cluster, tool), reply in zip(asked, self._engine.complete_all(ALIGN, payloads), strict=True):
            if isinstance(reply, Refusal):
                self._funnel.drop("ungrouped_tool", f"not_aligned_{reply.reason}")
                continue
            bindings = bound(tool, {one.slot: one.parameter for one in reply.slots})
            if isinstance(bindings, str):
                self._funnel.drop("ungrouped_tool", bindings)
            else:
                members[cluster[0].name].append(GroupTool(tool, bindings))
        return list(self._groups(clusters, members, does))

    def _groups(
        self, clusters: Sequence[Sequence[Tool]], members: Mapping[str, Sequence[GroupTool]], does: Mapping[str, str]
    ) -> Iterator[Group]:
        names: Counter[str] = Counter()
        for cluster in clusters:
            leader = cluster[0]
            slots = slots_of(leader)
            found = [_as_it_is(leader, slots), *members.get(leader.name, ())][: self._config.groups.largest]
            if len(found) < MIN_SAME_FUNCTION:
                self._funnel.drop("group", "fewer_than_3_providers")
                self._funnel.drop("ungrouped_tool", "group_too_small", len(found))
                continue
            phrase = does[leader.name]
            names[phrase] += 1
            category = usual_category(member.tool for member in found)
            yield Group(
                Functionality(
                    name=phrase if names[phrase] == 1 else f"{phrase} ({names[phrase]})",
                    category=category,
                    summary=sentence(phrase),
                    phrases=tuple(sorted({sentence(does[member.tool.name]) for member in found} - {sentence(phrase)})),
                    slots=tuple(slots),
                    patterns={},
                ),
                tuple(sorted(found, key=lambda member: member.tool.name)),
                category,
            )

    def look_alikes(
        self, tools: Sequence[Tool], groups: Sequence[Group], does: Mapping[str, str]
    ) -> dict[str, frozenset[str]]:
        """Tools that may do a group's job, by functionality name; so may all that were not understood.

        Args:
            tools: The tools that are in question.
            groups: The groups.
            does: What each tool does, by name.
        """
        named = [tool.name for tool in tools if tool.name in does]
        unknown = frozenset(tool.name for tool in tools) - frozenset(named)
        vectors = self._encoder.encode([does[name] for name in named])
        found = {}
        for group in groups:
            functionality = group.functionality
            centre = self._encoder.encode([functionality.summary, *functionality.phrases])
            near = (vectors @ centre.T).max(axis=1) >= self._config.groups.look_alike
            found[functionality.name] = unknown | {named[int(index)] for index in np.flatnonzero(near)}
        return found

    def write(self, groups: Sequence[Group]) -> WrittenScenarios:
        """Have scenarios written for every group, and verified."""
        asked = [(group, register) for group in groups for register in REGISTERS]
        count = self._config.llm.scenarios_per_register
        payloads = [write_payload(group, register, count) for group, register in asked]
        drafts: list[tuple[Group, Scenario]] = []
        seen: set[tuple[str, str]] = set()
        replies = self._engine.complete_all(WRITE, payloads)
        for (group, _), payload, reply in zip(asked, payloads, replies, strict=True):
            if isinstance(reply, Refusal):
                self._funnel.drop("register_not_written", reply.reason)
                continue
            for written in reply.scenarios:
                wrong = wrong_with_scenario(payload, written)
                if wrong is None and (group.functionality.name, written.instruction) in seen:
                    wrong = "instruction_written_twice"
                if wrong is not None:
                    self._funnel.drop("scenario", wrong)
                    continue
                seen.add((group.functionality.name, written.instruction))
                values = {one.slot: SlotValue(one.value, one.value) for one in written.values}
                drafts.append((group, Scenario(written.instruction, values)))
        return WrittenScenarios(self._verified(drafts))

    def _verified(self, drafts: Sequence[tuple[Group, Scenario]]) -> dict[str, list[Scenario]]:
        kept: defaultdict[str, list[Scenario]] = defaultdict(list)
        payloads = [verify_payload(group, scenario) for group, scenario in drafts]
        for (group, scenario), reply in zip(drafts, self._engine.complete_all(VERIFY, payloads), strict=True):
            fault = reply.reason if isinstance(reply, Refusal) else fault_of(reply)
            if fault is None:
                kept[group.functionality.name].append(scenario)
            else:
                self._funnel.drop("scenario", fault)
        return kept


@dataclass(frozen=True, slots=True)
class WrittenScenarios:
    """Scenarios that were written before there were users."""

    by_functionality: Mapping[str, Sequence[Scenario]]
    """Scenarios of each group, by functionality name."""

    def write(self, group: Group, rng: np.random.Generator, final: bool) -> Iterator[Scenario]:
        """The scenarios of one kind, in random order; as `builder.users.scenarios.write_scenarios`."""
        written = self.by_functionality.get(group.functionality.name, ())
        own = [scenario for scenario in written if is_final(scenario.values) == final]
        names_any = mentions_any(favouring_words(group) if final else [])
        for index in rng.permutation(len(own)):
            scenario = own[int(index)]
            # The group may have lost tools since, so that an attribute of all of them has become one of some.
            if not names_any(scenario.instruction):
                yield scenario


def slots_of(tool: Tool) -> list[Slot]:
    """The inputs that a tool requires, as slots; none where one of them cannot be written as text."""
    properties: Mapping[str, Any] = tool.parameters["properties"]
    required = [(name, properties[name]) for name in tool.parameters["required"]]
    if not all(_takes_text(schema) for _, schema in required):
        return []
    return [Slot(name, "", schema.get("description", name)) for name, schema in required]


def bound(tool: Tool, parameters: Mapping[str, str | None]) -> dict[str, Binding] | str:
    """Bindings of the parameters that take the slots, or the reason why the tool cannot be called so."""
    properties: Mapping[str, Any] = tool.parameters["properties"]
    taken = {slot: name for slot, name in parameters.items() if name is not None}
    if len(taken) < len(parameters):
        return "slot_without_parameter"
    if set(tool.parameters["required"]) - set(taken.values()):
        return "required_parameter_without_slot"
    if not all(_takes_text(properties[name]) for name in taken.values()):
        return "slot_in_a_parameter_that_takes_no_text"
    return {slot: _binding(tool, name) for slot, name in taken.items()}


def _as_it_is(tool: Tool, slots: Sequence[Slot]) -> GroupTool:
    """A tool whose own required parameters are the slots."""
    return GroupTool(tool, {slot.name: _binding(tool, slot.name) for slot in slots})


def _binding(tool: Tool, name: str) -> Binding:
    return Binding((name,), tool.parameters["properties"][name].get("type", "string"))


def _takes_text(schema: Mapping[str, Any]) -> bool:
    """Whether a parameter can be given as any text, or as a number written as text."""
    return schema.get("type", "string") in _SCALARS and "enum" not in schema


def pairs_of(
    tools: Sequence[Tool], does: Mapping[str, str], encoder: Encoder, settings: LlmConfig
) -> list[tuple[int, int]]:
    """Pairs of tools of different providers that may do the same job, each once and by index.

    Args:
        tools: The tools.
        does: What each does, by name.
        encoder: Tells how near that is.
        settings: How many neighbours a tool has, and how near they are at least.
    """
    texts, text_of = numbered(does[tool.name] for tool in tools)
    families = numbered(provider_family(tool.provider) for tool in tools)[1]
    vectors = encoder.encode(texts)
    return pairs_among(nearest(vectors, text_of, families, settings.neighbours, settings.similarity))


def clusters_of(tools: Sequence[Tool], same: Mapping[int, set[int]]) -> Iterator[list[Tool]]:
    """Tools that each do the job of one of them, that one first; one tool of each provider, three at least.

    Args:
        tools: The tools.
        same: By index, the tools that do the same job.
    """
    free = set(same)
    degrees = {index: len(same[index] & free) for index in same}
    heap = [(-degree, tools[index].name, index) for index, degree in degrees.items()]
    heapify(heap)
    while heap:
        degree, name, leader = heappop(heap)
        if leader not in free:
            continue
        if -degree > degrees[leader]:  # it has lost some to others since
            heappush(heap, (-degrees[leader], name, leader))
            continue
        cluster, families = [tools[leader]], {provider_family(tools[leader].provider)}
        for index in sorted(same[leader] & free, key=lambda index: tools[index].name):
            if (family := provider_family(tools[index].provider)) not in families:
                families.add(family)
                cluster.append(tools[index])
        gone = {leader, *(same[leader] & free)}
        free -= gone
        for other in (other for index in gone for other in same[index]):
            degrees[other] -= 1
        if len(cluster) >= MIN_SAME_FUNCTION:
            yield cluster


def understand_payload(tool: Tool) -> Payload:
    """What is asked about one tool: its documentation, and the axes that are not measured already."""
    open_axes = {axis: sorted(values) for axis, values in axes().items() if axis not in tool.values}
    return {"name": tool.name, "documentation": tool.description, "axes": open_axes}


def judge_payload(first: Tool, second: Tool, does: Mapping[str, str]) -> Payload:
    """What is asked about two tools."""
    return {"first": _judged(first, does), "second": _judged(second, does)}


def _judged(tool: Tool, does: Mapping[str, str]) -> Payload:
    about = tool.operation_description or tool.operation
    return {
        "functionality": does[tool.name],
        "documentation": f"{tool.operation}. {about}",
        "inputs": [slot.about for slot in slots_of(tool)],
    }


def align_payload(slots: Sequence[Slot], tool: Tool) -> Payload:
    """What is asked about the parameters of one tool."""
    return {
        "slots": [{"name": slot.name, "about": slot.about} for slot in slots],
        "tool": {
            "name": tool.name,
            "documentation": tool.operation_description,
            "parameters": {
                name: {
                    "type": schema.get("type", "string"),
                    "about": schema.get("description", name),
                    "required": name in tool.parameters["required"],
                }
                for name, schema in tool.parameters["properties"].items()
            },
        },
    }


def write_payload(group: Group, register: str, count: int) -> Payload:
    """What is asked for one register of one group."""
    functionality = group.functionality
    return {
        "functionality": functionality.name,
        "register": register,
        "count": count,
        "slots": [{"name": slot.name, "about": slot.about} for slot in functionality.slots],
        "tools": [
            {
                "name": member.tool.name,
                "documentation": member.tool.operation_description,
                "slots": {slot: {"parameter": one.path[0], "type": one.type} for slot, one in member.bindings.items()},
            }
            for member in group.members
        ],
        "taken": sorted(catalogue_values(group)),
        "must_not_name": favouring_words(group),
    }


def verify_payload(group: Group, scenario: Scenario) -> Payload:
    """What is asked about one scenario."""
    values = {slot: str(one.value) for slot, one in scenario.values.items()}
    return {
        "instruction": scenario.instruction,
        "values": values,
        "tools": [
            {
                "name": member.tool.name,
                "documentation": member.tool.operation_description,
                "arguments": {one.path[0]: typed(values[slot], one.type) for slot, one in member.bindings.items()},
            }
            for member in group.members
        ],
    }
