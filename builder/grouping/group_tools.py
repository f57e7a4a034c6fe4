"""Functionality groups of a catalogue.

A group holds at most one tool of each provider. Its tools have different documentation, and each can be called with the
group's slots. Tools that do not qualify are counted in the funnel with a reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from builder.config import MIN_SAME_FUNCTION, GroupConfig
from builder.funnel import Funnel
from builder.records import Group, GroupTool, Tool
from builder.words import mentions, most_frequent, provider_family, words

from .recognition import Recognised, Recogniser, Unrecognised

_LEAST_SUCCESS: Final = 50.0
"""Share of calls that succeed, in %, below which a tool can be no answer."""


def usual_category(tools: Iterable[Tool]) -> str:
    """Return the most frequent category of some tools, the alphabetically first one in a tie."""
    return most_frequent(Counter(tool.category for tool in tools))


def group_catalogue(
    tools: Sequence[Tool], recogniser: Recogniser, config: GroupConfig, funnel: Funnel
) -> Iterator[Group]:
    """Group the tools of a real catalogue by functionality.

    Args:
        tools: Tools of the catalogue.
        recogniser: Recogniser of the library's functionalities.
        config: Similarity threshold and largest group size.
        funnel: Counts dropped tools and groups by reason.

    Yields:
        Groups without a split, sorted by functionality name.
    """
    recognised: defaultdict[str, list[Recognised]] = defaultdict(list)
    working = [tool for tool in tools if not mostly_fails(tool, funnel)]
    for tool, outcome in zip(working, recogniser.recognise(working, config.similarity), strict=True):
        if isinstance(outcome, Unrecognised):
            funnel.drop("ungrouped_tool", outcome.reason, names=[tool.name])
        else:
            recognised[outcome.entry.functionality.name].append(outcome)
    for name in sorted(recognised):
        members = _distinct(recognised[name], funnel)
        funnel.drop("ungrouped_tool", "group_is_large_enough", len(members[config.largest :]))
        members = members[: config.largest]
        if len(members) < MIN_SAME_FUNCTION:
            names = [member.tool.name for member in members]
            funnel.drop("group", "fewer_than_3_providers", names=[f"{name} (only {', '.join(names)})"])
            funnel.drop("ungrouped_tool", "group_too_small", len(members), names)
            continue
        yield _group(members)


def mostly_fails(tool: Tool, funnel: Funnel) -> bool:
    """Return True for a tool that nobody would call on purpose, whatever else speaks for it."""
    rate = tool.facts.stated.get("success_rate", tool.facts.success_rate)
    if rate is None or float(rate) >= _LEAST_SUCCESS:
        return False
    funnel.drop("ungrouped_tool", "most_calls_fail", names=[f"{tool.name} (success {float(rate):g} %)"])
    return True


def _group(members: Sequence[Recognised]) -> Group:
    functionality = members[0].entry.functionality
    tools = [member.tool for member in members]
    # Catalogues put many tools into catch-all categories such as "Data". The functionality's category is therefore
    # preferred if at least one tool is filed under it.
    preferred = functionality.category
    category = preferred if any(tool.category == preferred for tool in tools) else usual_category(tools)
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


def _distinct(candidates: Iterable[Recognised], funnel: Funnel) -> list[Recognised]:
    """Keep the most similar tool of each provider and of each documentation text, sorted by descending similarity."""
    kept: list[Recognised] = []
    families: set[str] = set()
    documented: set[tuple[str, ...]] = set()
    for candidate in sorted(candidates, key=lambda item: (-item.similarity, item.tool.name)):
        if _is_named_by_patterns(candidate):
            funnel.drop("ungrouped_tool", "named_by_the_instructions", names=[candidate.tool.name])
        elif (family := provider_family(candidate.tool.provider)) in families:
            names = [f"{candidate.tool.name} (another tool of {candidate.tool.provider} does this job)"]
            funnel.drop("ungrouped_tool", "same_provider_in_group", names=names)
        elif (documentation := _documentation_words(candidate.tool)) in documented:
            funnel.drop("ungrouped_tool", "same_description_in_group", names=[candidate.tool.name])
        else:
            families.add(family)
            documented.add(documentation)
            kept.append(candidate)
    return kept


def _is_named_by_patterns(candidate: Recognised) -> bool:
    """Return True if most instruction patterns name the provider, so that too few neutral instructions would remain."""
    by_register = candidate.entry.functionality.patterns.values()
    patterns = [pattern for register_patterns in by_register for pattern in register_patterns]
    named = sum(mentions(pattern, candidate.tool.provider) for pattern in patterns)
    return 2 * named > len(patterns)


def _documentation_words(tool: Tool) -> tuple[str, ...]:
    return tuple(words(f"{tool.operation_description} {tool.provider_description}"))
