"""Groups that a person accepted, as groups of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from builder.config import MIN_SAME_FUNCTION
from builder.errors import ConfigError
from builder.funnel import Funnel
from builder.records import NO_CATEGORY, Binding, Group, GroupTool, Tool
from builder.words import provider_family

from .alignment import bound_parameter
from .group_tools import mostly_fails, usual_category
from .own_jobs import StatedGroup


def accepted_groups(tools: Sequence[Tool], stated: Sequence[StatedGroup], funnel: Funnel) -> Iterator[Group]:
    """Yield the accepted groups without a split, sorted by functionality name.

    Args:
        tools: Tools of the catalogue.
        stated: Accepted groups.
        funnel: Counts dropped tools and groups by reason.

    Raises:
        ConfigError: If a group names a tool or a parameter that does not exist.
    """
    by_name = {tool.name: tool for tool in tools}
    for group in sorted(stated, key=lambda group: group.functionality.name):
        members = list(_members(group, by_name, funnel))
        names = [member.tool.name for member in members]
        if len(members) < MIN_SAME_FUNCTION:
            missing = f"{group.functionality.name} (only {', '.join(names)})"
            funnel.drop("group", "fewer_than_3_providers", names=[missing])
            funnel.drop("ungrouped_tool", "group_too_small", len(members), names)
            continue
        usual = usual_category([member.tool for member in members])
        category = group.functionality.category if usual == NO_CATEGORY else usual
        yield Group(group.functionality, tuple(sorted(members, key=lambda member: member.tool.name)), category)
    listed = {name for group in stated for name in group.tools}
    others = [tool.name for tool in tools if tool.name not in listed]
    funnel.drop("ungrouped_tool", "in_no_accepted_group", len(others), others)


def _members(group: StatedGroup, by_name: Mapping[str, Tool], funnel: Funnel) -> Iterator[GroupTool]:
    families: set[str] = set()
    for name, parameters in group.tools.items():
        tool = by_name.get(name)
        if tool is None:
            close = ", ".join(get_close_matches(name, by_name, n=3, cutoff=0.0))
            raise ConfigError(
                f"The group {group.functionality.name!r} names the tool {name!r}, which the catalogue does not have. "
                f"Similar names: {close}."
            )
        if mostly_fails(tool, funnel):
            continue
        if (family := provider_family(tool.provider)) in families:
            another = f"{name} (another tool of {tool.provider} does this job)"
            funnel.drop("ungrouped_tool", "same_provider_in_group", names=[another])
            continue
        families.add(family)
        yield GroupTool(tool, {slot: _binding(tool, parameter, group) for slot, parameter in parameters.items()})


def _binding(tool: Tool, parameter: str, group: StatedGroup) -> Binding:
    properties: Mapping[str, Any] = tool.parameters["properties"]
    required = set(tool.parameters["required"])
    bound = set(group.tools[tool.name].values())
    if parameter not in properties or required - bound:
        problem = (
            f"has no parameter {parameter!r}; it has {', '.join(properties) or 'none'}"
            if parameter not in properties
            else f"requires {', '.join(sorted(required - bound))}, which no slot gives"
        )
        raise ConfigError(f"The group {group.functionality.name!r}: the tool {tool.name!r} {problem}.")
    return bound_parameter(parameter, properties[parameter])
