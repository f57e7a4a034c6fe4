"""Removal of tools that no preference can single out in their group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builder.config import MIN_GROUPS, MIN_SAME_FUNCTION, BuildConfig, PreferenceConfig
from builder.funnel import Funnel
from builder.records import Attribute, Group, Tool
from builder.users.preferences import distinguishing_sets


def answerable_groups(groups: Sequence[Group], config: BuildConfig, funnel: Funnel) -> list[Group]:
    """Return groups in which every tool can be the preferred one.

    A tool that no preference can single out could never be the answer, so a reader could rule it out without the
    history. Such tools are removed. Groups that become too small are dropped.

    Args:
        groups: Groups to check.
        config: Config of the build.
        funnel: Counts the removed tools and the dropped groups.
    """
    kept = []
    for group in groups:
        narrowed = _without_unreachable_tools(group, config, funnel)
        if len(narrowed.members) >= MIN_SAME_FUNCTION:
            kept.append(narrowed)
        else:
            names = [member.tool.name for member in narrowed.members]
            told_apart = f"{group.functionality.name} (only {', '.join(names) or 'none'})"
            funnel.drop("group", "fewer_than_3_tools_told_apart", names=[told_apart])
            funnel.drop("ungrouped_tool", "group_too_small", len(narrowed.members), names)
    return kept


def visible_groups(groups: Sequence[Group], config: PreferenceConfig) -> int:
    """Return in how many groups of a split every tool can be wanted by a user whose history shows it.

    A history shows a preference by calls in at least two other groups, in each of which one tool fits it best.
    """
    wanted = [[_wanted(member.tool) for member in group.members] for group in groups]
    return sum(
        all(
            _is_visible(member.tool, group, [w for place, w in enumerate(wanted) if place != own], config)
            for member in group.members
        )
        for own, group in enumerate(groups)
    )


def unshown_tools(groups: Sequence[Group], config: PreferenceConfig) -> list[str]:
    """Return the tools that no user of a split can want, each with what speaks for it, because no history can show it.

    Args:
        groups: Groups of the split.
        config: Maximum number of axes of a preference.
    """
    wanted = [[_wanted(member.tool) for member in group.members] for group in groups]
    return [
        f"{member.tool.name} ({_spoken(_wanted(member.tool))})"
        for place, group in enumerate(groups)
        for member in group.members
        if not _is_visible(member.tool, group, [w for other, w in enumerate(wanted) if other != place], config)
    ]


def _is_visible(
    tool: Tool, group: Group, others: Sequence[Sequence[frozenset[tuple[str, str]]]], config: PreferenceConfig
) -> bool:
    return any(
        sum(sum(tools_have >= frozenset(attributes) for tools_have in other) == 1 for other in others) >= MIN_GROUPS
        for attributes in distinguishing_sets(tool, group, config)
    )


def _without_unreachable_tools(group: Group, config: BuildConfig, funnel: Funnel) -> Group:
    """Remove tools that no preference can single out, until none is left or the group is too small.

    They are removed one by one, the one with the fewest wanted attributes first: of two equal tools, the other one can
    be singled out afterwards.
    """
    while len(group.members) >= MIN_SAME_FUNCTION:
        unreachable = [
            member for member in group.members if not distinguishing_sets(member.tool, group, config.preferences)
        ]
        if not unreachable:
            break
        worst = min(unreachable, key=lambda member: (len(_wanted(member.tool)), member.tool.name))
        funnel.drop("ungrouped_tool", "not_told_apart_by_attributes", names=[_problem(worst.tool, group)])
        group = replace(group, members=tuple(member for member in group.members if member is not worst))
    return group


def _wanted(tool: Tool) -> frozenset[tuple[str, str]]:
    return frozenset((attribute.axis, attribute.value) for attribute in tool.attributes if attribute.wanted)


def _problem(tool: Tool, group: Group) -> str:
    """Return why no preference singles a tool out: another one has everything that speaks for it."""
    own = _wanted(tool)
    others = [member.tool for member in group.members if member.tool is not tool]
    better = min(others, key=lambda other: (len(own - _wanted(other)), other.name))
    attributes = sorted(tool.attributes, key=lambda attribute: (attribute.axis, attribute.value))
    considered = ", ".join(_considered(attribute, group) for attribute in attributes) or "none"
    return f"{tool.name} ({_spoken(own)}; {better.name} has this too; facts considered: {considered})"


def _considered(attribute: Attribute, group: Group) -> str:
    """Return an attribute of a tool with the number of tools of its group that have the same level of it."""
    same = sum(
        (attribute.axis, attribute.value) in {(other.axis, other.value) for other in member.tool.attributes}
        for member in group.members
    )
    value = f"{attribute.axis} {attribute.value}".replace("_", " ")
    return f"{value} {attribute.evidence!r} in {same} of {len(group.members)} tools"


def _spoken(attributes: frozenset[tuple[str, str]]) -> str:
    return ", ".join(f"{axis} {value}" for axis, value in sorted(attributes)).replace("_", " ") or "nothing"
