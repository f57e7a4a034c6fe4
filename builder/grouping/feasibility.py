"""Removal of tools that no preference can single out in their group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.funnel import Funnel
from builder.records import Group
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
            funnel.drop("group", "fewer_than_3_tools_told_apart")
            funnel.drop("ungrouped_tool", "group_too_small", len(narrowed.members))
    return kept


def _without_unreachable_tools(group: Group, config: BuildConfig, funnel: Funnel) -> Group:
    """Remove tools that no preference can single out, until none is left or the group is too small."""
    while len(group.members) >= MIN_SAME_FUNCTION:
        members = tuple(
            member for member in group.members if distinguishing_sets(member.tool, group, config.preferences)
        )
        if len(members) == len(group.members):
            break
        funnel.drop("ungrouped_tool", "not_told_apart_by_attributes", len(group.members) - len(members))
        group = replace(group, members=members)
    return group
