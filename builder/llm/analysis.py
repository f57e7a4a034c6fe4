"""Build stages that query a language model about tools: read them, group them and align their parameters.

The number of requests grows with the catalogue, not with the number of users. A reply is used only as far as it agrees
with its payload (see `builder_tasks`). Everything that is dropped is counted in the funnel under its reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from builder.catalogue.understanding import understand
from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.embedding import Encoder
from builder.funnel import Funnel
from builder.grouping.group_tools import usual_category
from builder.records import Binding, Functionality, Group, GroupTool, Slot, Tool
from builder.words import sentence, squash

from .builder_tasks import ALIGN, JUDGE, UNDERSTAND
from .clusters import Verdicts, clusters_of, pairs_of, why_unclustered
from .engine import Engine
from .payloads import align_payload, judge_payload, slots_of, takes_text, understand_payload
from .read_facts import fact_of
from .task import FailedRequest

_LONGEST_ABOUT: Final = 120
"""Longest description of a parameter that may describe a slot, in characters."""


class ModelAnalyst:
    """Catalogue analysis by a language model.

    Args:
        engine: Sends the requests.
        config: The build's config.
        encoder: Embeds functionalities, to select the pairs of tools that are compared.
        funnel: Counts dropped tools, pairs and groups, with reasons.
    """

    def __init__(self, engine: Engine, config: BuildConfig, encoder: Encoder, funnel: Funnel) -> None:
        self._engine = engine
        self._config = config
        self._encoder = encoder
        self._funnel = funnel

    def understand(self, tools: Sequence[Tool]) -> tuple[list[Tool], dict[str, str]]:
        """Read the functionality and the facts of each tool from its documentation.

        Args:
            tools: Tools without attributes.

        Returns:
            All tools, with attributes that compare the measured facts and those of the documentation, and the
            functionality of each tool by tool name. A tool without a usable reply has no functionality, and the facts
            that `documented_facts` reads.
        """
        replies = self._engine.complete_all(UNDERSTAND, [understand_payload(tool) for tool in tools])
        analysed, does = [], {}
        for tool, reply in zip(tools, replies, strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop("tool_not_understood", reply.reason, names=[tool.name])
                analysed.append(tool)
                continue
            stated = [fact_of(item.axis, item.number, item.value, _line(item.quote)) for item in reply.facts]
            self._funnel.count("facts_read", len(stated))
            read = {fact.axis: (fact.value, fact.quote) for fact in stated}
            analysed.append(replace(tool, facts=replace(tool.facts, read=read)))
            does[tool.name] = _line(reply.functionality).rstrip(".")
        return list(understand(analysed)), does

    def group(self, tools: Sequence[Tool], does: Mapping[str, str]) -> list[Group]:
        """Group tools that do the same job and take the same slots.

        Args:
            tools: The tools.
            does: Functionality of each tool, by tool name. Tools without one are not grouped.

        Returns:
            Groups of at least `MIN_SAME_FUNCTION` tools of different providers.
        """
        callable_ = [tool for tool in tools if tool.name in does and slots_of(tool)]
        self._funnel.drop("ungrouped_tool", "no_required_text_or_number", len(tools) - len(callable_))
        same, different = self._verdicts(callable_, does)
        clusters = list(clusters_of(callable_, same, different))
        clustered = {tool.name for cluster in clusters for tool in cluster}
        for index, tool in enumerate(callable_):
            if tool.name not in clustered:
                reason = why_unclustered(index, callable_, same, clusters)
                self._funnel.drop("ungrouped_tool", reason, names=[tool.name])
        return self._aligned(clusters, does)

    def _verdicts(self, tools: Sequence[Tool], does: Mapping[str, str]) -> tuple[Verdicts, Verdicts]:
        """Return with which tools each tool was judged to do the same job, and with which another one."""
        pairs = pairs_of(tools, does, self._encoder, self._config.llm)
        payloads = [judge_payload(tools[first], tools[second], does) for first, second in pairs]
        same: defaultdict[int, set[int]] = defaultdict(set)
        different: defaultdict[int, set[int]] = defaultdict(set)
        for (first, second), reply in zip(pairs, self._engine.complete_all(JUDGE, payloads), strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop("pair_not_judged", reply.reason)
                continue
            verdicts = same if reply.same_job else different
            verdicts[first].add(second)
            verdicts[second].add(first)
        return same, different

    def _aligned(self, clusters: Sequence[Sequence[Tool]], does: Mapping[str, str]) -> list[Group]:
        """Return groups of the tools whose parameters take the slots of the first tool of their cluster."""
        candidates = [(cluster, tool) for cluster in clusters for tool in cluster[1:]]
        payloads = [align_payload(does[cluster[0].name], job_slots(cluster), tool) for cluster, tool in candidates]
        members: defaultdict[str, list[GroupTool]] = defaultdict(list)
        for (cluster, tool), reply in zip(candidates, self._engine.complete_all(ALIGN, payloads), strict=True):
            if isinstance(reply, FailedRequest):
                self._funnel.drop("ungrouped_tool", f"not_aligned_{reply.reason}", names=[tool.name])
                continue
            bindings = bound(tool, {item.slot: item.parameter for item in reply.slots})
            if isinstance(bindings, str):
                self._funnel.drop("ungrouped_tool", bindings, names=[tool.name])
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
            members = [_leader_member(leader, slots), *aligned.get(leader.name, ())]
            surplus = members[self._config.groups.largest :]
            self._funnel.drop("ungrouped_tool", "group_is_large_enough", len(surplus))
            members = members[: self._config.groups.largest]
            if len(members) < MIN_SAME_FUNCTION:
                self._funnel.drop("group", "fewer_than_3_providers", names=[does[leader.name]])
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
                    slots=tuple(described(slots, members)),
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


def job_slots(cluster: Sequence[Tool]) -> list[Slot]:
    """Return the slots of a cluster: the required parameters of its first tool, with the best descriptions.

    A parameter of another tool describes a slot if it has the same name, or if both tools need only one value.
    """
    slots = slots_of(cluster[0])
    found = []
    for slot in slots:
        abouts = [slot.about]
        for tool in cluster[1:]:
            others = slots_of(tool)
            same = [other for other in others if squash(other.name) == squash(slot.name)]
            abouts += [other.about for other in same or (others if len(others) == len(slots) == 1 else [])]
        found.append(replace(slot, about=_best(abouts)))
    return found


def described(slots: Sequence[Slot], members: Sequence[GroupTool]) -> list[Slot]:
    """Return slots with the best description of the parameters that take them."""

    def about(slot: Slot, member: GroupTool) -> str:
        name = member.bindings[slot.name].path[0]
        return str(member.tool.parameters["properties"][name].get("description", name))

    return [replace(slot, about=_best([slot.about, *(about(slot, member) for member in members)])) for slot in slots]


def _best(abouts: Sequence[str]) -> str:
    """Return the longest description that is not too long; the first of equally long ones."""
    return max((text for text in abouts if len(text) <= _LONGEST_ABOUT), key=len, default=abouts[0][:_LONGEST_ABOUT])


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


def _line(text: str) -> str:
    return " ".join(text.split())
