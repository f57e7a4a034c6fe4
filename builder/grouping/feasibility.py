"""Groups in which every tool can be the right answer for some user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.funnel import Funnel
from builder.records import Group
from builder.users.preferences import distinguishing_sets


def answerable_groups(groups: Sequence[Group], config: BuildConfig, funnel: Funnel) -> list[Group]:
    """Groups in which every tool can be somebody's preferred one.

    A tool that no preference can single out would never be the answer, and a reader could rule it out without the
    history; it leaves its group.
    """
    kept = []
    for group in groups:
        narrowed = group
        while len(narrowed.members) >= MIN_SAME_FUNCTION:
            members = tuple(
                member for member in narrowed.members if distinguishing_sets(member.tool, narrowed, config.preferences)
            )
            if len(members) == len(narrowed.members):
                break
            funnel.drop("ungrouped_tool", "not_told_apart_by_attributes", len(narrowed.members) - len(members))
            narrowed = replace(narrowed, members=members)
        if len(narrowed.members) >= MIN_SAME_FUNCTION:
            kept.append(narrowed)
        else:
            funnel.drop("group", "fewer_than_3_tools_told_apart")
            funnel.drop("ungrouped_tool", "group_too_small", len(narrowed.members))
    return kept
