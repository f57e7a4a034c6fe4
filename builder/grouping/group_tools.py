"""The functionality groups of a catalogue.

A group holds one tool of each provider, with documentation that differs and attributes that differ, and can be called
with the group's slots throughout. What does not fit leaves under a named reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from builder.config import MIN_SAME_FUNCTION, GroupConfig
from builder.funnel import Funnel
from builder.records import Group, GroupTool, Tool
from builder.words import commonest, mentions, provider_family, words

from .recognition import Recognised, Recogniser

"""Fewest tools, each of its own provider, that make a group."""


def usual_category(tools: Iterable[Tool]) -> str:
    """The category that most tools are catalogued under, the first by name among equals."""
    return commonest(Counter(tool.category for tool in tools))


def group_catalogue(
    tools: Sequence[Tool], recogniser: Recogniser, config: GroupConfig, funnel: Funnel
) -> Iterator[Group]:
    """Group the tools of a real catalogue by functionality, sorted by functionality name.

    Args:
        tools: The catalogue.
        recogniser: Knows the library.
        config: Thresholds.
        funnel: Counts what was left out, with reasons.
    """
    found: defaultdict[str, list[Recognised]] = defaultdict(list)
    for outcome in recogniser.recognise(tools, config.similarity):
        if isinstance(outcome, str):
            funnel.drop("ungrouped_tool", outcome)
        else:
            found[outcome.entry.functionality.name].append(outcome)
    for name in sorted(found):
        members = _distinct(found[name], funnel)
        funnel.drop("ungrouped_tool", "group_is_large_enough", len(members[config.largest :]))
        members = members[: config.largest]
        if len(members) < MIN_SAME_FUNCTION:
            funnel.drop("group", "fewer_than_3_providers")
            funnel.drop("ungrouped_tool", "group_too_small", len(members))
            continue
        yield _group(members)


def _group(members: Sequence[Recognised]) -> Group:
    functionality = members[0].entry.functionality
    tools = [member.tool for member in members]
    # Catalogues put many tools under catch-alls such as "Data": the job's own category holds where a tool confirms it.
    own = functionality.category
    category = own if any(tool.category == own for tool in tools) else usual_category(tools)
    return Group(
        functionality=functionality,
        members=tuple(
            sorted(
                (GroupTool(member.tool, member.bindings) for member in members),
                key=lambda member: member.tool.name,
            )
        ),
        category=category,
    )


def _distinct(found: Iterable[Recognised], funnel: Funnel) -> list[Recognised]:
    """The closest tool of each provider, none saying the same as another; the closest first."""
    kept: list[Recognised] = []
    families: set[str] = set()
    said: set[tuple[str, ...]] = set()
    for candidate in sorted(found, key=lambda item: (-item.similarity, item.tool.name)):
        if _named_when_asked(candidate):
            funnel.drop("ungrouped_tool", "named_by_the_instructions")
        elif (family := provider_family(candidate.tool.provider)) in families:
            funnel.drop("ungrouped_tool", "same_provider_in_group")
        elif (says := _says(candidate.tool)) in said:
            funnel.drop("ungrouped_tool", "same_description_in_group")
        else:
            families.add(family)
            said.add(says)
            kept.append(candidate)
    return kept


def _named_when_asked(candidate: Recognised) -> bool:
    """Whether most ways of asking for the job name the provider, so that few would be left that do not favour it."""
    patterns = [pattern for own in candidate.entry.functionality.patterns.values() for pattern in own]
    named = sum(mentions(pattern, candidate.tool.provider) for pattern in patterns)
    return 2 * named > len(patterns)


def _says(tool: Tool) -> tuple[str, ...]:
    return tuple(words(f"{tool.operation_description} {tool.provider_description}"))
